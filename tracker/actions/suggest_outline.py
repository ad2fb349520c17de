"""Suggest an outline to begin from: a part of the face as it lies on the baseline."""

from analysis import decode_photo, outline_region
from analysis.errors import Unmeasurable
from analysis.face.faces import FindFace, find_face
from analysis.face.regions import Region as SeenRegion
from tracker.outlines import Outline
from tracker.photo_files import PhotoFiles, PhotoUnreadable, Picture
from tracker.photos import Photo
from tracker.treatments import Region


def suggest_outline(
    files: PhotoFiles, baseline: Photo, region: Region, find: FindFace = find_face
) -> Outline | None:
    """The outline of one part of the face; None where the photo cannot be opened or has no face."""
    try:
        photo = decode_photo(files.load(baseline.id, Picture.PHOTO))
        return outline_region(SeenRegion(str(region)), photo, find)
    except (PhotoUnreadable, Unmeasurable):
        return None
