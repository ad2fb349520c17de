"""Notes about a patient, for the care team."""

import re
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from flask import Blueprint, Flask, abort, g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from tracker.actions.clinic.clinic import show_clinic
from tracker.actions.talk.notes import (
    NoteOvertaken,
    NoteRevised,
    NotesAbout,
    revise_note,
    show_notes,
    write_note,
)
from tracker.domain.course.treatments import day_number
from tracker.domain.people.access import may_write_notes, require
from tracker.domain.people.people import Person
from tracker.domain.talk.notes import MAX_NOTE_LENGTH, Note, NoteText, NoteVersion
from web import session
from web.forms import KEY, sentence, typed
from web.pages import render
from web.session import Visit, signed_in
from web.words.times import day_words, when
from web.words.treatments import session_number_words, session_time_words
from web.words.words import born_words, number_words


@dataclass(frozen=True, slots=True)
class NoteForm:
    """What was typed and not kept: of a new note, or of the note with this id.

    `is_overtaken` means that another person changed the note meanwhile.
    """

    note_id: str
    text: str
    is_pinned: bool
    trouble: str = ""
    is_overtaken: bool = False


NOTHING_WRITTEN = NoteForm("", "", is_pinned=False)


@dataclass(frozen=True, slots=True)
class VersionRow:
    """One version of a note, by whom and when; `what` says what this version did."""

    text: str
    who: str
    at: str
    what: str


@dataclass(frozen=True, slots=True)
class NoteRow:
    """One note in its current version, and its earlier versions, the latest first."""

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
    """A note at the top of every page about the patient."""

    text: str
    who: str
    at: str


@dataclass(frozen=True, slots=True)
class NotesPage:
    """All notes about a patient; `key` distinguishes a form sent twice from two notes."""

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


blueprint = Blueprint("notes", __name__, url_prefix="/patients/<patient_id>/notes")
VERSION = re.compile(r"[0-9]{1,18}")


def init_app(app: Flask) -> None:
    """Give templates what is at the top of every page about a patient, and of every paper."""
    app.jinja_env.globals.update(pinned_notes=_pinned, patient_facts=_facts, on_paper=_on_paper)


@blueprint.get("")
@signed_in
def show(visit: Visit, patient_id: str) -> ResponseReturnValue:
    """All notes, the latest first."""
    return render(_page(visit, _about(visit, patient_id)))


@blueprint.post("")
@signed_in
def write(visit: Visit, patient_id: str) -> ResponseReturnValue:
    """Keep a new note, or say what is wrong with it."""
    about, key = _about(visit, patient_id), request.form.get("key", "")
    match _read():
        case NoteText() as says:
            note_id = key if KEY.fullmatch(key) else secrets.token_hex(16)
            write_note(visit.db, note_id, patient_id, says, visit.person.id, visit.now)
            return redirect(url_for(".show", patient_id=patient_id), code=303)
        case wrong:
            return render(_page(visit, about, wrong)), 422


@blueprint.post("/<note_id>")
@signed_in
def revise(visit: Visit, patient_id: str, note_id: str) -> ResponseReturnValue:
    """Keep a new version of a note."""
    about = _about(visit, patient_id)
    match _read(note_id):
        case NoteText() as says:
            return _revised(visit, patient_id, note_id, says)
        case wrong:
            return render(_page(visit, about, wrong)), 422


@blueprint.post("/<note_id>/withdraw")
@signed_in
def withdraw(visit: Visit, patient_id: str, note_id: str) -> ResponseReturnValue:
    """Strike a note through."""
    _about(visit, patient_id)
    return _revised(visit, patient_id, note_id, None)


def _about(visit: Visit, patient_id: str) -> NotesAbout:
    require(may_write_notes(visit.viewer, patient_id))
    return show_notes(visit.db, patient_id, visit.now) or abort(404)


def _revised(
    visit: Visit, patient_id: str, note_id: str, says: NoteText | None
) -> ResponseReturnValue:
    given = request.form.get("read", "")
    read = int(given) if VERSION.fullmatch(given) else 0
    match revise_note(visit.db, patient_id, note_id, read, says, visit.person.id, visit.now):
        case NoteRevised():
            return redirect(url_for(".show", patient_id=patient_id), code=303)
        case NoteOvertaken(note):
            text = says.text if says else note.latest.says.text
            form = NoteForm(note_id, text, note.latest.says.is_pinned, is_overtaken=True)
            return render(_page(visit, _about(visit, patient_id), form)), 409
        case None:
            return abort(404)


def _read(note_id: str = "") -> NoteText | NoteForm:
    """The note as it was sent, or the form with what is wrong."""
    text, is_pinned = typed(request.form, "text"), request.form.get("pinned") == "yes"
    try:
        return NoteText(text, is_pinned)
    except ValueError as error:
        return NoteForm(note_id, text, is_pinned, trouble=sentence(str(error)))


def _page(visit: Visit, about: NotesAbout, form: NoteForm = NOTHING_WRITTEN) -> NotesPage:
    return notes_page(about, visit.person, visit.now, form)


def _pinned(patient_id: str) -> tuple[PinnedNote, ...]:
    """The pinned notes that the reader may see."""
    about = _kept(patient_id)
    return pinned(about, current_user.person, session.resources().now) if about else ()


@dataclass(frozen=True, slots=True)
class PatientFacts:
    """What tells a patient from another besides the name.

    `day` is that of the current course; `sessions` says which of how many that is and when the next
    is, empty if neither is known; `face_id` is the photo from before, None without one.
    """

    born: str
    number: str
    day: str
    skin: str
    sessions: str
    face_id: str | None


def _facts(patient_id: str) -> PatientFacts | None:
    about = _kept(patient_id)
    if about is None:
        return None
    patient, treatment = about.patient, about.treatment
    day = "No treatment yet"
    if treatment is not None:
        day = day_words(day_number(treatment, session.resources().now, patient.zone))
    skin = f"{patient.skin_type} of 6" if patient.skin_type else "not given"
    face_id = about.face.id if about.face else None
    return PatientFacts(
        born=born_words(patient),
        number=number_words(patient),
        day=day,
        skin=f"skin type {skin}",
        sessions=_session_words(about, session.resources().now),
        face_id=face_id,
    )


def _session_words(about: NotesAbout, now: datetime) -> str:
    sessions, treatment = about.sessions, about.treatment
    booked = sessions.booked if treatment != sessions.booked else None
    time = session_time_words(sessions, booked, now, about.patient.zone)
    number = session_number_words(sessions).lower()
    return ", ".join(filter(None, (number, f"the next {time}" if time else "")))


def _on_paper(patient_id: str) -> str:
    """What is at the top of each printed page: whom it is about, which clinic, and when."""
    reader, resources = current_user.person, session.resources()
    about = _kept(patient_id) if patient_id else None
    who = [reader.name]
    if about:
        who = [about.patient.name, born_words(about.patient), number_words(about.patient)]
    clinic = show_clinic(resources.db).name
    at = resources.now.astimezone(reader.zone)
    return " · ".join(filter(None, (*who, clinic, f"printed {at.day} {at:%B %Y, %H:%M}")))


def _kept(patient_id: str) -> NotesAbout | None:
    """What the reader may see of it; read once a request."""
    if not session.is_signed_in() or not may_write_notes(current_user.viewer, patient_id):
        return None
    kept: dict[str, NotesAbout | None] = g.setdefault("notes_about", {})
    if patient_id not in kept:
        resources = session.resources()
        kept[patient_id] = show_notes(resources.db, patient_id, resources.now)
    return kept[patient_id]
