"""What a patient reads, as kinds and facts that `telling` decides and pages put into words."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from tracker.domain.alerts.alerts import Alert, Concern, Level
from tracker.domain.alerts.promises import awaited, missed, undecided
from tracker.domain.course.treatments import Region
from tracker.domain.desk.worklist import Gauge


class Waiting(StrEnum):
    """How far the clinic is with an open problem."""

    BEING_TOLD = "being_told"  # it came a moment ago and is not an alert yet
    NOT_OPENED = "not_opened"
    OPENED = "opened"  # a person of the clinic has read it and not answered
    SEEN = "seen"  # a person has it, and decides by a time unless the alert is one to watch
    UNDECIDED = "undecided"  # that time passed
    PUT_OFF = "put_off"  # the clinic will look again; it is still open
    CALLS = "calls"  # the clinic has promised a call
    CALL_MISSED = "call_missed"  # the time that was promised passed without an answer
    ALONE = "alone"  # there is no clinic


class Answer(StrEnum):
    """What a patient reads first about the photo that was measured last."""

    NORMAL = "normal"
    CLINIC_LOOKS = "clinic_looks"  # not surely normal, and no one at the clinic has opened it
    NOT_SURE = "not_sure"  # not surely normal; there is no clinic, or it has opened the photo


class Picture(StrEnum):
    """What the latest reading shows."""

    NOTHING = "nothing"  # there is no reading yet
    REGION_REDDER = "region_redder"
    REGION_DARKER = "region_darker"
    REGION_LIGHTER = "region_lighter"
    FACE_REDDER = "face_redder"
    UNCERTAIN = "uncertain"
    AS_USUAL = "as_usual"


def waiting_for(alert: Alert, newest: datetime, now: datetime) -> tuple[Waiting, datetime | None]:
    """How far the clinic is with an open alert, and the time that belongs to it, if any.

    `newest` is when the last answer about it came: no one has looked at it, and no call was
    promised for it, before that.
    """
    if (late := missed(alert, now)) is not None:
        return Waiting.CALL_MISSED, late
    if (due := undecided(alert, now)) is not None:
        return Waiting.UNDECIDED, due
    if (call := awaited(alert, now)) is not None:
        is_covered = alert.seen_at is not None and newest <= alert.seen_at
        return (Waiting.CALLS, call) if is_covered else (Waiting.NOT_OPENED, None)
    if alert.snoozed_until is not None:
        return Waiting.PUT_OFF, alert.snoozed_until
    if alert.seen_at is not None and alert.seen_at >= newest:
        return Waiting.SEEN, alert.decide_by
    is_opened = alert.read_at is not None and alert.read_at >= newest
    return (Waiting.OPENED, alert.read_at) if is_opened else (Waiting.NOT_OPENED, None)


@dataclass(frozen=True, slots=True)
class Told:
    """One open problem: what it is, what to do now, and what else applies until it is answered.

    `since` is when it began to wait, None if it came a moment ago; `at` when it was opened, until
    when it was postponed, or until when the clinic calls or decides; `by` is the id of who has seen
    it. `gauge` is None if no region shows it.
    `needs_help_now` means that an urgent answer was given, `calls_emergency` that the advice is to
    call the emergency number.
    """

    concern: Concern
    level: Level
    what: str
    do: str
    until: str
    waiting: Waiting
    since: datetime | None = None
    at: datetime | None = None
    by: str | None = None
    gauge: Gauge | None = None
    needs_help_now: bool = False
    calls_emergency: bool = False


@dataclass(frozen=True, slots=True)
class Telling:
    """All open problems, worst first; then what the latest photo says, and about which region.

    `unjudged` are treated regions that the latest photo does not show well enough. `closed` is an
    alert that the clinic resolved in the last days.
    """

    open: tuple[Told, ...]
    picture: Picture
    gauge: Gauge
    unjudged: tuple[Region, ...] = ()
    closed: Alert | None = None

    @property
    def is_open(self) -> bool:
        """Whether anything waits for an answer, so that no page may reassure."""
        return bool(self.open)

    @property
    def is_calm(self) -> bool:
        """Whether everything that is known is as usual."""
        return not self.open and self.picture in {Picture.AS_USUAL, Picture.NOTHING}
