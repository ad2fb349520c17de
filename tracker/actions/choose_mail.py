"""Somebody chooses when, and whether, daily mail shall come."""

from sqlite_utils import Database

from tracker.people import Person, check_time_zone
from tracker.storage import people
from tracker.storage.connection import writing


def choose_mail(db: Database, person: Person) -> None:
    """Keep the person's hours and time zone. Raises ValueError for a zone nobody knows."""
    check_time_zone(person.time_zone)
    with writing(db):
        people.set_mail(db, person)
