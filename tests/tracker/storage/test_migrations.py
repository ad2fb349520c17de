"""An older database of a clinic is brought up to date and loses nothing."""

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from shutil import copyfile

import pytest
from sqlcipher3 import OperationalError
from sqlite_utils import Database

from tracker.domain.alerts.alert_life import Step
from tracker.domain.alerts.alerts import Level
from tracker.domain.clinic.audit import Act, Entry, Search
from tracker.domain.course.readings import Estimate
from tracker.domain.course.treatments import Region
from tracker.domain.mail.mails import MailKind
from tracker.domain.people.people import Role
from tracker.domain.protocols.screening import Edition, Screening
from tracker.settings import Settings
from tracker.storage.alerts import alert_history, alerts
from tracker.storage.clinic import audit_log
from tracker.storage.connection import (
    DatabaseUnreadable,
    IntegrityError,
    migrate,
    open_database,
    writing,
)
from tracker.storage.course import check_ins, readings, screenings
from tracker.storage.mail import mails
from tracker.storage.migrations import migrations, python_steps
from tracker.storage.own_data import looks
from tracker.storage.people import people, sessions

STEPS = files("tracker.storage.migrations")
SHIPPED = json.loads(Path(__file__).with_name("shipped_steps.json").read_text(encoding="utf-8"))
AT = "2026-03-06T09:00:00.000000+00:00"
EVERYTHING = """
INSERT INTO people (id, role, name, email, time_zone, history) VALUES
    ('dana', 'practitioner', 'Dr Dana', 'dana@clinic.example', 'Europe/Berlin', '[]'),
    ('alice', 'patient', 'Alice', 'alice@clinic.example', 'Europe/Berlin', '[]');
INSERT INTO care_team VALUES ('dana', 'alice');
INSERT INTO treatments (id, patient_id, kind, performed_at, setting, areas)
    VALUES ('t', 'alice', 'microneedling', 'THEN', 'clinic', '["nose"]');
INSERT INTO photos (id, treatment_id, patient_id, role, status, taken_at, received_at, skin_state,
    digest) VALUES ('p', 't', 'alice', 'baseline', 'measured', 'THEN', 'THEN', 'clean', 'd');
INSERT INTO readings VALUES (7, 'p', 'p', '1', '4', 'card', 0.1);
INSERT INTO region_readings VALUES (7, 'nose', 1.5, 0.1, 0, 0.1, 60, 10, 15, 40, 30, 20, 0.9);
INSERT INTO alerts (id, patient_id, treatment_id, concern, level, raised_at, probability, regions,
    evidence, engine, protocol, acknowledged_at, acknowledged_by) VALUES
    ('a', 'alice', 't', 'infection', 'urgent', 'THEN', 0.9, '[]', '[]', '1', 'm 1', 'THEN', 'dana');
INSERT INTO check_ins (id, treatment_id, patient_id, at, answers)
    VALUES ('c', 't', 'alice', 'THEN', '{"trend": "same"}');
INSERT INTO messages (id, recipient_id, to_address, alert_id, created_at, next_attempt_at)
    VALUES ('m', 'dana', 'dana@clinic.example', 'a', 'THEN', 'THEN')
"""


@pytest.fixture
def old_db(settings: Settings, tmp_path: Path) -> Database:
    db = open_database(tmp_path / "old.db", settings.key_for("database"))
    first_tables = (STEPS / "0001_first_tables.sql").read_text(encoding="utf-8")
    for statement in (first_tables + EVERYTHING.replace("THEN", AT)).split(";"):
        if statement.strip():
            db.execute(statement)
    db.execute("CREATE TABLE _sqlite_migrations (migration_set TEXT, name TEXT, applied_at TEXT)")
    db.execute("INSERT INTO _sqlite_migrations VALUES ('afterglow', 'first_tables', ?)", [AT])
    return db


@pytest.fixture
def new_db(settings: Settings, tmp_path: Path) -> Iterator[Database]:
    db = open_database(tmp_path / "new.db", settings.key_for("database"))
    yield db
    db.close()


def test_alerts_and_mails_of_the_first_tables_live_on(old_db: Database) -> None:
    assert "first_tables" not in migrate(old_db)
    alert = alerts.get(old_db, "a")
    assert alert is not None
    assert alert.level is Level.URGENT
    assert (alert.read_at, alert.read_by) == (None, None)
    assert [(s.step, s.by) for s in alert_history.of_alert(old_db, "a")] == [
        (Step.OPENED, None),
        (Step.SEEN, "dana"),
    ]
    now = datetime(2026, 3, 6, 10, tzinfo=UTC)
    (mail,) = mails.due(old_db, now)
    assert (mail.kind, mail.alert_ids) == (MailKind.URGENT, ("a",))
    with writing(old_db):
        mails.sent(old_db, mail.id, now)
    assert mails.due(old_db, now) == []
    (given,) = check_ins.of_treatment(old_db, "t")
    assert given.received_at == given.at
    (measured,) = readings.of_treatment(old_db, "t")
    assert measured.regions[Region.NOSE].redness == Estimate(1.5, 0.1)
    assert (measured.asymmetry, measured.regions[Region.NOSE].focal) == (None, None)
    assert list(old_db.query("SELECT areas, outlines_id FROM readings")) == [
        {"areas": '["nose"]', "outlines_id": None}
    ]
    assert migrate(old_db) == []
    old_db.close()


def test_a_screening_of_before_is_the_first_edition(old_db: Database) -> None:
    migrations.apply(old_db, stop_before="screening_editions")
    row = ["t", '{"keloid": true}', AT, "dana", "Chest only."]
    old_db.execute("INSERT INTO screenings VALUES (?, ?, ?, ?, ?)", row)
    migrate(old_db)
    then = datetime.fromisoformat(AT)
    kept = Screening({"keloid": True}, then, "dana", "Chest only.")
    assert screenings.editions(old_db, "t") == [Edition(kept, "Dr Dana")]
    old_db.close()


def test_whoever_never_confirmed_an_address_has_no_way_in_any_more(old_db: Database) -> None:
    migrations.apply(old_db, stop_before="sign_ups")
    with writing(old_db):
        for person in ("alice", "dana"):
            people.set_passphrase_hash(old_db, person, "hash")
            old_db.execute("INSERT INTO sessions VALUES (?, ?, ?, ?)", [person, person, AT, AT])
        old_db.execute("INSERT INTO unconfirmed_addresses VALUES ('alice')")
    migrate(old_db)
    assert people.passphrase_hash(old_db, "alice") is None
    assert sessions.get(old_db, "alice") is None
    assert people.passphrase_hash(old_db, "dana") == "hash"
    assert sessions.get(old_db, "dana") is not None
    old_db.close()


def test_the_histories_of_before_are_in_one_log_whose_entries_are_chained(
    old_db: Database,
) -> None:
    migrations.apply(old_db, stop_before="audit_chain")
    with writing(old_db):
        old_db.execute(
            "INSERT INTO looks VALUES ('p', 'dana', ?, ?)", [AT, AT.replace("-06", "-07")]
        )
        values = ["signed_in", AT, "dana", None, ""]
        sql = "INSERT INTO audit_log (act, at, by_id, about_id, details) VALUES (?, ?, ?, ?, ?)"
        old_db.execute(sql, values)
    migrate(old_db)
    assert audit_log.verify(old_db, []).is_whole
    acts = [str(entry.act) for entry in audit_log.search(old_db, Search())]
    assert sorted(acts) == ["alert_answered", "photo_opened", "photo_opened", "signed_in"]
    (look,) = looks.of_patient(old_db, "alice")
    assert (look.name, look.first_at.day, look.last_at.day) == ("Dr Dana", 6, 7)
    with writing(old_db):
        audit_log.add(old_db, Entry(Act.SIGNED_OUT, datetime.fromisoformat(AT), "dana"))
    assert audit_log.verify(old_db, []).is_whole
    old_db.close()


def test_people_keep_their_roles_and_all_that_refers_to_them(old_db: Database) -> None:
    migrate(old_db)
    dana, alice = people.get(old_db, "dana"), people.get(old_db, "alice")
    assert dana is not None
    assert alice is not None
    assert (dana.role, dana.duties, dana.suspended_at) == (Role.PRACTITIONER, frozenset(), None)
    assert alice.role is Role.PATIENT
    assert people.care_team_of(old_db, "alice") == [(dana, 1)]
    assert list(old_db.query("PRAGMA foreign_key_check")) == []
    with pytest.raises(IntegrityError, match="FOREIGN KEY"):
        old_db.execute("DELETE FROM people WHERE id = 'dana'")
    with pytest.raises(IntegrityError, match="CHECK"):
        old_db.execute("UPDATE people SET role = 'surgeon' WHERE id = 'dana'")
    with pytest.raises(IntegrityError, match="not rewritten"):
        old_db.execute("UPDATE alert_history SET why = 'otherwise'")
    old_db.close()


def test_every_shipped_step_makes_the_same_tables_as_on_the_day_it_shipped(
    new_db: Database,
) -> None:
    names = [step.name for step in migrations.pending(new_db)]
    made = {}
    for step, after in zip(names, [*names[1:], None], strict=True):
        migrations.apply(new_db, stop_before=after)
        made[step] = hashlib.sha256(schema_of(new_db).encode()).hexdigest()[:16]
    assert names[: len(SHIPPED)] == list(SHIPPED)
    assert {step: made[step] for step in SHIPPED} == SHIPPED


def test_a_clinic_of_every_earlier_schema_ends_with_the_same_tables_and_all_its_rows(
    settings: Settings, tmp_path: Path, old_db: Database, new_db: Database
) -> None:
    steps = [step.name for step in migrations.pending(new_db)]
    migrate(new_db)
    made = schema_of(new_db)
    old_db.execute("PRAGMA synchronous = OFF")
    for first in steps[1:]:
        migrations.apply(old_db, stop_before=first)
        old_db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        copyfile(tmp_path / "old.db", tmp_path / "copy.db")
        db = open_database(tmp_path / "copy.db", settings.key_for("database"))
        db.execute("PRAGMA synchronous = OFF")
        assert migrate(db) == steps[steps.index(first) :]
        assert schema_of(db) == made, first
        assert list(db.query("PRAGMA foreign_key_check")) == []
        (mail,) = mails.of_recipient(db, "dana")
        assert (mail.to_address, mail.unheard) == ("dana@clinic.example", 0)
        assert {row["id"] for row in db.query("SELECT id FROM people")} == {"dana", "alice"}
        assert len(check_ins.of_treatment(db, "t")) == len(alerts.of_treatment(db, "t")) == 1
        db.close()
    old_db.close()


def test_steps_are_numbered_from_one_without_a_gap_or_a_number_used_twice() -> None:
    steps = sorted(file.name for file in STEPS.iterdir() if file.name.endswith(".sql"))
    assert [name[:5] for name in steps] == [f"{number:04}_" for number in range(1, len(steps) + 1)]


def test_every_python_part_has_the_sql_file_around_which_it_runs() -> None:
    parts = [name for name in vars(python_steps) if name.startswith("step_")]
    assert parts
    for name in parts:
        assert (STEPS / f"{name.removeprefix('step_')}.sql").is_file()


def test_a_step_that_fails_takes_back_every_step_before_it(old_db: Database) -> None:
    old_db.execute("CREATE TABLE screening_editions (in_the_way TEXT)")
    before = schema_of(old_db)
    with pytest.raises(OperationalError, match="screening_editions"):
        migrate(old_db)
    assert schema_of(old_db) == before
    assert [step.name for step in migrations.applied(old_db)] == ["first_tables"]
    old_db.close()


def test_a_database_that_a_newer_version_has_changed_is_not_opened(db: Database) -> None:
    assert migrate(db) == []
    taken = {"migration_set": "afterglow", "name": "wings", "applied_at": "2030-01-01"}
    db.table(migrations.migrations_table).insert(taken)
    before = schema_of(db)
    with pytest.raises(DatabaseUnreadable, match=r"newer version .*\(step wings\).* backup"):
        migrate(db)
    assert schema_of(db) == before


def schema_of(db: Database) -> str:
    """The whole schema, without the line breaks in its texts."""
    rows = db.query("SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY type, name")
    return json.dumps([[" ".join(str(value).split()) for value in row.values()] for row in rows])
