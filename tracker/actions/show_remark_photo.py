"""The photo that was sent with a remark."""

from sqlite_utils import Database

from tracker.photo_files import PhotoFiles, PhotoMissing, Picture
from tracker.storage import conversation


def show_remark_photo(db: Database, files: PhotoFiles, patient_id: str, remark_id: str) -> bytes:
    """The encoded photo; PhotoMissing when it is not there or not in this conversation."""
    if remark_id not in {remark.id for remark in conversation.of_patient(db, patient_id)}:
        raise PhotoMissing(f"remark {remark_id} is not in this conversation")
    return files.load(remark_id, Picture.PHOTO)
