"""The pages on which a protocol is read, and a draft is judged."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from zoneinfo import ZoneInfo

from tracker.actions.protocols.editing import ProtocolCase
from tracker.domain.alerts.alerts import Concern, Level
from tracker.domain.editing.protocol_drafts import Change, Origin, ProtocolDraft, differences
from tracker.domain.protocols.care import CareLine, Heading
from tracker.domain.protocols.protocols import Healing, Protocol, Spread
from web.clinic.draft_pages import changes_in_words, days_words, leaving_words
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
ADDED_AND_GONE = (Change.ADDED, Change.REMOVED)
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
    has_moved_on: bool


@dataclass(frozen=True, slots=True)
class ProtocolsPage:
    """All protocols in force; `to_sign`: kind, id and words of drafts the reader may sign."""

    template: ClassVar[str] = "protocols.html"
    place: ClassVar[str] = "clinic"

    rows: tuple[ProtocolRow, ...]
    to_sign: tuple[tuple[str, str, str], ...]

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
class MovedOnWords:
    """The versions of the shipped protocol then and now, and what changed between them."""

    before: str
    after: str
    in_words: tuple[str, ...]
    lines: str


@dataclass(frozen=True, slots=True)
class ProtocolPage:
    """One edition to read, with its text; `is_earlier` when it is not the one in force."""

    template: ClassVar[str] = "protocol.html"
    place: ClassVar[str] = "clinic"
    levels: ClassVar[Sequence[str]] = LEVEL_NAMES

    row: ProtocolRow
    says: ProtocolText
    editions: tuple[EditionRow, ...]
    drafts: tuple[EditionRow, ...]
    may_edit: bool
    is_file: bool
    text: str
    digest: str
    is_earlier: bool
    moved_on: MovedOnWords | None

    @property
    def title(self) -> str:
        """The page's name."""
        return f"{self.row.title}, earlier edition" if self.is_earlier else self.row.title


def protocols_page(
    cases: Sequence[ProtocolCase], to_sign: Sequence[ProtocolDraft], now: datetime, zone: ZoneInfo
) -> ProtocolsPage:
    """The list, by title."""
    rows = [_row(case.protocol, case, now, zone) for case in cases]
    titles = {row.kind: row.title for row in rows}
    drafts = tuple(
        (each.kind, each.id, f"{titles[each.kind]}, by {each.author} {when(each.at, now, zone)}")
        for each in to_sign
    )
    return ProtocolsPage(tuple(sorted(rows, key=lambda row: row.title)), drafts)


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
        has_moved_on=case.moved_on is not None,
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
            EditionRow(
                each.id,
                "",
                each.author,
                when(each.at, now, zone),
                leaving_words(removed, now, zone),
            )
            for each, removed in case.drafts
        ),
        may_edit=may_edit and not is_file,
        is_file=is_file,
        text=protocol.text,
        digest=protocol.digest,
        is_earlier=protocol.digest != digest,
        moved_on=_moved_on(case) if case.moved_on and protocol.digest == digest else None,
    )


def _moved_on(case: ProtocolCase) -> MovedOnWords | None:
    moved = case.moved_on
    if moved is None:
        return None
    before, after = moved.before, moved.after
    found = differences(before.text, after.text)
    added, gone = (sum(line.change is each for line in found) for each in ADDED_AND_GONE)
    lines = f"In its text, {added} lines came and {gone} went; the draft shows them."
    return MovedOnWords(before.version, after.version, changes_in_words(before, after), lines)


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
        floors=tuple(dict.fromkeys(floor.words for floor in protocol.floors)),
        questions=tuple((q.question, days_words(*q.days)) for q in protocol.check_in),
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
    return concern.words, *limits, days_words(*rule.window_days)


def _care(line: CareLine) -> tuple[str, str]:
    limits = [name.replace("_", " ") for name in sorted(line.variants)]
    limits += [f"over {line.over_mm:g} mm"] if line.over_mm is not None else []
    limits += [f"up to {line.up_to_mm:g} mm"] if line.up_to_mm is not None else []
    only = f" (only {', '.join(limits)})" if limits else ""
    return days_words(line.first_day, line.last_day), line.words + only
