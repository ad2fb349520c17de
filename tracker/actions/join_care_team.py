"""Put a patient in a practitioner's care."""

from sqlite_utils import Database

from tracker.people import Person, Role, check_email
from tracker.storage import people
from tracker.storage.connection import writing


def join_care_team(
    db: Database, practitioner_email: str, patient_email: str, turn: int
) -> tuple[Person, Person]:
    """Return practitioner and patient; `turn` 1 is told of an urgent alert first.

    Raises ValueError that names an address nobody of that role signs in with.
    """
    practitioner = _by_email(db, practitioner_email, Role.PRACTITIONER)
    patient = _by_email(db, patient_email, Role.PATIENT)
    with writing(db):
        people.add_to_care(db, practitioner.id, patient.id, turn)
    return practitioner, patient


def _by_email(db: Database, email: str, role: Role) -> Person:
    person = people.by_email(db, check_email(email))
    if person is None or person.role is not role:
        raise ValueError(f"no {role} signs in as {email}")
    return person
