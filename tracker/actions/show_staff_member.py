"""One person of the clinic, for an administrator."""

from dataclasses import dataclass

from sqlite_utils import Database

from tracker.people import Person, Role
from tracker.storage import people


@dataclass(frozen=True, slots=True)
class StaffFile:
    """The person, how many patients, whether the link was used; who could take over."""

    person: Person
    patients: int
    signed_up: bool
    successors: tuple[Person, ...]


def show_staff_member(db: Database, person_id: str) -> StaffFile | None:
    """The person with this id, or None when nobody of the clinic has it."""
    staff = people.staff(db)
    found = next((each for each in staff if each[0].id == person_id), None)
    if found is None:
        return None
    successors = tuple(
        person
        for person, *_ in staff
        if person.role is Role.PRACTITIONER
        and person.suspended_at is None
        and person.id != person_id
    )
    return StaffFile(*found, successors)
