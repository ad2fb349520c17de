"""Which side of the photo from before is the patient's left: asked, answered, changed."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlite_utils import Database

from analysis import KnownPhotos, open_photo, outline_cheeks
from analysis.errors import Unmeasurable
from analysis.face.faces import FindFace, find_face
from tracker.domain.course.outlines import Outline
from tracker.domain.course.photos import Photo
from tracker.domain.course.sides import Obstacle, Said, SaidBy, SidesAnswer, obstacle
from tracker.domain.own_data.consents import CareWithdrawn
from tracker.domain.people.people import Person
from tracker.storage.connection import writing
from tracker.storage.course import photos, sides
from tracker.storage.own_data import consents
from tracker.wires.photo_files import PhotoFiles, PhotoUnreadable, Picture
from tracker.wires.processes import Apart, here


@dataclass(frozen=True, slots=True)
class Cheeks:
    """The middles (x, y) of the cheek further left in a file and of the other one, in pixels.

    `size` is the photo's, width and height.
    """

    left: tuple[float, float]
    right: tuple[float, float]
    size: tuple[int, int]


@dataclass(frozen=True, slots=True)
class SidesCase:
    """A photo from before, what was said about it so far, and where its file shows the cheeks.

    `cheeks` is None where the file cannot be opened or no face is found in it any more.
    """

    photo: Photo
    answers: tuple[SidesAnswer, ...]
    cheeks: Cheeks | None


@dataclass(frozen=True, slots=True)
class SidesKept:
    """The answer is on record; this many photos wait to be measured again."""

    photos: int


@dataclass(frozen=True, slots=True)
class SidesRefused:
    """Nothing was kept."""

    obstacle: Obstacle


def show_sides(
    db: Database,
    files: PhotoFiles,
    photo: Photo,
    find: FindFace = find_face,
    apart: Apart = here,
) -> SidesCase:
    """What a person must see to say which side is left."""
    try:
        cheeks = apart(_cheeks, files.load(photo.id, Picture.PHOTO), find)
    except (PhotoUnreadable, Unmeasurable):
        cheeks = None
    return SidesCase(photo, tuple(sides.of_photo(db, photo.id)), cheeks)


def answer_sides(
    db: Database,
    patient_id: str,
    photo_id: str,
    said: Said,
    by: Person,
    now: datetime,
    *,
    known: int,
) -> SidesKept | SidesRefused | CareWithdrawn:
    """Keep what a patient or the clinic says about the photo from before.

    `known` is how many answers the person has seen. The same answer given again changes nothing. A
    patient who has withdrawn consent to care keeps the existing readings, because no photo would be
    measured again.
    """
    said_by = SaidBy.PATIENT if by.id == patient_id else SaidBy.CLINIC
    with writing(db):
        if consents.care_withdrawn_at(db, patient_id) is not None:
            return CareWithdrawn()
        photo = photos.get(db, photo_id)
        if photo is None or photo.patient_id != patient_id or not _is_reference(db, photo):
            return SidesRefused(Obstacle.NOT_THE_REFERENCE)
        answers = sides.of_photo(db, photo.id)
        answer = SidesAnswer(photo.id, said, said_by, now, by.id)
        if _is_repeated(answers, answer, by.zone):
            return SidesKept(0)
        if (why_not := obstacle(photo, answers, said_by, known)) is not None:
            return SidesRefused(why_not)
        return SidesKept(sides.record(db, photo, answer))


def _is_reference(db: Database, photo: Photo) -> bool:
    reference = photos.baseline(db, photo.treatment_id)
    return reference is not None and reference.id == photo.id


def _is_repeated(answers: list[SidesAnswer], answer: SidesAnswer, zone: ZoneInfo) -> bool:
    """Whether the same was said before and nothing else since; "not now" is said for a day."""
    last = answers[-1] if answers else None
    if last is None or (last.said, last.said_by) != (answer.said, answer.said_by):
        return False
    days = [each.at.astimezone(zone).date() for each in (last, answer)]
    return answer.said is not Said.LATER or days[0] == days[1]


def _cheeks(photo: bytes, find: FindFace) -> Cheeks:
    once = KnownPhotos(find)
    image = open_photo(photo, once, is_whole=True)
    left, right = (_middle(cheek, image.size) for cheek in outline_cheeks(image, once))
    return Cheeks(left, right, image.size)


def _middle(outline: Outline, size: tuple[int, int]) -> tuple[float, float]:
    x, y = (sum(shares) / len(outline) for shares in zip(*outline, strict=True))
    return x * size[0], y * size[1]
