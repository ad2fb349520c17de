"""Changes of a protocol before they come into force: drafts, differences, and who enacted what."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from difflib import SequenceMatcher
from enum import StrEnum

from tracker.domain.protocols.protocol_text import MOST_LINES
from tracker.domain.protocols.protocols import Protocol

MAX_REASON_LENGTH = 500
KEPT_FOR = timedelta(days=90)  # since a draft was saved or signed last
WARNED_BEFORE = timedelta(days=14)
LINES_AROUND = 2  # unchanged lines shown around a change
VERSION = re.compile(r"version\s*=")
COMMON = 100  # a line that occurs more often in both texts together is no anchor


@dataclass(frozen=True, slots=True)
class ProtocolDraft:
    """A text that a person saved; it may still have mistakes, and it is never changed.

    `based_on` is the digest of the edition in force when the editing began, `shipped` that of the
    shipped protocol whose changes it holds, None where there is none or it is not known.
    """

    id: str
    kind: str
    based_on: str
    text: str
    author_id: str
    author: str
    at: datetime
    shipped: str | None = None


@dataclass(frozen=True, slots=True)
class Signature:
    """A clinician (the name) answers for a draft; `is_own` when they also wrote it."""

    by: str
    by_id: str
    at: datetime
    is_own: bool


class Condition(StrEnum):
    """What must be so before a draft can come into force, in this order."""

    COUNTED = "counted"  # what it would have raised is known, for all courses
    SIGNED = "signed"  # a clinician answers for exactly this text


def removed_at(draft: ProtocolDraft, signature: Signature | None) -> datetime:
    """When a draft that is not touched meanwhile is removed; one that came into force stays."""
    return (draft.at if signature is None else signature.at) + KEPT_FOR


@dataclass(frozen=True, slots=True)
class Enactment:
    """An edition put into force: by whom (the name), when and why; `shipped` as of its draft."""

    kind: str
    digest: str
    version: str
    by: str
    at: datetime
    why: str
    shipped: str | None


@dataclass(frozen=True, slots=True)
class MovedOn:
    """The shipped protocol that the edition in force was copied from, and the newer one."""

    before: Protocol
    after: Protocol


class Origin(StrEnum):
    """Where the edition in force comes from."""

    SHIPPED = "shipped"
    ENACTED = "enacted"  # by the clinic, on its pages
    FILE = "file"  # the operator's, which overrides all others


def origin(kind: str, kept_in_files: frozenset[str], enactments: Sequence[Enactment]) -> Origin:
    """Where the edition in force of a kind of treatment comes from."""
    if kind in kept_in_files:
        return Origin.FILE
    return Origin.ENACTED if enactments else Origin.SHIPPED


class Change(StrEnum):
    """What became of a line; a gap stands for the unchanged lines left out."""

    SAME = "same"
    ADDED = "added"
    REMOVED = "removed"
    GAP = "gap"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a comparison; `number` counts from 1 in the text that holds it, 0 for a gap."""

    change: Change
    number: int
    text: str


def differences(before: str, after: str) -> tuple[Line, ...]:
    """What was removed and added, line by line, with context; empty when nothing was.

    Of a text with more lines than a protocol may have, the first are compared.
    """
    old, new = before.splitlines()[:MOST_LINES], after.splitlines()[:MOST_LINES]
    lines: list[Line] = []
    for group in _matcher(old, new).get_grouped_opcodes(LINES_AROUND):
        if group[0][3] > 0:
            lines.append(Line(Change.GAP, 0, ""))
        for tag, first_old, last_old, first_new, last_new in group:
            if tag == "equal":
                lines += _lines(Change.SAME, new, first_new, last_new)
                continue
            lines += _lines(Change.REMOVED, old, first_old, last_old)
            lines += _lines(Change.ADDED, new, first_new, last_new)
    return tuple(lines)


def _lines(change: Change, text: list[str], first: int, last: int) -> Iterator[Line]:
    return (Line(change, number + 1, text[number]) for number in range(first, last))


def _matcher(old: list[str], new: list[str]) -> SequenceMatcher[str]:
    """Compares whole lines. Thousands of equal ones would be useless anchors and take minutes."""
    counts = Counter([*old, *new])
    common = {line for line, count in counts.items() if count > COMMON or not line.strip()}
    return SequenceMatcher(common.__contains__, old, new, autojunk=False)


@dataclass(frozen=True, slots=True)
class TakenOver:
    """A text with what another one changed, and where both changed the same lines.

    There its own lines stay; each of `clashes` holds the lines that were not taken over, none where
    the other text left some out.
    """

    text: str
    clashes: tuple[tuple[str, ...], ...]


def take_over(before: str, after: str, own: str) -> TakenOver:
    """`own`, which was copied from `before`, with the changes that led from there to `after`.

    Line by line. The version stays the own one: each text has another.
    """
    mine = own.splitlines()
    version = next((line for line in mine if VERSION.match(line)), "")
    old, new = (
        [version if version and VERSION.match(line) else line for line in text.splitlines()]
        for text in (before, after)
    )
    own_changes = _changes(old, mine)
    taken, clashes = list(mine), []
    for first, last, lines in reversed(_changes(old, new)):
        if (first, last, lines) in own_changes:
            continue
        if any(start <= last and first <= end for start, end, _ in own_changes):
            clashes.append(tuple(lines))
            continue
        moved = sum(len(put) - (end - start) for start, end, put in own_changes if end <= first)
        taken[first + moved : last + moved] = lines
    return TakenOver("\n".join(taken) + "\n", tuple(reversed(clashes)))


def _changes(old: list[str], new: list[str]) -> list[tuple[int, int, list[str]]]:
    """The spans of the old lines that changed, each with the lines in their place."""
    codes = _matcher(old, new).get_opcodes()
    return [(a, b, new[c:d]) for tag, a, b, c, d in codes if tag != "equal"]
