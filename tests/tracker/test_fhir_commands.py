"""FHIR from the command line: what is written, for whom, and what is said when it cannot be."""

import base64
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from fhir.resources import get_fhir_model_class as r5_class
from fhir.resources.R4B import get_fhir_model_class as r4_class
from sqlite_utils import Database

from tests.conftest import Cast
from tests.web.conftest import Records
from tracker.cli.main import main
from tracker.domain.clinic.audit import Act, Search
from tracker.domain.own_data.consents import Consent, Decision, Purpose
from tracker.storage.clinic import audit_log
from tracker.storage.connection import writing
from tracker.storage.own_data import consents
from tracker.world import World


@pytest.fixture
def records(db: Database, world: World, cast: Cast) -> Records:
    return Records(db, world, cast)


def run(world: World, *arguments: str) -> Result:
    secret = base64.urlsafe_b64encode(world.settings.secret).decode()
    environment = {"AFTERGLOW_DATA": str(world.settings.data), "AFTERGLOW_SECRET": secret}
    return CliRunner().invoke(main, ["fhir", *arguments], env=environment)


def entries(file: Path) -> list[dict[str, Any]]:
    return [each["resource"] for each in json.loads(file.read_text())["entry"]]


def test_a_bundle_holds_one_patient_and_the_export_is_in_the_log(
    world: World, db: Database, cast: Cast, records: Records, tmp_path: Path
) -> None:
    photo = records.measured(1)
    out = tmp_path / "alice.json"
    done = run(world, "export", cast.alice.email, "--version", "R5", "--out", str(out), "--photos")
    assert done.exit_code == 0, done.output
    kinds = Counter(each["resourceType"] for each in entries(out))
    assert kinds["Patient"] == kinds["Procedure"] == kinds["Practitioner"] == 1
    pictures = {
        each["id"]: base64.b64decode(each["content"][0]["attachment"]["data"])
        for each in entries(out)
        if each["resourceType"] == "DocumentReference"
    }
    assert pictures[photo.id] == b"JPEG of photo"
    (entry,) = audit_log.search(db, Search(act=Act.DATA_EXPORTED))
    assert (entry.about, entry.details) == (cast.alice.id, "FHIR")


def test_a_folder_holds_all_patients_with_a_resource_a_line(
    world: World, cast: Cast, records: Records, tmp_path: Path
) -> None:
    photo = records.measured(1)
    folder = tmp_path / "bulk"
    done = run(world, "export", "--all", "--ndjson", str(folder), "--photos")
    assert done.exit_code == 0, done.output
    patients = [json.loads(line) for line in (folder / "Patient.ndjson").read_text().splitlines()]
    assert [each["name"][0]["text"] for each in patients] == ["Alice", "Bob"]
    media = [json.loads(line) for line in (folder / "Media.ndjson").read_text().splitlines()]
    assert (folder / media[-1]["content"]["url"]).read_bytes() == b"JPEG of photo"
    assert photo.id in {each["id"] for each in media}


@pytest.mark.parametrize(("version", "class_of"), [("R4", r4_class), ("R5", r5_class)])
def test_the_report_of_each_course_comes_along_as_a_document(
    world: World, cast: Cast, records: Records, tmp_path: Path, version: str, class_of: Any
) -> None:
    records.measured(1)
    out = tmp_path / "all.json"
    done = run(world, "export", "--all", "--out", str(out), "--version", version, "--reports")
    assert done.exit_code == 0, done.output
    (report,) = (each for each in entries(out) if each["id"] == f"report-{cast.treatment.id}")
    read = class_of("DocumentReference").model_validate(report)
    assert read.subject.reference == f"Patient/{cast.alice.id}"
    assert base64.b64decode(report["content"][0]["attachment"]["data"]).startswith(b"%PDF")


def test_a_photo_that_cannot_be_read_is_named_and_the_rest_is_written(
    world: World, cast: Cast, records: Records, tmp_path: Path
) -> None:
    photo = records.measured(1)
    world.files.delete(photo.id)
    out = tmp_path / "alice.json"
    done = run(world, "export", cast.alice.email, "--out", str(out), "--photos", "--json")
    assert done.exit_code == 1
    told = json.loads(done.stdout)
    assert (told["patients"], told["unreadable_photos"]) == (1, [photo.id])
    assert photo.id in done.stderr
    assert any(each["id"] == photo.id for each in entries(out))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["export", "nobody@clinic.example", "--out", "new.json"], "no patient signs in as"),
        (["export", "dana@clinic.example", "--out", "new.json"], "no patient signs in as"),
        (["export", "--out", "new.json"], "name one patient, or give --all"),
        (["export", "--all"], "give --out for a bundle"),
        (["export", "--all", "--out", "known.json"], "it exists; choose another name"),
    ],
)
def test_what_cannot_be_exported_is_said_with_its_remedy(
    world: World,
    cast: Cast,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    words: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("known.json").write_text("kept")
    done = run(world, *arguments)
    assert done.exit_code in {1, 2}
    assert words in done.stderr
    assert sorted(each.name for each in tmp_path.iterdir() if each.is_file()) == ["known.json"]
    assert Path("known.json").read_text() == "kept"


def test_no_one_who_withdrew_consent_to_care_leaves_as_fhir(
    world: World, db: Database, cast: Cast, records: Records, tmp_path: Path
) -> None:
    photo = records.measured(1)
    withdrawn = Consent(Purpose.CARE, Decision.WITHDRAWN, photo.received_at)
    with writing(db):
        consents.insert(db, cast.alice.id, withdrawn)
    done = run(world, "export", cast.alice.email, "--out", str(tmp_path / "alice.json"))
    assert done.exit_code == 2
    assert "Alice has withdrawn consent to care; only the patient" in done.output
    out = tmp_path / "all.json"
    assert run(world, "export", "--all", "--reports", "--out", str(out)).exit_code == 0
    assert cast.alice.id not in out.read_text()
    assert [e.about for e in audit_log.search(db, Search(act=Act.DATA_EXPORTED))] == [cast.bob.id]
