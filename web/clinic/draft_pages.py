"""The page on which a draft of a protocol is judged, signed and put into force."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from zoneinfo import ZoneInfo

from tracker.actions.protocols.editing import DraftCase, Preview, ProtocolCase
from tracker.domain.alerts.alerts import Concern, Level
from tracker.domain.editing.limits_preview import Count, CourseCount
from tracker.domain.editing.protocol_drafts import (
    MAX_REASON_LENGTH,
    WARNED_BEFORE,
    Condition,
    Line,
)
from tracker.domain.people.people import Person
from tracker.domain.protocols.protocols import Protocol
from tracker.domain.protocols.toml_tables import Mistake
from web.words.times import date_words, when


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
class ConditionRow:
    """What must be so before a draft comes into force, and how it is met or what helps."""

    name: str
    is_met: bool
    words: str


@dataclass(frozen=True, slots=True)
class DraftPage:
    """A draft before it comes into force; `counted` says how far the preview is, None when done.

    `signs_as` is the name of the reader who may sign it now, empty where that is not so.
    """

    template: ClassVar[str] = "protocol_draft.html"
    place: ClassVar[str] = "clinic"
    longest_reason: ClassVar[int] = MAX_REASON_LENGTH

    kind: str
    protocol: str
    draft_id: str
    saved: str
    leaves: str
    mistakes: tuple[Mistake, ...]
    in_words: tuple[str, ...]
    lines: tuple[Line, ...]
    clashes: tuple[tuple[str, ...], ...]
    summary: str
    counted: str | None
    counts: tuple[CountRow, ...]
    outdated: str
    conditions: tuple[ConditionRow, ...]
    signs_as: str
    why: str
    trouble: str

    @property
    def title(self) -> str:
        """The page's name."""
        return f"Draft of {self.protocol}"

    @property
    def is_locked(self) -> bool:
        """Whether a condition is open."""
        return not all(condition.is_met for condition in self.conditions)


def draft_page(
    drafted: DraftCase,
    case: ProtocolCase,
    now: datetime,
    reader: Person,
    *,
    why: str = "",
    trouble: str = "",
) -> DraftPage:
    """A draft with its mistakes, or with what it changes and would have raised."""
    draft, preview, zone = drafted.draft, drafted.preview, reader.zone
    is_counted = Condition.COUNTED not in drafted.conditions
    signer_ids = {who.id for who in drafted.signers}
    may_sign = is_counted and drafted.signature is None and reader.id in signer_ids
    return DraftPage(
        kind=draft.kind,
        protocol=drafted.in_force.title,
        draft_id=draft.id,
        saved=f"Saved by {draft.author} {when(draft.at, now, zone)}",
        leaves=leaving_words(drafted.removed_at, now, zone),
        mistakes=drafted.mistakes,
        in_words=changes_in_words(drafted.in_force, drafted.changed) if drafted.changed else (),
        lines=drafted.differences,
        clashes=drafted.clashes,
        summary=_summary(preview) if preview else "",
        counted=_progress(preview) if preview else None,
        counts=tuple(_counts(preview.by_concern)) if preview else (),
        outdated=_outdated(case, now, zone) if drafted.is_outdated else "",
        conditions=(
            ConditionRow("The preview is complete", is_counted, _counting(preview)),
            _signing(drafted, reader, now),
        ),
        signs_as=reader.name if may_sign else "",
        why=why,
        trouble=trouble,
    )


def _counting(preview: Preview | None) -> str:
    if preview is None or preview.is_complete:
        return "What exactly this text would have raised is counted."
    return _progress(preview) or ""


def _signing(drafted: DraftCase, reader: Person, now: datetime) -> ConditionRow:
    """Who has signed, or who may; a draft is never changed, so a signature is about its text."""
    name, signature = "A clinician has signed it", drafted.signature
    if signature is not None:
        own = ", who also wrote it: no other clinician could sign" if signature.is_own else ""
        words = f"Signed by {signature.by} {when(signature.at, now, reader.zone)}{own}."
        return ConditionRow(name, True, words)
    names = [who.name for who in drafted.signers]
    if reader.id in {who.id for who in drafted.signers}:
        is_own = reader.id == drafted.draft.author_id
        alone = " You wrote it; no other clinician is here to sign." if is_own else ""
        is_counted = Condition.COUNTED not in drafted.conditions
        can = "You can sign it below." if is_counted else "You can sign it once all is counted."
        return ConditionRow(name, False, can + alone)
    whose = "You" if reader.id == drafted.draft.author_id else drafted.draft.author
    who = f"{', '.join(names[:-1])} or {names[-1]}" if len(names) > 1 else "".join(names)
    return ConditionRow(name, False, f"{whose} wrote it, so another signs it on this page: {who}.")


def leaving_words(removed_at: datetime | None, now: datetime, zone: ZoneInfo) -> str:
    """That a draft is removed soon, and how it is kept; empty while there is time."""
    if removed_at is None or removed_at - now > WARNED_BEFORE:
        return ""
    day = date_words(removed_at.astimezone(zone), now)
    return f"It is removed on {day}, unless it is saved again or signed."


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
            was, now = days_words(*old.window_days), days_words(*new.window_days)
            words.append(f"{concern.words.capitalize()}: judged on {now}, until now {was}")
    old_floors, new_floors = ([floor.words for floor in each.floors] for each in (before, after))
    words += [f"No longer a floor: {each}" for each in old_floors if each not in new_floors]
    words += [f"New floor: {each}" for each in new_floors if each not in old_floors]
    if before.sign_off != after.sign_off:
        words.append(f"Signature: {after.sign_off_words}, until now {before.sign_off_words}")
    return tuple(words)


def days_words(first: float, last: float | None) -> str:
    """`day 3`, `days 3 to 7` or, without a last day, `always from day 3`."""
    if last is None:
        return f"always from day {first:g}" if first else "always"
    return f"day {first:g}" if first == last else f"days {first:g} to {last:g}"


def _limit_change(old: float | None, new: float | None) -> str:
    if new is None:
        return f"never, until now from {_in_100(old)}"
    return f"from {_in_100(new)}, until now never" if old is None else _from_to(old, new)


def _from_to(old: float, new: float) -> str:
    fewer = "fewer" if new > old else "more"
    return f"from {100 * old:.6g} to {_in_100(new)} ({fewer} alerts)"


def _in_100(limit: float | None) -> str:
    return f"{100 * (limit or 0):.6g} in 100"


def _outdated(case: ProtocolCase, now: datetime, zone: ZoneInfo) -> str:
    if not case.enactments:
        return "Another edition has come into force since this draft was begun."
    latest = case.enactments[0]
    at, why = when(latest.at, now, zone), latest.why.removesuffix(".")
    return f"{latest.by} put another edition into force {at}: {why}"


def _progress(preview: Preview) -> str | None:
    if preview.is_complete:
        return None
    if not preview.is_queued:
        return "Its author saved a later draft, and only that is counted. Save this one again."
    if not preview.courses:
        return "It is not looked at yet."
    return f"{preview.done} of {preview.courses} courses counted so far."


def _summary(preview: Preview) -> str:
    """`This draft would have raised 7 alerts in the last 90 days, on 40 courses.` and so on."""
    if not preview.courses and preview.is_complete:
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
