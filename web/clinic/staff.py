"""The people of the clinic: invite, change, suspend."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from flask import Blueprint, abort, redirect, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound

from tracker.actions.people.accounts import issue_renewal
from tracker.actions.people.joining import AddressInUse, StaffInvited, invite_staff
from tracker.actions.people.second_step import reset_second_step as reset_colleagues
from tracker.actions.people.staff import (
    StaffFile,
    StaffMember,
    reassign,
    show_staff,
    show_staff_member,
)
from tracker.domain.people.access import may_administer, may_see_patient, may_see_staff, require
from tracker.domain.people.people import BadEmail, Duty, Person, Role
from tracker.domain.people.staff import (
    LeftAlone,
    Position,
    Reassigned,
    Reassignment,
    Refusal,
    Status,
    position_of,
)
from web.clinic.clinic import read_position, read_reassignment
from web.forms import Errors, sentence
from web.pages import render
from web.session import Visit, freshly_signed_in, signed_in

ROLE_WORDS: Mapping[Role, str] = {
    Role.PRACTITIONER: "Practitioner",
    Role.ASSISTANT: "Assistant",
    Role.OFFICE: "Office",
}
ROLE_HINTS: Mapping[Role, str] = {
    Role.PRACTITIONER: "treats, answers alerts, changes protocols",
    Role.ASSISTANT: "cares for patients with the team, answers no alerts",
    Role.OFFICE: "sees no patient at all",
}


@dataclass(frozen=True, slots=True)
class StaffRow:
    """One person of the clinic; `state` is empty while all is as usual."""

    id: str
    name: str
    email: str
    role: str
    patients: str
    state: str
    is_self: bool


@dataclass(frozen=True, slots=True)
class StaffPage:
    """Everyone who works at the clinic; `done` says what was done just now, empty for nothing."""

    template: ClassVar[str] = "staff_list.html"
    place: ClassVar[str] = "clinic"

    rows: tuple[StaffRow, ...]
    done: str

    @property
    def title(self) -> str:
        """The page's name."""
        return "People"


@dataclass(frozen=True, slots=True)
class InviteStaffPage:
    """The form for a new colleague, with what was written so far."""

    template: ClassVar[str] = "staff_invite.html"
    place: ClassVar[str] = "clinic"
    roles: ClassVar[Mapping[Role, str]] = ROLE_WORDS
    hints: ClassVar[Mapping[Role, str]] = ROLE_HINTS

    chosen: Mapping[str, str]
    errors: Mapping[str, str] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """The page's name."""
        return "Invite someone to the clinic"


@dataclass(frozen=True, slots=True)
class MemberPage:
    """One colleague. `was` is the position shown; `alone` counts who would have no practitioner.

    Of those only patients in the reader's own care are `named`.
    """

    template: ClassVar[str] = "staff_member.html"
    place: ClassVar[str] = "clinic"
    roles: ClassVar[Mapping[Role, str]] = ROLE_WORDS
    hints: ClassVar[Mapping[Role, str]] = ROLE_HINTS

    row: StaffRow
    was: str
    is_suspended: bool
    chosen: Mapping[str, str]
    errors: Mapping[str, str]
    successors: tuple[tuple[str, str], ...]
    alone: int
    named: tuple[str, ...]
    waits: bool
    mails_links: bool
    may_reset: bool

    @property
    def title(self) -> str:
        """The page's name."""
        return self.row.name


DONE: Mapping[str, str] = {
    "done": "Changed: {name}.",
    "reset": (
        "{name} sets the second step up again at the next sign-in. A mail tells {name} and the"
        " administrators."
    ),
    "mailed": "A link to a new passphrase is on its way to {name}.",
    "invited": "The link is on its way to {name} by mail. It works once, for two weeks.",
    "kept": (
        "There is no mail server, so the link for {name} is a file in the folder outbox. The person"
        " who runs the machine hands it over."
    ),
}


def staff_page(staff: Sequence[StaffMember], reader: Person, done: Mapping[str, str]) -> StaffPage:
    """The list, in the order given; `done` names by the keys of DONE whom something was done to."""
    rows = tuple(
        _row(each.person, each.patients, _state(each.person, signed_up=each.signed_up), reader)
        for each in staff
    )
    names = {row.id: row.name for row in rows}
    said = (DONE[key].format(name=names[whom]) for key, whom in done.items() if whom in names)
    return StaffPage(rows, " ".join(said))


def member_page(
    file: StaffFile,
    reader: Person,
    chosen: Mapping[str, str] | None = None,
    errors: Mapping[str, str] | None = None,
    *,
    alone: tuple[int, Sequence[str]] = (0, ()),
    has_mail: bool = False,
) -> MemberPage:
    """One colleague as kept, or as an administrator has chosen and could not keep yet.

    `has_mail` says whether mail leaves this machine.
    """
    person = file.person
    present = position_of(person)
    kept = {"role": str(present.role), "status": str(present.status)}
    if Duty.ADMINISTRATION in present.duties:
        kept["administration"] = "yes"
    return MemberPage(
        row=_row(person, file.patients, _state(person, signed_up=file.signed_up), reader),
        was=str(present),
        is_suspended=present.status is Status.SUSPENDED,
        chosen=kept if chosen is None else chosen,
        errors=errors or {},
        successors=tuple((each.id, each.name) for each in file.successors),
        alone=alone[0],
        named=tuple(alone[1]),
        waits=not file.signed_up and present.status is Status.ACTIVE,
        may_reset=file.signed_up,
        mails_links=file.signed_up and present.status is Status.ACTIVE and has_mail,
    )


def role_words(person: Person) -> str:
    """A person's role at the clinic, in a few words."""
    words = ROLE_WORDS[person.role]
    return f"{words}, administrator" if Duty.ADMINISTRATION in person.duties else words


def _row(person: Person, patients: int, state: str, reader: Person) -> StaffRow:
    return StaffRow(
        id=person.id,
        name=person.name,
        email=person.email,
        role=role_words(person),
        patients=str(patients) if person.role.has_patients else "none",
        state=state,
        is_self=person.id == reader.id,
    )


def _state(person: Person, *, signed_up: bool) -> str:
    if person.suspended_at is not None:
        return "Suspended"
    return "" if signed_up else "Invited, has not signed in yet"


blueprint = Blueprint("staff", __name__, url_prefix="/clinic/people")


@blueprint.get("")
@signed_in
def index(visit: Visit) -> ResponseReturnValue:
    """Who works here."""
    require(may_see_staff(visit.viewer))
    done = {key: request.args[key] for key in DONE if key in request.args}
    return render(staff_page(show_staff(visit.db), visit.person, done))


@blueprint.get("/invite")
@freshly_signed_in
def invite(visit: Visit) -> ResponseReturnValue:
    """The form for a new colleague."""
    require(may_administer(visit.viewer))
    return render(InviteStaffPage({"role": "practitioner"}))


@blueprint.post("/invite")
@freshly_signed_in
def send(visit: Visit) -> ResponseReturnValue:
    """Mail the link. No page shows it: its holder may come to see patients."""
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
    has_mail = visit.world.settings.smtp_url is not None
    return render(member_page(_file(visit, person_id), visit.person, has_mail=has_mail))


@blueprint.post("/<person_id>/renewal")
@freshly_signed_in
def renew(visit: Visit, person_id: str) -> ResponseReturnValue:
    """Mail a colleague the link to a new passphrase.

    No page shows it: with the link of a practitioner an administrator would see patients.
    """
    require(may_administer(visit.viewer))
    _file(visit, person_id)
    if issue_renewal(visit.db, person_id, visit.person.id, visit.now) is None:
        abort(409)
    return redirect(url_for(".index", mailed=person_id), code=303)


@blueprint.post("/<person_id>/second-step")
@freshly_signed_in
def reset_second_step(visit: Visit, person_id: str) -> ResponseReturnValue:
    """Remove a colleague's app, recovery codes and passkeys, so that new ones are set up."""
    require(may_administer(visit.viewer))
    _file(visit, person_id)
    if person_id == visit.person.id:
        abort(409)
    reset_colleagues(visit.db, person_id, visit.person, visit.now)
    return redirect(url_for(".index", reset=person_id), code=303)


@blueprint.post("/<person_id>")
@freshly_signed_in
def change(visit: Visit, person_id: str) -> ResponseReturnValue:
    """Change the position; patients who would be left alone are handed over with it."""
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
        field = "email" if isinstance(error, BadEmail) else "name"
        errors = {field: sentence(str(error))}
        return render(InviteStaffPage(request.form, errors)), 422
    match outcome:
        case StaffInvited(person):
            has_mail = visit.world.settings.smtp_url is not None
            how = "invited" if has_mail else "kept"
            return redirect(f"{url_for('.index')}?{how}={person.id}", code=303)
        case AddressInUse():
            errors = {"email": f"Someone signs in as {email.strip()} already; use another address."}
            return render(InviteStaffPage(request.form, errors)), 409


def _file(visit: Visit, person_id: str) -> StaffFile:
    return show_staff_member(visit.db, person_id) or abort(404)
