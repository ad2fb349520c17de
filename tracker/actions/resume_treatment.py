"""Take up a course again that was ended by mistake."""

from dataclasses import replace
from datetime import datetime

from sqlite_utils import Database

from tracker.storage import corrections, treatments
from tracker.storage.connection import writing


def resume_treatment(db: Database, treatment_id: str, by: str, now: datetime) -> bool:
    """Take the end back, which stays among the corrections. False when the course runs."""
    with writing(db):
        before = treatments.get(db, treatment_id)
        if before.ending is None:
            return False
        corrections.insert(db, before, now, by, "")
        treatments.update(db, replace(before, ending=None))
    return True
