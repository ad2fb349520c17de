"""Links with which people choose a new passphrase, and how they get one."""

import time
from dataclasses import dataclass
from typing import ClassVar

from flask import Blueprint, abort, redirect, request, url_for
from flask.typing import ResponseReturnValue

from tracker.actions.people.accounts import (
    ask_for_renewal,
    issue_renewal,
    open_renewal,
    renew_passphrase,
)
from tracker.actions.people.care_team import show_care_team
from tracker.domain.mail.mails import renewal_link
from tracker.domain.people.access import may_issue_renewal, require
from tracker.domain.people.people import MIN_PASSPHRASE_LENGTH, Person
from web import session
from web.forms import sentence
from web.invited import InvitedPage, code_of
from web.pages import render
from web.security import remember_browser
from web.session import Visit, freshly_signed_in
from web.words.times import moment_words


@dataclass(frozen=True, slots=True)
class LostPage:
    """The form of a person who lost the passphrase; `has_mail` says whether a link can be mailed.

    `asked` after the form was sent: the words are the same whether or not there is an account.
    """

    template: ClassVar[str] = "passphrase_lost.html"
    place: ClassVar[str] = ""

    has_mail: bool
    asked: bool = False

    @property
    def title(self) -> str:
        """The page's name."""
        return "Look at your mail" if self.asked else "Is your passphrase lost?"


@dataclass(frozen=True, slots=True)
class RenewPage:
    """The page of the link: choose a new passphrase. `trouble` says what was wrong with it."""

    template: ClassVar[str] = "passphrase_renew.html"
    place: ClassVar[str] = ""
    shortest: ClassVar[int] = MIN_PASSPHRASE_LENGTH

    email: str
    trouble: str = ""

    @property
    def title(self) -> str:
        """The page's name."""
        return "Choose a new passphrase"


@dataclass(frozen=True, slots=True)
class TooOldPage:
    """The link was used or is too old."""

    template: ClassVar[str] = "passphrase_too_old.html"
    place: ClassVar[str] = ""

    @property
    def title(self) -> str:
        """The page's name."""
        return "This link no longer works"


@dataclass(frozen=True, slots=True)
class IssuePage:
    """The button with which the care team makes a link; `never_came` instead when none can be."""

    template: ClassVar[str] = "passphrase_issue.html"
    place: ClassVar[str] = "patients"

    patient_id: str
    name: str
    never_came: bool = False

    @property
    def title(self) -> str:
        """The page's name."""
        return f"A new passphrase for {self.name}"


blueprint = Blueprint("links", __name__, template_folder="templates")


@blueprint.get("/renew")
def lost() -> ResponseReturnValue:
    """The form that asks for a link by mail."""
    return render(LostPage(_has_mail()), with_person=False)


@blueprint.post("/renew")
def mail_link() -> ResponseReturnValue:
    """Mail a link, if there is someone to mail it to; neither answer nor time tells."""
    if not _has_mail():
        abort(404)
    resources, began = session.resources(), time.monotonic()
    ask_for_renewal(resources.db, request.form.get("email", ""), resources.now)
    session.answer_after(began)
    return render(LostPage(has_mail=True, asked=True), with_person=False)


@blueprint.get("/renew/<token>")
def open_link(token: str) -> ResponseReturnValue:
    """The page of the link; opening it changes nothing, because machines open links too."""
    person = _person_of(token)
    if person is None:
        return render(TooOldPage(), with_person=False), 410
    return render(RenewPage(person.email), with_person=False)


@blueprint.post("/renew/<token>")
def renew(token: str) -> ResponseReturnValue:
    """Keep the new passphrase; it is then asked for, in this browser as in all others."""
    resources, person = session.resources(), _person_of(token)
    if person is None:
        return render(TooOldPage(), with_person=False), 410
    key, chosen = resources.world.envelope.link_key, request.form.get("passphrase", "")
    try:
        renewed = renew_passphrase(
            resources.db,
            token,
            key,
            chosen,
            resources.now,
            second_step=resources.world.settings.second_step,
        )
    except ValueError as error:
        page = RenewPage(person.email, sentence(str(error)))
        return render(page, with_person=False), 422
    if renewed is None:
        return render(TooOldPage(), with_person=False), 410
    session.leave()
    remember_browser(person.email)  # whoever guesses meanwhile does not lock the owner out
    return redirect(url_for("sign_in.show", renewed="yes"), code=303)


@blueprint.get("/patients/<patient_id>/renewal")
@freshly_signed_in
def offer(visit: Visit, patient_id: str) -> ResponseReturnValue:
    """The button that makes a link for a patient who is at the desk or on the phone."""
    require(may_issue_renewal(visit.viewer, patient_id))
    return render(IssuePage(patient_id, _patient(visit, patient_id).name))


@blueprint.post("/patients/<patient_id>/renewal")
@freshly_signed_in
def issue(visit: Visit, patient_id: str) -> ResponseReturnValue:
    """Make the link and show it, once."""
    require(may_issue_renewal(visit.viewer, patient_id))
    patient = _patient(visit, patient_id)
    renewal = issue_renewal(visit.db, patient_id, visit.person.id, visit.now)
    if renewal is None:
        return render(IssuePage(patient_id, patient.name, never_came=True)), 409
    link = renewal_link(renewal.id, visit.world.envelope)
    until = moment_words(renewal.expires_at, visit.now, visit.person.zone)
    return render(InvitedPage(patient.name, patient.email, link, code_of(link), until))


def _has_mail() -> bool:
    return session.resources().world.settings.smtp_url is not None


def _person_of(token: str) -> Person | None:
    resources = session.resources()
    return open_renewal(resources.db, token, resources.world.envelope.link_key, resources.now)


def _patient(visit: Visit, patient_id: str) -> Person:
    team = show_care_team(visit.db, patient_id)
    return abort(404) if team is None else team.patient
