"""Editions: every text of a protocol that was ever in use, so that an alert's can be read again."""

import logging

from sqlite_utils import Database

from tracker.domain.protocols.protocols import Protocol, Protocols
from tracker.storage.connection import writing
from tracker.storage.protocols.protocol_files import parse_own

log = logging.getLogger(__name__)


def keep(db: Database, protocols: Protocols) -> None:
    """Keep the texts that are not kept yet."""
    kept = {row["digest"] for row in db.query("SELECT digest FROM protocol_editions")}
    fresh = [each for each in protocols.by_kind.values() if each.digest not in kept]
    if not fresh:
        return
    with writing(db):
        for each in fresh:
            insert(db, each)


def insert(db: Database, protocol: Protocol) -> None:
    """Keep the text of an edition, unless it is kept already."""
    db.execute(
        "INSERT OR IGNORE INTO protocol_editions VALUES (?, ?, ?, ?)",
        [protocol.digest, protocol.kind, protocol.version, protocol.text],
    )


def with_given_up(db: Database, protocols: Protocols) -> Protocols:
    """These protocols, and the last kept text of each kind that has courses but no file.

    Their patients must still be cared for. Raises ProtocolError when a kept text can no longer be
    read.
    """
    sql = """SELECT kind, text FROM protocol_editions
             WHERE rowid IN (SELECT max(rowid) FROM protocol_editions GROUP BY kind)
               AND kind IN (SELECT kind FROM treatments)"""
    given_up = {
        row["kind"]: parse_own(row["text"], f"the text kept of {row['kind']}")
        for row in db.query(sql)
        if row["kind"] not in protocols.by_kind
    }
    for kind in sorted(given_up):
        log.warning("no file for protocol %s; its courses follow the text kept last", kind)
    return Protocols({**given_up, **protocols.by_kind})


def text_of(db: Database, digest: str) -> str | None:
    """The text with this digest, or None when it was never in use here."""
    rows = db.query("SELECT text FROM protocol_editions WHERE digest = ?", [digest])
    return next((row["text"] for row in rows), None)


def text_of_kind(db: Database, kind: str, digest: str) -> str | None:
    """Like `text_of`, for an edition of this kind of treatment only."""
    sql = "SELECT text FROM protocol_editions WHERE kind = ? AND digest = ?"
    return next((row["text"] for row in db.query(sql, [kind, digest])), None)


def edition(db: Database, digest: str) -> Protocol | None:
    """The edition with this digest, or None; ProtocolError when it can no longer be read."""
    text = text_of(db, digest)
    return None if text is None else parse_own(text, f"the edition {digest}")
