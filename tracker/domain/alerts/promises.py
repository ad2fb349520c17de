"""What an answer to an alert promises the patient: a call, or a decision, by a time."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from tracker.domain.alerts.alert_life import Moved, Seen, Step, Transition, seen, snoozed
from tracker.domain.alerts.alerts import Alert, Concern, Level, Stage, asking_again
from tracker.domain.clinic.opening_hours import Closed, OpeningHours, at_hand

CALL_CHOICES = (15, 30, 60, 120, 240)  # minutes
CALL_REMEDY = "choose until when you call"
PROMISED = "the patient was promised a call by then"
ROUNDED = timedelta(minutes=5)
REVIEWED_WITHIN = timedelta(days=1)  # of its level people read "look today"
AFTER_OPENING = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Call:
    """The answer that promises the patient a call within so many minutes."""

    minutes: int


def call_time(now: datetime, minutes: int) -> datetime:
    """So many minutes after `now`, rounded up to five minutes: no one promises 10:02:31."""
    return _rounded_up(now + timedelta(minutes=minutes))


def _rounded_up(at: datetime) -> datetime:
    over = timedelta(minutes=at.minute, seconds=at.second, microseconds=at.microsecond) % ROUNDED
    return at + (ROUNDED - over) if over else at


def promised(alert: Alert, call: Call, by: str, now: datetime) -> Moved:
    """Quiet until the promised time; then the alert asks again, and is passed on as any other.

    Raises ValueError for a time that is not offered.
    """
    if call.minutes not in CALL_CHOICES:
        raise ValueError(CALL_REMEDY)
    until = call_time(now, call.minutes)
    moved = snoozed(alert, until, by, PROMISED, now)
    if moved.transition is None:
        return moved
    return replace(moved, alert=replace(moved.alert, call_by=until))


def awaited(alert: Alert, now: datetime) -> datetime | None:
    """Until when the patient waits for a call that was promised and can still come in time."""
    is_kept = alert.call_by is not None and alert.snoozed_until == alert.call_by
    return alert.call_by if is_kept and alert.call_by is not None and now < alert.call_by else None


def missed(alert: Alert, now: datetime) -> datetime | None:
    """The promised time that passed without an answer to the alert; None without one."""
    return _passed(alert.call_by, alert.snoozed_until, alert, now)


def decision_time(
    alert: Alert, hours: OpeningHours, limit: timedelta, now: datetime
) -> datetime | None:
    """By when an alert that is seen now is decided; None if no level says how soon.

    An urgent one within the clinic's `limit` for an answer, at any hour. One to review within a
    day, or in the first hour after the clinic opens if it is closed then. One to watch is looked
    at with the next photo, and after a silence it is the patient's turn.
    """
    if alert.level is Level.WATCH or alert.concern is Concern.SILENCE:
        return None
    at = now + (limit if alert.level is Level.URGENT else REVIEWED_WITHIN)
    standing = at_hand(hours, at) if alert.level is Level.REVIEW and hours.are_known else None
    match standing:
        case Closed(opens) if opens is not None:
            at = opens + AFTER_OPENING
    return _rounded_up(at)


def taken_on(alert: Alert, answer: Seen, hours: OpeningHours, by: str, now: datetime) -> Moved:
    """Seen, and asking again when the time for the decision passes without another answer."""
    return seen(alert, by, now, decision_time(alert, hours, answer.limit, now))


def undecided(alert: Alert, now: datetime) -> datetime | None:
    """The time for a decision that passed without one; None without such a time."""
    return _passed(alert.decide_by, alert.asks_at, alert, now)


def woken(alert: Alert, now: datetime) -> Moved:
    """When a snooze is over or a decision is due, it asks for an answer again, from that time."""
    if alert.asks_at is None or now < alert.asks_at:
        return Moved(alert, None)
    why = "no call came by then" if alert.call_by else "the snooze is over"
    if alert.stage is Stage.SEEN:
        why = "nothing was decided by then"
    again = asking_again(alert, alert.asks_at)
    after = replace(again, call_by=alert.call_by, decide_by=alert.decide_by)
    step = Transition(
        alert.id, Step.WOKE, now, None, why, alert.level, alert.engine, alert.protocol
    )
    return Moved(after, step)


def _passed(
    due: datetime | None, pending: datetime | None, alert: Alert, now: datetime
) -> datetime | None:
    """A time that passed, whether the alert asks again since then or is about to."""
    if due is None or now < due:
        return None
    return due if due in {pending, alert.raised_at if alert.stage is Stage.OPEN else None} else None
