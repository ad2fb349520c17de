"""Notes about a patient, for the care team."""

from dataclasses import dataclass
from datetime import datetime

from sqlite_utils import Database

from tracker.domain.clinic.audit import Act, Entry
from tracker.domain.course.photos import Photo, PhotoStatus
from tracker.domain.course.session_plans import Sessions, sessions_so_far
from tracker.domain.course.treatments import Treatment
from tracker.domain.people.people import Person
from tracker.domain.talk.notes import Note, NoteText
from tracker.storage.clinic import audit_log
from tracker.storage.connection import writing
from tracker.storage.course import photos, treatments
from tracker.storage.people import people
from tracker.storage.talk import notes


def write_note(
    db: Database, note_id: str, patient_id: str, says: NoteText, author_id: str, now: datetime
) -> None:
    """Keep the note under the id that its form carried; a form sent twice is kept once."""
    with writing(db):
        if notes.get(db, note_id) is None:
            notes.add_version(db, note_id, patient_id, says, author_id, now)
            audit_log.add(db, Entry(Act.RECORD_CHANGED, now, author_id, patient_id, "note written"))


@dataclass(frozen=True, slots=True)
class NoteRevised:
    """The new version is kept."""


@dataclass(frozen=True, slots=True)
class NoteOvertaken:
    """Another person changed or withdrew it after it was read; nothing was kept."""

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
        audit_log.add(db, Entry(Act.RECORD_CHANGED, now, author_id, patient_id, "note changed"))
    return NoteRevised()


@dataclass(frozen=True, slots=True)
class NotesAbout:
    """A patient, the current treatment if there is one, and all notes, the one begun last first.

    `face` is a photo from before treatment by which the patient can be recognised; None without a
    measured one. `sessions` say which of how many the treatment is, and when the next is.
    """

    patient: Person
    treatment: Treatment | None
    sessions: Sessions
    notes: tuple[Note, ...]
    face: Photo | None = None

    @property
    def on_top(self) -> tuple[Note, ...]:
        """Those that are pinned and not withdrawn."""
        return tuple(note for note in self.notes if note.is_on_top)


def show_notes(db: Database, patient_id: str, now: datetime) -> NotesAbout | None:
    """What is written about this patient; None when there is no such patient."""
    patient = people.get(db, patient_id)
    if patient is None:
        return None
    treatment = treatments.current(db, patient_id, now)
    face = photos.baseline(db, treatment.id) if treatment else None
    if face is not None and (face.status is not PhotoStatus.MEASURED or face.file_fault):
        face = None
    series, plan = treatments.of_patient(db, patient_id), treatments.plan_of(db, patient_id)
    sessions = sessions_so_far(plan, series, now, patient.zone)
    return NotesAbout(patient, treatment, sessions, tuple(notes.of_patient(db, patient_id)), face)
