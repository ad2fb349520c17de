"""The treated areas drawn on the photo from before."""

from dataclasses import dataclass
from datetime import datetime

from sqlite_utils import Database

from analysis import MarkedAreas, decode_photo, judge_marked, outline_region
from analysis.errors import Unmeasurable
from analysis.face.faces import FindFace, find_face
from analysis.face.regions import Region as SeenRegion
from tracker.domain.course.outlines import Outline, Outlines
from tracker.domain.course.photos import Photo
from tracker.domain.course.treatments import Region, Treatment
from tracker.domain.own_data.consents import CareWithdrawn
from tracker.storage.connection import writing
from tracker.storage.course import outlines, photos, treatments
from tracker.storage.own_data import consents
from tracker.wires.photo_files import PhotoFiles, PhotoUnreadable, Picture


@dataclass(frozen=True, slots=True)
class Drawn:
    """The outlines are kept; so many photos wait to be measured again."""

    photos: int


@dataclass(frozen=True, slots=True)
class Undrawable:
    """Nothing was kept; each trouble names an outline and a fault of `analysis.marking`."""

    troubles: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class DrawnMeanwhile:
    """Somebody else drew on this baseline after the page was opened; nothing was changed."""


@dataclass(frozen=True, slots=True)
class NothingToDrawOn:
    """The baseline cannot be opened, or no face is found in it any more."""


def draw_areas(
    db: Database,
    files: PhotoFiles,
    treatment: Treatment,
    baseline: Photo,
    drawn: Outlines,
    by: str,
    now: datetime,
    *,
    known: int,
    find: FindFace = find_face,
) -> Drawn | Undrawable | DrawnMeanwhile | NothingToDrawOn | CareWithdrawn:
    """Keep the outlines as the latest version, and let every photo of the course be measured anew.

    `known` is how many versions whoever draws has seen. A patient who has withdrawn consent to care
    keeps the readings there are, for nothing would be measured in their place. Raises ValueError
    for outlines that are none: crossing, beyond the photo, or treated and untreated at once.
    """
    marked = MarkedAreas(drawn.treated, drawn.untreated)
    parts = frozenset(SeenRegion(str(area)) for area in treatment.areas)
    try:
        photo = decode_photo(files.load(baseline.id, Picture.PHOTO))
        troubles = judge_marked(photo, parts, marked, find)
    except (PhotoUnreadable, Unmeasurable):
        return NothingToDrawOn()
    if troubles:
        return Undrawable(tuple((each.outline, str(each.fault)) for each in troubles))
    with writing(db):
        if consents.care_withdrawn_at(db, treatment.patient_id) is not None:
            return CareWithdrawn()
        if len(outlines.of_baseline(db, baseline.id)) != known:
            return DrawnMeanwhile()
        outlines.insert(db, baseline.id, drawn, by, now)
        again = photos.measure_again(db, treatment.id)
        treatments.tell_news(db, treatment.id)
    return Drawn(again)


def suggest_outline(
    files: PhotoFiles, baseline: Photo, region: Region, find: FindFace = find_face
) -> Outline | None:
    """The outline of one part of the face; None where the photo cannot be opened or has no face."""
    try:
        photo = decode_photo(files.load(baseline.id, Picture.PHOTO))
        return outline_region(SeenRegion(str(region)), photo, find)
    except (PhotoUnreadable, Unmeasurable):
        return None
