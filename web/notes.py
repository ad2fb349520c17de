"""Notes about a patient, for the care team only. Every route: parse, allow, act, match, render."""

import re
import secrets

from flask import Blueprint, Flask, abort, g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from tracker.access import may_write_notes, require
from tracker.actions.revise_note import NoteOvertaken, NoteRevised, revise_note
from tracker.actions.show_notes import NotesAbout, show_notes
from tracker.actions.write_note import write_note
from tracker.notes import NoteText
from web import session
from web.forms import KEY, sentence, typed
from web.note_pages import NOTHING_WRITTEN, NoteForm, NotesPage, PinnedNote, notes_page, pinned
from web.pages import render
from web.session import Visit, signed_in

blueprint = Blueprint("notes", __name__, url_prefix="/patients/<patient_id>/notes")
VERSION = re.compile(r"[0-9]{1,18}")


def tell(app: Flask) -> None:
    """Hand `pinned_notes()` to the templates: they stand on every page about the patient."""
    app.jinja_env.globals.update(pinned_notes=_pinned)


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
    return show_notes(visit.db, patient_id) or abort(404)


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
    """What the reader may see pinned; asked once a request."""
    if not session.is_signed_in() or not may_write_notes(current_user.viewer, patient_id):
        return ()
    kept: dict[str, tuple[PinnedNote, ...]] = g.setdefault("pinned_notes", {})
    if patient_id not in kept:
        reach = session.reach()
        about = show_notes(reach.db, patient_id)
        kept[patient_id] = pinned(about, current_user.person, reach.now) if about else ()
    return kept[patient_id]
