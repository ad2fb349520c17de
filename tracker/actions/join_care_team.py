"""Put a patient in the care of a practitioner or assistant."""

from sqlite_utils import Database

from tracker.people import Person, Role, check_email
from tracker.storage import people
from tracker.storage.connection import writing


def join_care_team(
    db: Database, carer_email: str, patient_email: str, turn: int
) -> tuple[Person, Person]:
    """Return carer and patient; a practitioner of `turn` 1 is told of an urgent alert first.

    Raises ValueError that names an address nobody of that role signs in with.
    """
    carer = people.by_email(db, check_email(carer_email))
    if carer is None or not carer.role.has_patients:
        raise ValueError(f"no practitioner or assistant signs in as {carer_email}")
    patient = people.by_email(db, check_email(patient_email))
    if patient is None or patient.role is not Role.PATIENT:
        raise ValueError(f"no patient signs in as {patient_email}")
    with writing(db):
        people.add_to_care(db, carer.id, patient.id, turn)
    return carer, patient
