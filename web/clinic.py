"""The clinic as a whole: who works there. Every route: parse, allow, act, match, render."""

from flask import Blueprint, redirect, url_for
from flask.typing import ResponseReturnValue

from tracker.access import may_see_staff, require
from tracker.actions.show_staff import show_staff
from web.clinic_pages import staff_page
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
    return redirect(url_for("clinic.people"), code=303)


@blueprint.get("/people")
@signed_in
def people(visit: Visit) -> ResponseReturnValue:
    """Who works here."""
    require(may_see_staff(visit.viewer))
    return render(staff_page(show_staff(visit.db), visit.person))
