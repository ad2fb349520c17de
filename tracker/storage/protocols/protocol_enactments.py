"""Which edition of a protocol the clinic has put into force, by whom, when and why."""

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache

from sqlite_utils import Database

from tracker.domain.editing.protocol_drafts import Enactment, MovedOn, ProtocolDraft
from tracker.domain.editing.protocol_edits import checked
from tracker.domain.protocols.protocols import Protocol
from tracker.storage.columns import read_time, time_text
from tracker.storage.protocols import protocol_drafts, protocol_editions, protocol_files
from tracker.storage.protocols.protocol_files import parse_own


def insert(
    db: Database, protocol: Protocol, draft: ProtocolDraft, by_id: str, now: datetime, why: str
) -> None:
    """Put an edition that is kept, and came from this draft, into force."""
    db.table("protocol_enactments").insert(
        {
            "kind": protocol.kind,
            "digest": protocol.digest,
            "by_id": by_id,
            "at": time_text(now),
            "why": why,
            "draft_id": draft.id,
            "shipped": draft.shipped,
        }
    )


def of_kind(db: Database, kind: str) -> list[Enactment]:
    """All that was put into force for a kind of treatment, the latest first."""
    sql = """SELECT protocol_enactments.*, version, name FROM protocol_enactments
             JOIN protocol_editions USING (digest) JOIN people ON people.id = by_id
             WHERE protocol_enactments.kind = ? ORDER BY protocol_enactments.id DESC"""
    return [
        Enactment(
            kind=row["kind"],
            digest=row["digest"],
            version=row["version"],
            by=row["name"],
            at=read_time(row["at"]),
            why=row["why"],
            shipped=row["shipped"],
        )
        for row in db.query(sql, [kind])
    ]


def shipped_of(db: Database, kind: str, name: str) -> str | None:
    """The digest of the shipped protocol that a draft or an edition of this name was copied from.

    None where it is not known.
    """
    if (draft := protocol_drafts.get(db, name)) is not None:
        return draft.shipped
    for enacted in of_kind(db, kind):
        if enacted.digest == name:
            return enacted.shipped
    newest = protocol_files.shipped(kind)
    is_shipped = newest is not None and newest.digest == name
    return name if is_shipped or protocol_editions.text_of_kind(db, kind, name) else None


def moved_on(db: Database, now_in_force: Protocol) -> MovedOn | None:
    """The shipped protocol then and now, if it is newer than what this edition was copied from.

    None also for the shipped protocol itself and for a file of the operator.
    """
    kind, after = now_in_force.kind, protocol_files.shipped(now_in_force.kind)
    latest = next(iter(of_kind(db, kind)), None)
    if after is None or latest is None or latest.digest != now_in_force.digest:
        return None
    name = latest.shipped
    text = protocol_editions.text_of_kind(db, kind, name) if name else None
    if text is None or name == after.digest:
        return None
    before = checked(text, kind)
    if not isinstance(before, Protocol) or before.version > after.version:
        return None
    return MovedOn(before, after)


def in_force(db: Database, leaving_out: frozenset[str]) -> Mapping[str, Protocol]:
    """The protocols that the clinic has put into force, by kind.

    Raises ProtocolError when a kept text can no longer be read; the kinds left out are not read.
    """
    sql = """SELECT kind, text FROM protocol_editions WHERE digest IN
             (SELECT digest FROM protocol_enactments WHERE id IN
                 (SELECT max(id) FROM protocol_enactments GROUP BY kind))"""
    return {
        row["kind"]: _parsed(row["text"], row["kind"])
        for row in db.query(sql)
        if row["kind"] not in leaving_out
    }


@lru_cache(maxsize=64)
def _parsed(text: str, kind: str) -> Protocol:
    """A text is read once: pages ask for the same few again and again."""
    return parse_own(text, f"the edition of {kind} in force")
