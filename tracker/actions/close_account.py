"""Close a patient's account; what is kept of it, and how long, is the clinic's setting."""

from datetime import datetime

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlite_utils import Database

from tracker.consents import Consent, Decision, Purpose, is_given
from tracker.erasures import Erasure, erasure_asked
from tracker.storage import consents, erasures, messages, people
from tracker.storage.connection import writing


def close_account(
    db: Database, patient_id: str, passphrase: str, keep_years: int, now: datetime
) -> Erasure | None:
    """End sign-in, care and mail at once, and leave the erasure to the worker.

    None when the passphrase is wrong. Photos and answers are shown to nobody from now on.
    """
    stored = people.passphrase_hash(db, patient_id)
    try:
        PasswordHasher().verify(stored or "", passphrase)
    except (VerificationError, InvalidHashError):
        return None
    erasure = erasure_asked(patient_id, keep_years, now)
    with writing(db):
        if is_given(consents.of_patient(db, patient_id), Purpose.CARE):
            consents.insert(db, patient_id, Consent(Purpose.CARE, Decision.WITHDRAWN, now))
        messages.withdraw_all_to(db, patient_id, now)
        people.close(db, patient_id)
        erasures.insert(db, erasure)
    return erasure
