"""The practitioners of the clinic, for whoever has to choose one."""

from sqlite_utils import Database

from tracker.people import Person, Role
from tracker.storage import people


def show_practitioners(db: Database) -> list[Person]:
    """Those who are not suspended, by name."""
    return [
        person
        for person, _, _ in people.staff(db)
        if person.role is Role.PRACTITIONER and person.suspended_at is None
    ]
