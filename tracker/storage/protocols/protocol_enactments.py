"""Which edition of a protocol the clinic has put into force, by whom, when and why."""

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache

from sqlite_utils import Database

from tracker.domain.editing.protocol_drafts import Enactment
from tracker.domain.protocols.protocols import Protocol
from tracker.storage.columns import read_time, time_text
from tracker.storage.protocols.protocol_files import parse_own


def insert(
    db: Database, protocol: Protocol, draft_id: str, by_id: str, now: datetime, why: str
) -> None:
    """Put an edition that is kept, and came from this draft, into force."""
    db.table("protocol_enactments").insert(
        {
            "kind": protocol.kind,
            "digest": protocol.digest,
            "by_id": by_id,
            "at": time_text(now),
            "why": why,
            "draft_id": draft_id,
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
        )
        for row in db.query(sql, [kind])
    ]


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
