"""Invitations: write one, open its link, accept it."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from zoneinfo import ZoneInfo

from flask import Blueprint, Flask, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from tracker.actions.own_data.deciding import show_own_data
from tracker.actions.people.care_team import show_practitioners
from tracker.actions.people.joining import (
    HasAccount,
    Invited,
    WrongYear,
    accept_invitation,
    invite_patient,
    open_invitation,
    show_link,
    show_waiting,
)
from tracker.domain.mail.mails import welcome_link
from tracker.domain.people.access import may_invite, require
from tracker.domain.people.invitations import Closed, Invitation, asks_year, closed_because
from tracker.domain.people.people import MIN_PASSPHRASE_LENGTH, Person, Role, read_birth_date
from web import session
from web.accounts.sign_in import let_in, read_year, wrong_year_words
from web.contact import NO_CONTACT, ClinicContact, contact_for
from web.invited import InvitedPage, code_of
from web.pages import render
from web.session import Visit, freshly_signed_in
from web.words.times import date_words


@dataclass(frozen=True, slots=True)
class WaitingRow:
    """A patient who was invited and has not come in; `link` says whether the link still works."""

    patient_id: str
    name: str
    invited: str
    link: str
    is_over: bool


@dataclass(frozen=True, slots=True)
class InvitePage:
    """The form for a new patient; `trouble` says what was wrong with it.

    `choices` are the practitioners among whom an assistant chooses; empty for a practitioner.
    `waiting` are the patients who were invited before and have not come in.
    """

    template: ClassVar[str] = "practitioner_invite.html"
    place: ClassVar[str] = "patients"

    name: str = ""
    email: str = ""
    practitioner: str = ""
    birth_date: str = ""
    record_number: str = ""
    choices: tuple[Person, ...] = ()
    waiting: tuple[WaitingRow, ...] = ()
    trouble: str = ""

    @property
    def title(self) -> str:
        """The page's name."""
        return "Invite a patient"


@dataclass(frozen=True, slots=True)
class WelcomePage:
    """The page on which an invited person says who they are, and chooses a passphrase.

    `is_own` for somebody who signs up without a clinic, and gives the name, too. `asks_year` for a
    patient whose birth date is on record; a passphrase can be chosen later then, unless the clinic
    wants one first. Their page shows no name: the link may be in wrong hands.
    """

    template: ClassVar[str] = "patient_welcome.html"
    place: ClassVar[str] = ""
    shortest: ClassVar[int] = MIN_PASSPHRASE_LENGTH

    name: str
    email: str
    is_patient: bool
    is_own: bool
    asks_year: bool = False
    asks_passphrase: bool = True
    trouble: str = ""

    @property
    def title(self) -> str:
        """The page's name."""
        return "Welcome" if self.is_own or self.asks_year else f"Welcome, {self.name}"


@dataclass(frozen=True, slots=True)
class ExpiredPage:
    """A link that does not work, and `why`; None where a newer one has replaced it, or none was."""

    template: ClassVar[str] = "patient_invitation_expired.html"
    place: ClassVar[str] = ""

    why: Closed | None = None
    contact: ClinicContact = NO_CONTACT

    @property
    def title(self) -> str:
        """The page's name."""
        return "This link no longer works"


def welcome_page(invited: Person, link: Invitation, trouble: str = "") -> WelcomePage:
    """The form for a patient, or for a person who will work here."""
    name = request.form.get("name", "") if link.is_own else invited.name
    return WelcomePage(
        name=name,
        email=invited.email,
        is_patient=invited.role is Role.PATIENT,
        is_own=link.is_own,
        asks_year=asks_year(link, invited),
        asks_passphrase=_asks_passphrase(invited, link),
        trouble=trouble,
    )


def _asks_passphrase(invited: Person, link: Invitation) -> bool:
    is_first = session.resources().world.settings.passphrase_first
    return is_first or not asks_year(link, invited)


def invited_page(invited: Invited, link: str, now: datetime, zone: ZoneInfo) -> InvitedPage:
    """The link and its code."""
    until = date_words(invited.invitation.expires_at.astimezone(zone), now)
    patient = invited.patient
    return InvitedPage(patient.name, patient.email, link, code_of(link), until, patient.id)


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
        born = read_birth_date(request.form.get("birth_date", ""))
        number = request.form.get("record_number", "")
        outcome = invite_patient(
            visit.db, visit.person, name, email, visit.now, treating, born, number
        )
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
    """The page of the link; opening it changes nothing, because machines open links too."""
    resources = session.resources()
    match show_link(resources.db, token, resources.world.envelope.link_key, resources.now):
        case (invited, link, None):
            return render(welcome_page(invited, link), with_person=False)
        case (invited, _, _) if invited.id == session.person_id():  # opened again on this phone
            return redirect("/", code=303)
        case (invited, _, why):
            return render(ExpiredPage(why, contact_for(invited)), with_person=False), 410
        case None:
            return render(ExpiredPage(), with_person=False), 410


@blueprint.post("/welcome/<token>")
def accept(token: str) -> ResponseReturnValue:
    """Let them in, with the passphrase that they chose or with the year in which they were born."""
    resources = session.resources()
    key = resources.world.envelope.link_key
    invited = open_invitation(resources.db, token, key, resources.now)
    if invited is None:
        return welcome(token)
    passphrase, zone = request.form.get("passphrase", ""), request.form.get("time_zone", "")
    try:
        accepted = accept_invitation(
            resources.db,
            token,
            key,
            passphrase if _asks_passphrase(*invited) else None,
            zone or None,
            resources.now,
            name=request.form.get("name", ""),
            birth_year=read_year(request.form) if asks_year(invited[1], invited[0]) else None,
            second_step=resources.world.settings.second_step,
        )
    except ValueError as error:
        return render(welcome_page(*invited, str(error)), with_person=False), 422
    match accepted:
        case WrongYear(left=left) if left > 0:
            page = welcome_page(*invited, wrong_year_words(left))
            return render(page, with_person=False), 422
        case WrongYear() | None:
            return welcome(token)
        case _:
            return let_in(accepted, _first_page(*invited))


def _first_page(invited: Person, link: Invitation) -> str:
    """The camera for a patient of whom there is no photo yet."""
    resources = session.resources()
    if link.is_own:
        return url_for("home_care.begin")
    if invited.role is not Role.PATIENT:
        return url_for("home.show")
    own = show_own_data(resources.db, invited, resources.now)
    return url_for("home.show" if own.photos or own.early else "patient.upload")


def _form(visit: Visit, trouble: str = "") -> InvitePage:
    """The form as it was filled in, or for a patient to whom the link is sent again.

    Anyone but a practitioner chooses one.
    """
    treats = visit.person.role is Role.PRACTITIONER
    waiting = show_waiting(visit.db, visit.person)
    again = [each.patient for each in waiting if each.patient.id == request.args.get("again")]
    known = {} if trouble or not again else _known_about(again[0])
    return InvitePage(
        name=request.form.get("name", known.get("name", "")),
        email=request.form.get("email", known.get("email", "")),
        practitioner=request.form.get("practitioner", ""),
        birth_date=request.form.get("birth_date", known.get("birth_date", "")),
        record_number=request.form.get("record_number", known.get("record_number", "")),
        waiting=tuple(_waiting_row(each, visit.now, visit.person.zone) for each in waiting),
        choices=() if treats else tuple(show_practitioners(visit.db)),
        trouble=trouble,
    )


def _known_about(patient: Person) -> dict[str, str]:
    return {
        "name": patient.name,
        "email": patient.email,
        "birth_date": patient.birth_date.isoformat() if patient.birth_date else "",
        "record_number": patient.record_number,
    }


def _waiting_row(waiting: Invited, now: datetime, zone: ZoneInfo) -> WaitingRow:
    patient, invitation = waiting.patient, waiting.invitation
    closed = closed_because(invitation, now)
    until = date_words(invitation.expires_at.astimezone(zone), now)
    link = {
        None: f"the link works until {until}",
        Closed.TRIED_TOO_OFTEN: "the link is closed: the year of birth was wrong too often",
    }.get(closed, "the link has expired")
    invited = date_words(invitation.created_at.astimezone(zone), now)
    return WaitingRow(patient.id, patient.name, invited, link, closed is not None)


def init_app(app: Flask) -> None:
    """Give the work list how many patients were invited and have not come in."""
    app.jinja_env.globals.update(patients_not_in=_not_in)


def _not_in() -> int:
    return len(show_waiting(session.resources().db, current_user.person))


def _invited(visit: Visit, invited: Invited) -> InvitedPage:
    link = welcome_link(invited.invitation.id, visit.world.envelope)
    return invited_page(invited, link, visit.now, visit.person.zone)
