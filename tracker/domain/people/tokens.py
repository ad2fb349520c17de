"""Tokens of the HTTP API: what a program may do in a person's name, and for how long."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from tracker.domain.people.access import Viewer, may_administer
from tracker.domain.people.people import Role
from tracker.domain.people.sessions import TOKEN_BYTES
from tracker.domain.texts import LOST, one_line

MARK = "afterglow_"  # programs that look for secrets in source code know it by this
MOST_TOKENS = 10  # of one person
LONGEST_NAME = 60
LIFETIMES = (7, 30, 90, 365)  # days; the person chooses one
KEPT_FOR = timedelta(days=1)  # how long a repeated call gets the same answer
UNDER_WAY_FOR = timedelta(minutes=2)  # a call that takes longer has broken off


class Scope(StrEnum):
    """One thing that a token is good for."""

    READ_PATIENTS = "read:patients"  # names and courses
    READ_READINGS = "read:readings"
    READ_PHOTOS = "read:photos"
    READ_CHECK_INS = "read:check-ins"
    READ_ALERTS = "read:alerts"
    READ_MESSAGES = "read:messages"
    READ_HEALTH = "read:health"  # of the installation
    WRITE_CHECK_INS = "write:check-ins"
    WRITE_PHOTOS = "write:photos"
    ANSWER_ALERTS = "answer:alerts"


_READS_A_COURSE = frozenset(
    {
        Scope.READ_PATIENTS,
        Scope.READ_READINGS,
        Scope.READ_PHOTOS,
        Scope.READ_CHECK_INS,
        Scope.READ_ALERTS,
        Scope.READ_MESSAGES,
    }
)


class TokenRefused(ValueError):  # noqa: N818  (bad input; the message names the remedy)
    """No such token can be made."""


@dataclass(frozen=True, slots=True)
class Token:
    """A token as it is listed. It works until `ends_at`; `used_at` is None before its first use.

    Its secret is known to nobody but the program: only a digest of it is stored.
    """

    id: str
    person_id: str
    name: str
    scopes: frozenset[Scope]
    made_at: datetime
    ends_at: datetime
    used_at: datetime | None = None

    def is_over(self, now: datetime) -> bool:
        """Whether its time has passed."""
        return now >= self.ends_at


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """What a call with a `key` was answered; `status` and `body` are None while it is under way.

    `fingerprint` is a digest of all that was sent.
    """

    person_id: str
    key: str
    fingerprint: str
    begun_at: datetime
    status: int | None = None
    body: bytes | None = None


class OtherCall(Exception):  # noqa: N818  (the message names the remedy)
    """The key belongs to another call."""


class UnderWay(Exception):  # noqa: N818  (a state; it passes)
    """The same call has not been answered yet."""


def new_secret() -> str:
    """What a program sends with each request: 256 random bits behind a mark."""
    return MARK + secrets.token_urlsafe(TOKEN_BYTES)


def scopes_for(viewer: Viewer) -> frozenset[Scope]:
    """What a token of this person is good for at most, as things are now.

    Whom it may be used on, `tracker.domain.people.access` decides as it does for pages.
    """
    health = frozenset({Scope.READ_HEALTH}) if may_administer(viewer) else frozenset[Scope]()
    match viewer.role:
        case Role.PATIENT:
            return _READS_A_COURSE | {Scope.WRITE_CHECK_INS, Scope.WRITE_PHOTOS}
        case Role.PRACTITIONER:
            return _READS_A_COURSE | health | {Scope.ANSWER_ALERTS}
        case Role.ASSISTANT:
            return _READS_A_COURSE | health
        case Role.OFFICE:
            return health


def planned(
    token_id: str, viewer: Viewer, name: str, scopes: frozenset[Scope], days: int, now: datetime
) -> Token:
    """The token that a person asks for. Raises TokenRefused, which names the remedy."""
    cleaned = one_line(name)
    if not cleaned or LOST in cleaned or len(cleaned) > LONGEST_NAME:
        raise TokenRefused(
            f"name the program that will use it, in {LONGEST_NAME} characters at most"
        )
    if not scopes:
        raise TokenRefused("choose at least one thing that it may do")
    if not scopes <= scopes_for(viewer):
        raise TokenRefused("choose only what you may do yourself")
    if days not in LIFETIMES:
        raise TokenRefused("choose how long it works: one of the days in the list")
    return Token(token_id, viewer.person_id, cleaned, scopes, now, now + timedelta(days=days))
