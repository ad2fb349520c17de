"""Whether somebody's work list may have changed, without reading it."""

from datetime import datetime

from sqlite_utils import Database

from tracker.people import Person
from tracker.storage import absences, worklist


def tell_worklist_version(db: Database, reader: Person, now: datetime) -> str:
    """A text that is another one once anything has changed that the list may tell.

    A new day and an absence that begins or ends change it too, though nothing is written then.
    """
    absent = absences.stood_in_for_by(db, reader, now)
    return "-".join([str(worklist.version(db)), reader.date_at(now).isoformat(), *absent])
