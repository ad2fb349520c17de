"""Invitations: how a patient gets an account, by a link that works once and for a limited time."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from tracker.domain.people.people import Person, Role

GOOD_FOR = timedelta(days=14)
MOST_TRIES = 5  # at a year of birth; 60 years are likely, so a stranger guesses one link in twelve
OWN_GOOD_FOR = timedelta(days=1)
OWN_EVERY = timedelta(hours=1)  # mails to an address that may belong to somebody else


@dataclass(frozen=True, slots=True)
class Invitation:
    """What a signed link names: one person, for a limited time, once.

    People who sign up without a clinic invite themselves. `tries` are wrong years of birth, which
    close the link after `MOST_TRIES`. `is_asked` means that somebody who named the address asked
    for it, and not the clinic.
    """

    id: str
    person_id: str
    invited_by: str
    created_at: datetime
    used_at: datetime | None = None
    tries: int = 0
    is_asked: bool = False

    @property
    def is_own(self) -> bool:
        """Whether the person asked for it."""
        return self.invited_by == self.person_id

    @property
    def expires_at(self) -> datetime:
        """The time from which the link no longer works."""
        return self.created_at + (OWN_GOOD_FOR if self.is_own else GOOD_FOR)


class Closed(StrEnum):
    """Why a link does not work any more."""

    USED = "used"
    TOO_OLD = "too_old"
    TRIED_TOO_OFTEN = "tried_too_often"


def closed_because(invitation: Invitation, now: datetime) -> Closed | None:
    """Why the link does not work any more; None while it does."""
    if invitation.used_at is not None:
        return Closed.USED
    if now >= invitation.expires_at:
        return Closed.TOO_OLD
    return Closed.TRIED_TOO_OFTEN if invitation.tries >= MOST_TRIES else None


def asks_year(invitation: Invitation, person: Person) -> bool:
    """Whether the link asks for the year in which the patient was born."""
    is_patient = person.role is Role.PATIENT and not invitation.is_own
    return is_patient and person.birth_date is not None
