"""The promise to call a patient: an answer to an alert that holds until a time of the same day."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from tracker.domain.alerts.alert_life import Moved, snoozed
from tracker.domain.alerts.alerts import Alert, Stage

CALL_CHOICES = (15, 30, 60, 120, 240)  # minutes
CALL_REMEDY = "choose until when you call"
PROMISED = "the patient was promised a call by then"
ROUNDED = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Call:
    """The answer that promises the patient a call within so many minutes."""

    minutes: int


def call_time(now: datetime, minutes: int) -> datetime:
    """So many minutes after `now`, rounded up to five minutes: no one promises 10:02:31."""
    at = now + timedelta(minutes=minutes)
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
    if alert.call_by is None or now < alert.call_by:
        return None
    asks = {alert.snoozed_until, alert.raised_at if alert.stage is Stage.OPEN else None}
    return alert.call_by if alert.call_by in asks else None
