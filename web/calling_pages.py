"""By which numbers a patient reaches help, and whether somebody answers now."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from tracker.clinic import Clinic, dialled
from tracker.opening_hours import WEEKDAYS, Closed, Open, OpeningHours, at_hand, spans_words
from web.times import moment_words


@dataclass(frozen=True, slots=True)
class Number:
    """A number as people read it and as a phone dials it."""

    words: str
    href: str


@dataclass(frozen=True, slots=True)
class Calling:
    """What stands beside "call your clinic"; what the clinic has not entered is None or empty.

    `now` says whether it is open, `is_closed` that nobody answers; `week` are the hours by the
    clinic's clock, for a page that is read much later than it was made.
    """

    phone: Number | None
    emergency: Number | None
    now: str
    is_closed: bool
    week: tuple[tuple[str, str], ...]


NOBODY_TO_CALL = Calling(None, None, "", False, ())


def calling(clinic: Clinic, now: datetime, zone: ZoneInfo) -> Calling:
    """In the words and the zone of the patient."""
    standing = at_hand(clinic.hours, now) if clinic.hours.are_known else None
    return Calling(
        phone=_number(clinic.phone),
        emergency=_number(clinic.emergency_number),
        now=_standing_words(standing, now, zone),
        is_closed=isinstance(standing, Closed),
        week=_week(clinic.hours) if clinic.hours.are_known else (),
    )


def _number(number: str) -> Number | None:
    return Number(number, f"tel:{dialled(number)}") if number else None


def _standing_words(standing: Open | Closed | None, now: datetime, zone: ZoneInfo) -> str:
    match standing:
        case Open(until):
            return f"Open now, until {moment_words(until, now, zone)}."
        case Closed(opens):
            words = f"; opens {moment_words(opens, now, zone)}" if opens else ""
            return f"Closed now{words}."
        case None:
            return ""


def _week(hours: OpeningHours) -> tuple[tuple[str, str], ...]:
    return tuple(
        (day, spans_words(spans) or "closed")
        for day, spans in zip(WEEKDAYS, hours.week, strict=True)
    )
