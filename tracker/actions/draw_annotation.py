"""Draw on a patient's photo."""

from datetime import datetime

from sqlite_utils import Database

from tracker.annotations import Drawing
from tracker.photos import Photo
from tracker.storage import annotations, photos
from tracker.storage.columns import new_id
from tracker.storage.connection import writing


def draw_annotation(
    db: Database, patient_id: str, photo_id: str, drawing: Drawing, author_id: str, now: datetime
) -> bool:
    """Keep the drawing, once if it is sent twice; False when it is another patient's photo."""
    photo = photos.get(db, photo_id)
    if photo is None or photo.patient_id != patient_id:
        return False
    with writing(db):
        if not _is_drawn(db, photo, drawing, author_id):
            annotations.add_version(db, new_id(), photo_id, drawing, author_id, now)
    return True


def _is_drawn(db: Database, photo: Photo, drawing: Drawing, author_id: str) -> bool:
    known = annotations.of_treatment(db, photo.treatment_id)
    return any(
        each.photo_id == photo.id
        and not each.latest.is_withdrawn
        and (each.latest.drawing, each.latest.author_id) == (drawing, author_id)
        for each in known
    )
