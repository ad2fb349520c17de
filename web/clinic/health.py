"""The page on the state of the system."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar
from zoneinfo import ZoneInfo

from tracker.domain.clinic.health import (
    CLOCKS_DIFFER,
    DUTIES,
    GIBIBYTE,
    Facts,
    Part,
    Queue,
    SignOfLife,
    State,
    judge,
    worst,
)
from web.words.times import when

PARTS: Mapping[Part, str] = {
    Part.MEASURING: "Measuring photos",
    Part.JUDGING: "Judging courses",
    Part.PRESSING_MAIL: "Sending urgent mail",
    Part.MAIL: "Sending other mail",
    Part.WAKING: "Ending snoozes",
    Part.ESCALATING: "Passing on urgent alerts",
    Part.SILENCE: "Noticing silence",
    Part.DIGESTS: "Writing digests",
    Part.REMINDERS: "Writing reminders",
    Part.ERASING: "Erasing closed accounts",
    Part.UNJUDGED: "Courses not judged",
    Part.PHOTOS: "Photos waiting",
    Part.FAILED_PHOTOS: "Photos that failed",
    Part.FAILED_BASELINES: "Photos from before that failed",
    Part.FILES: "Photo files that cannot be read",
    Part.PRESSING_MAILS: "Urgent mails waiting",
    Part.MAILS: "All mails waiting",
    Part.LOST_MAILS: "Mails given up",
    Part.DISK: "Disk",
    Part.BACKUP: "Backup",
}
MARKS: Mapping[State, tuple[str, str]] = {
    State.GOOD: ("✓", "Good"),
    State.LOOK: ("◆", "Look"),
    State.FAILING: ("▲", "Failing"),
}
_RESTART = "Start the worker again; if it runs, its log says what breaks off."
REMEDIES: Mapping[Part, str] = {
    Part.MEASURING: f"No photo is measured. {_RESTART}",
    Part.JUDGING: f"No alert is raised, whatever patients answer. {_RESTART}",
    Part.PRESSING_MAIL: f"No mail about urgent alerts goes out. {_RESTART}",
    Part.MAIL: f"No reminder, digest or message goes out. {_RESTART}",
    Part.WAKING: f"Snoozed alerts stay quiet for too long. {_RESTART}",
    Part.ESCALATING: f"Urgent alerts without an answer are not passed on. {_RESTART}",
    Part.SILENCE: f"Patients who went silent do not reach the work list. {_RESTART}",
    Part.DIGESTS: f"No morning digest is written. {_RESTART}",
    Part.REMINDERS: f"No patient is reminded. {_RESTART}",
    Part.ERASING: f"Closed accounts are not erased. {_RESTART}",
    Part.UNJUDGED: "Read these patients’ answers and photos yourself: alerts may be missing. "
    "The worker’s log says why their courses cannot be judged.",
    Part.PHOTOS: "Is the worker too slow, or stopped?",
    Part.FAILED_PHOTOS: "The work list shows whose. Look at the skin yourself: these photos are "
    "not measured. The worker’s log says why.",
    Part.FAILED_BASELINES: "No photo of these courses is measured. The work list shows whose. Ask "
    "for another photo from before, or restore its file.",
    Part.FILES: "Put them back from a backup. Is the disk with the photos there and sound?",
    Part.PRESSING_MAILS: "Open the work list: people do not get urgent mail. "
    "Does the mail server answer?",
    Part.MAILS: "Does the mail server answer?",
    Part.LOST_MAILS: "The work list shows whom they were about, the worker’s log says why.",
    Part.DISK: "Make room before photos are refused.",
    Part.BACKUP: "If this machine is lost, so is everything since, and who was erased since can "
    "still be read in the backup. OPERATING.md says how backups are made; the worker’s log and "
    "afterglow check-config say why one failed.",
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
    dashboard: str | None

    @property
    def title(self) -> str:
        """The page's name."""
        return "Health"


def health_page(facts: Facts, zone: ZoneInfo, dashboard: str | None) -> HealthPage:
    """The facts in words; `dashboard` is the address of a cluster's own page."""
    states = judge(facts)
    ordered = sorted(states, key=lambda part: -states[part].rank)
    state = worst(states.values())
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
        dashboard=dashboard,
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
    duties = {Part(sign): _last_sign(facts.age(sign)) for sign in DUTIES}
    return {
        **duties,
        Part.UNJUDGED: _queue_words(facts.unjudged, facts.at),
        Part.PHOTOS: _queue_words(facts.photos, facts.at),
        Part.FAILED_PHOTOS: _count(facts.failed.photos, "given up"),
        Part.FAILED_BASELINES: _count(facts.failed.baselines, "given up"),
        Part.FILES: _count(facts.failed.files, "missing or damaged"),
        Part.PRESSING_MAILS: _queue_words(facts.pressing_mails, facts.at),
        Part.MAILS: _queue_words(facts.mails, facts.at),
        Part.LOST_MAILS: _lost_mails(facts.mails),
        Part.DISK: f"{bytes_words(facts.free_bytes)} free",
        Part.BACKUP: _last_backup(facts, zone),
    }[part]


def _lost_mails(mails: Queue) -> str:
    maybe = f"; {mails.maybe_sent} of them maybe sent" if mails.maybe_sent else ""
    return f"{mails.given_up} in the last 7 days{maybe}"


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}" if number else "none"


def _last_sign(age: timedelta | None) -> str:
    if age is None:
        return "never done here"
    if age <= -CLOCKS_DIFFER:
        return "last done at a time still to come: the clock was set back"
    return f"done {span_words(max(age, timedelta(0)))} ago"


def _last_backup(facts: Facts, zone: ZoneInfo) -> str:
    last = facts.signs.get(SignOfLife.BACKED_UP)
    told = f"last {when(last, facts.at, zone)}" if last else "no backup is known"
    if facts.is_backup_failing:
        return f"{told}; the last try broke off"
    every = facts.backup_every
    return f"{told}; one is due every {span_words(every)}" if every else told


def _queue_words(queue: Queue, now: datetime) -> str:
    if queue.oldest is None:
        return "none"
    return f"{queue.waiting}, the oldest for {span_words(max(now - queue.oldest, timedelta(0)))}"


def _figures(facts: Facts, zone: ZoneInfo) -> tuple[tuple[str, str], ...]:
    measured = facts.signs.get(SignOfLife.MEASURED)
    lag = "no mail in the last day" if facts.lag is None else span_words(facts.lag)
    return (
        ("Worker last measured a photo", when(measured, facts.at, zone) if measured else "not yet"),
        ("Slowest mail in the last day", lag),
        ("Size of the database", bytes_words(facts.database_bytes)),
    )
