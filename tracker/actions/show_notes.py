"""The notes about a patient."""

from dataclasses import dataclass

from sqlite_utils import Database

from tracker.notes import Note
from tracker.people import Person
from tracker.storage import notes, people


@dataclass(frozen=True, slots=True)
class NotesAbout:
    """A patient and all notes, the one begun last first."""

    patient: Person
    notes: tuple[Note, ...]

    @property
    def on_top(self) -> tuple[Note, ...]:
        """Those that are pinned and stand."""
        return tuple(note for note in self.notes if note.is_on_top)


def show_notes(db: Database, patient_id: str) -> NotesAbout | None:
    """What is written about this patient; None when there is nobody."""
    patient = people.get(db, patient_id)
    return NotesAbout(patient, tuple(notes.of_patient(db, patient_id))) if patient else None
