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
# After so long without use it ends. An hour: NIST SP 800-63B-4, 2.2.3, for sign-ins by two factors.
# A patient who was asked for a photo a week must not be asked for the passphrase each time.
UNUSED_AT_THE_CLINIC = timedelta(hours=1)
UNUSED: Mapping[Role, timedelta] = {
    Role.PATIENT: timedelta(days=14),
    Role.PRACTITIONER: UNUSED_AT_THE_CLINIC,
    Role.ASSISTANT: UNUSED_AT_THE_CLINIC,
    Role.OFFICE: UNUSED_AT_THE_CLINIC,
}
SEEN_EVERY = timedelta(minutes=1)  # use is noted at most this often
# A sign-in this recent may change how the account signs in; otherwise it must be proved again.
PROOF_GOOD_FOR = timedelta(minutes=10)
TOKEN_BYTES = 32


@dataclass(frozen=True, slots=True)
class Session:
    """A person who signed in at `began_at` and last did something at `seen_at` (None: then).

    It lasts until it is ended, too old or unused for long. `by_link` means that a patient came in
    by the link of the invitation and has no way to sign in yet; it may do less then.
    """

    person_id: str
    began_at: datetime
    seen_at: datetime | None = None
    by_link: bool = False

    @property
    def last_seen(self) -> datetime:
        """When the person last did something."""
        return self.seen_at or self.began_at


def new_token() -> str:
    """What the browser keeps: 256 random bits, so that it is safe to store a plain hash of them."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def token_digest(token: str) -> str:
    """The form in which a token is stored: it cannot be used to sign in."""
    return hashlib.sha256(token.encode()).hexdigest()


def ends_at(session: Session, role: Role) -> datetime:
    """When a session ends by itself, if the person does nothing from `last_seen` on."""
    return min(session.began_at + LIFETIMES[role], session.last_seen + UNUSED[role])


def is_over(session: Session, role: Role, now: datetime) -> bool:
    """Whether a session has lasted its full time, or was unused for long."""
    return now >= ends_at(session, role)


def has_just_begun(session: Session, now: datetime) -> bool:
    """Whether passphrase, passkey or link were given so recently that they need not be again.

    They must be given again, too, if the clock was set back since.
    """
    return abs(now - session.began_at) < PROOF_GOOD_FOR
