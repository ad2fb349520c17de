"""Editions: every text of a protocol that was ever in use, so that an alert's can be read again."""

from sqlite_utils import Database

from tracker.protocols import Protocols
from tracker.storage.connection import writing


def keep(db: Database, protocols: Protocols) -> None:
    """Keep the texts that are not kept yet."""
    kept = {row["digest"] for row in db.query("SELECT digest FROM protocol_editions")}
    fresh = [each for each in protocols.by_kind.values() if each.digest not in kept]
    if not fresh:
        return
    with writing(db):
        for each in fresh:
            db.execute(
                "INSERT OR IGNORE INTO protocol_editions VALUES (?, ?, ?, ?)",
                [each.digest, each.kind, each.version, each.text],
            )


def text_of(db: Database, digest: str) -> str | None:
    """The text with this digest, or None when it was never in use here."""
    rows = db.query("SELECT text FROM protocol_editions WHERE digest = ?", [digest])
    return next((row["text"] for row in rows), None)
