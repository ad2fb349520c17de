"""Put a draft into force: an edition that pages and workers follow from now on."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlite_utils import Database

from tracker.people import Person
from tracker.protocol_drafts import MAX_REASON_LENGTH, ProtocolDraft
from tracker.protocol_edits import checked, misfits
from tracker.protocols import Protocol, Protocols
from tracker.storage import protocol_editions, protocol_enactments, protocol_files, treatments
from tracker.storage.connection import writing
from tracker.toml_tables import Mistake


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
    """Enact the draft's text and have running courses judged anew by it.

    `protocols` are those in force. A course keeps the alerts it has; each tells the edition that
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
        _ask_for_judgement(db, changed, now)
    return InForce(changed)


def _ask_for_judgement(db: Database, protocol: Protocol, now: datetime) -> None:
    """Whoever passes the new limits is found now, not when the next photo comes."""
    longest = max(rule.window_days[1] for rule in protocol.concerns.values())
    for treatment in treatments.latest_between(db, now - timedelta(days=longest), now):
        if treatment.kind == protocol.kind:
            treatments.tell_news(db, treatment.id)
