"""What is taken in from FHIR: all of a bundle or nothing, and nothing that means something else."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlite_utils import Database

from tests.conftest import Cast
from tests.tracker.sample_records import NOW, SAMPLES
from tests.tracker.test_fhir_commands import run
from tests.tracker.test_fhir_export import TOLD
from tracker.domain.clinic.audit import Act, Search
from tracker.domain.course.treatments import AREAS, Region, Treatment
from tracker.domain.mail.mails import MailKind
from tracker.domain.record.fhir_bundles import MOST_BYTES, BundleError
from tracker.domain.record.fhir_incoming import Received, read_bundle
from tracker.domain.record.fhir_procedures import Expects
from tracker.domain.record.record import PatientRecord
from tracker.domain.record.releases import Release
from tracker.storage.clinic import audit_log
from tracker.storage.course import treatments
from tracker.storage.mail import mails
from tracker.storage.people import people
from tracker.storage.protocols import protocol_files
from tracker.world import World

SNOMED = "http://snomed.info/sct"
NEEDLING = (SNOMED, "1")
EXPECTS = Expects(
    protocol_files.read_all(None), "Europe/Berlin", NOW, kinds={NEEDLING: "microneedling"}
)


def bundle(*resources: dict[str, Any]) -> bytes:
    entries = [{"resource": each} for each in resources]
    whole = {"resourceType": "Bundle", "type": "collection", "entry": entries}
    return json.dumps(whole).encode()


def patient(**parts: Any) -> dict[str, Any]:
    """A patient as another program writes it."""
    return {
        "resourceType": "Patient",
        "id": "7",
        "name": [{"use": "official", "family": "Murray", "given": ["Ada", "May"]}],
        "telecom": [{"system": "email", "value": "Ada@Home.example"}],
        **parts,
    }


def procedure(**parts: Any) -> dict[str, Any]:
    """Needling as another program writes it in R4."""
    return {
        "resourceType": "Procedure",
        "id": "8",
        "status": "completed",
        "subject": {"reference": "https://other.example/fhir/Patient/7"},
        "code": {"coding": [{"system": SNOMED, "code": "1"}]},
        "performedDateTime": "2026-03-02T10:00:00+01:00",
        **parts,
    }


def read(*resources: dict[str, Any]) -> Received:
    return read_bundle(bundle(*resources), EXPECTS)


@pytest.mark.parametrize("release", Release)
@pytest.mark.parametrize("record", SAMPLES, ids=lambda record: record.patient.name)
def test_what_was_exported_is_read_back(record: PatientRecord, release: Release) -> None:
    (found,) = read(*TOLD[record.patient.id, release]).patients
    assert found.patient == replace(record.patient, id="")
    given = [each.treatment for each in record.courses if not each.treatment.is_withdrawn]
    assert list(found.treatments) == [as_received(each) for each in given]


def as_received(treatment: Treatment) -> Treatment:
    return replace(treatment, id="", patient_id="", ending=None)


def test_a_bundle_of_another_program_is_translated_and_the_rest_is_listed() -> None:
    told = read(
        patient(gender="female", extension=[{"url": "http://other.example/eye", "valueCode": "x"}]),
        procedure(bodySite=[{"coding": [{"system": SNOMED, "code": "68698007"}]}], note=[{}]),
        {"resourceType": "Encounter", "id": "9"},
    )
    (found,) = told.patients
    assert (found.patient.name, found.patient.email) == ("Ada May Murray", "ada@home.example")
    (done,) = found.treatments
    assert (done.kind, done.areas) == ("microneedling", frozenset({Region.FOREHEAD}))
    assert told.ignored == (
        "Encounter: 1",
        "Patient.gender: 1",
        "Procedure.note: 1",
        "extension http://other.example/eye: 1",
    )


def test_no_site_is_the_whole_face_and_is_said() -> None:
    told = read(patient(), procedure())
    assert told.patients[0].treatments[0].areas == set(AREAS)
    assert "Procedure without bodySite, read as the whole face: 1" in told.ignored


def test_what_was_not_done_is_not_begun() -> None:
    told = read(patient(), procedure(status="not-done"))
    assert told.patients[0].treatments == ()
    assert told.ignored == ("Procedure that is not-done: 1",)


CHEEK = {"coding": [{"system": SNOMED, "code": "36141000"}]}
OWN_SITE = {"coding": [{"system": SNOMED, "code": "2"}]}
REFUSED: list[tuple[tuple[dict[str, Any], ...], str]] = [
    ((procedure(),), "the bundle holds no Patient"),
    ((patient(active=False),), "entry[0].resource.active: this record is no longer in use"),
    ((patient(deceasedBoolean=True),), "resource.deceasedBoolean: the patient has died"),
    ((patient(link=[{}]),), "resource.link: names another record"),
    ((patient(implicitRules="http://x"),), "resource.implicitRules: may change"),
    ((patient(modifierExtension=[{"url": "x"}]),), "resource.modifierExtension: may change"),
    (
        (patient(name=[{"modifierExtension": []}]),),
        "resource.name[0].modifierExtension: may change",
    ),
    ((patient(telecom=[]),), "resource.telecom: has no e-mail address; add one"),
    ((patient(name="Ada"),), "resource.name: must hold objects"),
    ((patient(birthDate="1985"),), "resource.birthDate: must be a whole date"),
    ((patient(), patient()), "resource.id: Patient/7 is in the bundle twice"),
    ((patient(), patient(id="9")), "entry[1].resource: has the email of Bundle.entry[0].resource"),
    ((patient(), procedure(subject={"reference": "Patient/9"})), "resource.subject: must refer"),
    ((patient(), procedure(status="stopped")), "resource.status: is 'stopped'"),
    ((patient(), procedure(performedDateTime="2026-03-02")), "give the time with its offset"),
    ((patient(), procedure(performedDateTime="2027-03-02T10:00:00Z")), "is in the future"),
    ((patient(), procedure(code={"text": "needling"})), "resource.code: says none; translate it"),
    ((patient(), procedure(bodySite=[CHEEK])), "resource.bodySite[0].coding: says"),
    ((patient(), procedure(bodySite=[OWN_SITE])), "resource.bodySite[0].coding: says"),
    ((patient(), procedure(usedReference=[{"reference": "Device/1"}])), "one Device of the same"),
    ((patient(), procedure(usedCode=[{"text": ""}])), "resource.used: a product needs a name"),
]


@pytest.mark.parametrize(("resources", "words"), REFUSED, ids=[words for _, words in REFUSED])
def test_what_cannot_be_used_is_refused_with_its_path_and_a_remedy(
    resources: tuple[dict[str, Any], ...], words: str
) -> None:
    with pytest.raises(BundleError) as refused:
        read(*resources)
    assert words in str(refused.value)


HOSTILE = [
    (b"[" * 100_000, "nested too deep"),
    (b" " * (MOST_BYTES + 1), "more than 20000000 bytes"),
    (bundle(*[patient()] * 10_000), "10000 entries, and 1000 at most"),
    (b'{"resourceType": "Bundle", "entry": {"resource": 1}}', "must hold objects"),
    (b'{"resourceType": "Bundle", "resourceType": "Patient"}', "the same name twice"),
    (b'{"resourceType": "Bundle", "total": NaN}', "NaN is no number"),
    (b"\xff\xfe\x00", "no JSON"),
    (b"[]", "is no Bundle"),
]


@pytest.mark.parametrize(("data", "words"), HOSTILE, ids=lambda value: str(value)[:20])
def test_a_hostile_file_costs_itself_and_nothing_else(data: bytes, words: str) -> None:
    with pytest.raises(BundleError, match=words):
        read_bundle(data, EXPECTS)


def test_what_a_file_says_cannot_write_on_the_terminal() -> None:
    url = "http://other.example/\x1b[2J\n\u202e"
    told = read(patient(extension=[{"url": url}]), {"resourceType": "\x1b[2J"})
    assert all(each.isprintable() for each in told.ignored)
    with pytest.raises(BundleError) as refused:
        read(patient(), procedure(code={"coding": [{"system": url, "code": "1"}]}))
    assert all(line.isprintable() for line in str(refused.value).split("\n"))
    assert len(str(refused.value).split("\n")) == 1


def test_of_many_troubles_the_first_are_told() -> None:
    with pytest.raises(BundleError) as refused:
        read(*(patient(id=str(number), telecom=[]) for number in range(100)))
    lines = str(refused.value).splitlines()
    assert len(lines) == 21
    assert lines[-1] == "and 80 more"


def test_a_course_begins_with_an_invitation_and_both_are_in_the_log(
    world: World, db: Database, cast: Cast, tmp_path: Path
) -> None:
    file = tmp_path / "ada.json"
    file.write_bytes(bundle(patient(), procedure()))
    kind = ("--kind", f"{SNOMED}|1=microneedling")
    asked = ("import", str(file), "--practitioner", cast.dana.email, *kind)
    tried = run(world, *asked, "--dry-run")
    told = json.loads(run(world, *asked, "--dry-run", "--json").stdout)
    assert len(told["patients"][0]["treatments"]) == 1
    assert "Ada May Murray is invited as ada@home.example" in tried.stdout
    assert people.by_email(db, "ada@home.example") is None
    done = run(world, *asked)
    assert done.exit_code == 0, done.output
    assert "its depth is not recorded" in done.stdout
    ada = people.by_email(db, "ada@home.example")
    assert ada is not None
    assert [each.id for each in people.patients_of(db, cast.dana.id)].count(ada.id) == 1
    assert [each.kind for each in treatments.of_patient(db, ada.id)] == ["microneedling"]
    assert [each.kind for each in mails.of_recipient(db, ada.id)] == [MailKind.INVITATION]
    acts = {each.act for each in audit_log.search(db, Search(about=frozenset({ada.id})))}
    assert acts == {Act.PATIENT_INVITED, Act.RECORD_CHANGED}


def test_of_a_bundle_with_a_known_patient_nothing_is_imported(
    world: World, db: Database, cast: Cast, tmp_path: Path
) -> None:
    file = tmp_path / "two.json"
    known = patient(id="9", telecom=[{"system": "email", "value": cast.alice.email}])
    file.write_bytes(bundle(patient(), known))
    done = run(world, "import", str(file), "--practitioner", cast.dana.email)
    assert done.exit_code == 2
    assert f"Bundle.entry[1].resource: {cast.alice.email} is a patient here" in done.stderr
    assert people.by_email(db, "ada@home.example") is None


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--practitioner", "nobody@clinic.example"], "no practitioner signs in as"),
        (["--practitioner", "alice@clinic.example"], "no practitioner signs in as"),
        (["--practitioner", "dana@clinic.example", "--kind", "1"], "write 'SYSTEM|CODE=KIND'"),
    ],
)
def test_a_wrong_option_of_an_import_is_told(
    world: World, cast: Cast, tmp_path: Path, arguments: list[str], words: str
) -> None:
    file = tmp_path / "ada.json"
    file.write_bytes(bundle(patient()))
    done = run(world, "import", str(file), *arguments)
    assert done.exit_code == 2
    assert words in done.stderr
