"""Treated areas and untreated skin, drawn on the photo from before. Parse, allow, act, render."""

from collections.abc import Mapping
from dataclasses import replace

from flask import Blueprint, abort, redirect, request, url_for
from flask.typing import ResponseReturnValue

from tracker.access import may_treat, require
from tracker.actions.draw_areas import (
    Drawn,
    DrawnMeanwhile,
    NothingToDrawOn,
    Undrawable,
    draw_areas,
)
from tracker.actions.show_treatments import Series, Session, show_treatments
from tracker.actions.suggest_outline import suggest_outline
from tracker.consents import CareWithdrawn
from tracker.photos import Photo
from tracker.treatments import AREAS, Region
from web.area_pages import Sent, areas_page, fault_words
from web.forms import Errors, one_of, sentence
from web.pages import render
from web.session import Visit, signed_in

blueprint = Blueprint("areas", __name__)

NOT_KEPT: Mapping[type, str] = {
    DrawnMeanwhile: "Somebody else drew on this photo after you opened the page. Nothing of yours"
    " was saved yet: look at the versions below, then save again.",
    NothingToDrawOn: "The photo from before cannot be measured any more. Please tell whoever runs"
    " Afterglow for you.",
    CareWithdrawn: "The patient has withdrawn consent to care: no photo may be measured anew, so"
    " nothing was saved.",
}


@blueprint.get("/patients/<patient_id>/treatments/<treatment_id>/areas")
@signed_in
def show(visit: Visit, patient_id: str, treatment_id: str) -> ResponseReturnValue:
    """What is drawn, and the means to draw."""
    series, session = _session(visit, patient_id, treatment_id)
    return render(areas_page(series, session, visit.now, visit.person.zone))


@blueprint.post("/patients/<patient_id>/treatments/<treatment_id>/areas")
@signed_in
def draw(visit: Visit, patient_id: str, treatment_id: str) -> ResponseReturnValue:
    """Keep what was drawn and have the course measured on it."""
    series, session = _session(visit, patient_id, treatment_id)
    sent = Sent(request.form.get("treated", ""), request.form.get("untreated", ""))
    page = areas_page(series, session, visit.now, visit.person.zone, sent)
    if session.baseline is None:
        return render(page), 409
    if "add" in request.form:
        sent = _with_region(visit, session.baseline, sent)
        return render(areas_page(series, session, visit.now, visit.person.zone, sent))
    match _drawn(visit, session, session.baseline, sent):
        case Drawn():
            return redirect(url_for("treatments.series", patient_id=patient_id), code=303)
        case DrawnMeanwhile() | NothingToDrawOn() | CareWithdrawn() as why_not:
            return render(replace(page, notice=NOT_KEPT[type(why_not)])), 409
        case Undrawable(troubles):
            return render(replace(page, errors=fault_words(troubles))), 422
        case Errors(by_field):
            return render(replace(page, errors=by_field)), 422


def _drawn(
    visit: Visit, session: Session, baseline: Photo, sent: Sent
) -> Drawn | DrawnMeanwhile | Undrawable | NothingToDrawOn | CareWithdrawn | Errors:
    known = request.form.get("known", "")
    try:
        outlines = sent.read()
        with visit.turns_to_decode:
            return draw_areas(
                visit.db,
                visit.world.files,
                session.treatment,
                baseline,
                outlines,
                visit.person.id,
                visit.now,
                known=int(known) if known.isdecimal() else -1,
                find=visit.world.find_face,
            )
    except ValueError as error:
        words = str(error)
        return Errors(
            {"untreated" if words.startswith("untreated") else "treated": sentence(words)}
        )


def _with_region(visit: Visit, baseline: Photo, sent: Sent) -> Sent:
    """What was sent, and one part of the face more where it can be found."""
    region = one_of(Region, request.form.get("region", ""))
    if region not in AREAS:
        return sent
    with visit.turns_to_decode:
        world = visit.world
        outline = suggest_outline(world.files, baseline, region, world.find_face)
    return sent.plus(request.form["add"], outline) if outline else sent


def _session(visit: Visit, patient_id: str, treatment_id: str) -> tuple[Series, Session]:
    require(may_treat(visit.viewer, patient_id))
    series = show_treatments(visit.db, visit.world.protocols, patient_id) or abort(404)
    return series, series.of(treatment_id) or abort(404)
