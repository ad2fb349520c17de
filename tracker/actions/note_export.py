"""Note that data left the clinic's machine."""

from datetime import datetime

from sqlite_utils import Database

from tracker.audit import Act, Entry
from tracker.storage import audit_log
from tracker.storage.connection import writing


def note_export(db: Database, by: str, about: str | None, what: str, now: datetime) -> None:
    """Add it to the audit log before anything is handed out."""
    with writing(db):
        audit_log.add(db, Entry(Act.DATA_EXPORTED, now, by, about, what))
