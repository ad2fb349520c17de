"""Let a practitioner in by a code."""

from datetime import datetime

from sqlite_utils import Database

from tracker.domain.clinic.audit import Act, Entry
from tracker.domain.people.people import Person, Role, check_email
from tracker.domain.people.sessions import token_digest
from tracker.domain.people.share_codes import ShareCode, as_entered, new_code
from tracker.storage.clinic import audit_log
from tracker.storage.connection import writing
from tracker.storage.people import care_team, people


def make_share_code(db: Database, patient_id: str, now: datetime) -> str:
    """The code; it is shown now and never again, and ends the one before it."""
    code = new_code()
    with writing(db):
        care_team.renew_code(db, token_digest(code), ShareCode(patient_id, now))
        audit_log.add(db, Entry(Act.SHARE_CODE_MADE, now, patient_id, patient_id))
    return code


def accept_share_code(
    db: Database, practitioner_id: str, code: str, now: datetime
) -> Person | None:
    """The patient, now in this practitioner's care; None when the code does not work."""
    digest = token_digest(as_entered(code))
    with writing(db):
        offered = care_team.code(db, digest)
        if offered is None or not offered.is_open(now):
            return None
        care_team.use_code(db, digest, now)
        people.add_to_care(db, practitioner_id, offered.patient_id)
        joined = Entry(
            Act.CARE_TEAM_CHANGED, now, practitioner_id, offered.patient_id, "joined with a code"
        )
        audit_log.add(db, joined)
        return people.get(db, offered.patient_id)


def join_care_team(
    db: Database, carer_email: str, patient_email: str, turn: int, now: datetime
) -> tuple[Person, Person]:
    """Return carer and patient; a practitioner of `turn` 1 is notified first of an urgent alert.

    Raises ValueError that names an address with which no one of that role signs in.
    """
    carer = people.by_email(db, check_email(carer_email))
    if carer is None or not carer.role.has_patients:
        raise ValueError(f"no practitioner or assistant signs in as {carer_email}")
    patient = people.by_email(db, check_email(patient_email))
    if patient is None or patient.role is not Role.PATIENT:
        raise ValueError(f"no patient signs in as {patient_email}")
    with writing(db):
        people.add_to_care(db, carer.id, patient.id, turn)
        told = f"{carer.name}: turn {turn}"
        audit_log.add(db, Entry(Act.CARE_TEAM_CHANGED, now, about=patient.id, details=told))
    return carer, patient
