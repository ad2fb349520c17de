"""Make somebody an administrator from the command line, as the first one must be."""

from dataclasses import replace
from datetime import datetime

from sqlite_utils import Database

from tracker.audit import Act, Entry
from tracker.people import Duty, Person, Role, check_email
from tracker.staff import position_of
from tracker.storage import audit_log, people
from tracker.storage.connection import writing


def appoint_administrator(db: Database, email: str, now: datetime) -> Person:
    """The person with the new duty. Raises ValueError when nobody of the clinic has the address."""
    address = check_email(email)
    with writing(db):
        person = people.by_email(db, address)
        if person is None or person.role is Role.PATIENT:
            raise ValueError(f"nobody of the clinic signs in as {email}")
        appointed = replace(person, duties=person.duties | {Duty.ADMINISTRATION})
        people.set_duties(db, person.id, appointed.duties)
        details = str(position_of(appointed))
        audit_log.add(db, Entry(Act.ROLE_CHANGED, now, about=person.id, details=details))
    return appointed
