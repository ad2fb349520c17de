"""The pages on which a protocol is read, and a draft is judged."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from zoneinfo import ZoneInfo

from tracker.actions.protocols.editing import DraftCase, Preview, ProtocolCase
from tracker.domain.alerts.alerts import Concern, Level
from tracker.domain.editing.limits_preview import Count, CourseCount
from tracker.domain.editing.protocol_drafts import MAX_REASON_LENGTH, Change, Line, Origin
from tracker.domain.protocols.care import CareLine, Heading
from tracker.domain.protocols.protocols import Healing, Protocol, Spread
from tracker.domain.protocols.toml_tables import Mistake
from web.words.times import when
from web.words.words import LEVELS

HEADINGS: Mapping[Heading, str] = {
    Heading.DO: "Do",
    Heading.AVOID: "Avoid",
    Heading.NORMAL: "What is normal",
    Heading.CALL_US: "Call us if",
}
ORIGINS: Mapping[Origin, str] = {
    Origin.SHIPPED: "as shipped with Afterglow",
    Origin.ENACTED: "your clinic’s own edition",
    Origin.FILE: "a file of the operator of this machine",
}
LEVEL_NAMES = tuple(LEVELS[level].name for level in Level)


@dataclass(frozen=True, slots=True)
class ProtocolRow:
    """One protocol in the list."""

    kind: str
    title: str
    version: str
    origin: str
    sign_off: str
    is_signed: bool
    changed: str


@dataclass(frozen=True, slots=True)
class ProtocolsPage:
    """All protocols in force."""

    template: ClassVar[str] = "protocols.html"
    place: ClassVar[str] = "clinic"

    rows: tuple[ProtocolRow, ...]

    @property
    def title(self) -> str:
        """The page's name."""
        return "Protocols"


@dataclass(frozen=True, slots=True)
class EditionRow:
    """An edition or a draft in a list; `name` is its digest or id."""

    name: str
    version: str
    who: str
    at: str
    why: str
    is_in_force: bool = False


@dataclass(frozen=True, slots=True)
class ProtocolText:
    """What a protocol says, in words: tables of rows as they are read."""

    healing: tuple[tuple[str, str, str, str], ...]
    limits: tuple[tuple[str, ...], ...]
    floors: tuple[str, ...]
    questions: tuple[tuple[str, str], ...]
    care: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]
    sources: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class ProtocolPage:
    """One edition to read; `earlier` when it is not the one in force, whose text it then holds."""

    template: ClassVar[str] = "protocol.html"
    place: ClassVar[str] = "clinic"
    levels: ClassVar[Sequence[str]] = LEVEL_NAMES

    row: ProtocolRow
    says: ProtocolText
    editions: tuple[EditionRow, ...]
    drafts: tuple[EditionRow, ...]
    may_edit: bool
    is_file: bool
    earlier: str | None

    @property
    def title(self) -> str:
        """The page's name."""
        return self.row.title if self.earlier is None else f"{self.row.title}, earlier edition"


@dataclass(frozen=True, slots=True)
class CountRow:
    """What a draft would have raised about one concern, next to the edition in force."""

    concern: str
    present: int
    changed: int
    more: str
    mailed: int
    true: int
    false: int
    open: int
    missed: int


@dataclass(frozen=True, slots=True)
class DraftPage:
    """A draft before it comes into force; `counted` says how far the preview is, None when done."""

    template: ClassVar[str] = "protocol_draft.html"
    place: ClassVar[str] = "clinic"
    longest_reason: ClassVar[int] = MAX_REASON_LENGTH

    kind: str
    protocol: str
    draft_id: str
    saved: str
    sign_off: str
    mistakes: tuple[Mistake, ...]
    in_words: tuple[str, ...]
    lines: tuple[Line, ...]
    summary: str
    counted: str | None
    counts: tuple[CountRow, ...]
    outdated: str
    why: str
    trouble: str

    @property
    def title(self) -> str:
        """The page's name."""
        return f"Draft of {self.protocol}"

    @property
    def changes(self) -> int:
        """How many lines differ."""
        return sum(line.change in {Change.ADDED, Change.REMOVED} for line in self.lines)


def protocols_page(cases: Sequence[ProtocolCase], now: datetime, zone: ZoneInfo) -> ProtocolsPage:
    """The list, by title."""
    rows = (_row(case.protocol, case, now, zone) for case in cases)
    return ProtocolsPage(tuple(sorted(rows, key=lambda row: row.title)))


def protocol_page(
    case: ProtocolCase, now: datetime, zone: ZoneInfo, *, may_edit: bool
) -> ProtocolPage:
    """The edition in force."""
    return _page(case.protocol, case, now, zone, may_edit=may_edit)


def edition_page(
    kept: Protocol, case: ProtocolCase, now: datetime, zone: ZoneInfo, *, may_edit: bool
) -> ProtocolPage:
    """An edition that was in use, or the one in force."""
    return _page(kept, case, now, zone, may_edit=may_edit)


def draft_page(
    drafted: DraftCase,
    case: ProtocolCase,
    now: datetime,
    zone: ZoneInfo,
    *,
    why: str = "",
    trouble: str = "",
) -> DraftPage:
    """A draft with its mistakes, or with what it changes and would have raised."""
    draft, preview = drafted.draft, drafted.preview
    return DraftPage(
        kind=draft.kind,
        protocol=drafted.in_force.title,
        draft_id=draft.id,
        saved=f"Saved by {draft.author} {when(draft.at, now, zone)}",
        sign_off=drafted.changed.sign_off_words if drafted.changed else "",
        mistakes=drafted.mistakes,
        in_words=changes_in_words(drafted.in_force, drafted.changed) if drafted.changed else (),
        lines=drafted.differences,
        summary=_summary(preview) if preview else "",
        counted=_progress(preview) if preview else None,
        counts=tuple(_counts(preview.by_concern)) if preview else (),
        outdated=_outdated(case, now, zone) if drafted.is_outdated else "",
        why=why,
        trouble=trouble,
    )


def changes_in_words(before: Protocol, after: Protocol) -> tuple[str, ...]:
    """What differs in limits, days, floors and signature, as people say it.

    `Urgent infection alert: from 60 to 90 in 100`. Everything else is only in the text.
    """
    words = []
    for concern in sorted({*before.concerns, *after.concerns}):
        old, new = before.concerns.get(concern), after.concerns.get(concern)
        for level in Level:
            limits = [rule.limits.get(level) if rule else None for rule in (old, new)]
            if limits[0] != limits[1]:
                alert = f"{level.capitalize()} {concern.words} alert"
                words.append(f"{alert}: {_limit_change(*limits)}")
        if old and new and old.window_days != new.window_days:
            was, now = _days(*old.window_days), _days(*new.window_days)
            words.append(f"{concern.words.capitalize()}: judged on {now}, until now {was}")
    old_floors, new_floors = ([floor.words for floor in each.floors] for each in (before, after))
    words += [f"No longer a floor: {each}" for each in old_floors if each not in new_floors]
    words += [f"New floor: {each}" for each in new_floors if each not in old_floors]
    if before.sign_off != after.sign_off:
        words.append(f"Signature: {after.sign_off_words}, until now {before.sign_off_words}")
    return tuple(words)


def _limit_change(old: float | None, new: float | None) -> str:
    if new is None:
        return f"never, until now from {_in_100(old)}"
    return f"from {_in_100(new)}, until now never" if old is None else _from_to(old, new)


def _from_to(old: float, new: float) -> str:
    fewer = "fewer" if new > old else "more"
    return f"from {100 * old:.6g} to {_in_100(new)} ({fewer} alerts)"


def _in_100(limit: float | None) -> str:
    return f"{100 * (limit or 0):.6g} in 100"


def _row(protocol: Protocol, case: ProtocolCase, now: datetime, zone: ZoneInfo) -> ProtocolRow:
    enacted = next((e for e in case.enactments if e.digest == protocol.digest), None)
    changed = f"put into force by {enacted.by} {when(enacted.at, now, zone)}" if enacted else ""
    return ProtocolRow(
        kind=protocol.kind,
        title=protocol.title,
        version=f"{protocol.version} ({protocol.digest})",
        origin=ORIGINS[case.origin],
        sign_off=protocol.sign_off_words,
        is_signed=protocol.sign_off is not None,
        changed="" if case.origin is Origin.FILE else changed,
    )


def _page(
    protocol: Protocol, case: ProtocolCase, now: datetime, zone: ZoneInfo, *, may_edit: bool
) -> ProtocolPage:
    is_file, digest = case.origin is Origin.FILE, case.protocol.digest
    enacted = (
        EditionRow(e.digest, e.version, e.by, when(e.at, now, zone), e.why) for e in case.enactments
    )
    shipped = (
        (EditionRow(case.shipped.digest, case.shipped.version, "Afterglow", "", "as shipped"),)
        if case.shipped
        else ()
    )
    return ProtocolPage(
        row=_row(protocol, case, now, zone),
        says=_says(protocol),
        editions=_marked((*enacted, *shipped), digest, is_file=is_file),
        drafts=tuple(
            EditionRow(d.id, "", d.author, when(d.at, now, zone), "") for d in case.drafts
        ),
        may_edit=may_edit and not is_file,
        is_file=is_file,
        earlier=None if protocol.digest == digest else protocol.text,
    )


def _marked(rows: Sequence[EditionRow], digest: str, *, is_file: bool) -> tuple[EditionRow, ...]:
    """The latest row of the edition in force is marked as such."""
    now_in_force = next((row for row in rows if row.name == digest), None) if not is_file else None
    return tuple(
        EditionRow(row.name, row.version, row.who, row.at, row.why, row is now_in_force)
        for row in rows
    )


def _says(protocol: Protocol) -> ProtocolText:
    return ProtocolText(
        healing=tuple(_healing(each) for each in protocol.healing),
        limits=tuple(_limits(protocol, concern) for concern in protocol.concerns),
        floors=tuple(floor.words for floor in protocol.floors),
        questions=tuple((q.question, _days(*q.days)) for q in protocol.check_in),
        care=tuple(
            (HEADINGS[heading], tuple(_care(line) for line in protocol.aftercare[heading]))
            for heading in Heading
        ),
        sources=tuple((source.citation, source.says) for source in protocol.sources),
    )


def _healing(healing: Healing) -> tuple[str, str, str, str]:
    """For what, how fast redness halves, and when the skin is clear: usually and at the latest."""
    about = healing.variant or (
        f"up to {healing.up_to_mm:g} mm" if healing.up_to_mm is not None else "any other"
    )
    usual, latest = f"{healing.clear_days:g}", f"{healing.clear_days_p95:g}"
    return about.replace("_", " "), _hours(healing.half_life_hours), usual, latest


def _hours(spread: Spread) -> str:
    return f"{spread.median:g} h ({spread.low:g} to {spread.high:g})"


def _limits(protocol: Protocol, concern: Concern) -> tuple[str, ...]:
    rule = protocol.concerns[concern]
    limits = (f"{rule.limits[level]:g}" if level in rule.limits else "–" for level in Level)
    return concern.words, *limits, _days(*rule.window_days)


def _care(line: CareLine) -> tuple[str, str]:
    limits = [name.replace("_", " ") for name in sorted(line.variants)]
    limits += [f"over {line.over_mm:g} mm"] if line.over_mm is not None else []
    limits += [f"up to {line.up_to_mm:g} mm"] if line.up_to_mm is not None else []
    only = f" (only {', '.join(limits)})" if limits else ""
    return _days(line.first_day, line.last_day), line.words + only


def _days(first: float, last: float | None) -> str:
    if last is None:
        return f"always from day {first:g}" if first else "always"
    return f"day {first:g}" if first == last else f"days {first:g} to {last:g}"


def _outdated(case: ProtocolCase, now: datetime, zone: ZoneInfo) -> str:
    if not case.enactments:
        return "Another edition has come into force since this draft was begun."
    latest = case.enactments[0]
    at, why = when(latest.at, now, zone), latest.why.removesuffix(".")
    return f"{latest.by} put another edition into force {at}: {why}"


def _progress(preview: Preview) -> str | None:
    if preview.done >= preview.courses:
        return None
    return f"{preview.done} of {preview.courses} courses counted so far."


def _summary(preview: Preview) -> str:
    """`This draft would have raised 7 alerts in the last 90 days, on 40 courses.` and so on."""
    if not preview.courses:
        return "No course of this kind had a photo or an answer in the last 90 days."
    if not preview.done:
        return "Nothing is counted yet."
    none = Count(0, 0, 0, 0)
    total = sum(preview.by_concern.values(), CourseCount(none, none, 0))
    changed, present = total.changed.alerts, total.present.alerts
    courses = "1 course" if preview.done == 1 else f"{preview.done} courses"
    within = f"in the last 90 days, on {courses}"
    if not changed and not present:
        return f"Neither this draft nor the edition in force would have raised an alert {within}."
    alerts = "no alert" if not changed else "1 alert" if changed == 1 else f"{changed} alerts"
    other = "as many" if changed == present else str(present) if present else "none"
    return f"This draft would have raised {alerts} {within}. The edition in force raises {other}."


def _counts(by_concern: Mapping[Concern, CourseCount]) -> Iterator[CountRow]:
    for concern, both in by_concern.items():
        present, changed = both.present, both.changed
        more = changed.alerts - present.alerts
        yield CountRow(
            concern=concern.words,
            present=present.alerts,
            changed=changed.alerts,
            more="as many" if not more else f"{more} more" if more > 0 else f"{-more} fewer",
            mailed=changed.mailed,
            true=changed.true,
            false=changed.false,
            open=changed.alerts - changed.true - changed.false,
            missed=both.missed,
        )
