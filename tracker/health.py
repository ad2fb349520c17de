"""Whether the machinery behind the pages does its work. Facts and limits; no patient is in it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

GIBIBYTE = 1024**3
WORKER_SILENT = timedelta(minutes=5)  # a round is over in seconds; a batch of photos in a minute
WAITS_LONG = timedelta(minutes=10)
WAITS_FAR_TOO_LONG = timedelta(hours=1)
LOOKS_BACK = timedelta(days=7)
LITTLE_SPACE = 5 * GIBIBYTE
TOO_LITTLE_SPACE = GIBIBYTE
BACKUP_OLD = timedelta(days=2)


class Sign(StrEnum):
    """What leaves a sign of life in the database."""

    MEASURING = "measuring"  # the loop that measures and judges ended a round
    POST = "post"  # the loop that watches the clock and sends mail ended a round
    MEASURED = "measured"  # a photo was measured
    SWEPT = "swept"  # files without a row were looked for
    BACKED_UP = "backed_up"


class State(StrEnum):
    """How a part fares."""

    GOOD = "good"
    LOOK = "look"  # somebody should look when there is time
    FAILING = "failing"  # patients wait, or soon will

    @property
    def rank(self) -> int:
        """Higher is worse."""
        return list(State).index(self)


class Part(StrEnum):
    """What is looked at."""

    WORKER = "worker"
    POST = "post"
    PHOTOS = "photos"
    FAILED_PHOTOS = "failed_photos"
    MAILS = "mails"
    LOST_MAILS = "lost_mails"
    DISK = "disk"
    BACKUP = "backup"


@dataclass(frozen=True, slots=True)
class Queue:
    """How many wait, the oldest since when, and how many were given up in the last week."""

    waiting: int
    oldest: datetime | None
    given_up: int


@dataclass(frozen=True, slots=True)
class Facts:
    """What was found at a moment; sizes in bytes.

    `lag` is the longest way of a mail of the last day from its cause to the server, None without
    any; `versions` are those of the programs.
    """

    at: datetime
    signs: Mapping[Sign, datetime]
    photos: Queue
    mails: Queue
    lag: timedelta | None
    free_bytes: int
    database_bytes: int
    versions: Mapping[str, str]


def judge(facts: Facts) -> dict[Part, State]:
    """How each part fares by the limits above."""
    return {
        Part.WORKER: _alive(facts, Sign.MEASURING),
        Part.POST: _alive(facts, Sign.POST),
        Part.PHOTOS: _waits(facts.photos, facts.at),
        Part.FAILED_PHOTOS: State.LOOK if facts.photos.given_up else State.GOOD,
        Part.MAILS: _waits(facts.mails, facts.at),
        Part.LOST_MAILS: State.LOOK if facts.mails.given_up else State.GOOD,
        Part.DISK: _space(facts.free_bytes),
        Part.BACKUP: _backup(facts),
    }


def worst(states: Mapping[Part, State]) -> State:
    """How the whole fares."""
    return max(states.values(), key=lambda state: state.rank)


def _alive(facts: Facts, sign: Sign) -> State:
    last = facts.signs.get(sign)
    return State.GOOD if last and facts.at - last < WORKER_SILENT else State.FAILING


def _waits(queue: Queue, now: datetime) -> State:
    waited = now - queue.oldest if queue.oldest else timedelta(0)
    if waited >= WAITS_FAR_TOO_LONG:
        return State.FAILING
    return State.LOOK if waited >= WAITS_LONG else State.GOOD


def _space(free_bytes: int) -> State:
    if free_bytes < TOO_LITTLE_SPACE:
        return State.FAILING
    return State.LOOK if free_bytes < LITTLE_SPACE else State.GOOD


def _backup(facts: Facts) -> State:
    last = facts.signs.get(Sign.BACKED_UP)
    return State.GOOD if last and facts.at - last < BACKUP_OLD else State.LOOK
