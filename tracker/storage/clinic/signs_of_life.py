"""When each duty was last done, whichever worker did it."""

import time
from datetime import datetime, timedelta

from sqlite_utils import Database

from tracker.domain.clinic.health import Sign
from tracker.storage.columns import read_time, time_text


def note(db: Database, sign: Sign, at: datetime) -> None:
    """Store the latest sign in place of the one before, with the machine's own count of seconds."""
    values = [str(sign), time_text(at), time.monotonic()]
    db.execute("INSERT OR REPLACE INTO signs_of_life (sign, at, seconds) VALUES (?, ?, ?)", values)


def latest(db: Database) -> dict[Sign, datetime]:
    """The latest of each kind; signs of other versions of Afterglow are left out."""
    rows = db.query("SELECT sign, at FROM signs_of_life")
    return {Sign(row["sign"]): read_time(row["at"]) for row in rows if row["sign"] in set(Sign)}


def elapsed(db: Database) -> dict[Sign, timedelta]:
    """How long ago each was left, whatever the clock says; not since the machine last started.

    After a restart the count begins at zero, and older signs lie ahead of it.
    """
    now = time.monotonic()
    rows = db.query("SELECT sign, seconds FROM signs_of_life WHERE seconds <= ?", [now])
    return {
        Sign(row["sign"]): timedelta(seconds=now - row["seconds"])
        for row in rows
        if row["sign"] in set(Sign)
    }
