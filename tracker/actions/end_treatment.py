"""End a course early; what it was before is kept among its corrections."""

from dataclasses import replace

from sqlite_utils import Database

from tracker.procedures import Ending
from tracker.storage import corrections, treatments
from tracker.storage.connection import writing


def end_treatment(db: Database, treatment_id: str, ending: Ending) -> bool:
    """Note the end; reminders stop and silence tells nothing. False when it had ended before."""
    with writing(db):
        before = treatments.get(db, treatment_id)
        if before.ending is not None:
            return False
        corrections.insert(db, before, ending.at, ending.by, ending.why)
        treatments.update(db, replace(before, ending=ending))
    return True
