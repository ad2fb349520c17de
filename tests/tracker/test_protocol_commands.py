import base64
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.conftest import PASSPHRASE
from tests.tracker.courses_of_readings import treatment
from tracker.actions.course.checking_in import record_check_in
from tracker.actions.course.treatments import begin_treatment
from tracker.actions.people.accounts import add_person
from tracker.cli.main import main
from tracker.domain.course.check_ins import Answers
from tracker.domain.people.people import Person, Role
from tracker.environment import read_settings
from tracker.storage.protocols import protocol_files
from tracker.world import open_world


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {
        "AFTERGLOW_DATA": str(tmp_path / "clinic"),
        "AFTERGLOW_SECRET": base64.urlsafe_b64encode(b"k" * 32).decode(),
        "AFTERGLOW_PROTOCOLS": "",
    }


def run(*arguments: str, environment: dict[str, str] | None = None) -> Result:
    return CliRunner().invoke(main, ["protocol", *arguments], env=environment)


def own(tmp_path: Path, change: tuple[str, str] = ("prior = 0.06", "prior = 0.02")) -> Path:
    text = protocol_files.shipped_text("microneedling")
    assert change[0] in text
    file = tmp_path / "own" / "microneedling.toml"
    file.parent.mkdir(exist_ok=True)
    file.write_text(text.replace(*change), encoding="utf-8")
    return file


def test_a_protocol_is_copied_changed_and_checked(tmp_path: Path) -> None:
    copied = run("copy", "chemical_peel", str(tmp_path / "not" / "there"))
    assert copied.exit_code == 0, copied.output
    file = tmp_path / "not" / "there" / "chemical_peel.toml"
    text = file.read_text(encoding="utf-8")
    assert text == protocol_files.shipped_text("chemical_peel")
    signed = '[sign_off]\nby = "Dr Dana Whitfield"\non = 2026-11-20\n'
    file.write_text(text + signed, encoding="utf-8")
    checked = run("check", str(file))
    assert checked.exit_code == 0
    assert "no mistake" in checked.output
    assert "signed off by Dr Dana Whitfield on 2026-11-20" in checked.output


def test_a_copy_never_overwrites(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text("years of work")
    assert "left alone" in run("copy", "ipl", str(file)).output
    assert file.read_text() == "years of work"
    unknown = run("copy", "tattooing", str(tmp_path))
    assert unknown.exit_code == 2
    assert "use one of chemical_peel" in unknown.output


def test_check_names_every_mistake_of_every_file_and_ends_with_status_2(tmp_path: Path) -> None:
    first = own(tmp_path, ("prior = 0.06", "prior = 4\npriority = 1"))
    second = tmp_path / "second.toml"
    second.write_text("schema = ")
    files = [str(first), str(second), str(tmp_path / "absent.toml")]
    machine = json.loads(run("check", *files, "--json").stdout)["mistakes"]
    assert all(machine[file] for file in files)
    result = run("check", *files)
    assert result.exit_code == 2
    lines = result.stderr.splitlines()
    assert [line.split(": ")[0] for line in lines] == [
        str(first),
        str(first),
        str(second),
        str(tmp_path / "absent.toml"),
    ]
    assert "prolonged_inflammation.prior (line" in lines[0]
    assert "priority" in lines[1]


def test_the_list_says_whose_protocols_they_are(tmp_path: Path) -> None:
    folder = own(tmp_path).parent
    rows = json.loads(
        run("list", "--json", environment={"AFTERGLOW_PROTOCOLS": str(folder)}).output
    )
    whose = {row["kind"]: row["origin"] for row in rows}
    assert whose["microneedling"] == "the clinic's own"
    assert whose["ipl"] == "as shipped"
    plain = run("list", environment={"AFTERGLOW_PROTOCOLS": ""}).output
    assert "Chemical peel (superficial, medium, deep)" in plain
    assert plain.count("not yet signed off by a clinic") == 6


def test_a_broken_file_of_the_clinic_stops_the_start_and_is_named(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    file = own(tmp_path, ("watch = 0.03, review = 0.05", "watch = 3, soon = 0.7"))
    broken = environment | {"AFTERGLOW_PROTOCOLS": str(file.parent)}
    result = CliRunner().invoke(main, ["serve"], env=broken)
    assert result.exit_code == 1
    assert f"{file}: concerns.infection.limits" in result.output
    assert "soon" in result.output
    assert not (tmp_path / "clinic").exists()
    absent = environment | {"AFTERGLOW_PROTOCOLS": str(tmp_path / "nowhere")}
    assert "no such folder" in CliRunner().invoke(main, ["serve"], env=absent).output


def test_a_replay_is_judged_by_the_clinics_own_protocols(tmp_path: Path) -> None:
    (tmp_path / "course.toml").write_text(
        """
format = 1
[patient]
time_zone = "Europe/Berlin"
[treatment]
kind = "microneedling"
performed_at = 2026-03-02T10:00:00+01:00
[[check_ins]]
at = 2026-03-04T08:05:00+01:00
pain = 7
""",
        encoding="utf-8",
    )
    file = own(tmp_path, ("pain_from = 9", "pain_from = 7"))
    for folder, alerted in (("", 0), (str(file.parent), 1)):
        environment = {"AFTERGLOW_PROTOCOLS": folder}
        told = CliRunner().invoke(main, ["replay", str(tmp_path), "--json"], env=environment)
        assert told.stdout.count('"urgent"') == alerted


def test_two_files_for_one_kind_are_a_mistake(tmp_path: Path) -> None:
    file = own(tmp_path)
    (file.parent / "again.toml").write_text(file.read_text())
    told = run("list", environment={"AFTERGLOW_PROTOCOLS": str(file.parent)})
    assert "a second protocol for microneedling" in told.output


def test_a_preview_tells_what_changed_limits_would_have_raised(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    world = open_world(read_settings(environment))
    db = world.connect()
    alice = add_person(db, Person("", Role.PATIENT, "Alice", "a@b.example", "UTC"), PASSPHRASE)
    treated_at = datetime.now(UTC) - timedelta(days=6)
    done = replace(treatment(), patient_id=alice.id, performed_at=treated_at)
    begin_treatment(db, world.protocols, done)
    doubtful = Answers(pain=4)  # reaches no floor
    record_check_in(db, world.protocols, alice.id, doubtful, treated_at + timedelta(days=4))
    db.close()
    lower = own(
        tmp_path, ("watch = 0.03, review = 0.05, urgent = 0.6", "watch = 0.01, review = 0.01")
    )
    told = run("preview", str(lower), environment=environment)
    assert told.exit_code == 0, told.output
    assert "infection: would have raised 1 alert (1 mailed), 0 of them resolved as false" in (
        told.output
    )
    assert "the present limits raise 0 alerts" in told.output
    assert "in all: would have raised 1 alert" in told.output
    machine = run("preview", str(lower), "--json", "--days", "1", environment=environment)
    assert json.loads(machine.stdout) == {"courses": 0, "concerns": {}}


def test_the_text_that_judged_can_be_read_after_the_file_has_changed(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    file = own(tmp_path)
    used = environment | {"AFTERGLOW_PROTOCOLS": str(file.parent)}
    first = open_world(read_settings(used)).protocols.of("microneedling")
    file.write_text(protocol_files.shipped_text("microneedling").replace("0.04", "0.03"))
    second = open_world(read_settings(used)).protocols.of("microneedling")
    assert first.version == second.version
    assert first.label != second.label
    told = run("edition", first.digest, environment=used)
    assert told.stdout == first.text
    assert "prior = 0.02" in told.stdout
    assert "no protocol with the digest" in run("edition", "00000000", environment=used).output


def test_courses_of_a_kind_whose_file_is_gone_follow_its_last_text(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    folder = own(tmp_path, ('kind = "microneedling"', 'kind = "our_needling"')).parent
    world = open_world(read_settings(environment | {"AFTERGLOW_PROTOCOLS": str(folder)}))
    assert "our_needling" not in open_world(read_settings(environment)).protocols.by_kind
    db = world.connect()
    alice = add_person(
        db, Person("", Role.PATIENT, "Alice", "alice@home.example", "UTC"), PASSPHRASE
    )
    needled = replace(treatment(), kind="our_needling", patient_id=alice.id)
    begin_treatment(db, world.protocols, needled)
    db.close()
    kept = open_world(read_settings(environment)).protocols
    assert kept.of("our_needling") == world.protocols.of("our_needling")
    assert kept.of("microneedling") == protocol_files.load("microneedling")


def test_a_preview_of_a_broken_file_ends_with_status_2(tmp_path: Path) -> None:
    result = run("preview", str(own(tmp_path, ("prior = 0.06", "prior = 4"))))
    assert result.exit_code == 2
    assert "must lie below 1" in result.stderr
