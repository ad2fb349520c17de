"""Take a patient into one's care who has handed over a code."""

from datetime import datetime

from sqlite_utils import Database

from tracker.audit import Act, Entry
from tracker.people import Person
from tracker.sessions import token_digest
from tracker.share_codes import as_entered
from tracker.storage import audit_log, people, share_codes
from tracker.storage.connection import writing


def accept_share_code(
    db: Database, practitioner_id: str, code: str, now: datetime
) -> Person | None:
    """The patient, now in this practitioner's care; None when the code does not work."""
    digest = token_digest(as_entered(code))
    with writing(db):
        offered = share_codes.get(db, digest)
        if offered is None or not offered.is_open(now):
            return None
        share_codes.use(db, digest, now)
        people.add_to_care(db, practitioner_id, offered.patient_id)
        joined = Entry(
            Act.CARE_TEAM_CHANGED, now, practitioner_id, offered.patient_id, "joined with a code"
        )
        audit_log.add(db, joined)
        return people.get(db, offered.patient_id)
