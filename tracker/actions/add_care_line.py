"""Give one patient a line of aftercare beside those of the protocols."""

from dataclasses import replace

from sqlite_utils import Database

from tracker.aftercare import OwnLine
from tracker.storage import care_lines
from tracker.storage.columns import new_id
from tracker.storage.connection import writing


def add_care_line(db: Database, line: OwnLine) -> OwnLine:
    """Store the line under a fresh id."""
    added = replace(line, id=new_id())
    with writing(db):
        care_lines.insert(db, added)
    return added
