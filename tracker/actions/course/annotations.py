"""Drawings and words on a photo, for the care team."""

from dataclasses import dataclass
from datetime import datetime

from sqlite_utils import Database

from tracker.domain.course.annotations import Annotation, Drawing
from tracker.domain.course.photos import Photo
from tracker.storage.columns import new_id
from tracker.storage.connection import writing
from tracker.storage.course import annotations, photos


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


@dataclass(frozen=True, slots=True)
class Revised:
    """The new version is kept."""


@dataclass(frozen=True, slots=True)
class Overtaken:
    """Somebody else changed or withdrew it after it was read; nothing was kept."""

    annotation: Annotation


def revise_annotation(
    db: Database,
    patient_id: str,
    annotation_id: str,
    read: int,
    drawing: Drawing | None,
    author_id: str,
    now: datetime,
) -> Revised | Overtaken | None:
    """Add a version to what was read as version `read`; without a `drawing` it is withdrawn.

    None when there is no such annotation on a photo of this patient.
    """
    with writing(db):
        found = annotations.get(db, annotation_id)
        photo = photos.get(db, found.photo_id) if found else None
        if found is None or photo is None or photo.patient_id != patient_id:
            return None
        latest = found.latest
        if latest.number != read or latest.is_withdrawn:
            return Overtaken(found)
        annotations.add_version(
            db,
            annotation_id,
            found.photo_id,
            drawing or latest.drawing,
            author_id,
            now,
            withdrawn=drawing is None,
        )
    return Revised()
