"""Backups and the doctor from the command line, as an operator uses them."""

import base64
import json
import os
import stat
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlite_utils import Database

from tests.conftest import PASSPHRASE, TREATED_AT, Cast
from tests.web.conftest import Records
from tracker.actions.people.signing_in import resume_session, sign_in
from tracker.cli.main import main
from tracker.domain.clinic.audit import Act
from tracker.domain.clinic.health import SignOfLife
from tracker.storage import connection
from tracker.storage.clinic import health
from tracker.storage.connection import writing
from tracker.storage.people import people
from tracker.wires.backups import CODE_BYTES
from tracker.wires.photo_files import PhotoFiles, Picture
from tracker.world import World, open_world

OTHER_SECRET = base64.urlsafe_b64encode(b"1" * 32).decode()


@pytest.fixture
def environment(world: World, tmp_path: Path) -> dict[str, str]:
    identity = tmp_path / "identity"
    recipient = run({}, "backup-key", str(identity)).stdout.strip()
    return {
        "AFTERGLOW_DATA": str(world.settings.data),
        "AFTERGLOW_SECRET": base64.urlsafe_b64encode(world.settings.secret).decode(),
        "AFTERGLOW_BACKUP_TO": str(tmp_path / "backups"),
        "AFTERGLOW_BACKUP_RECIPIENT": recipient,
    }


@pytest.fixture
def photo_file(db: Database, world: World, cast: Cast) -> Path:
    """The file of the only photo."""
    photo = Records(db, world, cast).measured(1)
    return Path(world.settings.photos) / photo.id[:2] / photo.id / Picture.PHOTO


def run(environment: dict[str, str], *arguments: str) -> Result:
    return CliRunner().invoke(main, arguments, env=environment)


def found(environment: dict[str, str]) -> dict[str, tuple[str, str]]:
    parts = json.loads(run(environment, "doctor", "--json").stdout)
    return {what: (part["state"], part["words"]) for what, part in parts.items()}


def test_an_identity_is_readable_by_its_owner_alone_and_never_replaced(tmp_path: Path) -> None:
    file = tmp_path / "identity"
    assert run({}, "backup-key", str(file)).exit_code == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    before = file.read_text()
    assert run({}, "backup-key", str(file)).exit_code == 2
    assert file.read_text() == before


def test_a_recipient_that_was_lost_is_printed_again(tmp_path: Path) -> None:
    identity = str(tmp_path / "identity")
    recipient = run({}, "backup-key", identity).stdout
    assert run({}, "backup-key", "--recipient-of", identity).stdout == recipient
    missing = run({}, "backup-key", "--recipient-of", f"{identity}s")
    assert missing.exit_code == 2
    assert "the identity cannot be read" in missing.stderr


@pytest.mark.usefixtures("photo_file")
def test_a_backup_is_verified_without_the_secret_and_restored_with_another_one(
    environment: dict[str, str], tmp_path: Path
) -> None:
    identity = str(tmp_path / "identity")
    made = run(environment, "backup")
    assert made.exit_code == 0, made.output
    assert "2 patients, 1 photos" in made.stdout
    away = ("--from", environment["AFTERGLOW_BACKUP_TO"], "--identity", identity)
    verified = run({}, "verify-backup", *away)
    assert verified.exit_code == 0, verified.output
    assert "all 1 can be read" in verified.stdout
    empty = {"AFTERGLOW_DATA": str(tmp_path / "new"), "AFTERGLOW_SECRET": OTHER_SECRET}
    restored = run(empty, "restore", *away)
    assert restored.exit_code == 0, restored.output
    assert found(empty)["photos"] == ("good", "all 1 can be read")
    again = run(empty, "restore", *away)
    assert again.exit_code == 1
    assert "holds something" in again.stderr


@pytest.mark.parametrize("code_bytes", [0, CODE_BYTES])  # earlier versions had no code
def test_another_recipient_leaves_the_backups_of_the_one_before_as_they_are(
    environment: dict[str, str], tmp_path: Path, code_bytes: int
) -> None:
    assert run(environment, "backup").exit_code == 0
    place = Path(environment["AFTERGLOW_BACKUP_TO"])
    keys = (place / "keys").read_bytes()
    (place / "keys").write_bytes(keys[code_bytes:])
    before = {file: file.read_bytes() for file in place.rglob("*") if file.is_file()}
    recipient = run({}, "backup-key", str(tmp_path / "new")).stdout.strip()
    changed = environment | {"AFTERGLOW_BACKUP_RECIPIENT": recipient}
    for command in ("backup", "check-config"):
        told = run(changed, command)
        assert told.exit_code == 1
        assert "name an empty place" in told.output
    assert {file: file.read_bytes() for file in place.rglob("*") if file.is_file()} == before
    (place / "keys").write_bytes(keys)
    old = ("--from", str(place), "--identity", str(tmp_path / "identity"))
    verified = json.loads(run({}, "verify-backup", *old, "--json").stdout)
    assert (verified["photos"]["state"], verified["restored"]["photos"]) == ("good", 0)
    elsewhere = str(tmp_path / "elsewhere")
    made = run(changed | {"AFTERGLOW_BACKUP_TO": elsewhere}, "backup", "--json")
    assert json.loads(made.stdout)["unreadable"] == []
    new = ("--from", elsewhere, "--identity", str(tmp_path / "new"))
    assert run({}, "verify-backup", *new).exit_code == 0


@pytest.mark.usefixtures("photo_file")
def test_a_backup_with_a_damaged_part_is_not_verified(
    environment: dict[str, str], tmp_path: Path
) -> None:
    run(environment, "backup")
    for path in (tmp_path / "backups" / "blobs").rglob("*"):
        if path.is_file():
            path.write_bytes(path.read_bytes()[:-1])
    refused = run(environment, "verify-backup", "--identity", str(tmp_path / "identity"))
    assert refused.exit_code == 1
    assert "cannot be opened" in refused.stderr
    assert len(refused.stderr.splitlines()) == 1


def test_a_restoration_that_breaks_off_leaves_no_clinic(
    environment: dict[str, str], photo_file: Path, tmp_path: Path
) -> None:
    run(environment, "backup")
    blobs = [path for path in (tmp_path / "backups" / "blobs").rglob("*") if path.is_file()]
    max(blobs, key=lambda path: path.stat().st_size).unlink()
    new = {"AFTERGLOW_DATA": str(tmp_path / "new"), "AFTERGLOW_SECRET": OTHER_SECRET}
    away = ("--from", environment["AFTERGLOW_BACKUP_TO"], "--identity", str(tmp_path / "identity"))
    assert run(new, "restore", *away).exit_code == 1
    assert not (tmp_path / "new").exists()
    assert photo_file.exists()


@pytest.mark.parametrize(
    ("missing", "words"),
    [
        ("AFTERGLOW_BACKUP_TO", "AFTERGLOW_BACKUP_TO and AFTERGLOW_BACKUP_RECIPIENT belong"),
        ("AFTERGLOW_BACKUP_RECIPIENT", "afterglow backup-key makes a recipient"),
    ],
)
def test_half_a_setting_is_named(environment: dict[str, str], missing: str, words: str) -> None:
    told = run(environment | {missing: ""}, "backup")
    assert told.exit_code == 1
    assert words in told.stderr


@pytest.mark.usefixtures("photo_file")
def test_the_doctor_finds_a_sound_clinic_sound(environment: dict[str, str], db: Database) -> None:
    run(environment, "backup")
    told = run(environment, "doctor")
    assert told.exit_code == 0, told.output
    assert {state for state, _ in found(environment).values()} == {"good"}


def test_the_doctor_finds_a_flipped_bit(environment: dict[str, str], photo_file: Path) -> None:
    sealed = bytearray(photo_file.read_bytes())
    sealed[len(sealed) // 2] ^= 1
    photo_file.write_bytes(sealed)
    state, words = found(environment)["photos"]
    assert state == "failing"
    assert f"photo of photo {photo_file.parent.name} is damaged" in words
    assert run(environment, "doctor").exit_code == 1
    made = run(environment, "backup")
    assert made.exit_code == 1
    assert f"photo {photo_file.parent.name} is damaged and not in it" in made.stderr


def test_the_doctor_finds_files_without_rows_and_rows_without_files(
    environment: dict[str, str], photo_file: Path, world: World
) -> None:
    world.files.save("orphan", Picture.PHOTO, b"a face")
    world.files.delete(photo_file.parent.name)
    told = found(environment)
    assert told["orphans"] == ("look", "1 wrong: orphan")
    assert told["files"] == ("failing", f"1 wrong: {photo_file.parent.name}")


def test_the_doctor_finds_photos_without_keys_open_files_and_a_clock_set_back(
    environment: dict[str, str], world: World, db: Database, cast: Cast
) -> None:
    photo = Records(db, world, cast).measured(1)
    (Path(world.settings.photos) / photo.id[:2] / photo.id / "key").unlink()
    with writing(db):
        health.leave_sign(db, SignOfLife.BACKED_UP, TREATED_AT)
        db.execute("UPDATE photos SET received_at = '2999-01-01T00:00:00.000000+00:00'")
    (world.settings.data / "afterglow.db-wal").chmod(0o644)
    told = found(environment | {"AFTERGLOW_SMTP": "smtp://127.0.0.1:9"})
    assert told["keys"] == ("look", f"1 wrong: {photo.id}")
    assert told["clock"] == ("look", "1 wrong: rows of 2999-01-01 00:00 UTC are still to come")
    assert told["mail"][0] == "failing"
    assert "127.0.0.1" in told["mail"][1]
    assert told["backup"] == ("failing", "last 2026-03-02 09:00 UTC; overdue")
    assert told["modes"][0] == "look"
    assert "afterglow.db-wal has mode 644" in told["modes"][1]


def test_the_doctor_makes_no_clinic_where_there_is_none(
    environment: dict[str, str], tmp_path: Path
) -> None:
    told = run(environment | {"AFTERGLOW_DATA": str(tmp_path / "empty")}, "doctor")
    assert told.exit_code == 1
    assert "is missing" in told.stderr
    assert not (tmp_path / "empty").exists()


def secrets_changed(environment: dict[str, str]) -> dict[str, str]:
    old = environment["AFTERGLOW_SECRET"]
    return environment | {"AFTERGLOW_SECRET": OTHER_SECRET, "AFTERGLOW_OLD_SECRET": old}


def test_a_secret_is_replaced_and_the_old_one_opens_nothing_more(
    environment: dict[str, str], photo_file: Path, db: Database
) -> None:
    db.close()
    changed = run(secrets_changed(environment), "change-secret")
    assert changed.exit_code == 0, changed.output
    assert "photos changed: 1" in changed.stdout
    new = environment | {"AFTERGLOW_SECRET": OTHER_SECRET}
    assert found(new)["photos"] == ("good", "all 1 can be read")
    assert found(new)["keys"][0] == "good"
    assert run(environment, "health").exit_code == 1
    assert "photos changed: 0" in run(secrets_changed(environment), "change-secret").stdout
    assert photo_file.exists()


def test_a_damaged_photo_does_not_keep_the_clinic_closed_after_a_change_of_the_secret(
    environment: dict[str, str], photo_file: Path, db: Database
) -> None:
    db.close()
    photo_file.with_name("key").write_bytes(b"rubbish")
    changed = run(secrets_changed(environment), "change-secret")
    assert changed.exit_code == 0, changed.output
    told = found(environment | {"AFTERGLOW_SECRET": OTHER_SECRET})
    assert (told["database"][0], told["photos"][0]) == ("good", "failing")


@pytest.mark.usefixtures("photo_file")
def test_a_secret_is_not_replaced_while_the_clinic_is_open(
    environment: dict[str, str], db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tracker.storage.connection.BUSY_SECONDS", 0.1)
    db.execute("SELECT 1 FROM people").fetchall()
    refused = run(secrets_changed(environment), "change-secret")
    assert refused.exit_code == 1
    assert "stop Afterglow" in refused.stderr
    assert found(environment)["photos"] == ("good", "all 1 can be read")


@pytest.mark.parametrize("step", ["open_database", "replace", "renew"])
def test_a_change_of_the_secret_that_breaks_off_is_finished_by_the_next(
    environment: dict[str, str],
    photo_file: Path,
    db: Database,
    monkeypatch: pytest.MonkeyPatch,
    step: str,
) -> None:
    db.close()
    owners = {"open_database": connection, "replace": Path, "renew": PhotoFiles}
    do, calls = getattr(owners[step], step), iter(range(9))

    def die(*arguments: Any) -> Any:
        if step != "open_database" or next(calls) == 2:  # the third opens the copy
            raise KeyboardInterrupt
        return do(*arguments)

    both = secrets_changed(environment)
    with monkeypatch.context() as patch:
        patch.setattr(owners[step], step, die)
        assert run(both, "change-secret").exit_code == 1
    for only in (environment, environment | {"AFTERGLOW_SECRET": OTHER_SECRET}):
        refused = run(only, "health")
        assert refused.exit_code == 1
        assert "run afterglow change-secret again" in refused.stderr
    assert run(both, "change-secret").exit_code == 0
    told = found(environment | {"AFTERGLOW_SECRET": OTHER_SECRET})
    assert {told[what][0] for what in ("database", "photos", "files", "keys")} == {"good"}
    assert len(list(photo_file.parents[3].glob("*.part"))) == 0


def test_a_secret_that_is_not_the_old_one_changes_nothing(environment: dict[str, str]) -> None:
    wrong = environment | {"AFTERGLOW_SECRET": OTHER_SECRET}
    wrong["AFTERGLOW_OLD_SECRET"] = base64.urlsafe_b64encode(b"2" * 32).decode()
    assert run(wrong, "change-secret").exit_code == 1
    assert run(environment, "doctor").exit_code == 0


def test_a_sound_configuration_is_told_part_by_part(environment: dict[str, str]) -> None:
    told = run(environment, "check-config")
    assert told.exit_code == 0, told.output
    parts = {line.split()[1] for line in told.stdout.splitlines()}
    assert parts >= {"settings", "database", "protocols", "backups", "mail"}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"AFTERGLOW_LISTEN": "8000"}, "AFTERGLOW_LISTEN is '8000'"),
        ({"AFTERGLOW_METRICS": "9100"}, "AFTERGLOW_METRICS is '9100'; write host:port"),
        ({"AFTERGLOW_SECRET": OTHER_SECRET}, "check that AFTERGLOW_SECRET"),
        ({"AFTERGLOW_PROTOCOLS": "absent"}, "no such folder"),
        ({"AFTERGLOW_FACE_MODEL": "absent"}, "AFTERGLOW_FACE_MODEL"),
        ({"AFTERGLOW_SMTP": "smtp://127.0.0.1:9"}, "on the way to 127.0.0.1"),
        ({"AFTERGLOW_BACKUP_RECIPIENT": "clinic"}, "RECIPIENT is not base64"),
        ({"AFTERGLOW_COMPUTE": "dask://127.0.0.1:9"}, "127.0.0.1:9 cannot be reached"),
    ],
)
def test_what_is_wrong_with_a_configuration_is_named(
    environment: dict[str, str], change: dict[str, str], words: str
) -> None:
    told = run(environment | change, "check-config")
    assert told.exit_code == 1
    (failing,) = [line for line in told.stdout.splitlines() if line.startswith("failing")]
    assert words in failing


def test_a_session_that_was_ended_since_the_backup_does_not_come_back(
    environment: dict[str, str], world: World, db: Database, cast: Cast, tmp_path: Path
) -> None:
    signed_in = sign_in(db, cast.alice.email, PASSPHRASE, TREATED_AT)
    assert isinstance(signed_in, tuple)
    assert resume_session(db, signed_in[1], TREATED_AT) is not None
    run(environment, "backup")
    restored = environment | {"AFTERGLOW_DATA": str(tmp_path / "restored")}
    run(restored, "restore", "--identity", str(tmp_path / "identity"))
    again = replace(world.settings, data=tmp_path / "restored")
    with closing(open_world(again).connect()) as other:
        assert people.get(other, cast.alice.id) is not None
        assert resume_session(other, signed_in[1], TREATED_AT) is None


def test_backing_up_restoring_and_changing_the_secret_are_in_the_audit_log(
    environment: dict[str, str], world: World, tmp_path: Path
) -> None:
    run(environment, "backup")
    run(secrets_changed(environment), "change-secret")
    new = environment | {"AFTERGLOW_SECRET": OTHER_SECRET}
    restored = new | {"AFTERGLOW_DATA": str(tmp_path / "restored")}
    run(restored, "restore", "--identity", str(tmp_path / "identity"))
    settings = replace(world.settings, secret=b"1" * 32)
    for data, acts in (
        (world.settings.data, [Act.BACKED_UP, Act.SECRET_CHANGED]),
        (tmp_path / "restored", [Act.BACKED_UP, Act.RESTORED]),
    ):
        with closing(open_world(replace(settings, data=data)).connect()) as db:
            rows = db.query("SELECT act FROM audit_log ORDER BY id")
            assert [row["act"] for row in rows][-2:] == [str(act) for act in acts]


def test_a_look_changes_nothing(
    environment: dict[str, str], photo_file: Path, world: World
) -> None:
    def state() -> dict[str, tuple[int, int]]:
        return {
            str(path): (path.stat().st_size, path.stat().st_mtime_ns)
            for path in Path(world.settings.photos).rglob("*")
        }

    before = state()
    run(environment, "doctor")
    assert state() == before
    assert os.fspath(photo_file) in before


def test_photos_of_an_earlier_method_are_counted_and_read(
    environment: dict[str, str], db: Database, world: World, cast: Cast
) -> None:
    records = Records(db, world, cast)
    records.measured(-1)
    records.measured(1)
    told = run(environment, "remeasure", "--dry-run", "--patient", cast.alice.email)
    assert told.exit_code == 0, told.output
    assert told.stdout == "photos that an earlier method measured, and not read yet: 2\n"
    assert run(environment, "remeasure", "--patient", "nobody@clinic.example").exit_code == 2
    told = CliRunner().invoke(main, ["remeasure", "--let-count"], env=environment, input="n\n")
    assert told.exit_code == 0, told.output
    assert "2 photos, 2 refused" in told.stdout  # these files are no pictures
    assert "to be measured again" not in told.stdout
    told = run(environment, "remeasure", "--let-count", "--yes", "--json")
    facts = json.loads(told.stdout)
    assert (facts["measured_again"], facts["moved"][0]["refused"], facts["opened"]) == (2, 2, {})
