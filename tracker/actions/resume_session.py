"""Tell whose session this is, as long as the passphrase has not changed since."""

import hmac

from sqlite_utils import Database

from tracker.access import Viewer
from tracker.people import Person, Role
from tracker.storage import people


def resume_session(db: Database, person_id: str, stamp: str) -> tuple[Person, Viewer] | None:
    """The person and what that person may be allowed to see, or None when the session is over."""
    person = people.get(db, person_id)
    stored = people.credentials(db, person_id)
    if person is None or stored is None or not hmac.compare_digest(stored[1], stamp):
        return None
    cares_for: frozenset[str] = frozenset()
    if person.role is Role.PRACTITIONER:
        cares_for = frozenset(patient.id for patient in people.patients_of(db, person_id))
    return person, Viewer(person.id, person.role, cares_for)
