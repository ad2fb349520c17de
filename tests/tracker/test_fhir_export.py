"""What leaves as FHIR: valid in both releases, whole, and not calmer than the record."""

import json
from typing import Any

import pytest
from fhir.resources import get_fhir_model_class
from fhir.resources.R4B import get_fhir_model_class as get_r4_class

from tests.tracker.sample_records import NOW, SAMPLES, alice, bea, cem
from tracker.domain.course.treatments import Region
from tracker.domain.record.codes import Resource
from tracker.domain.record.fhir_course import Export, patient_resources
from tracker.domain.record.record import PatientRecord
from tracker.domain.record.releases import Release, in_release
from tracker.storage.protocols import protocol_files

PROTOCOLS = protocol_files.read_all(None)
CLASSES = {Release.R4: get_r4_class, Release.R5: get_fhir_model_class}
EXPORT = Export(PROTOCOLS.by_kind, lambda photo: {"url": f"photos/{photo.id}.jpg"}, NOW)


def exported(record: PatientRecord, release: Release = Release.R5) -> list[Resource]:
    return [in_release(each, release) for each in patient_resources(record, EXPORT)]


def of_kind(resources: list[Resource], kind: str) -> list[Resource]:
    return [each for each in resources if each["resourceType"] == kind]


def own_code(concept: Any) -> str:
    return str(concept["coding"][0]["code"])


@pytest.mark.parametrize("release", Release)
@pytest.mark.parametrize("record", SAMPLES, ids=lambda record: record.patient.name)
def test_every_resource_is_valid_and_reads_back_as_it_was(
    record: PatientRecord, release: Release
) -> None:
    for each in exported(record, release):
        read = CLASSES[release](each["resourceType"]).model_validate(each)
        assert json.loads(read.model_dump_json()) == json.loads(json.dumps(each))


@pytest.mark.parametrize("release", Release)
def test_every_reference_is_to_a_resource_of_the_export(release: Release) -> None:
    for record in SAMPLES:
        told = exported(record, release)
        known = {f"{each['resourceType']}/{each['id']}" for each in told}
        assert len(known) == len(told)
        assert references(told) <= known


def references(part: Any) -> set[str]:
    if isinstance(part, dict):
        found = {part["reference"]} if isinstance(part.get("reference"), str) else set()
        return found.union(*(references(inner) for inner in part.values()))
    return set().union(*map(references, part)) if isinstance(part, list) else set()


def test_redness_of_each_region_has_error_interval_and_what_is_usual_that_day() -> None:
    red = {
        each["id"]: each
        for each in of_kind(exported(alice()), "Observation")
        if own_code(each["code"]) == "redness"
    }
    cheek = red["photo-6.05-left-cheek-redness"]
    value = cheek["valueQuantity"]
    measured = alice().courses[0].readings[1].regions[Region.LEFT_CHEEK]
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
    peeled = {each["id"]: each for each in of_kind(exported(bea()), "Observation")}
    assert "interpretation" in peeled["photo-2.05-nose-redness"]
    assert "interpretation" not in peeled["photo-2.05-chin-redness"]
    assert "interpretation" not in peeled["photo-2.05-nose-pigment"]


def test_a_procedure_says_what_was_done_where_and_with_what() -> None:
    (needled,) = of_kind(exported(alice(), Release.R4), "Procedure")
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
    status = {each["id"]: each["status"] for each in of_kind(exported(cem()), "Procedure")}
    expected = {"rolled": "completed", "withdrawn": "entered-in-error", "planned": "preparation"}
    assert status == expected


def test_a_photo_is_media_in_r4_with_what_was_wrong_with_it() -> None:
    media = {each["id"]: each for each in of_kind(exported(alice(), Release.R4), "Media")}
    assert media["photo-1.1"]["content"]["url"] == "photos/photo-1.1.jpg"
    told = [each.get("valueCode") for each in media["photo-2.05"]["extension"]]
    assert {"unmeasurable", "too-blurred"} <= set(told)
