"""The audit log: who did what about whom, and when.

It names no patient and contains nothing about health.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

SAME_LOOK = timedelta(minutes=5)  # opening a patient again within this time is the same look
MOST_A_PAGE = 50


class Act(StrEnum):
    """An act that the clinic must be able to account for."""

    SIGNED_IN = "signed_in"
    SIGNED_OUT = "signed_out"
    SIGN_IN_FAILED = "sign_in_failed"
    RENEWAL_ASKED = "renewal_asked"  # on the sign-in page, by someone unknown
    RENEWAL_ISSUED = "renewal_issued"
    RENEWED = "renewed"
    SIGN_UP_ASKED = "sign_up_asked"  # on the page, by someone unknown
    SIGNED_UP = "signed_up"
    PASSKEY_ADDED = "passkey_added"
    PASSKEY_REMOVED = "passkey_removed"
    SECOND_STEP_CHANGED = "second_step_changed"  # an app or recovery codes, by their owner
    SECOND_STEP_RESET = "second_step_reset"  # all of it, by a colleague or the command line
    PATIENT_OPENED = "patient_opened"
    PATIENT_INVITED = "patient_invited"
    PATIENT_HANDED_OVER = "patient_handed_over"
    CARE_TEAM_CHANGED = "care_team_changed"
    SCREENING_CHANGED = "screening_changed"
    SIDES_SAID = "sides_said"
    DATA_EXPORTED = "data_exported"
    INVITATION_ACCEPTED = "invitation_accepted"
    STAFF_INVITED = "staff_invited"
    ROLE_CHANGED = "role_changed"
    SUSPENDED = "suspended"
    BROUGHT_BACK = "brought_back"
    CLINIC_CHANGED = "clinic_changed"
    # kept by other histories and shown together with these
    PHOTO_OPENED = "photo_opened"
    ALERT_ANSWERED = "alert_answered"
    PROTOCOL_CHANGED = "protocol_changed"


# How a person of the clinic comes to a position.
POSITION_BEGINS = frozenset(
    {Act.STAFF_INVITED, Act.INVITATION_ACCEPTED, Act.ROLE_CHANGED, Act.BROUGHT_BACK}
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One act. `by` is None for an unknown person and the command line; `about` may be None.

    `details` adds a few plain words: the new role, what was changed.
    """

    act: Act
    at: datetime
    by: str | None = None
    about: str | None = None
    details: str = ""


@dataclass(frozen=True, slots=True)
class Search:
    """Which entries to show; None means all.

    `about` holds ids of people or beginnings of ids; `until` is excluded.
    """

    by: str | None = None
    act: Act | None = None
    about: frozenset[str] | None = None
    since: datetime | None = None
    until: datetime | None = None
