"""Change an annotation; what it was before stays readable."""

from dataclasses import dataclass
from datetime import datetime

from sqlite_utils import Database

from tracker.annotations import Annotation, Drawing
from tracker.storage import annotations, photos
from tracker.storage.connection import writing


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
