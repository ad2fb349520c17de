"""The page of the notes about a patient, and those that are pinned on top of the others."""

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from tracker.actions.show_notes import NotesAbout
from tracker.notes import MAX_NOTE_LENGTH, Note, NoteVersion
from tracker.people import Person
from web.times import when


@dataclass(frozen=True, slots=True)
class NoteForm:
    """What was typed and not kept: of a new note, or of the note with this id.

    `is_overtaken` tells that somebody else changed the note meanwhile.
    """

    note_id: str
    text: str
    is_pinned: bool
    trouble: str = ""
    is_overtaken: bool = False


NOTHING_WRITTEN = NoteForm("", "", is_pinned=False)


@dataclass(frozen=True, slots=True)
class VersionRow:
    """What a note said, from somebody at some time; `what` was done by this version."""

    text: str
    who: str
    at: str
    what: str


@dataclass(frozen=True, slots=True)
class NoteRow:
    """One note as it stands, and its earlier versions, the latest first."""

    id: str
    read: int
    text: str
    who: str
    at: str
    is_pinned: bool
    is_withdrawn: bool
    history: tuple[VersionRow, ...]
    form: NoteForm | None


@dataclass(frozen=True, slots=True)
class PinnedNote:
    """A note on top of every page about the patient."""

    text: str
    who: str
    at: str


@dataclass(frozen=True, slots=True)
class NotesPage:
    """All notes about a patient; `key` tells a form sent twice from two notes."""

    template: ClassVar[str] = "practitioner_notes.html"
    place: ClassVar[str] = "patients"
    longest: ClassVar[int] = MAX_NOTE_LENGTH

    patient_id: str
    name: str
    notes: tuple[NoteRow, ...]
    key: str
    form: NoteForm

    @property
    def title(self) -> str:
        """The page's name."""
        return f"Notes about {self.name}"


def notes_page(about: NotesAbout, reader: Person, now: datetime, form: NoteForm) -> NotesPage:
    """The notes, with what was typed and could not be kept yet."""
    return NotesPage(
        patient_id=about.patient.id,
        name=about.patient.name,
        notes=tuple(_row(note, reader, now, form) for note in about.notes),
        key=secrets.token_hex(16),
        form=NOTHING_WRITTEN if form.note_id else form,
    )


def pinned(about: NotesAbout, reader: Person, now: datetime) -> tuple[PinnedNote, ...]:
    """What is pinned, the latest first."""
    return tuple(
        PinnedNote(
            note.latest.says.text,
            _who(note.latest, reader),
            when(note.latest.at, now, reader.zone),
        )
        for note in about.on_top
    )


def _row(note: Note, reader: Person, now: datetime, form: NoteForm) -> NoteRow:
    latest = note.latest
    return NoteRow(
        id=note.id,
        read=latest.number,
        text=latest.says.text,
        who=_who(latest, reader),
        at=when(latest.at, now, reader.zone),
        is_pinned=note.is_on_top,
        is_withdrawn=latest.is_withdrawn,
        history=_history(note, reader, now),
        form=form if form.note_id == note.id else None,
    )


def _history(note: Note, reader: Person, now: datetime) -> tuple[VersionRow, ...]:
    """Every version, the latest first; none while there is only one."""
    if len(note.versions) == 1:
        return ()
    rows = []
    for before, version in zip((None, *note.versions), note.versions, strict=False):
        at, who = when(version.at, now, reader.zone), _who(version, reader)
        rows.append(VersionRow(version.says.text, who, at, _what(before, version)))
    return tuple(reversed(rows))


def _what(before: NoteVersion | None, version: NoteVersion) -> str:
    if before is None:
        return "Written"
    if version.is_withdrawn:
        return "Withdrawn"
    if version.says.text != before.says.text:
        return "Changed"
    return "Pinned" if version.says.is_pinned else "Unpinned"


def _who(version: NoteVersion, reader: Person) -> str:
    return "you" if version.author_id == reader.id else version.author
