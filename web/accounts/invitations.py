"""Invitations: write one, open its link, accept it."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar
from zoneinfo import ZoneInfo

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue

from tracker.actions.people.care_team import show_practitioners
from tracker.actions.people.joining import (
    HasAccount,
    Invited,
    accept_invitation,
    invite_patient,
    open_invitation,
)
from tracker.domain.mail.mails import welcome_link
from tracker.domain.people.access import may_invite, require
from tracker.domain.people.invitations import Invitation
from tracker.domain.people.people import MIN_PASSPHRASE_LENGTH, Person, Role
from web import session
from web.accounts.sign_in import let_in
from web.invited import InvitedPage, code_of
from web.pages import render
from web.session import Visit, freshly_signed_in
from web.words.times import date_words


@dataclass(frozen=True, slots=True)
class InvitePage:
    """The form for a new patient; `trouble` says what was wrong with it.

    `choices` are the practitioners among whom an assistant chooses; empty for a practitioner.
    """

    template: ClassVar[str] = "practitioner_invite.html"
    place: ClassVar[str] = "patients"

    name: str = ""
    email: str = ""
    practitioner: str = ""
    birth_date: str = ""
    choices: tuple[Person, ...] = ()
    trouble: str = ""

    @property
    def title(self) -> str:
        """The page's name."""
        return "Invite a patient"


@dataclass(frozen=True, slots=True)
class WelcomePage:
    """The page on which an invited person chooses a passphrase.

    `is_own` for somebody who signs up without a clinic, and gives the name, too.
    """

    template: ClassVar[str] = "patient_welcome.html"
    place: ClassVar[str] = ""
    shortest: ClassVar[int] = MIN_PASSPHRASE_LENGTH

    name: str
    email: str
    is_patient: bool
    is_own: bool
    trouble: str = ""

    @property
    def title(self) -> str:
        """The page's name."""
        return "Welcome" if self.is_own else f"Welcome, {self.name}"


@dataclass(frozen=True, slots=True)
class ExpiredPage:
    """A link that no longer works."""

    template: ClassVar[str] = "patient_invitation_expired.html"
    place: ClassVar[str] = ""

    @property
    def title(self) -> str:
        """The page's name."""
        return "This link no longer works"


def welcome_page(invited: Person, link: Invitation, trouble: str = "") -> WelcomePage:
    """The form for a patient, or for a person who will work here."""
    name = request.form.get("name", "") if link.is_own else invited.name
    is_patient = invited.role is Role.PATIENT
    return WelcomePage(name, invited.email, is_patient, link.is_own, trouble)


def invited_page(invited: Invited, link: str, now: datetime, zone: ZoneInfo) -> InvitedPage:
    """The link and its code."""
    until = date_words(invited.invitation.expires_at.astimezone(zone), now)
    return InvitedPage(invited.patient.name, invited.patient.email, link, code_of(link), until)


blueprint = Blueprint("invitations", __name__)


@blueprint.get("/invite")
@freshly_signed_in
def invite(visit: Visit) -> ResponseReturnValue:
    """The form for a new patient."""
    require(may_invite(visit.viewer))
    return render(_form(visit))


@blueprint.post("/invite")
@freshly_signed_in
def send(visit: Visit) -> ResponseReturnValue:
    """Make the link and show it, once."""
    require(may_invite(visit.viewer))
    name, email = request.form.get("name", ""), request.form.get("email", "")
    treating = request.form.get("practitioner")
    try:
        born = _birth_date()
        outcome = invite_patient(visit.db, visit.person, name, email, visit.now, treating, born)
    except ValueError as error:
        return render(_form(visit, trouble=str(error))), 422
    match outcome:
        case Invited() as invited:
            return render(_invited(visit, invited))
        case HasAccount():
            trouble = f"someone signs in as {email.strip()} already; use another address"
            return render(_form(visit, trouble=trouble)), 409


@blueprint.get("/welcome/<token>")
def welcome(token: str) -> ResponseReturnValue:
    """The page of the link: choose a passphrase."""
    resources = session.resources()
    invited = open_invitation(resources.db, token, resources.world.envelope.link_key, resources.now)
    if invited is None:
        return render(ExpiredPage(), with_person=False), 410
    return render(welcome_page(*invited), with_person=False)


@blueprint.post("/welcome/<token>")
def accept(token: str) -> ResponseReturnValue:
    """Keep the passphrase and let them in."""
    resources = session.resources()
    key = resources.world.envelope.link_key
    invited = open_invitation(resources.db, token, key, resources.now)
    if invited is None:
        return render(ExpiredPage(), with_person=False), 410
    passphrase, zone = request.form.get("passphrase", ""), request.form.get("time_zone", "")
    try:
        accepted = accept_invitation(
            resources.db,
            token,
            key,
            passphrase,
            zone or None,
            resources.now,
            name=request.form.get("name", ""),
            second_step=resources.world.settings.second_step,
        )
    except ValueError as error:
        return render(welcome_page(*invited, str(error)), with_person=False), 422
    if accepted is None:
        return render(ExpiredPage(), with_person=False), 410
    to = "home_care.begin" if invited[1].is_own else "home.show"
    return let_in(accepted, url_for(to))


def _birth_date() -> date | None:
    """The birth date in the form; None where it is empty. Raises ValueError for another text."""
    text = request.form.get("birth_date", "").strip()
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise ValueError("write the date of birth as year, month and day: 1985-04-23") from None


def _form(visit: Visit, trouble: str = "") -> InvitePage:
    """The form as it was filled in; anyone but a practitioner chooses one."""
    treats = visit.person.role is Role.PRACTITIONER
    return InvitePage(
        name=request.form.get("name", ""),
        email=request.form.get("email", ""),
        practitioner=request.form.get("practitioner", ""),
        birth_date=request.form.get("birth_date", ""),
        choices=() if treats else tuple(show_practitioners(visit.db)),
        trouble=trouble,
    )


def _invited(visit: Visit, invited: Invited) -> InvitedPage:
    link = welcome_link(invited.invitation.id, visit.world.envelope)
    return invited_page(invited, link, visit.now, visit.person.zone)
