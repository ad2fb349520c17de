"""Notes about patients: one row for each version."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlite_utils import Database

from tracker.domain.talk.notes import Note, NoteText, NoteVersion
from tracker.storage.columns import read_time, time_text


def add_version(
    db: Database,
    note_id: str,
    patient_id: str,
    says: NoteText,
    author_id: str,
    at: datetime,
    *,
    withdrawn: bool = False,
) -> None:
    """Add the next version of a note, or its first."""
    db.table("notes").insert(
        {
            "id": note_id,
            "patient_id": patient_id,
            "text": says.text,
            "pinned": int(says.is_pinned),
            "author_id": author_id,
            "at": time_text(at),
            "withdrawn": int(withdrawn),
        }
    )


def get(db: Database, note_id: str) -> Note | None:
    """The note with all its versions."""
    sql = """SELECT notes.*, name FROM notes JOIN people ON people.id = author_id
             WHERE notes.id = ? ORDER BY version"""
    return next(iter(_notes(db.query(sql, [note_id]))), None)


def of_patient(db: Database, patient_id: str) -> list[Note]:
    """All notes about a patient, withdrawn ones too; the one begun last comes first."""
    sql = """SELECT notes.*, name FROM notes JOIN people ON people.id = author_id
             WHERE patient_id = ? ORDER BY version"""
    return list(reversed(_notes(db.query(sql, [patient_id]))))


def _notes(rows: Iterable[dict[str, Any]]) -> list[Note]:
    versions: dict[str, list[NoteVersion]] = {}
    of: dict[str, str] = {}
    for row in rows:
        versions.setdefault(row["id"], []).append(_version(row))
        of[row["id"]] = row["patient_id"]
    return [Note(note_id, of[note_id], tuple(known)) for note_id, known in versions.items()]


def _version(row: dict[str, Any]) -> NoteVersion:
    return NoteVersion(
        number=row["version"],
        says=NoteText(row["text"], bool(row["pinned"])),
        author_id=row["author_id"],
        author=row["name"],
        at=read_time(row["at"]),
        is_withdrawn=bool(row["withdrawn"]),
    )
