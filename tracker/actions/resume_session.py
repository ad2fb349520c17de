"""Tell whose session this is, as long as it has neither been ended nor grown too old."""

from datetime import datetime

from sqlite_utils import Database

from tracker.access import Viewer
from tracker.people import Person
from tracker.sessions import Session, is_too_old, token_digest
from tracker.storage import absences, people, sessions


def resume_session(
    db: Database, token: str, now: datetime
) -> tuple[Person, Viewer, Session] | None:
    """The person, what that person may be allowed to see, and the session; None when it is over."""
    session = sessions.get(db, token_digest(token))
    person = people.get(db, session.person_id) if session else None
    if session is None or person is None or is_too_old(session, person.role, now):
        return None
    if person.suspended_at is not None:
        return None
    cares_for: frozenset[str] = frozenset()
    if person.role.has_patients:
        cares_for = people.ids_in_care_of(
            db, [person.id, *absences.stood_in_for_by(db, person, now)]
        )
    return person, Viewer(person.id, person.role, cares_for, person.duties), session
