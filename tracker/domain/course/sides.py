"""On which side of the photo from before the patient's left is: who said it, and what follows.

The file stays as it was sent. Where it is known to be a mirror image, it is turned before anything
is measured on it, so that readings, heat maps and alerts name the patient's own left and right.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from tracker.domain.course.photos import Photo, Sides
from tracker.domain.course.treatments import Region, Treatment

MOST_ANSWERS = 6  # by a patient about one photo; each may have the whole course measured again
MOST_ASKED = 2  # times a patient is asked; "not now" is an answer for that day


class Said(StrEnum):
    """What was said about the file of a photo."""

    PLAIN = "plain"  # it shows the face as others see it
    MIRRORED = "mirrored"  # it shows the face as a mirror does
    UNSURE = "unsure"
    LATER = "later"  # the patient did not want to say now


class SaidBy(StrEnum):
    """Who said it, the surest last: a surer answer is not overruled by a less sure one."""

    PATIENT = "patient"
    PHOTOS = "photos"  # a later photo whose own sides are sure
    CLINIC = "clinic"


@dataclass(frozen=True, slots=True)
class SidesAnswer:
    """One answer about a photo; `person_id` is None where photos gave it."""

    photo_id: str
    said: Said
    said_by: SaidBy
    at: datetime
    person_id: str | None = None


class Obstacle(StrEnum):
    """Why an answer is not taken."""

    NOT_THE_REFERENCE = "not_the_reference"  # the photo is gone, or another one counts by now
    SURE = "sure"  # the photo itself shows it
    SETTLED = "settled"  # somebody said it who is surer
    MEANWHILE = "meanwhile"  # another answer came after the page was opened
    TOO_OFTEN = "too_often"  # the patient has changed it again and again


_SPEAKERS: Final[Mapping[SaidBy, str]] = {
    SaidBy.PATIENT: "the patient says that",
    SaidBy.PHOTOS: "a later photo whose sides are sure shows that",
    SaidBy.CLINIC: "the clinic says that",
}
_SAYINGS: Final[Mapping[Said, str]] = {
    Said.PLAIN: "the photo from before is not a mirror image",
    Said.MIRRORED: "the photo from before is a mirror image",
    Said.UNSURE: "it is not known whether the photo from before is a mirror image",
    Said.LATER: "the question can wait",
}


def what_was_said(said: Said) -> str:
    """`the photo from before is a mirror image`."""
    return _SAYINGS[said]


def words_of(answer: SidesAnswer) -> str:
    """The answer as a history gives it: `the patient says that the photo … is a mirror image`."""
    return f"{_SPEAKERS[answer.said_by]} {_SAYINGS[answer.said]}"


def in_force(answers: Sequence[SidesAnswer]) -> SidesAnswer | None:
    """The answer that counts, of those about one photo in time order; "not now" never does."""
    given = [each for each in answers if each.said is not Said.LATER]
    return given[-1] if given else None


def obstacle(
    photo: Photo, answers: Sequence[SidesAnswer], said_by: SaidBy, known: int | None = None
) -> Obstacle | None:
    """Why this photo, with these answers so far, takes no other one; None where it does.

    `known` is how many answers the person who answers has seen.
    """
    if photo.sides is Sides.SURE:
        return Obstacle.SURE
    last = in_force(answers)
    order = list(SaidBy)
    is_settled = last is not None and photo.sides is not Sides.UNKNOWN
    if is_settled and last is not None and order.index(said_by) < order.index(last.said_by):
        return Obstacle.SETTLED
    if known is not None and known != len(answers):
        return Obstacle.MEANWHILE
    own = [each for each in answers if each.said_by is said_by and each.said is not Said.LATER]
    if said_by is SaidBy.PATIENT and len(own) >= MOST_ANSWERS:
        return Obstacle.TOO_OFTEN
    return None


def sides_after(photo: Photo, said: Said) -> Sides:
    """What is known of the photo's sides after an answer."""
    match said:
        case Said.PLAIN:
            return Sides.PLAIN
        case Said.MIRRORED:
            return Sides.MIRRORED
        case Said.UNSURE:
            return Sides.UNKNOWN
        case Said.LATER:
            return photo.sides


def told_by_photo(
    baseline: Photo, answers: Sequence[SidesAnswer], now: datetime, *, is_mirror_image: bool
) -> SidesAnswer | None:
    """What a later photo, whose own sides are sure, tells of the baseline; None for nothing new.

    What the clinic said is not overruled, and photos that contradict each other turn nothing over
    and over: the clinic's pages say that they do not agree.
    """
    said = Said.MIRRORED if is_mirror_image else Said.PLAIN
    by_others = {each.said for each in answers if each.said_by is SaidBy.PHOTOS}
    if sides_after(baseline, said) is baseline.sides or by_others - {said}:
        return None
    if obstacle(baseline, answers, SaidBy.PHOTOS) is not None:
        return None
    return SidesAnswer(baseline.id, said, SaidBy.PHOTOS, now)


def hidden_cheek(baseline: Photo | None, treatment: Treatment) -> Region | None:
    """The one treated cheek that a mirror image would take for untreated skin; None if sure."""
    cheeks = treatment.areas & {Region.LEFT_CHEEK, Region.RIGHT_CHEEK}
    if baseline is None or baseline.sides is not Sides.UNKNOWN or len(cheeks) != 1:
        return None
    return next(iter(cheeks))


def asks_patient(
    photo: Photo, answers: Sequence[SidesAnswer], now: datetime, zone: ZoneInfo
) -> bool:
    """Whether the patient is to be asked about this photo today.

    "I am not sure" is an answer, but not where the clinic gives it: the patient may know. After
    "not now" the question comes once more, on another day.
    """
    own = [each for each in answers if each.said_by is SaidBy.PATIENT]
    if photo.sides is not Sides.UNKNOWN or photo.is_lost or in_force(own) is not None:
        return False
    put_off = [each.at.astimezone(zone).date() for each in own]
    return len(put_off) < MOST_ASKED and now.astimezone(zone).date() not in put_off
