"""Receive a photo in parts; `receiving` judges it when it is whole."""

from datetime import datetime

from sqlite_utils import Database

from tracker.domain.course.photos import EarlyPhoto, Photo, PhotoRole
from tracker.domain.own_data.consents import CareWithdrawn
from tracker.storage.course import early_photos, photos, treatments
from tracker.storage.own_data import consents
from tracker.wires.photo_files import PhotoFiles, Picture
from tracker.wires.upload_parts import Arriving, Part, UploadParts


def reached(
    db: Database,
    files: PhotoFiles,
    parts: UploadParts,
    patient_id: str,
    role: PhotoRole,
    upload: Arriving,
    now: datetime,
) -> int | Photo | EarlyPhoto | CareWithdrawn:
    """How many bytes of a photo have arrived in parts, or the photo if it needs none any more.

    One that was lost here may come again.
    """
    if consents.care_withdrawn_at(db, patient_id) is not None:
        return CareWithdrawn()
    treatment = treatments.for_photo(db, patient_id, role, now)
    known: Photo | EarlyPhoto | None = None
    if treatment is None:
        known = early_photos.by_digest(db, patient_id, upload.digest)
    elif (photo := photos.by_digest(db, treatment.id, upload.digest)) and not photo.is_lost:
        known = photo
    if known is not None and files.opens(f"{known.id}/{Picture.PHOTO}"):
        return known
    return parts.reached(patient_id, upload)


def receive_part(
    db: Database, parts: UploadParts, patient_id: str, upload: Arriving, part: Part
) -> int | CareWithdrawn:
    """Keep the next part of a photo; returns how many bytes have arrived then.

    Raises WrongPartError, TooManyUploads.
    """
    if consents.care_withdrawn_at(db, patient_id) is not None:
        return CareWithdrawn()
    return parts.add(patient_id, upload, part)
