"""Lines of aftercare for one patient, and the opening of photos."""

from dataclasses import replace
from datetime import date
from http import HTTPStatus

from flask import Blueprint, Flask, Response, abort, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from tracker.actions.course.pictures import record_opening
from tracker.actions.course.showing_treatments import Series, show_treatments
from tracker.actions.course.treatments import add_care_line, end_care_line
from tracker.domain.people.access import may_see_staff, may_treat, require
from tracker.domain.protocols.aftercare import DatesSwapped, OwnLine
from tracker.domain.protocols.care import Heading
from web import session
from web.desk.treatment_pages import treatments_page
from web.forms import Errors, one_of, sentence
from web.pages import render
from web.session import Visit, signed_in

blueprint = Blueprint("care_lines", __name__)


@blueprint.post("/patients/<patient_id>/care-lines")
@signed_in
def add(visit: Visit, patient_id: str) -> ResponseReturnValue:
    """Give the patient a line, or say what is wrong with it."""
    shown = _series(visit, patient_id)
    match _read(visit, patient_id):
        case Errors(by_field):
            page = treatments_page(shown, visit.now, visit.person.zone)
            return render(replace(page, chosen=request.form, errors=by_field)), 422
        case OwnLine() as line:
            add_care_line(visit.db, line)
            return _to_lines(patient_id)


@blueprint.post("/patients/<patient_id>/care-lines/<line_id>/end")
@signed_in
def end(visit: Visit, patient_id: str, line_id: str) -> ResponseReturnValue:
    """Withdraw a line."""
    shown = _series(visit, patient_id)
    if line_id in {line.id for line in shown.own_lines}:  # otherwise another person was faster
        end_care_line(visit.db, line_id, visit.person.id, visit.now)
    return _to_lines(patient_id)


def _series(visit: Visit, patient_id: str) -> Series:
    require(may_treat(visit.viewer, patient_id))
    return show_treatments(visit.db, visit.world.protocols, patient_id) or abort(404)


def _read(visit: Visit, patient_id: str) -> OwnLine | Errors:
    errors: dict[str, str] = {}
    heading = one_of(Heading, request.form.get("heading", ""))
    if heading is None:
        errors["heading"] = "Choose a heading for it."
    first, last = (_date(name, errors) for name in ("first_date", "last_date"))
    if errors or heading is None or first is None or last is None:
        return Errors(errors)
    text = " ".join(request.form.get("line", "").split())
    by = visit.person.id
    try:
        return OwnLine("", patient_id, heading, text, first, last, added_by=by, added_at=visit.now)
    except ValueError as error:
        return Errors(
            {"last_date" if isinstance(error, DatesSwapped) else "line": sentence(str(error))}
        )


def _date(name: str, errors: dict[str, str]) -> date | None:
    try:
        return date.fromisoformat(request.form.get(name, ""))
    except ValueError:
        errors[name] = "Choose a day."
        return None


def _to_lines(patient_id: str) -> ResponseReturnValue:
    address = url_for("treatments.series", patient_id=patient_id, _anchor="own-lines")
    return redirect(address, code=303)


COUNTED_OTHERWISE = frozenset({"pictures.show"})  # a look at a photo is recorded with the photo
# A form with mistakes, or an outdated one, returns on the whole page about the patient.
SHOWN = frozenset({HTTPStatus.OK, HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY})


def init_app(app: Flask) -> None:
    """Record every page with a patient or alert in its address that is shown to staff.

    It runs before the response leaves. If the opening cannot be recorded, the page is not shown.
    """
    app.after_request(_record)


def _record(response: Response) -> Response:
    named = request.view_args or {}
    patient_id, alert_id = named.get("patient_id"), named.get("alert_id")
    was_shown = response.status_code in SHOWN and request.endpoint not in COUNTED_OTHERWISE
    if not was_shown or (patient_id is None and alert_id is None):
        return response
    if session.is_signed_in() and may_see_staff(current_user.viewer):
        resources = session.resources()
        by = current_user.person.id
        record_opening(resources.db, by, resources.now, patient_id=patient_id, alert_id=alert_id)
    return response
