"""A clinic's database of an earlier day is brought up to date and loses nothing."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlite_utils import Database

from tracker.alert_life import Step
from tracker.alerts import Level
from tracker.messages import MessageKind
from tracker.people import Role
from tracker.readings import Estimate
from tracker.screening import Edition, Screening
from tracker.settings import Settings
from tracker.storage import (
    alert_history,
    alerts,
    check_ins,
    messages,
    people,
    readings,
    screenings,
)
from tracker.storage.connection import IntegrityError, migrate, open_database, writing
from tracker.storage.migrations import migrations
from tracker.storage.tables import FIRST_TABLES
from tracker.treatments import Region

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
    for statement in (FIRST_TABLES + EVERYTHING.replace("THEN", AT)).split(";"):
        if statement.strip():
            db.execute(statement)
    db.execute("CREATE TABLE _sqlite_migrations (migration_set TEXT, name TEXT, applied_at TEXT)")
    db.execute("INSERT INTO _sqlite_migrations VALUES ('afterglow', 'first_tables', ?)", [AT])
    return db


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
    (mail,) = messages.due(old_db, now)
    assert (mail.kind, mail.alert_ids) == (MessageKind.URGENT, ("a",))
    with writing(old_db):
        messages.sent(old_db, mail.id, now)
    assert messages.due(old_db, now) == []
    (given,) = check_ins.of_treatment(old_db, "t")
    assert given.received_at == given.at
    (measured,) = readings.of_treatment(old_db, "t")
    assert measured.regions[Region.NOSE].redness == Estimate(1.5, 0.1)
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
