"""What leaves as FHIR: valid in both releases, whole, and not calmer than the record."""

import json
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import pytest
from fhir.resources import get_fhir_model_class
from fhir.resources.R4B import get_fhir_model_class as get_r4_class

from tests.tracker.sample_records import NOW, SAMPLES
from tracker.actions.records.fhir_export import all_resources
from tracker.domain.alerts.alerts import Concern
from tracker.domain.course.annotations import Shape
from tracker.domain.course.check_ins import ANSWER_NAMES, Trend
from tracker.domain.course.readings import Quantity, Reference
from tracker.domain.course.treatments import Region
from tracker.domain.own_data.consents import Purpose
from tracker.domain.people.people import Risk
from tracker.domain.record.codes import BASE, OWN, Resource, code_of
from tracker.domain.record.fhir_care import ANSWERS_TO_ALERTS
from tracker.domain.record.fhir_people import Export
from tracker.domain.record.record import PatientRecord
from tracker.domain.record.releases import Release, in_release
from tracker.storage.protocols import protocol_files

PROTOCOLS = protocol_files.read_all(None)
CLASSES = {Release.R4: get_r4_class, Release.R5: get_fhir_model_class}
ALICE, BEA, CEM = SAMPLES
EXPORT = Export(PROTOCOLS.by_kind, lambda photo: {"url": f"photos/{photo.id}.jpg"}, NOW, "0.1")


TOLD = {
    (record.patient.id, release): [
        in_release(each, release) for each in all_resources(record, EXPORT)
    ]
    for record in SAMPLES
    for release in Release
}


def exported(record: PatientRecord, release: Release = Release.R5) -> list[Resource]:
    return TOLD[record.patient.id, release]


def of_kind(resources: list[Resource], kind: str) -> list[Resource]:
    return [each for each in resources if each["resourceType"] == kind]


def own_code(concept: Any) -> str:
    return str(concept["coding"][0]["code"])


@pytest.mark.parametrize("release", Release)
@pytest.mark.parametrize("record", SAMPLES, ids=lambda record: record.patient.name)
def test_every_resource_is_valid_and_reads_back_as_it_was(
    record: PatientRecord, release: Release
) -> None:
    shapes = {shape(each): each for each in exported(record, release)}
    assert len(shapes) > 10
    for each in shapes.values():
        read = CLASSES[release](each["resourceType"]).model_validate(each)
        assert json.loads(read.model_dump_json()) == json.loads(json.dumps(each))


def shape(part: Any) -> str:
    """Which parts a resource has; regions, days and numbers make no other shape."""
    if isinstance(part, dict):
        kind = part.get("resourceType", part.get("url", ""))
        return f"{kind}{ {name: shape(inner) for name, inner in part.items()} }"
    return str(sorted(set(map(shape, part)))) if isinstance(part, list) else type(part).__name__


@pytest.mark.parametrize("release", Release)
def test_every_reference_is_to_a_resource_of_the_export(release: Release) -> None:
    for record in SAMPLES:
        told = exported(record, release)
        known = {f"{each['resourceType']}/{each['id']}" for each in told}
        assert len(known) == len(told)
        named = {each for each in references(told) if not each.startswith("#")}
        assert named <= known


def references(part: Any) -> set[str]:
    if isinstance(part, dict):
        found = {part["reference"]} if isinstance(part.get("reference"), str) else set()
        return found.union(*(references(inner) for inner in part.values()))
    return set().union(*map(references, part)) if isinstance(part, list) else set()


def test_redness_of_each_region_has_error_interval_and_what_is_usual_that_day() -> None:
    red = {
        each["id"]: each
        for each in of_kind(exported(ALICE), "Observation")
        if own_code(each["code"]) == "redness"
    }
    cheek = red["photo-6.05-left-cheek-redness"]
    value = cheek["valueQuantity"]
    measured = ALICE.courses[0].readings[1].regions[Region.LEFT_CHEEK]
    assert value["value"] == round(measured.redness.value, 6)
    assert value["extension"][0]["valueDecimal"] == 0.12
    interval = cheek["component"][0]["valueRange"]
    assert interval["high"]["value"] - interval["low"]["value"] == pytest.approx(2 * 1.96 * 0.12)
    assert cheek["interpretation"][0]["coding"][0]["code"] == "H"
    assert cheek["referenceRange"][0]["high"]["value"] < value["value"]
    assert cheek["derivedFrom"] == [{"reference": "DocumentReference/photo-6.05"}]
    assert cheek["device"] == {"reference": "Device/afterglow-analysis-1"}
    spots = {
        own_code(each["code"]): each["valueQuantity"]["value"] for each in cheek["component"][1:]
    }
    assert spots["share-affected"] == 0.3
    assert spots["redder-spots"] == 4


def test_skin_that_was_not_treated_is_called_neither_usual_nor_unusual() -> None:
    peeled = {each["id"]: each for each in of_kind(exported(BEA), "Observation")}
    assert "interpretation" in peeled["photo-2.05-nose-redness"]
    assert "interpretation" not in peeled["photo-2.05-chin-redness"]
    assert "interpretation" not in peeled["photo-2.05-nose-pigment"]


def test_a_procedure_says_what_was_done_where_and_with_what() -> None:
    (needled,) = of_kind(exported(ALICE, Release.R4), "Procedure")
    assert needled["status"] == "completed"
    assert needled["code"]["text"] == "Microneedling"
    assert needled["performedDateTime"] == "2026-03-02T10:00:00+01:00"
    assert [own_code(each) for each in needled["bodySite"]] == [
        *("forehead", "left-cheek", "right-cheek", "nose", "chin")
    ]
    assert [each["text"] for each in needled["usedCode"]] == ["Lidocaine 4 %", "Hyaluronic acid"]
    said = {each["url"].rpartition("/")[2]: each for each in needled["extension"]}
    assert said["needle-depth"]["valueQuantity"]["value"] == 1.5
    assert said["passes"]["valuePositiveInt"] == 3


def test_a_withdrawn_course_is_an_error_and_a_planned_one_is_not_done() -> None:
    status = {each["id"]: each["status"] for each in of_kind(exported(CEM), "Procedure")}
    expected = {"rolled": "completed", "withdrawn": "entered-in-error", "planned": "preparation"}
    assert status == expected


def test_a_photo_is_media_in_r4_with_what_was_wrong_with_it() -> None:
    media = {each["id"]: each for each in of_kind(exported(ALICE, Release.R4), "Media")}
    assert media["photo-1.1"]["content"]["url"] == "photos/photo-1.1.jpg"
    told = [each.get("valueCode") for each in media["photo-2.05"]["extension"]]
    assert {"unmeasurable", "too-blurred"} <= set(told)


def test_an_open_alert_is_not_told_as_answered() -> None:
    """Reading is no answer, and one that was taken back is followed by that."""
    for release in Release:
        (alert,) = of_kind(exported(ALICE, release), "DetectedIssue")
        said = {each["url"].rpartition("/")[2]: each for each in alert["extension"]}
        assert said["alert-stage"]["valueCode"] == "open"
        assert (alert["status"], alert["severity"]) == ("final", "high")
        assert alert["author"] == {"reference": "Device/afterglow-judgement-4"}
        answers = [own_code(each["action"]) for each in alert["mitigation"]]
        assert answers == ["alert-seen", "alert-taken-back"]
        assert said["probability"]["valueDecimal"] == 0.81
        assert "pus" in alert["detail"]


def test_a_resolved_alert_has_who_resolved_it_and_what_it_was() -> None:
    darker, silent = of_kind(exported(BEA), "DetectedIssue")
    assert (darker["status"], silent["status"]) == ("mitigated", "final")
    assert darker["mitigation"][0]["author"] == {"reference": "Practitioner/dana"}
    said = {each["url"].rpartition("/")[2]: each for each in darker["extension"]}
    assert said["outcome"]["valueCode"] == "false"
    assert darker["code"]["coding"][1]["code"] == "L81.0"
    told = {each["url"].rpartition("/")[2] for each in silent["extension"]}
    assert "probability" not in told
    (r4, _) = of_kind(exported(BEA, Release.R4), "DetectedIssue")
    assert r4["patient"] == {"reference": "Patient/bea"}


def test_answers_are_to_questions_of_the_export_and_what_was_not_answered_is_left_out() -> None:
    told = exported(ALICE)
    asked = {each["url"]: each for each in of_kind(told, "Questionnaire")}
    for given in of_kind(told, "QuestionnaireResponse"):
        known = {each["linkId"] for each in asked[given["questionnaire"]]["item"]}
        assert {each["linkId"] for each in given["item"]} <= known
    worse = {each["id"]: each for each in of_kind(told, "QuestionnaireResponse")}["check-in-6.05"]
    answers = {each["linkId"]: each["answer"][0] for each in worse["item"]}
    assert answers["pus"] == {"valueBoolean": True}
    assert answers["pain"] == {"valueInteger": 6}
    assert "hives" not in answers
    assert answers["note"] == {"valueString": "It burns"}


def test_what_must_not_be_done_is_marked_so_in_both_releases() -> None:
    r5 = {each["id"]: each for each in of_kind(exported(ALICE), "CarePlan")}
    assert r5["line-l-avoid"]["contained"][0]["doNotPerform"] is True
    assert "doNotPerform" not in r5["line-l-do"]["contained"][0]
    assert r5["line-l-do"]["status"] == "revoked"
    assert r5["line-l-call-us"]["note"] == [{"text": "Call us: Call if it spreads"}]
    assert r5["care-t"]["status"] == "active"
    r4 = {each["id"]: each for each in of_kind(exported(ALICE, Release.R4), "CarePlan")}
    assert r4["line-l-avoid"]["activity"][0]["detail"]["doNotPerform"] is True
    assert r4["line-l-do"]["activity"][0]["detail"]["doNotPerform"] is False


def test_only_the_latest_decision_about_a_use_is_in_force() -> None:
    decided = of_kind(exported(ALICE), "Consent")
    state = [(each["status"], each["decision"]) for each in decided]
    assert state == [
        *(("active", "permit"), ("inactive", "permit"), ("active", "deny"), ("active", "permit"))
    ]
    (photo,) = decided[3]["provision"][0]["data"]
    assert photo["reference"] == {"reference": "DocumentReference/photo-1.05"}
    r4 = of_kind(exported(ALICE, Release.R4), "Consent")
    assert [each["provision"]["type"] for each in r4] == ["permit", "permit", "deny", "permit"]


def test_a_note_that_was_withdrawn_is_marked_as_an_error() -> None:
    for release in Release:
        notes = [
            (each["id"], each["status"])
            for each in of_kind(exported(ALICE, release), "DocumentReference")
            if each["id"].startswith("n")
        ]
        assert notes == [("n1", "current"), ("n2", "entered-in-error")]


def definitions() -> dict[str, Any]:
    folder = files("tracker.domain.record") / "definitions"
    read = [json.loads(each.read_text(encoding="utf-8")) for each in folder.iterdir()]
    return {each["url"]: each for each in read}


def test_our_own_codes_and_extensions_are_defined_and_valid_in_both_releases() -> None:
    defined = definitions()
    for each in defined.values():
        for release in Release:
            CLASSES[release](each["resourceType"]).model_validate(each)
    codes = {each["code"]: each["display"] for each in defined[OWN]["concept"]}
    for told in TOLD.values():
        assert {url for url in extensions(told) if url.startswith(BASE)} <= set(defined)
        assert set(codings(told)) <= set(codes.items())


def codings(part: Any) -> Iterator[tuple[str, str]]:
    if isinstance(part, dict):
        if part.get("system") == OWN:
            yield part["code"], part["display"]
        part = list(part.values())
    if isinstance(part, list):
        for inner in part:
            yield from codings(inner)


def extensions(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        for each in part.get("extension", []):
            yield each["url"]
        part = list(part.values())
    if isinstance(part, list):
        for inner in part:
            yield from extensions(inner)


def test_every_name_that_an_export_can_hold_has_a_code() -> None:
    codes = {each["code"] for each in definitions()[OWN]["concept"]}
    names = [
        *(Region, PROTOCOLS.by_kind, Quantity),
        *([f"concern_{each}" for each in Concern], [f"alert_{each}" for each in ANSWERS_TO_ALERTS]),
        *([f"answer_{each}" for each in ANSWER_NAMES], [f"history_{each}" for each in Risk]),
        *([f"use_{each}" for each in Purpose], [f"annotation_{each}" for each in Shape]),
        *([f"reference_{each}" for each in Reference], [f"trend_{each}" for each in Trend]),
    ]
    assert {code_of(name) for group in names for name in group} <= codes
