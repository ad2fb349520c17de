"""Positions at the clinic, and the conditions for changing one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from tracker.domain.people.people import Duty, Person, Role

NEW_FOR = timedelta(days=14)  # a person in a new position takes over no patients meanwhile
STAFF_ROLES = (Role.PRACTITIONER, Role.ASSISTANT, Role.OFFICE)


class Status(StrEnum):
    """Whether a person works here at present."""

    ACTIVE = "active"
    SUSPENDED = "suspended"  # cannot sign in and gets no mail; keeps the place in care teams


@dataclass(frozen=True, slots=True)
class Position:
    """A person's role for patients, additional duties, and whether they work here at present."""

    role: Role
    duties: frozenset[Duty]
    status: Status = Status.ACTIVE

    def __post_init__(self) -> None:
        if self.role not in STAFF_ROLES:
            raise ValueError("choose what the person is at the clinic")

    def __str__(self) -> str:
        return ", ".join([self.role, *sorted(self.duties), self.status])

    @property
    def administers(self) -> bool:
        """Whether this is one of the administrators the clinic can count on."""
        return Duty.ADMINISTRATION in self.duties and self.status is Status.ACTIVE

    @property
    def answers_alerts(self) -> bool:
        """Whether this person may answer for the patients in their care."""
        return self.role is Role.PRACTITIONER and self.status is Status.ACTIVE


@dataclass(frozen=True, slots=True)
class Reassignment:
    """An administrator gives a person another position.

    `was` is the position that the administrator saw; `hand_over_to` is the practitioner who takes
    over the patients that would be left without one.
    """

    person_id: str
    was: str
    to: Position
    hand_over_to: str | None = None


@dataclass(frozen=True, slots=True)
class Reassigned:
    """The change is done; this many patients have a new practitioner."""

    handed_over: int


@dataclass(frozen=True, slots=True)
class LeftAlone:
    """Nothing was changed: these patients would have no one who may answer for them."""

    patients: tuple[Person, ...]


class Refusal(StrEnum):
    """Why nothing was changed; each is a remedy."""

    ONESELF = "ask another administrator to change your own position"
    LAST_ADMINISTRATOR = "make someone else an administrator first; the clinic needs one"
    OUTDATED = "someone else has changed this meanwhile; look again"
    NO_SUCCESSOR = "choose a practitioner who works here at present and has signed in"
    SUCCESSOR_IS_ONESELF = "ask another administrator to hand patients over to you"
    SUCCESSOR_IS_NEW = (
        "choose someone who has had this position for two weeks, or let the patients’ practitioner"
        " hand them over on each page Care team"
    )


def position_of(person: Person) -> Position:
    """The position of a person of the clinic; ValueError for a patient."""
    status = Status.ACTIVE if person.suspended_at is None else Status.SUSPENDED
    return Position(person.role, person.duties, status)


def refusal(
    staff: Sequence[Person], wanted: Reassignment, by: str, person: Person
) -> Refusal | None:
    """The reason against a reassignment by an administrator, or None."""
    if by == person.id:
        return Refusal.ONESELF
    present = position_of(person)
    if str(present) != wanted.was:
        return Refusal.OUTDATED
    gives_up = present.administers and not wanted.to.administers
    others = (position_of(each) for each in staff if each.id != person.id)
    if gives_up and not any(each.administers for each in others):
        return Refusal.LAST_ADMINISTRATOR
    return None
