"""The pages about those who work at the clinic."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar
from zoneinfo import ZoneInfo

from tracker.actions.show_staff import StaffMember
from tracker.actions.show_staff_member import StaffFile
from tracker.invitations import Invitation
from tracker.people import Duty, Person, Role
from tracker.staff import Status, position_of
from web.invitation_pages import InvitedPage, code_of
from web.times import date_words

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
    """Everybody who works at the clinic; `done` names who was changed just now."""

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
        return "Invite somebody to the clinic"


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

    @property
    def title(self) -> str:
        """The page's name."""
        return self.row.name


def staff_page(staff: Sequence[StaffMember], reader: Person, changed: str) -> StaffPage:
    """The list, in the order given; `changed` is the id of who was changed just now."""
    rows = tuple(
        _row(each.person, each.patients, _state(each.person, signed_up=each.signed_up), reader)
        for each in staff
    )
    return StaffPage(rows, next((row.name for row in rows if row.id == changed), ""))


def member_page(
    file: StaffFile,
    reader: Person,
    chosen: Mapping[str, str] | None = None,
    errors: Mapping[str, str] | None = None,
    *,
    alone: tuple[int, Sequence[str]] = (0, ()),
) -> MemberPage:
    """One colleague as kept, or as an administrator has chosen and could not keep yet."""
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
    )


def staff_invited_page(
    person: Person, invitation: Invitation, link: str, now: datetime, zone: ZoneInfo
) -> InvitedPage:
    """The link for a colleague and its code."""
    until = date_words(invitation.expires_at.astimezone(zone), now)
    return InvitedPage(person.name, person.email, link, code_of(link), until, "/clinic/people")


def role_words(person: Person) -> str:
    """What somebody is to the clinic, in a few words."""
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
