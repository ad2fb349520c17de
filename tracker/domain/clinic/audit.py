"""The audit log: who did what about whom, and when.

It names no patient and contains nothing about health. Each entry has a digest of itself and of the
one before it. Whoever holds the keys can still write the whole log anew, but not so that it fits a
*head*, number and digest of an entry, that was kept elsewhere.
"""

import hashlib
import json
import re
from collections.abc import Sequence
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
    TOKEN_MADE = "token_made"  # noqa: S105 (an act; of the HTTP API)
    TOKEN_REVOKED = "token_revoked"  # noqa: S105
    SECOND_STEP_CHANGED = "second_step_changed"  # an app or recovery codes, by their owner
    SECOND_STEP_RESET = "second_step_reset"  # all of it, by a colleague or the command line
    PATIENT_OPENED = "patient_opened"
    PATIENT_INVITED = "patient_invited"
    PATIENT_HANDED_OVER = "patient_handed_over"
    CARE_TEAM_CHANGED = "care_team_changed"
    SCREENING_CHANGED = "screening_changed"
    SIDES_SAID = "sides_said"
    DATA_EXPORTED = "data_exported"
    EXPORT_ASKED = "export_asked"  # that a whole record may go to another clinic
    EXPORT_ALLOWED = "export_allowed"  # by another person
    RECORD_IMPORTED = "record_imported"  # a whole record from another clinic
    INVITATION_ACCEPTED = "invitation_accepted"
    STAFF_INVITED = "staff_invited"
    ROLE_CHANGED = "role_changed"
    SUSPENDED = "suspended"
    BROUGHT_BACK = "brought_back"
    CLINIC_CHANGED = "clinic_changed"
    RECORD_CHANGED = "record_changed"  # what a patient's record holds, or templates of messages
    REFUSED = "refused"  # a page that is not this person's to see
    ACCOUNT_ADDED = "account_added"  # by the command line
    ACCOUNT_CLOSED = "account_closed"
    ACCOUNT_ERASED = "account_erased"  # by the worker
    BACKED_UP = "backed_up"  # by the command line; the daily backups are signs of life
    RESTORED = "restored"  # from a backup
    PHOTOS_MOVED = "photos_moved"  # to another store
    SECRET_CHANGED = "secret_changed"  # noqa: S105 (an act)
    CONSENT_DECIDED = "consent_decided"
    SHARE_CODE_MADE = "share_code_made"
    PHOTO_OPENED = "photo_opened"
    ALERT_ANSWERED = "alert_answered"
    MAIL_DECIDED = "mail_decided"  # one that was given up is sent again or set aside
    DRAFT_REMOVED = "draft_removed"  # of a protocol, by the worker
    PROTOCOL_SIGNED = "protocol_signed"  # a draft of one
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


@dataclass(frozen=True, slots=True)
class Head:
    """The number and the digest (64 hexadecimal digits) of an entry, to be kept elsewhere."""

    number: int
    digest: str

    def __str__(self) -> str:
        return f"{self.number}:{self.digest}"


def read_head(text: str) -> Head:
    """The head that is written as `number:digest`. Raises ValueError."""
    if not re.fullmatch(r"[1-9][0-9]{0,14}:[0-9a-f]{64}", text.strip()):
        raise ValueError(f"{text!r} is no head of the log; write number:digest as it was shown")
    number, _, digest = text.strip().partition(":")
    return Head(int(number), digest)


def chained(previous: str, parts: Sequence[int | str | None]) -> str:
    """The digest of an entry, whose `parts` are its columns; `previous` is that before it.

    SHA-256 of the JSON list of all of them; `previous` is empty for the first entry.
    """
    text = json.dumps([previous, *parts], ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a look at the whole log found: its head, None while it is empty.

    `broken_at` is the first entry whose digest does not fit, None if all do; `misfits` are heads
    that were kept elsewhere and are not in this log.
    """

    head: Head | None
    broken_at: int | None
    misfits: tuple[Head, ...]

    @property
    def is_whole(self) -> bool:
        """Whether nothing was rewritten or left out, as far as the heads can tell."""
        return self.broken_at is None and not self.misfits
