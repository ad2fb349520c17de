"""Write a note about a patient."""

from datetime import datetime

from sqlite_utils import Database

from tracker.notes import NoteText
from tracker.storage import notes
from tracker.storage.connection import writing


def write_note(
    db: Database, note_id: str, patient_id: str, says: NoteText, author_id: str, now: datetime
) -> None:
    """Keep the note under the id that its form carried; a form sent twice is kept once."""
    with writing(db):
        if notes.get(db, note_id) is None:
            notes.add_version(db, note_id, patient_id, says, author_id, now)
