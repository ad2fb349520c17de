"""Invitations: how a patient gets an account, by a link that works once and for a limited time."""

from dataclasses import dataclass
from datetime import datetime, timedelta

GOOD_FOR = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Invitation:
    """What a signed link names: one person, for a limited time, once."""

    id: str
    person_id: str
    invited_by: str
    created_at: datetime
    used_at: datetime | None = None

    @property
    def expires_at(self) -> datetime:
        """The time from which the link no longer works."""
        return self.created_at + GOOD_FOR


def is_open(invitation: Invitation, now: datetime) -> bool:
    """Whether the link still works: neither used nor expired."""
    return invitation.used_at is None and now < invitation.expires_at
