"""Two photos beside each other, and what the care team draws on them.

Every route: parse, allow, act, match, render.
"""

from urllib.parse import urlencode

from flask import Blueprint, abort, redirect, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound

from tracker.access import may_annotate, may_follow, require
from tracker.actions.draw_annotation import draw_annotation
from tracker.actions.revise_annotation import Overtaken, Revised, revise_annotation
from tracker.actions.show_comparison import show_comparison
from tracker.annotations import Drawing
from web.annotation_pages import NEW, NOTHING_DRAWN, DrawForm
from web.comparison_forms import read_choices, read_drawing, read_version
from web.comparison_pages import ADDRESS, compare_page
from web.pages import render
from web.session import Visit, signed_in

blueprint = Blueprint("comparison", __name__)
OVERTAKEN = "Somebody has changed this note since you opened it. It stands below as it is now."


@blueprint.get("/patients/<patient_id>/compare")
@signed_in
def show(visit: Visit, patient_id: str) -> ResponseReturnValue:
    """Any two days of a treatment."""
    require(may_follow(visit.viewer, patient_id))
    return _page(visit, patient_id)


@blueprint.post("/patients/<patient_id>/annotations")
@signed_in
def draw(visit: Visit, patient_id: str) -> ResponseReturnValue:
    """Draw something new on a photo."""
    require(may_annotate(visit.viewer, patient_id))
    match read_drawing(request.form, NEW):
        case DrawForm() as form:
            return _page(visit, patient_id, form), 422
        case Drawing() as drawing:
            photo_id, author = request.form.get("photo", ""), visit.person.id
            if not draw_annotation(visit.db, patient_id, photo_id, drawing, author, visit.now):
                abort(404)
            return _back(patient_id)


@blueprint.post("/patients/<patient_id>/annotations/<annotation_id>")
@signed_in
def revise(visit: Visit, patient_id: str, annotation_id: str) -> ResponseReturnValue:
    """Keep a new version of what is drawn."""
    require(may_annotate(visit.viewer, patient_id))
    match read_drawing(request.form, annotation_id):
        case DrawForm() as form:
            return _page(visit, patient_id, form), 422
        case Drawing() as drawing:
            return _revise(visit, patient_id, annotation_id, drawing)


@blueprint.post("/patients/<patient_id>/annotations/<annotation_id>/withdraw")
@signed_in
def withdraw(visit: Visit, patient_id: str, annotation_id: str) -> ResponseReturnValue:
    """Take back what is drawn; it stays readable."""
    require(may_annotate(visit.viewer, patient_id))
    return _revise(visit, patient_id, annotation_id, None)


def _revise(
    visit: Visit, patient_id: str, annotation_id: str, drawing: Drawing | None
) -> ResponseReturnValue:
    read, author = read_version(request.form), visit.person.id
    match revise_annotation(visit.db, patient_id, annotation_id, read, drawing, author, visit.now):
        case Revised():
            return _back(patient_id)
        case Overtaken():
            form = DrawForm(annotation_id, request.form, trouble=OVERTAKEN)
            return _page(visit, patient_id, form), 409
        case None:
            raise NotFound


def _page(visit: Visit, patient_id: str, form: DrawForm = NOTHING_DRAWN) -> str:
    choices = read_choices(request.args)
    shown = show_comparison(visit.db, visit.world.files, patient_id, choices.asked, visit.now)
    return render(compare_page(shown or abort(404), choices, visit.now, visit.person.zone, form))


def _back(patient_id: str) -> ResponseReturnValue:
    """To the same two photos."""
    chosen = {name: request.args[name] for name in ADDRESS if name in request.args}
    there = url_for(".show", patient_id=patient_id)
    return redirect(f"{there}?{urlencode(chosen)}#notes", code=303)
