"""What is drawn on a photo: annotations for the care team, and the treated areas."""

from dataclasses import dataclass
from datetime import datetime

from sqlite_utils import Database

from analysis import KnownPhotos, MarkedAreas, judge_marked, open_photo, outline_region
from analysis.errors import Unmeasurable
from analysis.face.faces import FindFace, find_face
from analysis.face.regions import Region as SeenRegion
from analysis.images import SrgbImage, mirror_photo
from analysis.marking import MarkTrouble
from tracker.domain.clinic.audit import Act, Entry
from tracker.domain.course.annotations import Annotation, Drawing
from tracker.domain.course.outlines import Outline, Outlines
from tracker.domain.course.photos import Photo
from tracker.domain.course.treatments import Region, Treatment
from tracker.domain.own_data.consents import CareWithdrawn
from tracker.storage.clinic import audit_log
from tracker.storage.columns import new_id
from tracker.storage.connection import writing
from tracker.storage.course import annotations, outlines, photos, treatments
from tracker.storage.own_data import consents
from tracker.wires.photo_files import PhotoFiles, PhotoUnreadable, Picture
from tracker.wires.processes import Apart, here


@dataclass(frozen=True, slots=True)
class AnnotationKept:
    """The drawing is kept, now or since it was sent before."""


@dataclass(frozen=True, slots=True)
class PicturesTurned:
    """Left and right of the pictures were exchanged after the page was opened; nothing was kept."""


def draw_annotation(
    db: Database,
    patient_id: str,
    photo_id: str,
    drawing: Drawing,
    author_id: str,
    now: datetime,
    *,
    were_turned: bool | None = None,
) -> AnnotationKept | PicturesTurned | None:
    """Keep the drawing, once if it is sent twice; None when it is another patient's photo.

    `were_turned` says whether the pictures on which it was drawn were those of a turned baseline,
    None where that is not known.
    """
    photo = photos.get(db, photo_id)
    if photo is None or photo.patient_id != patient_id:
        return None
    with writing(db):
        if _turned_since(db, photo_id, were_turned):
            return PicturesTurned()
        if not _is_drawn(db, photo, drawing, author_id):
            annotations.add_version(db, new_id(), photo_id, drawing, author_id, now)
            audit_log.add(
                db, Entry(Act.RECORD_CHANGED, now, author_id, patient_id, "note drawn on a photo")
            )
    return AnnotationKept()


def _turned_since(db: Database, photo_id: str, were_turned: bool | None) -> bool:
    return were_turned is not None and annotations.are_turned(db, photo_id) is not were_turned


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
    """Another person changed or withdrew it after it was read; nothing was kept."""

    annotation: Annotation


def revise_annotation(
    db: Database,
    patient_id: str,
    annotation_id: str,
    read: int,
    drawing: Drawing | None,
    author_id: str,
    now: datetime,
    *,
    were_turned: bool | None = None,
) -> Revised | Overtaken | PicturesTurned | None:
    """Add a version to what was read as version `read`; without a `drawing` it is withdrawn.

    None when there is no such annotation on a photo of this patient. `were_turned` is as in
    `draw_annotation`.
    """
    with writing(db):
        found = annotations.get(db, annotation_id)
        photo = photos.get(db, found.photo_id) if found else None
        if found is None or photo is None or photo.patient_id != patient_id:
            return None
        latest = found.latest
        if latest.number != read or latest.is_withdrawn:
            return Overtaken(found)
        if drawing is not None and _turned_since(db, found.photo_id, were_turned):
            return PicturesTurned()
        annotations.add_version(
            db,
            annotation_id,
            found.photo_id,
            drawing or latest.drawing,
            author_id,
            now,
            withdrawn=drawing is None,
        )
        told = Entry(Act.RECORD_CHANGED, now, author_id, patient_id, "drawing changed")
        audit_log.add(db, told)
    return Revised()


@dataclass(frozen=True, slots=True)
class Drawn:
    """The outlines are kept; this many photos wait to be measured again."""

    photos: int


@dataclass(frozen=True, slots=True)
class Undrawable:
    """Nothing was kept; each trouble names an outline and a fault of `analysis.marking`."""

    troubles: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class DrawnMeanwhile:
    """Another person drew on this baseline after the page was opened; nothing was changed."""


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
    apart: Apart = here,
) -> Drawn | Undrawable | DrawnMeanwhile | NothingToDrawOn | CareWithdrawn:
    """Keep the outlines as the latest version, and have every photo of the course measured again.

    `known` is how many versions the person who draws has seen. A patient who has withdrawn consent
    to care keeps the existing readings, because no new photo would be measured. Raises ValueError
    for invalid outlines: crossing, outside the photo, or treated and untreated at once.
    """
    as_others_see = drawn.mirrored() if baseline.is_mirrored else drawn
    marked = MarkedAreas(as_others_see.treated, as_others_see.untreated)
    parts = frozenset(SeenRegion(str(area)) for area in treatment.areas)
    try:
        data = files.load(baseline.id, Picture.PHOTO)
        turned = baseline.is_mirrored
        troubles = apart(_judge_marked, data, parts, marked, find, is_turned=turned)
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
        audit_log.add(db, Entry(Act.RECORD_CHANGED, now, by, treatment.patient_id, "areas drawn"))
        again = photos.measure_again(db, treatment.id)
        treatments.tell_news(db, treatment.id)
    return Drawn(again)


def suggest_outline(
    files: PhotoFiles,
    baseline: Photo,
    region: Region,
    find: FindFace = find_face,
    apart: Apart = here,
) -> Outline | None:
    """The outline of a part of the face in the file; None if it cannot be opened or has no face."""
    try:
        data, turned = files.load(baseline.id, Picture.PHOTO), baseline.is_mirrored
        outline = apart(_outline, data, SeenRegion(str(region)), find, is_turned=turned)
    except (PhotoUnreadable, Unmeasurable):
        return None
    return Outlines((outline,)).mirrored().treated[0] if turned else outline


def _judge_marked(
    photo: bytes,
    parts: frozenset[SeenRegion],
    marked: MarkedAreas,
    find: FindFace,
    *,
    is_turned: bool,
) -> tuple[MarkTrouble, ...]:
    once = KnownPhotos(find)
    return judge_marked(_as_others_see(photo, once, is_turned=is_turned), parts, marked, once)


def _outline(photo: bytes, region: SeenRegion, find: FindFace, *, is_turned: bool) -> Outline:
    once = KnownPhotos(find)
    return outline_region(region, _as_others_see(photo, once, is_turned=is_turned), once)


def _as_others_see(photo: bytes, find: FindFace, *, is_turned: bool) -> SrgbImage:
    image = open_photo(photo, find, is_whole=True)
    return mirror_photo(image) if is_turned else image
