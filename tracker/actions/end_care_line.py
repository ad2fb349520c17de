"""Take back a line of aftercare that one patient has alone."""

from datetime import datetime

from sqlite_utils import Database

from tracker.storage import care_lines
from tracker.storage.connection import writing


def end_care_line(db: Database, line_id: str, practitioner_id: str, now: datetime) -> bool:
    """Note who ended it; the row stays. False when there is no such line any more."""
    with writing(db):
        return care_lines.end(db, line_id, practitioner_id, now)
