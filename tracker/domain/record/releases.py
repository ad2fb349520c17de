"""The releases of FHIR, and all that R4 writes otherwise than R5."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any

from tracker.domain.record.codes import TERMINOLOGY, Resource, public


class Release(StrEnum):
    """A release of FHIR that is written; R4 is 4.0.1, R5 is 5.0.0."""

    R4 = "R4"
    R5 = "R5"


def in_release(resource: Resource, release: Release) -> Resource:
    """A resource that was written for R5 as this release has it."""
    if release is Release.R5:
        return resource
    written: Resource = _relinked(resource)
    change = _IN_R4.get(written["resourceType"])
    return change(written) if change else written


def _relinked(value: Any) -> Any:
    """Photos are Media in R4, and so are references to them."""
    if isinstance(value, dict):
        return {
            name: part.replace("DocumentReference/", "Media/", 1)
            if name == "reference" and isinstance(part, str)
            else _relinked(part)
            for name, part in value.items()
        }
    return [_relinked(part) for part in value] if isinstance(value, list) else value


def _renamed(resource: Resource, **names: str) -> Resource:
    """The resource with parts under their names in R4."""
    return {names.get(name, name): part for name, part in resource.items()}


def _procedure(resource: Resource) -> Resource:
    used = resource.pop("used", [])
    written = _renamed(resource, occurrenceDateTime="performedDateTime")
    devices = [each["reference"] for each in used if "reference" in each]
    products = [
        {"extension": each["extension"], **each["concept"]} for each in used if "concept" in each
    ]
    return (
        written
        | ({"usedReference": devices} if devices else {})
        | ({"usedCode": products} if products else {})
    )


def _device(resource: Resource) -> Resource:
    written = _renamed(resource, name="deviceName")
    if "deviceName" in written:
        named = written["deviceName"]
        written["deviceName"] = [_renamed(each, value="name") for each in named]
        for each in written["deviceName"]:
            if each["type"] == "registered-name":
                each["type"] = "manufacturer-name"
    if "type" in written:
        written["type"] = written["type"][0]
    return written


def _document(resource: Resource) -> Resource:
    """A photo; other documents are DocumentReference in R4, too."""
    if "modality" not in resource:
        return resource
    picture = resource["content"][0]["attachment"]
    return {
        "resourceType": "Media",
        "id": resource["id"],
        "extension": resource["extension"],
        "partOf": [each["reference"] for each in resource["event"]],
        "status": "completed",
        "type": public("image", (f"{TERMINOLOGY}/media-type", "image")),
        "modality": resource["modality"][0],
        "subject": resource["subject"],
        "createdDateTime": picture["creation"],
        "issued": resource["date"],
        "bodySite": resource["bodySite"][0]["concept"],
        "content": picture,
    }


def _questionnaire(resource: Resource) -> Resource:
    for item in resource["item"]:
        if item["type"] == "coding":
            item["type"] = "choice"
    return resource


def _detected_issue(resource: Resource) -> Resource:
    """R4 has no status for an issue that was dealt with: mitigation and outcome say it."""
    return _renamed(resource, subject="patient") | {"status": "final"}


def _care_plan(resource: Resource) -> Resource:
    """What is contained in R5 is written out as activities."""
    activities = [
        {
            "detail": {
                "status": "unknown",
                "doNotPerform": each.get("doNotPerform", False),
                "description": each["code"]["concept"]["text"],
                "scheduledPeriod": each["occurrencePeriod"],
            }
        }
        for each in resource.pop("contained", [])
    ]
    resource.pop("activity", None)
    written = _renamed(resource, custodian="author")
    return written | ({"activity": activities} if activities else {})


def _consent(resource: Resource) -> Resource:
    """R4 wants a scope and a policy, and has the decision within the provision."""
    scope = "research" if "use-research" in str(resource["category"]) else "patient-privacy"
    given = {"type": resource.pop("decision"), **resource.pop("provision")[0]}
    at = resource.pop("period")["start"]
    resource.pop("date")
    return _renamed(resource, subject="patient") | {
        "dateTime": at,
        "scope": public(scope, (f"{TERMINOLOGY}/consentscope", scope)),
        "policyRule": {"text": "what the clinic told the patient when it asked"},
        "provision": given,
    }


def _communication(resource: Resource) -> Resource:
    resource["payload"] = [
        {"contentString": each["contentCodeableConcept"]["text"]}
        if "contentCodeableConcept" in each
        else each
        for each in resource["payload"]
    ]
    return resource


_IN_R4: Mapping[str, Callable[[Resource], Resource]] = {
    "CarePlan": _care_plan,
    "Communication": _communication,
    "Consent": _consent,
    "DetectedIssue": _detected_issue,
    "Device": _device,
    "DocumentReference": _document,
    "Procedure": _procedure,
    "Questionnaire": _questionnaire,
}
