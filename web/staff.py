"""Who works at the clinic: invited, changed, suspended. Parse, allow, act, match, render."""

from collections.abc import Mapping, Sequence

from flask import Blueprint, abort, redirect, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound

from tracker.access import may_administer, may_see_patient, may_see_staff, require
from tracker.actions.invite_staff import AddressInUse, StaffInvited, invite_staff
from tracker.actions.reassign import reassign
from tracker.actions.show_staff import show_staff
from tracker.actions.show_staff_member import StaffFile, show_staff_member
from tracker.messages import welcome_link
from tracker.people import Person
from tracker.staff import LeftAlone, Position, Reassigned, Reassignment, Refusal
from web.clinic_forms import read_position, read_reassignment
from web.forms import Errors, sentence
from web.pages import render
from web.session import Visit, signed_in
from web.staff_pages import (
    InviteStaffPage,
    member_page,
    staff_invited_page,
    staff_page,
)

blueprint = Blueprint("staff", __name__, url_prefix="/clinic/people")


@blueprint.get("")
@signed_in
def index(visit: Visit) -> ResponseReturnValue:
    """Who works here."""
    require(may_see_staff(visit.viewer))
    return render(staff_page(show_staff(visit.db), visit.person, request.args.get("done", "")))


@blueprint.get("/invite")
@signed_in
def invite(visit: Visit) -> ResponseReturnValue:
    """The form for a new colleague."""
    require(may_administer(visit.viewer))
    return render(InviteStaffPage({"role": "practitioner"}))


@blueprint.post("/invite")
@signed_in
def send(visit: Visit) -> ResponseReturnValue:
    """Make the link and show it, once."""
    require(may_administer(visit.viewer))
    match read_position(request.form):
        case Errors(by_field):
            return render(InviteStaffPage(request.form, by_field)), 422
        case Position() as position:
            return _invited(visit, position)


@blueprint.get("/<person_id>")
@signed_in
def show(visit: Visit, person_id: str) -> ResponseReturnValue:
    """One colleague, and what an administrator may change."""
    require(may_administer(visit.viewer))
    return render(member_page(_file(visit, person_id), visit.person))


@blueprint.post("/<person_id>")
@signed_in
def change(visit: Visit, person_id: str) -> ResponseReturnValue:
    """Give another position; who would be left alone is handed over with it."""
    require(may_administer(visit.viewer))
    match read_reassignment(request.form, person_id):
        case Errors(by_field):
            return _again(visit, person_id, by_field), 422
        case Reassignment() as wanted:
            outcome = reassign(visit.db, wanted, visit.person.id, visit.now)
    match outcome:
        case Reassigned():
            return redirect(url_for(".index", done=person_id), code=303)
        case LeftAlone(patients):
            errors = {"hand_over_to": "Choose who takes over."}
            return _again(visit, person_id, errors, patients), 409
        case Refusal() as why:
            return _again(visit, person_id, {"position": sentence(why)}), 409
        case None:
            raise NotFound


def _again(
    visit: Visit, person_id: str, errors: Mapping[str, str], alone: Sequence[Person] = ()
) -> str:
    """The page with what was chosen; only patients in the reader's own care are named."""
    named = [patient.name for patient in alone if may_see_patient(visit.viewer, patient.id)]
    file = _file(visit, person_id)
    page = member_page(file, visit.person, request.form, errors, alone=(len(alone), named))
    return render(page)


def _invited(visit: Visit, position: Position) -> ResponseReturnValue:
    name, email = request.form.get("name", ""), request.form.get("email", "")
    try:
        outcome = invite_staff(visit.db, visit.person, name, email, position, visit.now)
    except ValueError as error:
        field = "email" if "e-mail" in str(error) else "name"
        errors = {field: sentence(str(error))}
        return render(InviteStaffPage(request.form, errors)), 422
    match outcome:
        case StaffInvited(person, invitation):
            link = welcome_link(invitation.id, visit.world.envelope)
            zone = visit.person.zone
            return render(staff_invited_page(person, invitation, link, visit.now, zone))
        case AddressInUse():
            errors = {
                "email": f"Somebody signs in as {email.strip()} already; use another address."
            }
            return render(InviteStaffPage(request.form, errors)), 409


def _file(visit: Visit, person_id: str) -> StaffFile:
    return show_staff_member(visit.db, person_id) or abort(404)
