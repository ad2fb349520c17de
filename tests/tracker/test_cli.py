import base64
import json
import socket
import subprocess
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.post_office import free_port
from tracker.actions.people.accounts import add_person
from tracker.actions.people.signing_in import sign_in
from tracker.cli import SUMMARIES
from tracker.cli.main import main
from tracker.demo import PRACTITIONER_EMAIL, demo_settings
from tracker.domain.people.people import Person, Role
from tracker.environment import read_settings
from tracker.storage.course import treatments
from tracker.storage.people import people
from tracker.wires.passphrases import fits
from tracker.world import open_world
from web.serve import CannotListen

PASSPHRASE = "correct horse battery"


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {
        "AFTERGLOW_DATA": str(tmp_path / "clinic"),
        "AFTERGLOW_SECRET": base64.urlsafe_b64encode(b"k" * 32).decode(),
    }


def run(*arguments: str, environment: dict[str, str] | None = None, typed: str = "") -> Result:
    return CliRunner().invoke(main, arguments, env=environment, input=typed)


def test_the_version_is_the_distributions() -> None:
    assert version("afterglow") in run("--version").output


@pytest.mark.parametrize("command", sorted(main.commands))
def test_every_command_explains_itself(command: str) -> None:
    result = run(command, "--help")
    assert result.exit_code == 0
    assert len(result.output.splitlines()) > 5


def test_help_lists_every_command_and_loads_none() -> None:
    assert SUMMARIES.keys() == main.commands.keys()
    assert list(SUMMARIES) == sorted(SUMMARIES)
    for name, command in main.commands.items():
        assert (command.help or "").replace("\n", " ").startswith(SUMMARIES[name].rstrip(".")), name
    code = """import atexit, sys
atexit.register(lambda: print(*sys.modules))
from tracker.cli import afterglow
afterglow(["--help"])"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    help_text, _, modules = ran.stdout.rstrip().rpartition("\n")
    assert all(f"  {name} " in help_text for name in SUMMARIES)
    assert "click" in modules.split()
    assert not {"numpy", "cv2", "flask", "cryptography", "tracker.cli.main"} & set(modules.split())


def test_a_missing_setting_is_one_line_that_names_it() -> None:
    result = run("migrate", environment={"AFTERGLOW_DATA": "", "AFTERGLOW_SECRET": ""})
    assert result.exit_code == 1
    assert result.output.startswith("Error: AFTERGLOW_DATA is not set")


def test_a_practitioner_and_a_patient_are_added_and_can_sign_in(
    environment: dict[str, str],
) -> None:
    typed = f"{PASSPHRASE}\n{PASSPHRASE}\n"
    first = run(
        "add-practitioner", "Dr Dana", "dana@clinic.example", environment=environment, typed=typed
    )
    assert first.exit_code == 0, first.output
    patient = [
        "add-patient",
        "Alice",
        "alice@home.example",
        "--practitioner",
        "dana@clinic.example",
    ]
    patient += ["--time-zone", "Europe/Berlin", "--performed-at", "2026-03-02T10:00+01:00"]
    second = run(*patient, "--depth-mm", "1.5", environment=environment, typed=typed)
    assert second.exit_code == 0, second.output
    db = open_world(read_settings(environment)).connect()
    signed_in = sign_in(db, "alice@home.example", PASSPHRASE, datetime.now(UTC))
    assert isinstance(signed_in, tuple)
    treatment = treatments.current(db, signed_in[0].id, datetime(2026, 3, 3, tzinfo=UTC))
    db.close()
    assert treatment is not None
    assert treatment.needle_depth_mm == 1.5


def test_a_passphrase_comes_from_a_file_or_the_keyboard_and_never_from_the_command_line(
    environment: dict[str, str], tmp_path: Path
) -> None:
    dana = ["add-practitioner", "Dr Dana", "dana@clinic.example"]
    shown = run(*dana, "--passphrase", PASSPHRASE, environment=environment)
    assert shown.exit_code == 2
    file = tmp_path / "passphrase"
    file.write_text(f"{PASSPHRASE}\n")
    kept = run(*dana, "--passphrase-file", str(file), environment=environment)
    assert kept.exit_code == 0, kept.output
    eli = ["add-practitioner", "Dr Eli", "eli@clinic.example", "--passphrase-file", "-"]
    piped = run(*eli, environment=environment, typed=f"{PASSPHRASE}\n")
    assert piped.exit_code == 0, piped.output
    db = open_world(read_settings(environment)).connect()
    for email in ("dana@clinic.example", "eli@clinic.example"):
        person = people.by_email(db, email)
        assert person is not None
        assert fits(people.passphrase_hash(db, person.id), PASSPHRASE)
    db.close()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["add-practitioner", "Dr Dana", "no address"], "not an e-mail address"),
        (["add-practitioner", "Dr Dana", "d@x.example", "--time-zone", "Mars"], "Europe/Berlin"),
    ],
)
def test_a_wrong_argument_is_named(
    environment: dict[str, str], arguments: list[str], words: str
) -> None:
    typed = f"{PASSPHRASE}\n{PASSPHRASE}\n"
    result = run(*arguments, environment=environment, typed=typed)
    assert result.exit_code == 2
    assert words in result.output


def test_a_demo_on_a_taken_port_begins_nothing(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        result = run("demo", "--data", str(tmp_path / "demo"), "--port", str(port))
    assert result.exit_code == 1
    assert f"127.0.0.1:{port}: Address already in use; choose another port" in result.output
    assert list(tmp_path.iterdir()) == []


def test_a_second_demo_leaves_the_passphrases_of_the_running_one_alone(tmp_path: Path) -> None:
    world = open_world(demo_settings(tmp_path / "demo", 8000))
    db = world.connect()
    dana = Person("", Role.PRACTITIONER, "Dr Dana", PRACTITIONER_EMAIL, "Europe/Berlin")
    add_person(db, dana, PASSPHRASE)
    with socket.create_server(("127.0.0.1", 0)) as running:
        port = running.getsockname()[1]
        result = run("demo", "--data", str(tmp_path / "demo"), "--port", str(port))
    assert result.exit_code == 1
    assert sign_in(db, PRACTITIONER_EMAIL, PASSPHRASE, datetime.now(UTC)) is not None
    db.close()


def test_a_demo_says_what_takes_its_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tracker.cli.main.open_demo", lambda *_: iter([(1, 2), (2, 2)]))
    monkeypatch.setattr("tracker.cli.main.serve_pages", lambda *_: None)
    result = run("demo", "--data", str(tmp_path / "demo"), "--port", str(free_port()))
    assert result.exit_code == 0
    assert "It is made now: its sample photos are measured" in result.output


def test_passphrases_are_renewed_only_once_the_pages_are_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost_the_race(*_: object) -> None:
        raise CannotListen("127.0.0.1:8000: Address already in use; choose another port")

    world = open_world(demo_settings(tmp_path / "demo", 8000))
    db = world.connect()
    dana = Person("", Role.PRACTITIONER, "Dr Dana", PRACTITIONER_EMAIL, "Europe/Berlin")
    add_person(db, dana, PASSPHRASE)
    monkeypatch.setattr("tracker.cli.main.serve_pages", lost_the_race)
    result = run("demo", "--data", str(tmp_path / "demo"), "--port", str(free_port()))
    assert result.exit_code == 1
    assert f"The demo's clinic is kept in {tmp_path / 'demo'}." in result.output
    assert "It is made now" not in result.output
    assert sign_in(db, PRACTITIONER_EMAIL, PASSPHRASE, datetime.now(UTC)) is not None
    db.close()


def test_migrating_is_safe_to_repeat(environment: dict[str, str]) -> None:
    assert "first_tables" in run("migrate", environment=environment).output
    assert "nothing to do" in run("migrate", environment=environment).output


def test_another_secret_is_told_plainly(environment: dict[str, str]) -> None:
    run("migrate", environment=environment)
    other = environment | {"AFTERGLOW_SECRET": base64.urlsafe_b64encode(b"x" * 32).decode()}
    result = run("migrate", environment=other)
    assert result.exit_code == 1
    assert "AFTERGLOW_SECRET" in result.output


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "name a folder with a course.toml"),
        ("format = 3", "format must be 1"),
        (b"\xff\xfe", "UTF-8"),
    ],
)
def test_a_course_that_cannot_be_read_ends_with_status_2_and_one_line(
    tmp_path: Path, text: str | bytes | None, words: str
) -> None:
    if isinstance(text, str):
        text = text.encode()
    if text is not None:
        (tmp_path / "course.toml").write_bytes(text)
    result = run("replay", str(tmp_path), "--json")
    assert result.exit_code == 2
    assert result.stdout == ""
    assert words in result.stderr
    assert len(result.stderr.splitlines()) == 1


COURSE = """
format = 1
[patient]
time_zone = "Europe/Berlin"
[treatment]
kind = "{kind}"
performed_at = 2026-03-02T10:00:00+01:00
[[check_ins]]
at = 2026-03-04T08:05:00+01:00
breathing_or_face_swelling = true
"""


def test_a_replay_prints_json_lines_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "course.toml").write_text(COURSE.format(kind="microneedling"))
    result = run("replay", str(tmp_path), "--json")
    assert result.exit_code == 0
    (alert,) = [json.loads(line) for line in result.stdout.splitlines()]
    assert (alert["concern"], alert["level"]) == ("allergic_reaction", "urgent")
    assert alert["raised_at"] == "2026-03-04T08:05:00+01:00"


def test_a_treatment_without_a_protocol_is_a_course_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "course.toml").write_text(COURSE.format(kind="tattooing"))
    result = run("replay", str(tmp_path), "--json")
    assert result.exit_code == 2
    assert "treatment.kind" in result.stderr


def test_a_photo_that_is_missing_or_no_photo_is_told_in_its_place(tmp_path: Path) -> None:
    photo = '[[photos]]\nfile = "d1.jpg"\ntaken_at = 2026-03-03T08:00:00+01:00\n'
    (tmp_path / "course.toml").write_text(COURSE.format(kind="microneedling") + photo)
    missing = run("replay", str(tmp_path), "--json")
    assert missing.exit_code == 2
    assert "d1.jpg is missing" in missing.stderr
    (tmp_path / "d1.jpg").write_text("no photo")
    told = run("replay", str(tmp_path), "--json")
    first = json.loads(told.stdout.splitlines()[0])
    assert (first["status"], first["faults"]) == ("refused", ["unreadable"])


def test_a_needling_is_not_entered_without_its_depth_in_silence(
    environment: dict[str, str],
) -> None:
    typed = f"{PASSPHRASE}\n{PASSPHRASE}\n"
    run("add-practitioner", "Dr Dana", "dana@clinic.example", environment=environment, typed=typed)
    patient = ["add-patient", "Alice", "alice@home.example"]
    patient += ["--practitioner", "dana@clinic.example", "--time-zone", "Europe/Berlin"]
    patient += ["--performed-at", "2026-03-02T10:00+01:00"]
    silent = run(*patient, environment=environment, typed=typed)
    assert silent.exit_code == 2
    assert "give --depth-mm, or --depth-unknown" in silent.output
    both = run(*patient, "--depth-mm", "1", "--depth-unknown", environment=environment, typed=typed)
    assert both.exit_code == 2
    told = run(*patient, "--depth-unknown", environment=environment, typed=typed)
    assert told.exit_code == 0, told.output
    assert "judged by the slowest curve" in told.stderr


def test_a_replayed_needling_without_its_depth_is_told(tmp_path: Path) -> None:
    course = "format = 1\n[patient]\ntime_zone = 'Europe/Berlin'\n[treatment]\n"
    course += "kind = 'microneedling'\nperformed_at = 2026-03-02T10:00:00+01:00\n"
    (tmp_path / "course.toml").write_text(course)
    assert "judged by the slowest curve" in run("replay", str(tmp_path), "--json").stderr
    (tmp_path / "course.toml").write_text(f"{course}needle_depth_mm = 1.5\n")
    assert "slowest curve" not in run("replay", str(tmp_path), "--json").stderr


def test_a_screening_file_is_kept_and_its_contraindications_are_told(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    typed = f"{PASSPHRASE}\n{PASSPHRASE}\n"
    run("add-practitioner", "Dr Dana", "dana@clinic.example", environment=environment, typed=typed)
    answers = tmp_path / "answers.toml"
    patient = ["add-patient", "Alice", "alice@home.example"]
    patient += ["--practitioner", "dana@clinic.example", "--time-zone", "Europe/Berlin"]
    patient += ["--performed-at", "2026-03-02T10:00+01:00", "--screening", str(answers)]
    patient += ["--depth-mm", "1.5"]
    answers.write_text("pregnant = true")
    wrong = run(*patient, environment=environment, typed=typed)
    assert wrong.exit_code == 2
    assert "pregnant is no screening question" in wrong.output
    answers.write_text("active_infection = true")
    told = run(*patient, environment=environment, typed=typed)
    assert told.exit_code == 0, told.output
    assert "contraindication: Is there an infection" in told.stderr
