"""Silence: in the first days, missed days are a sign too."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from tracker.domain.alerts.alerts import Alert, Concern, Factor, Finding, Level, Source
from tracker.domain.course.treatments import Treatment, day_number
from tracker.domain.protocols.protocols import SilenceRule

RULE = "silence 1"  # shown where other alerts name the engine


@dataclass(frozen=True, slots=True)
class Silence:
    """Whole days in a row without photo or answers, up to yesterday, where the patient lives.

    `since` is the day number of the first of them.
    """

    days: int
    since: int

    def is_for_patient(self, rule: SilenceRule) -> bool:
        """Whether a friendly reminder is due: enough days were missed, the last in the window."""
        last_counted = self.since + rule.missed_days - 1
        return self.days >= rule.missed_days and last_counted <= rule.window_days[1]

    def is_for_clinic(self, rule: SilenceRule, *, reminded: bool) -> bool:
        """Whether the clinic must know: a day after the reminder, or at once without reminders."""
        return self.is_for_patient(rule) and self.days >= rule.missed_days + reminded


def silence(
    treatment: Treatment, last_heard: datetime | None, now: datetime, zone: ZoneInfo
) -> Silence:
    """For how long no photo or answer has arrived; `last_heard` is when the latest one did.

    Treatment day itself is never missed, and today is not over yet.
    """
    heard = 0 if last_heard is None else max(0, day_number(treatment, last_heard, zone))
    since = heard + 1
    return Silence(days=max(0, day_number(treatment, now, zone) - since), since=since)


def is_over(quiet: Silence, last: Alert) -> bool:
    """Whether the patient sent anything after the silent days of this alert began."""
    return last.onset_day is not None and quiet.since > last.onset_day


def is_told(quiet: Silence, last: Alert | None) -> bool:
    """Whether the clinic's latest alert of silence was about these very days, or is still open."""
    if last is None or last.onset_day is None:
        return False
    return last.resolved_at is None or quiet.since <= last.onset_day


def finding_of(quiet: Silence) -> Finding:
    """What the work list says about it; it names only the missed days."""
    return Finding(
        concern=Concern.SILENCE,
        probability=1.0,
        level=Level.WATCH,
        onset_day=float(quiet.since),
        regions=(),
        evidence=(Factor(f"no photo and no answers since day {quiet.since}", 1.0, Source.CLOCK),),
        photo_id=None,
    )
