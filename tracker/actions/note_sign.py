"""Leave a sign of life."""

from datetime import datetime

from sqlite_utils import Database

from tracker.health import Sign
from tracker.storage import signs_of_life
from tracker.storage.connection import writing


def note_sign(db: Database, sign: Sign, now: datetime) -> None:
    """Note that something was done; the health page says so when the signs stop."""
    with writing(db):
        signs_of_life.note(db, sign, now)
