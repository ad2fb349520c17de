"""Drafts of protocols, and who has signed them."""

from datetime import datetime
from typing import Any

from sqlite_utils import Database

from tracker.domain.editing.protocol_drafts import ProtocolDraft, Signature
from tracker.storage.columns import read_row, read_time, time_text


def insert(db: Database, draft: ProtocolDraft) -> None:
    """Add a draft."""
    db.table("protocol_drafts").insert(
        {
            "id": draft.id,
            "kind": draft.kind,
            "based_on": draft.based_on,
            "text": draft.text,
            "author_id": draft.author_id,
            "at": time_text(draft.at),
            "shipped": draft.shipped,
        }
    )


def get(db: Database, draft_id: str) -> ProtocolDraft | None:
    """The draft with this id, or None."""
    sql = """SELECT protocol_drafts.*, name FROM protocol_drafts
             JOIN people ON people.id = author_id WHERE protocol_drafts.id = ?"""
    return next((_draft(row) for row in db.query(sql, [draft_id])), None)


def latest(db: Database, kind: str, count: int) -> list[ProtocolDraft]:
    """The drafts of a kind that were saved last, the newest first."""
    sql = """SELECT protocol_drafts.*, name FROM protocol_drafts
             JOIN people ON people.id = author_id WHERE kind = ?
             ORDER BY at DESC, protocol_drafts.rowid DESC LIMIT ?"""
    return [_draft(row) for row in db.query(sql, [kind, count])]


def to_preview(db: Database) -> list[ProtocolDraft]:
    """Each author's latest draft of each kind, if it is not fully counted; newest first."""
    sql = """SELECT protocol_drafts.*, name FROM protocol_drafts
             JOIN people ON people.id = author_id WHERE protocol_drafts.rowid IN
                 (SELECT max(rowid) FROM protocol_drafts GROUP BY kind, author_id)
             AND protocol_drafts.id NOT IN (SELECT draft_id FROM protocol_previews_complete)
             ORDER BY at DESC, protocol_drafts.rowid DESC"""
    return [_draft(row) for row in db.query(sql)]


def old(db: Database, before: datetime) -> list[ProtocolDraft]:
    """Drafts saved and signed before a time that never came into force, the oldest first.

    A text that is an edition stays too: editions in force had no name of their draft once.
    """
    sql = """SELECT protocol_drafts.*, name FROM protocol_drafts
             JOIN people ON people.id = author_id
             LEFT JOIN protocol_signatures ON draft_id = protocol_drafts.id
             WHERE max(protocol_drafts.at, coalesce(protocol_signatures.at, '')) < ?
               AND NOT EXISTS (SELECT 1 FROM protocol_enactments
                   WHERE protocol_enactments.draft_id = protocol_drafts.id)
               AND NOT EXISTS (SELECT 1 FROM protocol_editions
                   WHERE protocol_editions.text = protocol_drafts.text
                     AND digest IN (SELECT digest FROM protocol_enactments))
             ORDER BY protocol_drafts.at"""
    return [_draft(row) for row in db.query(sql, [time_text(before)])]


def remove(db: Database, draft_id: str) -> None:
    """Remove a draft with what was counted for it and its signature."""
    for table in ("protocol_previews", "protocol_previews_complete", "protocol_signatures"):
        db.execute(f"DELETE FROM {table} WHERE draft_id = ?", [draft_id])  # noqa: S608
    db.execute("DELETE FROM protocol_drafts WHERE id = ?", [draft_id])


def came_into_force(db: Database, draft_id: str) -> bool:
    """Whether an edition came from this draft."""
    sql = "SELECT 1 FROM protocol_enactments WHERE draft_id = ?"
    return next(db.query(sql, [draft_id]), None) is not None


def sign(db: Database, draft_id: str, by_id: str, now: datetime) -> None:
    """Add the signature of a draft that has none."""
    row = {"draft_id": draft_id, "by_id": by_id, "at": time_text(now)}
    db.table("protocol_signatures").insert(row)


def signature(db: Database, draft_id: str) -> Signature | None:
    """Who has signed this draft, or None."""
    sql = """SELECT name, by_id, protocol_signatures.at, by_id = author_id AS is_own
             FROM protocol_signatures JOIN people ON people.id = by_id
             JOIN protocol_drafts ON protocol_drafts.id = draft_id WHERE draft_id = ?"""
    return next(
        (
            Signature(row["name"], row["by_id"], read_time(row["at"]), bool(row["is_own"]))
            for row in db.query(sql, [draft_id])
        ),
        None,
    )


def counted_unsigned(db: Database) -> list[ProtocolDraft]:
    """Each author's latest draft of each kind, if it is fully counted and not signed."""
    sql = """SELECT protocol_drafts.*, name FROM protocol_drafts
             JOIN people ON people.id = author_id WHERE protocol_drafts.rowid IN
                 (SELECT max(rowid) FROM protocol_drafts GROUP BY kind, author_id)
             AND protocol_drafts.id IN (SELECT draft_id FROM protocol_previews_complete)
             AND protocol_drafts.id NOT IN (SELECT draft_id FROM protocol_signatures)
             AND protocol_drafts.id NOT IN
                 (SELECT draft_id FROM protocol_enactments WHERE draft_id IS NOT NULL)
             ORDER BY at DESC, protocol_drafts.rowid DESC"""
    return [_draft(row) for row in db.query(sql)]


def _draft(row: dict[str, Any]) -> ProtocolDraft:
    return read_row(ProtocolDraft, row, author=row["name"])
