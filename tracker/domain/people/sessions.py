"""Sessions: what shows that somebody signed in, and for how long it is good."""

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from tracker.domain.people.people import Role

# The clinic's machines may stand in the open; a patient comes back to the same phone for weeks.
AT_THE_CLINIC = timedelta(hours=12)
LIFETIMES: Mapping[Role, timedelta] = {
    Role.PATIENT: timedelta(days=30),
    Role.PRACTITIONER: AT_THE_CLINIC,
    Role.ASSISTANT: AT_THE_CLINIC,
    Role.OFFICE: AT_THE_CLINIC,
}
LONGEST_LIFETIME = max(LIFETIMES.values())
# Whoever signed in so lately may change how this account is signed in to; others show it again.
PROOF_GOOD_FOR = timedelta(minutes=10)
TOKEN_BYTES = 32


@dataclass(frozen=True, slots=True)
class Session:
    """A person who signed in at `began_at`; it lasts until it is ended or too old."""

    person_id: str
    began_at: datetime


def new_token() -> str:
    """What the browser keeps: 256 random bits, so that a plain hash of them is safe to store."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def token_digest(token: str) -> str:
    """The form in which a token is stored: whoever reads the database cannot sign in with it."""
    return hashlib.sha256(token.encode()).hexdigest()


def is_too_old(session: Session, role: Role, now: datetime) -> bool:
    """Whether a session has lasted its whole time, however lately it was used."""
    return now - session.began_at >= LIFETIMES[role]


def has_just_begun(session: Session, now: datetime) -> bool:
    """Whether passphrase or passkey were shown so lately that they need not be shown again."""
    return now - session.began_at < PROOF_GOOD_FOR
