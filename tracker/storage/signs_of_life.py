"""When each loop of a worker last ended a round, whichever worker it was."""

from datetime import datetime

from sqlite_utils import Database

from tracker.health import Sign
from tracker.storage.columns import read_time, time_text


def note(db: Database, sign: Sign, at: datetime) -> None:
    """Store the latest sign in place of the one before."""
    db.execute("INSERT OR REPLACE INTO signs_of_life VALUES (?, ?)", [str(sign), time_text(at)])


def latest(db: Database) -> dict[Sign, datetime]:
    """The latest of each kind."""
    rows = db.query("SELECT sign, at FROM signs_of_life")
    return {Sign(row["sign"]): read_time(row["at"]) for row in rows}
