"""Who works at the clinic."""

from dataclasses import dataclass
from datetime import datetime

from sqlite_utils import Database

from tracker.people import Person
from tracker.storage import people


@dataclass(frozen=True, slots=True)
class StaffMember:
    """Somebody of the clinic; `signed_up` tells whether they have chosen how to sign in yet."""

    person: Person
    patients: int
    signed_up: bool

    @property
    def suspended_at(self) -> datetime | None:
        """Since when the person is suspended."""
        return self.person.suspended_at


def show_staff(db: Database) -> list[StaffMember]:
    """Everybody of the clinic by name, those who are suspended last."""
    return [
        StaffMember(person, patients, signed_up) for person, patients, signed_up in people.staff(db)
    ]
