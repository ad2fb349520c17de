"""A treatment that people do to themselves at home, without a clinic."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from tracker.domain.protocols.screening import Caveat
from tracker.domain.protocols.spacing import TooSoon

OLDEST_START = timedelta(
    days=1
)  # later the first days are lost, and with them the photo from before
LATEST_START = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class OwnTreatment:
    """What a person is about to do; `answers` are to the protocol's screening questions.

    `cautions_read` means that the person has seen the cautions and wants to continue.
    """

    kind: str
    performed_at: datetime
    needle_depth_mm: float
    answers: Mapping[str, bool | str]
    cautions_read: bool


@dataclass(frozen=True, slots=True)
class Stopped:
    """The answers are against it: nothing was begun."""

    caveats: tuple[Caveat, ...]


@dataclass(frozen=True, slots=True)
class Cautioned:
    """Answers or an earlier session need caution, to be read first: nothing was begun yet."""

    caveats: tuple[Caveat, ...]
    too_soon: tuple[TooSoon, ...]


def check_start(performed_at: datetime, now: datetime) -> datetime:
    """The time if it is close to `now`; ValueError with the remedy otherwise."""
    if not now - OLDEST_START <= performed_at <= now + LATEST_START:
        raise ValueError("choose a time from yesterday to two weeks from now")
    return performed_at
