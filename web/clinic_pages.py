"""The pages about those who work at the clinic."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from tracker.actions.show_staff import StaffMember
from tracker.people import Duty, Person, Role

ROLE_WORDS = {
    Role.PRACTITIONER: "Practitioner",
    Role.ASSISTANT: "Assistant",
    Role.OFFICE: "Office",
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
    """Everybody who works at the clinic."""

    template: ClassVar[str] = "clinic_people.html"
    place: ClassVar[str] = "clinic"

    rows: tuple[StaffRow, ...]

    @property
    def title(self) -> str:
        """The page's name."""
        return "People"


def staff_page(staff: Sequence[StaffMember], reader: Person) -> StaffPage:
    """The list, in the order given."""
    return StaffPage(tuple(_row(member, reader) for member in staff))


def role_words(person: Person) -> str:
    """What somebody is to the clinic, in a few words."""
    words = ROLE_WORDS[person.role]
    return f"{words}, administrator" if Duty.ADMINISTRATION in person.duties else words


def _row(member: StaffMember, reader: Person) -> StaffRow:
    person = member.person
    return StaffRow(
        id=person.id,
        name=person.name,
        email=person.email,
        role=role_words(person),
        patients=str(member.patients) if person.role.has_patients else "–",
        state=_state(member),
        is_self=person.id == reader.id,
    )


def _state(member: StaffMember) -> str:
    if member.suspended_at is not None:
        return "Suspended"
    return "" if member.signed_up else "Invited, has not signed in yet"
