"""When somebody is away, and who stands in. Every route: parse, allow, act, match, render."""

from collections.abc import Mapping

from flask import Blueprint, abort, redirect, request, url_for
from flask.typing import ResponseReturnValue

from tracker.absences import Leave
from tracker.access import may_be_absent, require
from tracker.actions.end_absence import end_absence
from tracker.actions.enter_absence import enter_absence
from tracker.actions.show_absences import show_absences
from web.absence_pages import absences_page
from web.forms import Errors, read_leave, sentence
from web.pages import render
from web.session import Visit, signed_in

blueprint = Blueprint("absences", __name__)


@blueprint.get("/settings/absences")
@signed_in
def show(visit: Visit) -> ResponseReturnValue:
    """One's own absences, and those in which one stands in."""
    require(may_be_absent(visit.viewer))
    known = show_absences(visit.db, visit.person, visit.now)
    return render(absences_page(known, visit.person, visit.now, {}, {}))


@blueprint.post("/settings/absences")
@signed_in
def enter(visit: Visit) -> ResponseReturnValue:
    """Keep an absence, or name what is wrong with it."""
    require(may_be_absent(visit.viewer))
    match read_leave(request.form):
        case Errors(by_field):
            return _refused(visit, by_field)
        case Leave() as leave:
            try:
                enter_absence(visit.db, visit.person, leave, visit.now)
            except ValueError as error:
                return _refused(visit, {"first_day": sentence(str(error))})
            return redirect(url_for(".show"), code=303)


@blueprint.post("/settings/absences/<absence_id>/end")
@signed_in
def end(visit: Visit, absence_id: str) -> ResponseReturnValue:
    """Be back from now on, or do not go at all."""
    require(may_be_absent(visit.viewer))
    if not end_absence(visit.db, absence_id, visit.person.id, visit.now):
        abort(404)
    return redirect(url_for(".show"), code=303)


def _refused(visit: Visit, errors: Mapping[str, str]) -> ResponseReturnValue:
    known = show_absences(visit.db, visit.person, visit.now)
    return render(absences_page(known, visit.person, visit.now, request.form, errors)), 422
