"""Open an account of one's own, without an invitation."""

from datetime import datetime

from argon2 import PasswordHasher
from sqlite_utils import Database

from tracker.consents import Consent, Decision, Purpose
from tracker.messages import address_mail
from tracker.people import (
    Person,
    Role,
    check_email,
    check_name,
    check_passphrase,
    check_time_zone,
)
from tracker.sessions import Session, new_token, token_digest
from tracker.storage import consents, messages, people, sessions, unconfirmed_addresses
from tracker.storage.columns import new_id
from tracker.storage.connection import writing


def open_account(
    db: Database, name: str, email: str, passphrase: str, time_zone: str, now: datetime
) -> tuple[Person, str]:
    """The patient, who consents to be measured, and the token of a session.

    A mail asks whether the address is theirs. Until it is confirmed nobody is let in by a code and
    no reminder goes there; these stay off until the person asks for them.
    Raises ValueError that names what is wrong, also when the address has an account.
    """
    patient = Person(
        id=new_id(),
        role=Role.PATIENT,
        name=check_name(name),
        email=check_email(email),
        time_zone=check_time_zone(time_zone),
        reminder_hour=None,
    )
    hashed, token = PasswordHasher().hash(check_passphrase(passphrase)), new_token()
    with writing(db):
        if people.by_email(db, patient.email) is not None:
            raise ValueError("this address has an account already; sign in, or use another")
        people.insert(db, patient)
        people.set_passphrase_hash(db, patient.id, hashed)
        consents.insert(db, patient.id, Consent(Purpose.CARE, Decision.GIVEN, now))
        unconfirmed_addresses.insert(db, patient.id)
        messages.insert(db, address_mail(patient, now))
        sessions.begin(db, token_digest(token), Session(patient.id, now))
    return patient, token
