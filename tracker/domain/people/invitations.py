"""Invitations: how a patient gets an account, by a link that works once and for a limited time."""

from dataclasses import dataclass
from datetime import datetime, timedelta

GOOD_FOR = timedelta(days=14)
OWN_GOOD_FOR = timedelta(days=1)
OWN_EVERY = timedelta(hours=1)  # mails to an address that may belong to somebody else


@dataclass(frozen=True, slots=True)
class Invitation:
    """What a signed link names: one person, for a limited time, once.

    People who sign up without a clinic invite themselves.
    """

    id: str
    person_id: str
    invited_by: str
    created_at: datetime
    used_at: datetime | None = None

    @property
    def is_own(self) -> bool:
        """Whether the person asked for it."""
        return self.invited_by == self.person_id

    @property
    def expires_at(self) -> datetime:
        """The time from which the link no longer works."""
        return self.created_at + (OWN_GOOD_FOR if self.is_own else GOOD_FOR)


def is_open(invitation: Invitation, now: datetime) -> bool:
    """Whether the link still works: neither used nor expired."""
    return invitation.used_at is None and now < invitation.expires_at
