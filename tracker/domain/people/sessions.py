"""Sessions: the proof that a person signed in, and how long it is valid."""

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from tracker.domain.people.people import Role

# The clinic's machines may be in the open; a patient returns to the same phone for weeks.
AT_THE_CLINIC = timedelta(hours=12)
LIFETIMES: Mapping[Role, timedelta] = {
    Role.PATIENT: timedelta(days=30),
    Role.PRACTITIONER: AT_THE_CLINIC,
    Role.ASSISTANT: AT_THE_CLINIC,
    Role.OFFICE: AT_THE_CLINIC,
}
LONGEST_LIFETIME = max(LIFETIMES.values())
# A sign-in this recent may change how the account signs in; otherwise it must be proved again.
PROOF_GOOD_FOR = timedelta(minutes=10)
TOKEN_BYTES = 32


@dataclass(frozen=True, slots=True)
class Session:
    """A person who signed in at `began_at`; it lasts until it is ended or too old."""

    person_id: str
    began_at: datetime


def new_token() -> str:
    """What the browser keeps: 256 random bits, so that it is safe to store a plain hash of them."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def token_digest(token: str) -> str:
    """The form in which a token is stored: it cannot be used to sign in."""
    return hashlib.sha256(token.encode()).hexdigest()


def is_too_old(session: Session, role: Role, now: datetime) -> bool:
    """Whether a session has lasted its full time, however recently it was used."""
    return now - session.began_at >= LIFETIMES[role]


def has_just_begun(session: Session, now: datetime) -> bool:
    """Whether passphrase or passkey were given so recently that they need not be given again."""
    return now - session.began_at < PROOF_GOOD_FOR
