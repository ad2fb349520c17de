"""Stop a patient's reminders, as the link in each of them promises."""

from dataclasses import replace

from sqlite_utils import Database

from tracker.signed_links import LinkPurpose, named_by
from tracker.storage import people
from tracker.storage.connection import writing


def stop_reminders(db: Database, token: str, key: bytes) -> bool:
    """Whether the link was a good one; stopping twice changes nothing."""
    person_id = named_by(LinkPurpose.UNSUBSCRIBE, token, key)
    with writing(db):
        person = people.get(db, person_id) if person_id else None
        if person is None:
            return False
        people.set_mail(db, replace(person, reminder_hour=None))
    return True
