"""One picture of a patient's photo."""

from sqlite_utils import Database

from tracker.photo_files import PhotoFiles, PhotoMissing, Picture
from tracker.storage import photos


def show_picture(
    db: Database, files: PhotoFiles, patient_id: str, photo_id: str, picture: Picture
) -> bytes:
    """The encoded picture; PhotoMissing when it is not there or not this patient's."""
    photo = photos.get(db, photo_id)
    if photo is None or photo.patient_id != patient_id:
        raise PhotoMissing(f"photo {photo_id} is not this patient's")
    return files.load(photo_id, picture)
