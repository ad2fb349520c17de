"""Two days of a course, side by side, and the report that prints them."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import ParamSpec
from urllib.parse import urlencode

from flask import Blueprint, Response, abort, redirect, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import ImmutableMultiDict, MultiDict
from werkzeug.exceptions import NotFound

from tracker.actions.course import pictures
from tracker.actions.course.comparing import show_comparison
from tracker.actions.course.drawing import (
    AnnotationKept,
    Overtaken,
    PicturesTurned,
    Revised,
    draw_annotation,
    revise_annotation,
)
from tracker.actions.course.progress import show_courses
from tracker.actions.talk.notes import show_notes
from tracker.domain.course.annotations import Drawing, Place, Shape, check_note, check_places
from tracker.domain.course.comparisons import Asked
from tracker.domain.course.photos import View
from tracker.domain.people.access import may_annotate, may_follow, require
from web.desk.annotations import NEW, NOTHING_DRAWN, DrawForm
from web.desk.comparison_pages import ADDRESS, Choices, Heat, Light, Mode, compare_page
from web.forms import Errors, one_of, sentence, typed
from web.pages import render
from web.report.asking import Reader, ReportPage, courses_listed, read_wanted
from web.report.handing_out import NothingToPrint, Report, make_report
from web.session import Visit, signed_in
from web.words.words import remedy_for

P = ParamSpec("P")

NUMBER = re.compile(r"-?\d{1,3}(?:\.\d{1,6})?")


def read_choices(said: MultiDict[str, str] | ImmutableMultiDict[str, str]) -> Choices:
    """What to show and how; what is missing or unknown is left to the page."""
    return Choices(
        asked=Asked(
            before=said.get("before") or None,
            after=said.get("after") or None,
            view=one_of(View, said.get("view", "")),
        ),
        mode=one_of(Mode, said.get("mode", "")) or Mode.SLIDER,
        light=one_of(Light, said.get("light", "")) or Light.SAME,
        heat=one_of(Heat, said.get("heat", "")) or Heat.NONE,
    )


def read_drawing(said: ImmutableMultiDict[str, str], of: str) -> Drawing | DrawForm:
    """What is to be drawn, or the form with what is wrong; `of` says for which annotation."""
    errors: dict[str, str] = {}
    shape = one_of(Shape, said.get("shape", ""))
    places = _places(said.get("places", ""))
    if shape is None:
        errors["shape"] = "Choose what to draw."
    if places is None:
        errors["places"] = (
            "Write places as percent from the left and from the top, such as 42 61; 50 61."
        )
    note = typed(said, "note")
    if shape is not None and places is not None:
        errors |= _wrong("places", check_places, shape, places)
    errors |= _wrong("note", check_note, note)
    if errors or shape is None or places is None:
        return DrawForm(of, said, errors)
    return Drawing(shape, places, note)


def _wrong(field: str, check: Callable[P, None], *said: P.args, **more: P.kwargs) -> dict[str, str]:
    """The error that the domain finds in a field; empty when it passes."""
    try:
        check(*said, **more)
    except ValueError as error:
        return {field: sentence(str(error))}
    return {}


def read_version(said: ImmutableMultiDict[str, str]) -> int:
    """The version of an annotation from which the form was made; 0 for none."""
    text = said.get("read", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else 0


def read_turned(said: ImmutableMultiDict[str, str]) -> bool | None:
    """Whether the pictures of the page were those of a turned baseline; None where not said."""
    return {"yes": True, "no": False}.get(said.get("turned", ""))


def _places(text: str) -> tuple[Place, ...] | None:
    """Places in shares 0–1; None when the text is not a list of pairs of numbers."""
    places: list[Place] = []
    for part in filter(str.strip, text.replace("\n", ";").split(";")):
        numbers = NUMBER.findall(part)
        if len(numbers) != 2 or NUMBER.sub("", part).strip(" \t,%"):
            return None
        places.append((float(numbers[0]) / 100, float(numbers[1]) / 100))
    return tuple(places) or None


blueprint = Blueprint("comparison", __name__)
TURNED = "Left and right of these pictures were exchanged since you opened them. Draw it again."
NOT_ALLOWED = "The patient does not allow this photo for teaching any more. No copy was made."
UNSURE = "No copy was made, because its eyes could not surely be covered."
OVERTAKEN = "Someone has changed this note since you opened it. Its current text is below."


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
            return _draw(visit, patient_id, drawing)


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
    """Withdraw what is drawn; it stays readable."""
    require(may_annotate(visit.viewer, patient_id))
    return _revise(visit, patient_id, annotation_id, None)


@blueprint.post("/patients/<patient_id>/photos/<photo_id>/teaching-copy")
@signed_in
def copy_for_teaching(visit: Visit, patient_id: str, photo_id: str) -> ResponseReturnValue:
    """A copy of the photo with the eyes covered, as a file to keep."""
    require(may_annotate(visit.viewer, patient_id))
    world, by = visit.world, visit.person.id
    match pictures.copy_for_teaching(
        visit.db, world.files, patient_id, photo_id, by, visit.now, world.find_face, world.apart
    ):
        case bytes() as data:
            name = {"Content-Disposition": "attachment; filename=teaching-copy.jpg"}
            return Response(data, mimetype="image/jpeg", headers=name)
        case pictures.NotAllowed():
            return _page(visit, patient_id, notice=NOT_ALLOWED), 409
        case pictures.EyesUnsure(fault):
            why = f"{UNSURE} {remedy_for(fault).problem}"
            return _page(visit, patient_id, notice=why), 409


@blueprint.get("/patients/<patient_id>/report")
@signed_in
def report(visit: Visit, patient_id: str) -> ResponseReturnValue:
    """What can be printed of a patient's courses."""
    require(may_follow(visit.viewer, patient_id))
    return render(_report_page(visit, patient_id))


@blueprint.get("/patients/<patient_id>/report/file")
@signed_in
def report_file(visit: Visit, patient_id: str) -> ResponseReturnValue:
    """The report as a file to keep, or the form with what is wrong."""
    require(may_follow(visit.viewer, patient_id))
    wanted = read_wanted(request.args, Reader.CLINICIAN)
    if isinstance(wanted, Errors):
        return render(replace(_report_page(visit, patient_id), errors=wanted.by_field)), 422
    made = make_report(visit.db, visit.world, patient_id, wanted, visit.person, visit.now)
    match made:
        case Report():
            return made.response()
        case NothingToPrint(words):
            return render(replace(_report_page(visit, patient_id), trouble=words)), 409
        case None:
            raise NotFound


def _report_page(visit: Visit, patient_id: str) -> ReportPage:
    about = show_notes(visit.db, patient_id, visit.now) or abort(404)
    patient, series = about.patient, show_courses(visit.db, patient_id)
    return ReportPage(patient_id, patient.name, courses_listed(series, patient.zone), request.args)


def _draw(visit: Visit, patient_id: str, drawing: Drawing) -> ResponseReturnValue:
    photo_id, author = request.form.get("photo", ""), visit.person.id
    turned = read_turned(request.form)
    match draw_annotation(
        visit.db, patient_id, photo_id, drawing, author, visit.now, were_turned=turned
    ):
        case AnnotationKept():
            return _back(patient_id)
        case PicturesTurned():
            return _page(visit, patient_id, _without_places(NEW)), 409
        case None:
            raise NotFound


def _without_places(of: str) -> DrawForm:
    """The form without the places: they were those of other pictures."""
    kept = {name: said for name, said in request.form.items() if name not in {"places", "turned"}}
    return DrawForm(of, kept, trouble=TURNED)


def _revise(
    visit: Visit, patient_id: str, annotation_id: str, drawing: Drawing | None
) -> ResponseReturnValue:
    read, author = read_version(request.form), visit.person.id
    turned = read_turned(request.form)
    match revise_annotation(
        visit.db, patient_id, annotation_id, read, drawing, author, visit.now, were_turned=turned
    ):
        case Revised():
            return _back(patient_id)
        case PicturesTurned():
            return _page(visit, patient_id, _without_places(annotation_id)), 409
        case Overtaken():
            form = DrawForm(annotation_id, request.form, trouble=OVERTAKEN)
            return _page(visit, patient_id, form), 409
        case None:
            raise NotFound


def _page(
    visit: Visit, patient_id: str, form: DrawForm = NOTHING_DRAWN, *, notice: str = ""
) -> str:
    choices = read_choices(request.args)
    shown = show_comparison(visit.db, visit.world.files, patient_id, choices.asked, visit.now)
    page = compare_page(shown or abort(404), choices, visit.now, visit.person.zone, form)
    return render(replace(page, notice=notice))


def _back(patient_id: str) -> ResponseReturnValue:
    """Back to the same two photos."""
    chosen = {name: request.args[name] for name in ADDRESS if name in request.args}
    there = url_for(".show", patient_id=patient_id)
    return redirect(f"{there}?{urlencode(chosen)}#notes", code=303)
