"""An alert as lists show it: how urgent, what about whom, and who has it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from tracker.alerts import Alert, CourseAlert, Outcome, Stage
from tracker.people import Person
from tracker.treatments import day_number
from web.times import date_words, day_words, when
from web.words import LEVELS, OUTCOMES, LevelWords, alert_headline


@dataclass(frozen=True, slots=True)
class AlertCard:
    """An alert in a list; `state` says what became of it, None while no person has opened it.

    `is_quiet` tells that it was snoozed or closed.
    """

    id: str
    kind: str
    concern: str
    level: LevelWords
    headline: str
    raised: str
    state: str | None
    is_quiet: bool
    patient_id: str
    patient_name: str
    day: str


def alert_card(
    course: CourseAlert,
    patient: Person,
    people: Mapping[str, Person],
    now: datetime,
    zone: ZoneInfo,
) -> AlertCard:
    """An alert as a list shows it, in the reader's zone; `people` are the staff, by id."""
    alert, treatment = course.alert, course.treatment
    return AlertCard(
        id=alert.id,
        kind=str(alert.level),
        concern=alert.concern.words,
        level=LEVELS[alert.level],
        headline=alert_headline(alert),
        raised=when(alert.raised_at, now, zone),
        state=_state(alert, people, now, zone),
        is_quiet=not alert.is_awake,
        patient_id=patient.id,
        patient_name=patient.name,
        day=day_words(day_number(treatment, alert.raised_at, patient.zone)),
    )


def _state(alert: Alert, people: Mapping[str, Person], now: datetime, zone: ZoneInfo) -> str | None:
    reader, taker = people.get(alert.read_by or ""), people.get(alert.acknowledged_by or "")
    match alert.stage:
        case Stage.OPEN if alert.read_at is None:
            return None
        case Stage.OPEN:
            who = reader.name if reader else "a colleague"
            return f"{who} has it, opened {when(alert.read_at or now, now, zone)}, no answer yet"
        case Stage.SEEN:
            who = f"{taker.name} has it, seen" if taker else "seen"
            return f"{who} {when(alert.acknowledged_at or now, now, zone)}, not closed yet"
        case Stage.SNOOZED:
            until = (alert.snoozed_until or now).astimezone(zone)
            by = f" by {taker.name}" if taker else ""
            return f"snoozed until {date_words(until, now)}{by}"
        case Stage.RESOLVED if alert.outcome is None:
            return f"closed by itself {when(alert.resolved_at or now, now, zone)}"
        case Stage.RESOLVED:
            words = OUTCOMES[alert.outcome or Outcome.UNCLEAR].partition(":")[0]
            return f"resolved {when(alert.resolved_at or now, now, zone)} as {words}"
