"""One picture of a patient's photo; who opens it is kept for the patient to see."""

from datetime import datetime

from sqlite_utils import Database

from tracker.looks import is_same_look
from tracker.photo_files import PhotoFiles, PhotoMissing, Picture
from tracker.storage import looks, photos
from tracker.storage.connection import writing


def show_picture(
    db: Database,
    files: PhotoFiles,
    viewer_id: str,
    patient_id: str,
    photo_id: str,
    picture: Picture,
    now: datetime,
) -> bytes:
    """The encoded picture; PhotoMissing when it is not there or not this patient's.

    A look that cannot be noted is not had: the picture is handed out after the row is written.
    """
    photo = photos.get(db, photo_id)
    if photo is None or photo.patient_id != patient_id:
        raise PhotoMissing(f"photo {photo_id} is not this patient's")
    data = files.load(photo_id, picture)
    if viewer_id != patient_id and not is_same_look(looks.last_at(db, photo_id, viewer_id), now):
        with writing(db):
            looks.note(db, photo_id, viewer_id, now)
    return data
