"""Draw on a patient's photo."""

from datetime import datetime

from sqlite_utils import Database

from tracker.annotations import Drawing
from tracker.storage import annotations, photos
from tracker.storage.columns import new_id
from tracker.storage.connection import writing


def draw_annotation(
    db: Database, patient_id: str, photo_id: str, drawing: Drawing, author_id: str, now: datetime
) -> bool:
    """Keep the drawing; False when the photo is not this patient's."""
    photo = photos.get(db, photo_id)
    if photo is None or photo.patient_id != patient_id:
        return False
    with writing(db):
        annotations.add_version(db, new_id(), photo_id, drawing, author_id, now)
    return True
