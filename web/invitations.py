"""Invitations: a practitioner or assistant makes one, a patient follows it."""

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue

from tracker.access import may_invite, require
from tracker.actions.accept_invitation import accept_invitation
from tracker.actions.invite_patient import HasAccount, Invited, invite_patient
from tracker.actions.open_invitation import open_invitation
from tracker.actions.show_practitioners import show_practitioners
from tracker.messages import welcome_link
from tracker.people import Role
from web import session
from web.invitation_pages import ExpiredPage, InvitedPage, InvitePage, invited_page, welcome_page
from web.pages import render
from web.session import Visit, signed_in

blueprint = Blueprint("invitations", __name__)


@blueprint.get("/invite")
@signed_in
def invite(visit: Visit) -> ResponseReturnValue:
    """The form for a new patient."""
    require(may_invite(visit.viewer))
    return render(_form(visit))


@blueprint.post("/invite")
@signed_in
def send(visit: Visit) -> ResponseReturnValue:
    """Make the link and show it, once."""
    require(may_invite(visit.viewer))
    name, email = request.form.get("name", ""), request.form.get("email", "")
    treating = request.form.get("practitioner")
    try:
        outcome = invite_patient(visit.db, visit.person, name, email, visit.now, treating)
    except ValueError as error:
        return render(_form(visit, trouble=str(error))), 422
    match outcome:
        case Invited() as invited:
            return render(_invited(visit, invited))
        case HasAccount():
            trouble = f"somebody signs in as {email.strip()} already; use another address"
            return render(_form(visit, trouble=trouble)), 409


@blueprint.get("/welcome/<token>")
def welcome(token: str) -> ResponseReturnValue:
    """Where the link leads: choose a passphrase."""
    reach = session.reach()
    invited = open_invitation(reach.db, token, reach.world.envelope.link_key, reach.now)
    if invited is None:
        return render(ExpiredPage(), with_person=False), 410
    return render(welcome_page(invited), with_person=False)


@blueprint.post("/welcome/<token>")
def accept(token: str) -> ResponseReturnValue:
    """Keep the passphrase and let them in."""
    reach = session.reach()
    key = reach.world.envelope.link_key
    invited = open_invitation(reach.db, token, key, reach.now)
    if invited is None:
        return render(ExpiredPage(), with_person=False), 410
    passphrase, zone = request.form.get("passphrase", ""), request.form.get("time_zone", "")
    try:
        accepted = accept_invitation(reach.db, token, key, passphrase, zone or None, reach.now)
    except ValueError as error:
        return render(welcome_page(invited, str(error)), with_person=False), 422
    if accepted is None:
        return render(ExpiredPage(), with_person=False), 410
    session.enter(*accepted)
    return redirect(url_for("home.show"), code=303)


def _form(visit: Visit, trouble: str = "") -> InvitePage:
    """The form as it was filled in; who is no practitioner chooses one."""
    treats = visit.person.role is Role.PRACTITIONER
    return InvitePage(
        name=request.form.get("name", ""),
        email=request.form.get("email", ""),
        practitioner=request.form.get("practitioner", ""),
        choices=() if treats else tuple(show_practitioners(visit.db)),
        trouble=trouble,
    )


def _invited(visit: Visit, invited: Invited) -> InvitedPage:
    link = welcome_link(invited.invitation.id, visit.world.envelope)
    return invited_page(invited, link, visit.now, visit.person.zone)
