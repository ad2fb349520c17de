"""Let somebody in who knows address and passphrase."""

from datetime import datetime

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlite_utils import Database

from tracker.audit import Act, Entry
from tracker.people import Person, check_email
from tracker.sessions import LONGEST_LIFETIME, Session, new_token, token_digest
from tracker.storage import audit_log, people, sessions
from tracker.storage.connection import writing

# Hashing for an unknown address takes as long as for a known one, so that time tells nothing.
_NOBODY = PasswordHasher().hash("nobody signs in with this")


def sign_in(db: Database, email: str, passphrase: str, now: datetime) -> tuple[Person, str] | None:
    """Begin a session: the person and its token, or None when address or passphrase is wrong."""
    try:
        person = people.by_email(db, check_email(email))
    except ValueError:
        person = None
    stored = people.passphrase_hash(db, person.id) if person else None
    fits, token = _fits(stored, passphrase), new_token()
    with writing(db):
        if person is None or not fits or person.suspended_at is not None:
            whose = None if person is None else person.id
            audit_log.add(db, Entry(Act.SIGN_IN_FAILED, now, about=whose))
            return None
        audit_log.add(db, Entry(Act.SIGNED_IN, now, person.id))
        sessions.forget_begun_before(db, now - LONGEST_LIFETIME)
        sessions.begin(db, token_digest(token), Session(person.id, now))
    return person, token


def _fits(stored: str | None, passphrase: str) -> bool:
    try:
        return PasswordHasher().verify(stored or _NOBODY, passphrase) and stored is not None
    except (VerificationError, InvalidHashError):
        return False
