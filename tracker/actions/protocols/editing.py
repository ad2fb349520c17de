"""Protocols: draft a change, read it, sign it, put it into force."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlite_utils import Database

from tracker.domain.alerts.alerts import Concern
from tracker.domain.clinic.audit import Act, Entry
from tracker.domain.editing.limits_preview import CourseCount, in_all, preview_since
from tracker.domain.editing.protocol_drafts import (
    KEPT_FOR,
    MAX_REASON_LENGTH,
    Condition,
    Enactment,
    Line,
    MovedOn,
    Origin,
    ProtocolDraft,
    Signature,
    differences,
    origin,
    removed_at,
    take_over,
)
from tracker.domain.editing.protocol_edits import checked, misfits, with_sign_off
from tracker.domain.people.people import Person
from tracker.domain.protocols.protocols import Protocol, Protocols, SignOff
from tracker.domain.protocols.toml_tables import Mistake
from tracker.storage.clinic import audit_log
from tracker.storage.columns import new_id
from tracker.storage.connection import writing
from tracker.storage.course import treatments
from tracker.storage.people import absences, people
from tracker.storage.protocols import (
    protocol_drafts,
    protocol_editions,
    protocol_enactments,
    protocol_files,
    protocol_previews,
)


def draft_protocol(
    db: Database,
    protocols: Protocols,
    kind: str,
    text: str,
    author: Person,
    now: datetime,
    *,
    of: str = "",
) -> ProtocolDraft:
    """Keep the text, whatever mistakes it has, so that nothing that was typed is lost.

    `of` names the draft or edition that the text was changed from, empty for the one in force. A
    sign-off in the text is dropped: it belongs to another text. Raises ProtocolError when there is
    no such kind of treatment.
    """
    based_on = protocols.of(kind).digest
    lines = text.replace("\r\n", "\n")  # as browsers send them
    readable = checked(lines, kind, protocol_files.shipped(kind))
    if isinstance(readable, Protocol):
        lines = with_sign_off(readable, None)
    shipped = protocol_enactments.shipped_of(db, kind, of or based_on)
    draft = ProtocolDraft(new_id(), kind, based_on, lines, author.id, author.name, now, shipped)
    newest = protocol_files.shipped(kind)
    with writing(db):
        if newest is not None and newest.digest == shipped:
            protocol_editions.insert(db, newest)
        protocol_drafts.insert(db, draft)
    return draft


def take_over_shipped(
    db: Database, protocols: Protocols, kind: str, author: Person, now: datetime
) -> ProtocolDraft | None:
    """A draft of the edition in force with what the shipped protocol changed since it was copied.

    None where the shipped one has not moved on.
    """
    moved = protocol_enactments.moved_on(db, protocols.of(kind))
    if moved is None:
        return None
    own = with_sign_off(protocols.of(kind), None)
    text = take_over(moved.before.text, moved.after.text, own).text
    based_on = protocols.of(kind).digest
    after = moved.after
    draft = ProtocolDraft(new_id(), kind, based_on, text, author.id, author.name, now, after.digest)
    with writing(db):
        protocol_editions.insert(db, after)
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


@dataclass(frozen=True, slots=True)
class Locked:
    """These conditions are not met yet; nothing was changed."""

    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class NotSigned:
    """It is not this person's to sign, not counted yet, or signed already; nothing was changed."""


def sign_draft(
    db: Database, protocols: Protocols, draft: ProtocolDraft, by: Person, now: datetime
) -> Signature | Outdated | Broken | NotSigned:
    """Let a clinician answer for exactly this text, whose effects are counted."""
    changed = checked(draft.text, draft.kind, protocol_files.shipped(draft.kind))
    if not isinstance(changed, Protocol):
        return Broken(changed)
    with writing(db):
        if trouble := _trouble(db, protocols, draft, changed):
            return trouble
        signers = {each.id for each in _signers(db, draft, now)}
        signature = protocol_drafts.signature(db, draft.id)
        is_open = _open_conditions(db, draft, signature) == (Condition.SIGNED,)
        if not is_open or by.id not in signers:
            return NotSigned()
        protocol_drafts.sign(db, draft.id, by.id, now)
        audit_log.add(db, Entry(Act.PROTOCOL_SIGNED, now, by.id, details=draft.kind))
    return Signature(by.name, by.id, now, by.id == draft.author_id)


def drafts_to_sign(
    db: Database, protocols: Protocols, reader: Person, now: datetime
) -> tuple[ProtocolDraft, ...]:
    """Each author's latest drafts that are counted and wait for this person's signature."""
    return tuple(
        draft
        for draft in protocol_drafts.counted_unsigned(db)
        if draft.kind in protocols.by_kind
        and draft.based_on == protocols.of(draft.kind).digest
        and reader.id in {who.id for who in _signers(db, draft, now)}
    )


def _signers(db: Database, draft: ProtocolDraft, now: datetime) -> tuple[Person, ...]:
    """Who may sign: clinicians but the author, who may only while all others are away."""
    able = [who for who, _, in_ in people.staff(db) if in_ and who.answers_alerts]
    others = tuple(who for who in able if who.id != draft.author_id)
    away = absences.running(db, now)
    return others if any(who.id not in away for who in others) else tuple(able)


def _open_conditions(
    db: Database, draft: ProtocolDraft, signature: Signature | None
) -> tuple[Condition, ...]:
    met = {
        Condition.COUNTED: protocol_previews.is_complete(db, draft.id),
        Condition.SIGNED: signature is not None,
    }
    return tuple(condition for condition, is_met in met.items() if not is_met)


def _trouble(
    db: Database, protocols: Protocols, draft: ProtocolDraft, changed: Protocol
) -> Outdated | Broken | None:
    """Why the draft cannot come into force, whoever has signed it; None if it can."""
    latest = next(iter(protocol_enactments.of_kind(db, draft.kind)), None)
    in_force = latest.digest if latest else protocols.of(draft.kind).digest
    if in_force != draft.based_on:
        return Outdated()
    unfit = misfits(changed, treatments.of_kind(db, draft.kind))
    return Broken(unfit) if unfit else None


def put_into_force(
    db: Database, protocols: Protocols, draft: ProtocolDraft, by: Person, why: str, now: datetime
) -> InForce | Outdated | Broken | Locked:
    """Enact the draft's text with its signature, and have running courses judged again by it.

    `protocols` are those in force. A course keeps the alerts it has; each names the edition that
    raised it. Raises ValueError without a reason, or when it is too long.
    """
    if not 0 < len(why) <= MAX_REASON_LENGTH:
        raise ValueError(f"say why, in at most {MAX_REASON_LENGTH} characters")
    readable = checked(draft.text, draft.kind, protocol_files.shipped(draft.kind))
    if not isinstance(readable, Protocol):
        return Broken(readable)
    signature = protocol_drafts.signature(db, draft.id)
    changed = _signed(db, readable, signature)
    with writing(db):
        if trouble := _trouble(db, protocols, draft, changed):
            return trouble
        if conditions := _open_conditions(db, draft, signature):
            return Locked(conditions)
        protocol_editions.insert(db, changed)
        protocol_enactments.insert(db, changed, draft, by.id, now, why)
        audit_log.add(db, Entry(Act.PROTOCOL_CHANGED, now, by.id, details=changed.kind))
        _ask_for_judgement(db, changed, now)
    return InForce(changed)


def _signed(db: Database, protocol: Protocol, signature: Signature | None) -> Protocol:
    """The protocol as it would come into force: a name that was only typed is no signature."""
    by = people.get(db, signature.by_id) if signature else None
    sign_off = SignOff(by.name, by.date_at(signature.at)) if signature and by else None
    return protocol_files.parse_own(with_sign_off(protocol, sign_off), protocol.kind)


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
    """What was counted so far: `done` of `courses`, and the counts by concern.

    `is_queued` is false where it goes on no more, because its author saved a later draft.
    """

    done: int
    courses: int
    by_concern: Mapping[Concern, CourseCount]
    is_complete: bool
    is_queued: bool


@dataclass(frozen=True, slots=True)
class DraftCase:
    """A draft and the protocol in force; with mistakes, or outdated, there is no preview.

    `is_outdated` means that another edition came into force after the draft was begun. `changed`
    is what would come into force, with its signature if there is one; `signers` may sign now.
    `removed_at` is when it is removed if it is not touched, None where it came into force.
    `clashes` are lines of a newer shipped protocol that it takes over, but for these.
    """

    draft: ProtocolDraft
    in_force: Protocol
    changed: Protocol | None
    mistakes: tuple[Mistake, ...]
    differences: tuple[Line, ...]
    preview: Preview | None
    signature: Signature | None
    conditions: tuple[Condition, ...]
    signers: tuple[Person, ...]
    removed_at: datetime | None
    clashes: tuple[tuple[str, ...], ...]

    @property
    def is_outdated(self) -> bool:
        """Whether the draft would undo an edition that its author had not seen."""
        return self.draft.based_on != self.in_force.digest


def show_draft(
    db: Database, protocols: Protocols, draft_id: str, now: datetime
) -> DraftCase | None:
    """The draft with this id, or None."""
    draft = protocol_drafts.get(db, draft_id)
    if draft is None:
        return None
    in_force, shipped = protocols.of(draft.kind), protocol_files.shipped(draft.kind)
    readable = checked(draft.text, draft.kind, shipped)
    signature = protocol_drafts.signature(db, draft.id)
    mistakes: tuple[Mistake, ...] = ()
    changed = None
    if isinstance(readable, Protocol):
        changed = _signed(db, readable, signature)
        mistakes = misfits(readable, treatments.of_kind(db, draft.kind))
    else:
        mistakes = readable
    return DraftCase(
        draft=draft,
        in_force=in_force,
        changed=changed,
        mistakes=mistakes,
        differences=differences(in_force.text, changed.text if changed else draft.text),
        preview=None if mistakes or draft.based_on != in_force.digest else _preview(db, draft),
        signature=signature,
        conditions=_open_conditions(db, draft, signature),
        signers=_signers(db, draft, now),
        removed_at=_removed_at(db, draft),
        clashes=_clashes(db, in_force, draft),
    )


def _clashes(db: Database, in_force: Protocol, draft: ProtocolDraft) -> tuple[tuple[str, ...], ...]:
    """What a newer shipped protocol changed and this draft, which takes it over, does not hold."""
    moved = protocol_enactments.moved_on(db, in_force)
    if moved is None or draft.shipped != moved.after.digest:
        return ()
    own = with_sign_off(in_force, None)
    lines = frozenset(draft.text.splitlines())
    found = take_over(moved.before.text, moved.after.text, own).clashes
    return tuple(each for each in found if each and not lines.issuperset(each))


def _removed_at(db: Database, draft: ProtocolDraft) -> datetime | None:
    if protocol_drafts.came_into_force(db, draft.id):
        return None
    return removed_at(draft, protocol_drafts.signature(db, draft.id))


def _preview(db: Database, draft: ProtocolDraft) -> Preview:
    counted = protocol_previews.of_draft(db, draft.id)
    is_complete = protocol_previews.is_complete(db, draft.id)
    heard = () if is_complete else treatments.heard_since(db, draft.kind, preview_since(draft.at))
    is_queued = any(each.id == draft.id for each in protocol_drafts.to_preview(db))
    courses = max(len(heard), len(counted))
    return Preview(len(counted), courses, in_all(counted), is_complete, is_queued)


def prune_drafts(db: Database, now: datetime) -> int:
    """Remove drafts that were not touched for `KEPT_FOR`; return how many.

    A draft that came into force stays, and editions are never removed: alerts name them.
    """
    late = protocol_drafts.old(db, now - KEPT_FOR)
    for draft in late:
        with writing(db):
            protocol_drafts.remove(db, draft.id)
            details = f"{draft.kind}, saved {draft.at:%Y-%m-%d}"
            audit_log.add(db, Entry(Act.DRAFT_REMOVED, now, details=details))
    return len(late)


LATEST_DRAFTS = 20


@dataclass(frozen=True, slots=True)
class ProtocolCase:
    """The protocol in force, with what the clinic ever put into force, the latest first.

    `drafts` are the latest, each with the time at which it is removed if it is not touched.
    `shipped` is the one that comes with Afterglow, None where none does; `moved_on` is set if it
    is newer than the one that the edition in force was copied from.
    """

    protocol: Protocol
    origin: Origin
    enactments: tuple[Enactment, ...]
    drafts: tuple[tuple[ProtocolDraft, datetime | None], ...]
    shipped: Protocol | None
    moved_on: MovedOn | None


def show_protocol(
    db: Database, protocols: Protocols, kept_in_files: frozenset[str], kind: str
) -> ProtocolCase:
    """The protocol of a kind of treatment; ProtocolError when there is none."""
    enactments = tuple(protocol_enactments.of_kind(db, kind))
    return ProtocolCase(
        protocol=protocols.of(kind),
        origin=origin(kind, kept_in_files, enactments),
        enactments=enactments,
        drafts=tuple(
            (each, _removed_at(db, each))
            for each in protocol_drafts.latest(db, kind, LATEST_DRAFTS)
        ),
        shipped=protocol_files.shipped(kind),
        moved_on=protocol_enactments.moved_on(db, protocols.of(kind)),
    )
