"""Let photos that were given up, or wait for a later try, be measured at once."""

from sqlite_utils import Database

from tracker.storage.connection import writing
from tracker.storage.course import photos


def try_photos_again(db: Database, patient_id: str) -> int:
    """How many photos of the patient wait to be measured now."""
    with writing(db):
        courses = {photo.treatment_id for photo in photos.of_patient(db, patient_id)}
        return sum(photos.try_again(db, treatment_id) for treatment_id in courses)
