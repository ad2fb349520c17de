"""Whether the system behind the pages does its work. Facts and limits; no patient is in it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

GIBIBYTE = 1024**3
WAITS_LONG = timedelta(minutes=10)
WAITS_FAR_TOO_LONG = timedelta(hours=1)
JUDGEMENT_OVERDUE = timedelta(minutes=10)
PRESSING_MAIL_OVERDUE = timedelta(minutes=5)
CLOCKS_DIFFER = timedelta(minutes=1)  # two machines' clocks differ by less
LOOKS_BACK = timedelta(days=7)
LITTLE_SPACE = 5 * GIBIBYTE
TOO_LITTLE_SPACE = GIBIBYTE
BACKUP_OLD = timedelta(days=2)  # where backups are made by hand, or by a timer of the machine
BACKUP_LATE, BACKUP_OVERDUE = 1.5, 2.0  # times the interval in which the worker makes them


class SignOfLife(StrEnum):
    """What leaves a sign of life in the database: each duty when it has finished."""

    MEASURING = "measuring"
    JUDGING = "judging"
    PRESSING_MAIL = "pressing_mail"
    MAIL = "mail"
    WAKING = "waking"
    ESCALATING = "escalating"
    SILENCE = "silence"
    DIGESTS = "digests"
    REMINDERS = "reminders"
    ERASING = "erasing"
    MEASURED = "measured"  # a photo was measured
    SWEPT = "swept"  # looked for files without a row
    BACKING_UP = "backing_up"  # looked whether a backup is due
    BACKED_UP = "backed_up"
    BACKUP_FAILED = "backup_failed"  # a backup broke off


class State(StrEnum):
    """The state of a part."""

    GOOD = "good"
    LOOK = "look"  # a person should look when there is time
    FAILING = "failing"  # patients wait, or soon will

    @property
    def rank(self) -> int:
        """Higher is worse."""
        return list(State).index(self)


# How long ago each duty may have last been done. Most take seconds, a batch of photos a minute.
DUTIES: Mapping[SignOfLife, timedelta] = {
    SignOfLife.MEASURING: timedelta(minutes=5),
    SignOfLife.JUDGING: timedelta(minutes=5),
    SignOfLife.PRESSING_MAIL: timedelta(minutes=5),
    SignOfLife.MAIL: timedelta(minutes=5),
    SignOfLife.WAKING: timedelta(minutes=5),
    SignOfLife.ESCALATING: timedelta(minutes=5),
    SignOfLife.SILENCE: timedelta(minutes=15),
    SignOfLife.DIGESTS: timedelta(minutes=15),
    SignOfLife.REMINDERS: timedelta(minutes=15),
    SignOfLife.ERASING: timedelta(hours=2),
}


class Part(StrEnum):
    """What is checked: every duty under the name of its sign, and what waits or went wrong."""

    MEASURING = "measuring"
    JUDGING = "judging"
    PRESSING_MAIL = "pressing_mail"
    MAIL = "mail"
    WAKING = "waking"
    ESCALATING = "escalating"
    SILENCE = "silence"
    DIGESTS = "digests"
    REMINDERS = "reminders"
    ERASING = "erasing"
    UNJUDGED = "unjudged"
    PHOTOS = "photos"
    FAILED_PHOTOS = "failed_photos"
    FAILED_BASELINES = "failed_baselines"
    FILES = "files"
    PRESSING_MAILS = "pressing_mails"
    MAILS = "mails"
    LOST_MAILS = "lost_mails"
    DISK = "disk"
    BACKUP = "backup"


@dataclass(frozen=True, slots=True)
class Queue:
    """How many wait, since when the oldest waits, and how many mails were given up last week.

    `maybe_sent` of those given up may have been sent: the server did not answer.
    """

    waiting: int
    oldest: datetime | None
    given_up: int = 0
    maybe_sent: int = 0


@dataclass(frozen=True, slots=True)
class Failed:
    """Photos that the system has given up until a person looks.

    If one of the `baselines` is missing, no photo of its course is measured; `files` cannot be
    read.
    """

    photos: int = 0
    baselines: int = 0
    files: int = 0


@dataclass(frozen=True, slots=True)
class Facts:
    """What was found at one time; sizes in bytes.

    `signs` are when each was left by the clock. `elapsed` is how long ago by the machine's
    monotonic seconds, which setting the clock does not change and a restart resets. `unjudged` are
    courses with new data that is not judged yet. `pressing_mails` are among the `mails`. `lag` is
    the longest time from the cause of a mail of the last day to the server, None without any;
    `versions` are those of the programs; `backup_every` is how often the worker makes a backup,
    None where it makes none. `began_at` is the first entry of the clinic's audit log.
    """

    at: datetime
    signs: Mapping[SignOfLife, datetime]
    unjudged: Queue
    photos: Queue
    failed: Failed
    pressing_mails: Queue
    mails: Queue
    lag: timedelta | None
    free_bytes: int
    database_bytes: int
    versions: Mapping[str, str]
    elapsed: Mapping[SignOfLife, timedelta] = field(default_factory=dict)
    backup_every: timedelta | None = None
    began_at: datetime | None = None

    def age(self, sign: SignOfLife) -> timedelta | None:
        """How long ago the sign was left, None when it never was.

        Negative when the clock was set back since, so that the true age is unknown.
        """
        at = self.signs.get(sign)
        return None if at is None else max(self.at - at, self.elapsed.get(sign, self.at - at))

    @property
    def is_backup_failing(self) -> bool:
        """Whether a backup broke off and none was made since."""
        failed, made = self.age(SignOfLife.BACKUP_FAILED), self.age(SignOfLife.BACKED_UP)
        return failed is not None and (made is None or failed < made)


@dataclass(frozen=True, slots=True)
class Finding:
    """What an examination found of one thing, in words that name no person."""

    what: str
    state: State
    words: str


def judge(facts: Facts) -> dict[Part, State]:
    """The state of each part by the limits above."""
    return {
        **{Part(sign): _alive(facts.age(sign), limit) for sign, limit in DUTIES.items()},
        Part.UNJUDGED: _overdue(facts.unjudged, facts.at, JUDGEMENT_OVERDUE),
        Part.PHOTOS: _waits(facts.photos, facts.at),
        Part.FAILED_PHOTOS: State.FAILING if facts.failed.photos else State.GOOD,
        Part.FAILED_BASELINES: State.FAILING if facts.failed.baselines else State.GOOD,
        Part.FILES: State.FAILING if facts.failed.files else State.GOOD,
        Part.PRESSING_MAILS: _overdue(facts.pressing_mails, facts.at, PRESSING_MAIL_OVERDUE),
        Part.MAILS: _waits(facts.mails, facts.at),
        Part.LOST_MAILS: State.LOOK if facts.mails.given_up else State.GOOD,
        Part.DISK: space_state(facts.free_bytes),
        Part.BACKUP: _backup(facts),
    }


def worst(states: Iterable[State]) -> State:
    """The state of the whole."""
    return max(states, key=lambda state: state.rank)


def _alive(age: timedelta | None, limit: timedelta) -> State:
    """A sign from the future says nothing about now: the clock was set back since."""
    return State.GOOD if age is not None and -CLOCKS_DIFFER < age < limit else State.FAILING


def _overdue(queue: Queue, now: datetime, limit: timedelta) -> State:
    """For what must not wait."""
    return State.FAILING if queue.oldest and now - queue.oldest >= limit else State.GOOD


def _waits(queue: Queue, now: datetime) -> State:
    waited = now - queue.oldest if queue.oldest else timedelta(0)
    if waited >= WAITS_FAR_TOO_LONG:
        return State.FAILING
    return State.LOOK if waited >= WAITS_LONG else State.GOOD


def space_state(free_bytes: int) -> State:
    """Whether so much space is enough."""
    if free_bytes < TOO_LITTLE_SPACE:
        return State.FAILING
    return State.LOOK if free_bytes < LITTLE_SPACE else State.GOOD


def _backup(facts: Facts) -> State:
    """Failing as soon as one broke off: erased people may stay readable in those of before."""
    if facts.is_backup_failing:
        return State.FAILING
    waited = facts.at - facts.began_at if facts.began_at else None
    return backup_state(facts.age(SignOfLife.BACKED_UP), facts.backup_every, waited)


def backup_state(age: timedelta | None, every: timedelta | None, waited: timedelta | None) -> State:
    """Whether the last backup of this age, None without any, is late for this interval.

    Without an interval no one knows when the next one is due. The first one has been `waited` for
    since the clinic began.
    """
    if age is None and every is not None and waited is not None:
        return State.FAILING if waited >= BACKUP_OVERDUE * every else State.LOOK
    if age is None or age <= -CLOCKS_DIFFER:
        return State.LOOK
    if every is None:
        return State.GOOD if age < BACKUP_OLD else State.LOOK
    if age >= BACKUP_OVERDUE * every:
        return State.FAILING
    return State.LOOK if age >= BACKUP_LATE * every else State.GOOD
