"""Leave a sign of life."""

from datetime import datetime, timedelta

from sqlite_utils import Database

from tracker.health import Sign
from tracker.storage import signs_of_life
from tracker.storage.connection import writing


def note_sign(
    db: Database, sign: Sign, now: datetime, at_most_every: timedelta = timedelta(0)
) -> None:
    """Note that something was done; the health page says so when the signs stop.

    A sign no older than `at_most_every` is left. One from the future was left before the clock was
    set back, and is replaced.
    """
    last = signs_of_life.latest(db).get(sign)
    if last is not None and timedelta(0) <= now - last < at_most_every:
        return
    with writing(db):
        signs_of_life.note(db, sign, now)
