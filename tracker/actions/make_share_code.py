"""Make a code by which a patient lets a practitioner in."""

from datetime import datetime

from sqlite_utils import Database

from tracker.sessions import token_digest
from tracker.share_codes import ShareCode, new_code
from tracker.storage import share_codes, unconfirmed_addresses
from tracker.storage.connection import writing


def make_share_code(db: Database, patient_id: str, now: datetime) -> str | None:
    """The code; it is shown now and never again, and ends the one before it.

    None while nobody has shown that the address is the patient's: mail about them would go there.
    """
    code = new_code()
    with writing(db):
        if unconfirmed_addresses.has(db, patient_id):
            return None
        share_codes.renew(db, token_digest(code), ShareCode(patient_id, now))
    return code
