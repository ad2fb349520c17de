"""When the clinic is open: weekly hours in its own time zone, and days on which it is closed."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MINUTES_A_DAY = 24 * 60
LOOKS_AHEAD = timedelta(days=366)  # a clinic closed for longer has no next opening
MOST_SPANS = 6
MOST_CLOSED = 100
_CLOCK = re.compile(r"(\d{1,2})(?:[:.](\d{2}))?")
_SPAN_REMEDY = "write it as 09:00–12:30, 14:00–18:00, or leave it empty"
_DATE_REMEDY = "write one day as 2026-12-24, or first and last as 2026-12-24 to 2027-01-02"


@dataclass(frozen=True, slots=True)
class Span:
    """Open from and until, in minutes after midnight by the clinic's clock (24:00 is 1440)."""

    opens: int
    closes: int

    def __post_init__(self) -> None:
        if not 0 <= self.opens < self.closes <= MINUTES_A_DAY:
            raise ValueError("the end must come after the beginning, by 24:00 at the latest")

    def __str__(self) -> str:
        return f"{_clock_words(self.opens)}–{_clock_words(self.closes)}"


@dataclass(frozen=True, slots=True)
class ClosedDays:
    """The first and the last day of a holiday."""

    first: date
    last: date

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise ValueError(f"{self.last} comes before {self.first}; write the first day first")

    def __str__(self) -> str:
        return f"{self.first}" if self.first == self.last else f"{self.first} to {self.last}"


@dataclass(frozen=True, slots=True)
class OpeningHours:
    """The spans of each weekday, Monday first, and the days that are closed nevertheless."""

    time_zone: str
    week: tuple[tuple[Span, ...], ...] = ((),) * len(WEEKDAYS)
    closed: tuple[ClosedDays, ...] = ()

    @property
    def are_known(self) -> bool:
        """Whether the clinic's hours have been entered."""
        return any(self.week)

    @property
    def zone(self) -> ZoneInfo:
        """The clinic's time zone."""
        return ZoneInfo(self.time_zone)


@dataclass(frozen=True, slots=True)
class Open:
    """The clinic is open until a given time."""

    until: datetime


@dataclass(frozen=True, slots=True)
class Closed:
    """The clinic is closed; `opens` is when it opens again, None when not within a year."""

    opens: datetime | None


def at_hand(hours: OpeningHours, now: datetime) -> Open | Closed:
    """Whether the clinic is open at a given time, and until when that lasts."""
    local = now.astimezone(hours.zone)
    for opens, closes in _moments(hours, local.date()):
        if opens <= now < closes:
            return Open(closes)
    days = (local.date() + timedelta(days=count) for count in range(LOOKS_AHEAD.days))
    coming = (opens for day in days for opens, _ in _moments(hours, day) if opens > now)
    return Closed(next(coming, None))


def read_spans(text: str) -> tuple[Span, ...]:
    """`09:00–12:30, 14:00–18:00` as spans, by time; empty text is closed. Raises ValueError."""
    parts = [part.strip() for part in re.split(r"[,;]", text) if part.strip()]
    spans = sorted((_read_span(part) for part in parts), key=lambda span: span.opens)
    if len(spans) > MOST_SPANS:
        raise ValueError(f"that is too much for one day; write at most {MOST_SPANS} times")
    for earlier, later in pairwise(spans):
        if later.opens <= earlier.closes:
            raise ValueError(f"{earlier} and {later} run into each other; write them as one")
    return tuple(spans)


def read_closed_days(text: str) -> tuple[ClosedDays, ...]:
    """One holiday a line, by date. Raises ValueError that names the line."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len(lines) > MOST_CLOSED:
        raise ValueError(f"write at most {MOST_CLOSED} lines; those that are over may go")
    return tuple(sorted((_read_closed(line) for line in lines), key=lambda days: days.first))


def spans_words(spans: Sequence[Span]) -> str:
    """As `read_spans` reads them."""
    return ", ".join(str(span) for span in spans)


def _moments(hours: OpeningHours, day: date) -> Iterator[tuple[datetime, datetime]]:
    """When a day's spans begin and end."""
    if any(days.first <= day <= days.last for days in hours.closed):
        return
    for span in hours.week[day.weekday()]:
        yield _moment(hours, day, span.opens), _moment(hours, day, span.closes)


def _moment(hours: OpeningHours, day: date, minutes: int) -> datetime:
    days, rest = divmod(minutes, MINUTES_A_DAY)
    clock = time(*divmod(rest, 60))
    return datetime.combine(day + timedelta(days=days), clock, hours.zone)


def _read_span(text: str) -> Span:
    ends = re.split(r"\s*(?:[-–—]|\bto\b)\s*", text)
    if len(ends) != 2:
        raise ValueError(f"{text!r} is no time from and until; {_SPAN_REMEDY}")
    try:
        return Span(_read_clock(ends[0]), _read_clock(ends[1]))
    except ValueError as error:
        raise ValueError(f"{text!r}: {error}") from error


def _read_clock(text: str) -> int:
    found = _CLOCK.fullmatch(text.strip())
    hours, minutes = (int(part or 0) for part in found.groups()) if found else (99, 0)
    if hours > 24 or minutes > 59:
        raise ValueError(f"{text or 'nothing'} is no time of day; {_SPAN_REMEDY}")
    return hours * 60 + minutes


def _read_closed(line: str) -> ClosedDays:
    found = re.fullmatch(r"(\S+)(?:\s+(?:to|-|–)\s+(\S+))?", line)
    if found is None:
        raise ValueError(f"{line!r} is no day; {_DATE_REMEDY}")
    first, last = found.group(1), found.group(2) or found.group(1)
    try:
        days = date.fromisoformat(first), date.fromisoformat(last)
    except ValueError as error:
        raise ValueError(f"{line!r} is no day; {_DATE_REMEDY}") from error
    return ClosedDays(*days)


def _clock_words(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"
