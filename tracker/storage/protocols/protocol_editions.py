"""Editions: every text of a protocol that was ever in use, so that an alert's can be read again."""

import logging
from collections.abc import Mapping

from sqlite_utils import Database

from tracker.domain.protocols.protocols import Protocol, Protocols
from tracker.storage.columns import names_text
from tracker.storage.connection import writing
from tracker.storage.protocols.protocol_files import parse_own

log = logging.getLogger(__name__)


def keep(db: Database, protocols: Protocols) -> None:
    """Keep the texts that are not kept yet, as those of this clinic."""
    sql = "SELECT digest FROM protocol_editions WHERE NOT is_imported"
    kept = {row["digest"] for row in db.query(sql)}
    fresh = [each for each in protocols.by_kind.values() if each.digest not in kept]
    if not fresh:
        return
    with writing(db):
        for each in fresh:
            insert(db, each)


def insert(db: Database, protocol: Protocol, *, is_imported: bool = False) -> None:
    """Keep the text of an edition, unless it is kept already.

    One that came with a record from elsewhere is imported until it is in use here.
    """
    db.execute(
        """INSERT INTO protocol_editions (digest, kind, version, text, is_imported)
           VALUES (?, ?, ?, ?, ?) ON CONFLICT (digest)
           DO UPDATE SET is_imported = min(is_imported, excluded.is_imported)""",
        [protocol.digest, protocol.kind, protocol.version, protocol.text, int(is_imported)],
    )


def with_given_up(db: Database, protocols: Protocols) -> Protocols:
    """These protocols, and those of `given_up`; the log names them."""
    found = given_up(db, protocols)
    for kind in sorted(found):
        log.warning("no file for protocol %s; its courses follow the text kept last", kind)
    return Protocols({**found, **protocols.by_kind})


def given_up(db: Database, protocols: Protocols) -> Mapping[str, Protocol]:
    """The last kept text of each kind that has courses but no protocol.

    Their patients must still be cared for. A text that came with a record from elsewhere counts
    only where this clinic never had one. Raises ProtocolError when a kept text can no longer be
    read.
    """
    sql = """SELECT kind, text FROM protocol_editions
             WHERE kind NOT IN (SELECT value FROM json_each(?))
               AND kind IN (SELECT kind FROM treatments)
             ORDER BY is_imported DESC, rowid"""
    last = {row["kind"]: row["text"] for row in db.query(sql, [names_text(protocols.by_kind)])}
    return {kind: parse_own(text, f"the text kept of {kind}") for kind, text in last.items()}


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
