"""The audit log; a row is added in the transaction of the act that it tells of."""

from sqlite_utils import Database

from tracker.audit import Entry
from tracker.storage.columns import time_text


def add(db: Database, entry: Entry) -> None:
    """Add an entry."""
    db.execute(
        "INSERT INTO audit_log (act, at, by_id, about_id, details) VALUES (?, ?, ?, ?, ?)",
        [str(entry.act), time_text(entry.at), entry.by, entry.about, entry.details],
    )
