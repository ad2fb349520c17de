"""The page on how the machinery fares."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar
from zoneinfo import ZoneInfo

from tracker.health import GIBIBYTE, Facts, Part, Queue, Sign, State, judge, worst
from web.times import when

PARTS: Mapping[Part, str] = {
    Part.WORKER: "Measuring",
    Part.POST: "Clock and mail",
    Part.PHOTOS: "Photos waiting",
    Part.FAILED_PHOTOS: "Photos that failed",
    Part.MAILS: "Mails waiting",
    Part.LOST_MAILS: "Mails given up",
    Part.DISK: "Disk",
    Part.BACKUP: "Backup",
}
MARKS: Mapping[State, tuple[str, str]] = {
    State.GOOD: ("✓", "Good"),
    State.LOOK: ("◆", "Look"),
    State.FAILING: ("▲", "Failing"),
}
REMEDIES: Mapping[Part, str] = {
    Part.WORKER: "No photo is measured and no alert is raised. Start the worker again.",
    Part.POST: "No mail goes out and no alert is passed on. Start the worker again.",
    Part.PHOTOS: "Is the worker too slow, or stopped?",
    Part.FAILED_PHOTOS: "The worker’s log says why.",
    Part.MAILS: "Does the mail server answer?",
    Part.LOST_MAILS: "The work list shows whom they were about, the worker’s log says why.",
    Part.DISK: "Make room before photos are refused.",
    Part.BACKUP: "If this machine is lost, so is everything on it.",
}
HEADLINES: Mapping[State, str] = {
    State.GOOD: "Everything works.",
    State.LOOK: "It works; something wants a look.",
    State.FAILING: "Something fails. Patients wait, or soon will.",
}


@dataclass(frozen=True, slots=True)
class HealthRow:
    """One part: its state as a word and a shape, what was found, and what to do if anything."""

    name: str
    state: State
    mark: str
    state_words: str
    found: str
    remedy: str


@dataclass(frozen=True, slots=True)
class HealthPage:
    """Every part, the worst first, and what runs in which versions."""

    template: ClassVar[str] = "clinic_health.html"
    place: ClassVar[str] = "clinic"

    headline: str
    state: State
    rows: tuple[HealthRow, ...]
    figures: tuple[tuple[str, str], ...]
    versions: tuple[tuple[str, tuple[str, ...]], ...]
    looked: str

    @property
    def title(self) -> str:
        """The page's name."""
        return "Health"


def health_page(facts: Facts, zone: ZoneInfo) -> HealthPage:
    """The facts in words."""
    states = judge(facts)
    ordered = sorted(states, key=lambda part: -states[part].rank)
    state = worst(states)
    return HealthPage(
        headline=HEADLINES[state],
        state=state,
        rows=tuple(_row(part, states[part], facts, zone) for part in ordered),
        figures=_figures(facts, zone),
        versions=tuple(
            (name[:1].upper() + name[1:], tuple(version.split(", ")))
            for name, version in facts.versions.items()
        ),
        looked=when(facts.at, facts.at, zone),
    )


def span_words(span: timedelta) -> str:
    """`12 s`, `5 min`, `3 h` or `2 days`, rounded down."""
    seconds = span.total_seconds()
    for size, name in ((86400, "days"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds // size:.0f} {name}"
    return f"{seconds:.0f} s"


def bytes_words(size: int) -> str:
    """`1.5 GB` (of 2³⁰ bytes) or `12 MB`."""
    return f"{size / GIBIBYTE:.1f} GB" if size >= GIBIBYTE else f"{size / 1024**2:.0f} MB"


def _row(part: Part, state: State, facts: Facts, zone: ZoneInfo) -> HealthRow:
    mark, words = MARKS[state]
    remedy = "" if state is State.GOOD else REMEDIES[part]
    return HealthRow(PARTS[part], state, mark, words, _found(part, facts, zone), remedy)


def _found(part: Part, facts: Facts, zone: ZoneInfo) -> str:
    return {
        Part.WORKER: _last_sign(facts, Sign.MEASURING),
        Part.POST: _last_sign(facts, Sign.POST),
        Part.PHOTOS: _queue_words(facts.photos, facts.at),
        Part.FAILED_PHOTOS: f"{facts.photos.given_up} in the last 7 days",
        Part.MAILS: _queue_words(facts.mails, facts.at),
        Part.LOST_MAILS: f"{facts.mails.given_up} in the last 7 days",
        Part.DISK: f"{bytes_words(facts.free_bytes)} free",
        Part.BACKUP: _last_backup(facts, zone),
    }[part]


def _last_sign(facts: Facts, sign: Sign) -> str:
    last = facts.signs.get(sign)
    return f"worked {span_words(facts.at - last)} ago" if last else "never worked here"


def _last_backup(facts: Facts, zone: ZoneInfo) -> str:
    last = facts.signs.get(Sign.BACKED_UP)
    return f"last {when(last, facts.at, zone)}" if last else "no backup is known"


def _queue_words(queue: Queue, now: datetime) -> str:
    if queue.oldest is None:
        return "none"
    return f"{queue.waiting}, the oldest for {span_words(now - queue.oldest)}"


def _figures(facts: Facts, zone: ZoneInfo) -> tuple[tuple[str, str], ...]:
    measured = facts.signs.get(Sign.MEASURED)
    lag = "no mail in the last day" if facts.lag is None else span_words(facts.lag)
    return (
        ("Worker last measured a photo", when(measured, facts.at, zone) if measured else "not yet"),
        ("Slowest mail in the last day", lag),
        ("Size of the database", bytes_words(facts.database_bytes)),
    )
