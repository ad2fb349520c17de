"""How the clinic is reached and how its machinery fares. Parse, allow, act, match, render."""

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue

from tracker.access import may_administer, may_see_outcomes, may_see_staff, require
from tracker.actions.change_clinic import Changed, ChangedMeanwhile, change_clinic
from tracker.actions.show_clinic import show_clinic
from tracker.actions.show_health import show_health
from tracker.actions.show_outcomes import show_outcomes
from tracker.clinic import Clinic
from web.clinic_forms import read_clinic
from web.forms import Errors
from web.health_pages import health_page
from web.hours_pages import hours_page, outdated_hours_page, wrong_hours_page
from web.outcome_pages import outcomes_page
from web.pages import render
from web.session import Visit, signed_in

blueprint = Blueprint("clinic", __name__, url_prefix="/clinic")


@blueprint.get("/")
@signed_in
def show(visit: Visit) -> ResponseReturnValue:
    """The first page about the clinic that this person may open."""
    return first_page(visit)


def first_page(visit: Visit) -> ResponseReturnValue:
    """Lead there."""
    require(may_see_staff(visit.viewer))
    first = "clinic.outcomes" if may_see_outcomes(visit.viewer) else "staff.index"
    return redirect(url_for(first), code=303)


@blueprint.get("/hours")
@signed_in
def hours(visit: Visit) -> ResponseReturnValue:
    """Opening hours and numbers."""
    require(may_administer(visit.viewer))
    saved = request.args.get("saved") == "yes"
    return render(hours_page(show_clinic(visit.db), visit.person, saved=saved))


@blueprint.post("/hours")
@signed_in
def save_hours(visit: Visit) -> ResponseReturnValue:
    """Keep them, or name what is wrong."""
    require(may_administer(visit.viewer))
    match read_clinic(request.form):
        case Errors(by_field):
            return render(wrong_hours_page(request.form, by_field)), 422
        case Clinic() as clinic:
            outcome = change_clinic(visit.db, clinic, visit.person.id, visit.now)
    match outcome:
        case Changed():
            return redirect(url_for(".hours", saved="yes"), code=303)
        case ChangedMeanwhile(theirs):
            return render(outdated_hours_page(request.form, theirs)), 409


@blueprint.get("/health")
@signed_in
def health(visit: Visit) -> ResponseReturnValue:
    """How the machinery behind the pages fares."""
    require(may_administer(visit.viewer))
    world = visit.world
    facts = show_health(visit.db, world.settings.database, world.protocols, visit.now)
    return render(health_page(facts, visit.person.zone))


@blueprint.get("/outcomes")
@signed_in
def outcomes(visit: Visit) -> ResponseReturnValue:
    """What became of courses and alerts, in numbers."""
    require(may_see_outcomes(visit.viewer))
    protocols = visit.world.protocols
    return render(outcomes_page(show_outcomes(visit.db, protocols, visit.now), protocols))
