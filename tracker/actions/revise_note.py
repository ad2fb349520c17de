"""Change or withdraw a note; what it was before stays readable."""

from dataclasses import dataclass
from datetime import datetime

from sqlite_utils import Database

from tracker.notes import Note, NoteText
from tracker.storage import notes
from tracker.storage.connection import writing


@dataclass(frozen=True, slots=True)
class NoteRevised:
    """The new version is kept."""


@dataclass(frozen=True, slots=True)
class NoteOvertaken:
    """Somebody else changed or withdrew it after it was read; nothing was kept."""

    note: Note


def revise_note(
    db: Database,
    patient_id: str,
    note_id: str,
    read: int,
    says: NoteText | None,
    author_id: str,
    now: datetime,
) -> NoteRevised | NoteOvertaken | None:
    """Add a version to what was read as version `read`; without `says` the note is withdrawn.

    None when there is no such note about this patient.
    """
    with writing(db):
        found = notes.get(db, note_id)
        if found is None or found.patient_id != patient_id:
            return None
        latest = found.latest
        if latest.number != read or latest.is_withdrawn:
            return NoteOvertaken(found)
        kept, withdrawn = says or latest.says, says is None
        notes.add_version(db, note_id, patient_id, kept, author_id, now, withdrawn=withdrawn)
    return NoteRevised()
