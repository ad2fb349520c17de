"""The cast and the world that tests share: Alice and Bob are patients, Dr Dana treats Alice."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlite_utils import Database

from tracker.actions.course.treatments import begin_treatment
from tracker.actions.people.accounts import add_person
from tracker.domain.course.treatments import AREAS, Setting, Treatment
from tracker.domain.people.people import Person, Role
from tracker.settings import Settings
from tracker.storage import protocol_files
from tracker.world import World, open_world

TREATED_AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
PASSPHRASE = "a long enough passphrase"
PROTOCOLS = protocol_files.read_all(None)


@dataclass(frozen=True)
class Cast:
    """Everybody who appears in the tests."""

    alice: Person
    bob: Person
    dana: Person
    eli: Person
    treatment: Treatment


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        data=tmp_path / "data",
        secret=b"0" * 32,
        host="127.0.0.1",
        port=8000,
        base_url="http://127.0.0.1:8000",
        smtp_url=None,
        mail_from="Afterglow <afterglow@clinic.example>",
    )


@pytest.fixture
def world(settings: Settings) -> World:
    return open_world(settings)


@pytest.fixture
def db(world: World) -> Iterator[Database]:
    connection = world.connect()
    yield connection
    connection.close()


@pytest.fixture
def cast(db: Database) -> Cast:
    return cast_of(db)


def cast_of(db: Database) -> Cast:
    """Everybody, in a clinic that is empty so far."""
    dana = _add(db, "Dr Dana", Role.PRACTITIONER)
    eli = _add(db, "Dr Eli", Role.PRACTITIONER)
    alice = _add(db, "Alice", Role.PATIENT, cared_for_by=dana.id)
    bob = _add(db, "Bob", Role.PATIENT)
    treatment = begin_treatment(
        db,
        PROTOCOLS,
        Treatment(
            id="",
            patient_id=alice.id,
            kind="microneedling",
            performed_at=TREATED_AT,
            setting=Setting.CLINIC,
            needle_depth_mm=1.5,
            areas=frozenset(AREAS),
        ),
    )
    return Cast(alice, bob, dana, eli, treatment)


def _add(db: Database, name: str, role: Role, cared_for_by: str | None = None) -> Person:
    email = f"{name.rsplit(' ', maxsplit=1)[-1].lower()}@clinic.example"
    person = Person("", role, name, email, "Europe/Berlin")
    return add_person(db, person, PASSPHRASE, cared_for_by=cared_for_by)
