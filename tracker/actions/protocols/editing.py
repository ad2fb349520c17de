"""Protocols: draft a change, read it, put it into force."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlite_utils import Database

from tracker.domain.alerts.alerts import Concern
from tracker.domain.clinic.audit import Act, Entry
from tracker.domain.editing.limits_preview import CourseCount, in_all, preview_since
from tracker.domain.editing.protocol_drafts import (
    MAX_REASON_LENGTH,
    Enactment,
    Line,
    Origin,
    ProtocolDraft,
    differences,
    origin,
)
from tracker.domain.editing.protocol_edits import checked, misfits
from tracker.domain.people.people import Person
from tracker.domain.protocols.protocols import Protocol, Protocols
from tracker.domain.protocols.toml_tables import Mistake
from tracker.storage.clinic import audit_log
from tracker.storage.columns import new_id
from tracker.storage.connection import writing
from tracker.storage.course import treatments
from tracker.storage.protocols import (
    protocol_drafts,
    protocol_editions,
    protocol_enactments,
    protocol_files,
    protocol_previews,
)


def draft_protocol(
    db: Database, protocols: Protocols, kind: str, text: str, author: Person, now: datetime
) -> ProtocolDraft:
    """Keep the text, whatever mistakes it has, so that nothing that was typed is lost.

    Raises ProtocolError when there is no such kind of treatment.
    """
    based_on = protocols.of(kind).digest
    lines = text.replace("\r\n", "\n")  # as browsers send them
    draft = ProtocolDraft(new_id(), kind, based_on, lines, author.id, author.name, now)
    with writing(db):
        protocol_drafts.insert(db, draft)
    return draft


@dataclass(frozen=True, slots=True)
class InForce:
    """The edition is in force."""

    protocol: Protocol


@dataclass(frozen=True, slots=True)
class Outdated:
    """Another edition came into force after the draft was begun; nothing was changed."""


@dataclass(frozen=True, slots=True)
class Broken:
    """The draft has mistakes; nothing was changed."""

    mistakes: tuple[Mistake, ...]


def put_into_force(
    db: Database, protocols: Protocols, draft: ProtocolDraft, by: Person, why: str, now: datetime
) -> InForce | Outdated | Broken:
    """Enact the draft's text and have running courses judged again by it.

    `protocols` are those in force. A course keeps the alerts it has; each names the edition that
    raised it. Raises ValueError without a reason, or when it is too long.
    """
    if not 0 < len(why) <= MAX_REASON_LENGTH:
        raise ValueError(f"say why, in at most {MAX_REASON_LENGTH} characters")
    changed = checked(draft.text, draft.kind, protocol_files.shipped(draft.kind))
    if not isinstance(changed, Protocol):
        return Broken(changed)
    with writing(db):
        latest = next(iter(protocol_enactments.of_kind(db, draft.kind)), None)
        in_force = latest.digest if latest else protocols.of(draft.kind).digest
        if in_force != draft.based_on:
            return Outdated()
        if unfit := misfits(changed, treatments.of_kind(db, draft.kind)):
            return Broken(unfit)
        protocol_editions.insert(db, changed)
        protocol_enactments.insert(db, changed, by.id, now, why)
        audit_log.add(db, Entry(Act.PROTOCOL_CHANGED, now, by.id, details=changed.kind))
        _ask_for_judgement(db, changed, now)
    return InForce(changed)


def _ask_for_judgement(db: Database, protocol: Protocol, now: datetime) -> None:
    """Anyone who passes the new limits is found now, not when the next photo arrives."""
    longest = max(rule.window_days[1] for rule in protocol.concerns.values())
    for treatment in treatments.latest_between(db, now - timedelta(days=longest), now):
        if treatment.kind == protocol.kind:
            treatments.tell_news(db, treatment.id)


def open_text(db: Database, kind: str, name: str) -> str | None:
    """The text of the draft with this id, or of the edition with this digest; None without one."""
    draft = protocol_drafts.get(db, name)
    if draft is not None:
        return draft.text if draft.kind == kind else None
    return protocol_editions.text_of_kind(db, kind, name)


@dataclass(frozen=True, slots=True)
class Preview:
    """What was counted so far: `done` of `courses`, and the counts by concern."""

    done: int
    courses: int
    by_concern: Mapping[Concern, CourseCount]


@dataclass(frozen=True, slots=True)
class DraftCase:
    """A draft and the protocol in force; with mistakes, or outdated, there is no preview.

    `is_outdated` means that another edition came into force after the draft was begun.
    """

    draft: ProtocolDraft
    in_force: Protocol
    changed: Protocol | None
    mistakes: tuple[Mistake, ...]
    differences: tuple[Line, ...]
    preview: Preview | None

    @property
    def is_outdated(self) -> bool:
        """Whether the draft would undo an edition that its author had not seen."""
        return self.draft.based_on != self.in_force.digest


def show_draft(db: Database, protocols: Protocols, draft_id: str) -> DraftCase | None:
    """The draft with this id, or None."""
    draft = protocol_drafts.get(db, draft_id)
    if draft is None:
        return None
    in_force, shipped = protocols.of(draft.kind), protocol_files.shipped(draft.kind)
    changed = checked(draft.text, draft.kind, shipped)
    mistakes = (
        misfits(changed, treatments.of_kind(db, draft.kind))
        if isinstance(changed, Protocol)
        else changed
    )
    return DraftCase(
        draft=draft,
        in_force=in_force,
        changed=changed if isinstance(changed, Protocol) else None,
        mistakes=mistakes,
        differences=differences(in_force.text, draft.text),
        preview=None if mistakes or draft.based_on != in_force.digest else _preview(db, draft),
    )


def _preview(db: Database, draft: ProtocolDraft) -> Preview:
    counted = protocol_previews.of_draft(db, draft.id)
    heard = treatments.heard_since(db, draft.kind, preview_since(draft.at))
    return Preview(len(counted), max(len(heard), len(counted)), in_all(counted))


LATEST_DRAFTS = 5


@dataclass(frozen=True, slots=True)
class ProtocolCase:
    """The protocol in force, with what the clinic ever put into force, the latest first.

    `shipped` is the one that comes with Afterglow, None where none does.
    """

    protocol: Protocol
    origin: Origin
    enactments: tuple[Enactment, ...]
    drafts: tuple[ProtocolDraft, ...]
    shipped: Protocol | None


def show_protocol(
    db: Database, protocols: Protocols, kept_in_files: frozenset[str], kind: str
) -> ProtocolCase:
    """The protocol of a kind of treatment; ProtocolError when there is none."""
    enactments = tuple(protocol_enactments.of_kind(db, kind))
    return ProtocolCase(
        protocol=protocols.of(kind),
        origin=origin(kind, kept_in_files, enactments),
        enactments=enactments,
        drafts=tuple(protocol_drafts.latest(db, kind, LATEST_DRAFTS)),
        shipped=protocol_files.shipped(kind),
    )
