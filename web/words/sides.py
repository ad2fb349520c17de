"""Left and right in photos: the two pictures between which people choose, and the words for it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from tracker.actions.course.sides import Cheeks, SidesCase
from tracker.domain.course.photos import Photo, PhotoStatus, Sides
from tracker.domain.course.readings import Reading
from tracker.domain.course.sides import (
    Obstacle,
    Said,
    SaidBy,
    SidesAnswer,
    hidden_cheek,
    in_force,
    obstacle,
    words_of,
)
from tracker.domain.course.treatments import Treatment
from web.words.times import when

SIDES_UNKNOWN = (
    "Left and right may be swapped: nothing in the photo from before shows whether its camera"
    " stored a mirror image."
    " Ask the patient which side it is before you act on one."
)
CONTRADICTED = (
    "Left and right may be swapped: what is known of the photo from before does not agree with a"
    " later photo whose sides are sure. Look at both before you act on a side."
)
CHOOSE = "Choose a picture, or say that you are not sure."
CHOOSE_AS_CLINIC = "Choose a picture, or “Not known”."
OBSTACLES: Mapping[Obstacle, str] = {
    Obstacle.NOT_THE_REFERENCE: "Another photo from before counts by now, so nothing was saved."
    " Here is the one that counts.",
    Obstacle.SURE: "The photo itself shows which side is left, so nothing was changed.",
    Obstacle.SETTLED: "Your clinic knows it already, so nothing was changed.",
    Obstacle.TOO_OFTEN: "You have changed this several times, so nothing was changed now. Please"
    " tell your clinic which side is left.",
    Obstacle.MEANWHILE: "Another answer came after you opened this page, so yours was not saved."
    " Here is how it is now. Answer again if it is wrong.",
}
_REACH = 1.3  # of a picture around the face, in distances of the cheeks
_RING = 0.2  # radius of the mark, in distances of the cheeks


@dataclass(frozen=True, slots=True)
class SidesPicture:
    """One way round: choosing it says `said` about the file.

    The picture shows the face as others see it if `said` is true; then `x`, `y` are on the person's
    right cheek. `turned` is the width by which an SVG must shift the mirrored file, 0 for the file
    as it is.
    """

    said: Said
    number: int
    view_box: str
    turned: int
    x: int
    y: int
    ring: int


@dataclass(frozen=True, slots=True)
class SidesView:
    """Both ways round, in an order that has nothing to do with the file, and what was said."""

    photo_id: str
    width: int
    height: int
    pictures: tuple[SidesPicture, ...]
    known: int
    chosen: Said | None
    history: tuple[str, ...]
    is_sure: bool

    @property
    def as_stored(self) -> str:
        """The picture that shows the file as it is: `Picture 1`."""
        return next((f"Picture {p.number}" for p in self.pictures if not p.turned), "")


def sides_view(case: SidesCase, by: SaidBy, now: datetime, zone: ZoneInfo) -> SidesView:
    """The two pictures of a photo; none where its file cannot be shown.

    Only what `by` said is chosen already: an answer saved without a look would be a surer one.
    """
    last = in_force(case.answers)
    cheeks = case.cheeks
    return SidesView(
        photo_id=case.photo.id,
        width=cheeks.size[0] if cheeks else 0,
        height=cheeks.size[1] if cheeks else 0,
        pictures=_pictures(case.photo, cheeks) if cheeks else (),
        known=len(case.answers),
        chosen=last.said if last and last.said_by is by else None,
        history=tuple(
            f"{when(each.at, now, zone).capitalize()}: {words_of(each)}"
            for each in reversed(case.answers)
        ),
        is_sure=case.photo.sides is Sides.SURE,
    )


def settled_words(photo: Photo, answers: Sequence[SidesAnswer]) -> str:
    """Why a patient need not say which side is left; empty where the patient may."""
    if photo.sides is Sides.SURE:
        return "This photo shows by itself which side is left. Nothing is needed from you."
    last = in_force(answers)
    if last is None or obstacle(photo, answers, SaidBy.PATIENT) is not Obstacle.SETTLED:
        return ""
    who = "Your clinic" if last.said_by is SaidBy.CLINIC else "Another photo of yours"
    return f"{who} has shown which side is left. Nothing is needed from you."


def _pictures(photo: Photo, cheeks: Cheeks) -> tuple[SidesPicture, ...]:
    """In both pictures the mark is at the same place, so that only the skin under it can tell.

    Which picture comes first depends on the photo's id: a person who always takes the first one
    must not make every photo plain.
    """
    order = (Said.PLAIN, Said.MIRRORED)
    shown = order if photo.id < "8" else order[::-1]
    return tuple(_picture(said, number, cheeks) for number, said in enumerate(shown, 1))


def _picture(said: Said, number: int, cheeks: Cheeks) -> SidesPicture:
    width = cheeks.size[0]
    apart = cheeks.right[0] - cheeks.left[0]
    middle, height = (cheeks.left[0] + cheeks.right[0]) / 2, (cheeks.left[1] + cheeks.right[1]) / 2
    x, y = cheeks.left
    if said is Said.MIRRORED:
        middle, x, y = width - middle, width - cheeks.right[0], cheeks.right[1]
    reach = min(_REACH * apart, middle, width - middle)
    box = (middle - reach, height - 1.3 * reach, 2 * reach, 2.3 * reach)
    return SidesPicture(
        said=said,
        number=number,
        view_box=" ".join(str(round(each)) for each in box),
        turned=width if said is Said.MIRRORED else 0,
        x=round(x),
        y=round(y),
        ring=round(_RING * apart),
    )


def blind_side(baseline: Photo | None, treatment: Treatment) -> tuple[str, ...]:
    """What a mirror image would hide where one cheek alone was treated; empty for all others."""
    cheek = hidden_cheek(baseline, treatment)
    if cheek is None:
        return ()
    words = (
        f"Of the cheeks only one was treated, the {cheek.words}, and this photo may be a mirror"
        " image. If it is, the treated cheek is taken for untreated skin, and photos raise no alert"
        " about it. Say which side is left."
    )
    return (words,)


@dataclass(frozen=True, slots=True)
class SidesNote:
    """What a reader of the clinic must know about left and right in a course.

    `doubt` is empty where they are sure; most photos do not show it, so pages say it quietly, after
    what is urgent. `pictures` says where left is in pictures that are laid onto the baseline.
    `may_say`: somebody may still say which side is left; `is_unknown`: so far it is not known.
    """

    treatment_id: str
    doubt: str
    pictures: str
    may_say: bool
    is_unknown: bool


def sides_note(
    baseline: Photo | None,
    treatment_id: str,
    answers: Sequence[SidesAnswer] = (),
    photos: Sequence[Photo] = (),
    readings: Sequence[Reading] = (),
    shown: Photo | None = None,
) -> SidesNote:
    """The note for a course with these photos and readings; `answers` are about the baseline.

    `shown` is the photo whose pictures the page shows, if it is a single one.
    """
    return SidesNote(
        treatment_id=treatment_id,
        doubt=_doubt(baseline, answers, photos, readings) if baseline else "",
        pictures=picture_sides(baseline, "the patient’s", shown),
        may_say=baseline is not None and baseline.sides is not Sides.SURE,
        is_unknown=baseline is not None and baseline.sides is Sides.UNKNOWN,
    )


def _doubt(
    baseline: Photo,
    answers: Sequence[SidesAnswer],
    photos: Sequence[Photo],
    readings: Sequence[Reading],
) -> str:
    if baseline.sides is Sides.UNKNOWN:
        return " ".join(filter(None, (SIDES_UNKNOWN, _asked(answers), _hints(baseline, readings))))
    if _is_contradicted(baseline, photos, readings):
        return CONTRADICTED
    last = in_force(answers)
    return f"Left and right are the patient’s own: {words_of(last)}." if last else ""


def _asked(answers: Sequence[SidesAnswer]) -> str:
    last = in_force(answers)
    if last is None or last.said is not Said.UNSURE:
        return ""
    return f"On asking, {words_of(last)}."


def _hints(baseline: Photo, readings: Sequence[Reading]) -> str:
    """What makes a mirror image more likely; none of it decides."""
    clear = [
        r.is_mirrored for r in readings if r.is_mirrored is not None and r.photo_id != baseline.id
    ]
    hints = []
    if baseline.is_selfie:
        hints.append("The file names a front camera: such cameras can store a mirror image.")
    if any(clear):
        count = f"{sum(clear)} of {len(clear)} later photos"
        hints.append(
            f"{count} {'shows' if sum(clear) == 1 else 'show'} the face the other way round, so"
            " one of both kinds is a mirror image."
        )
    return " ".join(hints)


def _is_contradicted(baseline: Photo, photos: Sequence[Photo], readings: Sequence[Reading]) -> bool:
    """Whether a later photo that is sure to be plain shows the face the other way round."""
    sure = {photo.id for photo in photos if photo.sides is Sides.SURE and photo.id != baseline.id}
    return any(reading.is_mirrored for reading in readings if reading.photo_id in sure)


def picture_sides(baseline: Photo | None, whose: str, shown: Photo | None = None) -> str:
    """Where left is in pictures that are laid onto the baseline; `whose` is "your" or another.

    Empty where there is no baseline. The pictures of a photo that waits to be measured again, or
    could not be, are still those of before.
    """
    if baseline is None:
        return ""
    if shown is not None and shown.status in {PhotoStatus.WAITING, PhotoStatus.MEASURING}:
        return (
            "This photo is being measured again. Until then these pictures may show left and right"
            " the other way round."
        )
    if shown is not None and shown.status is PhotoStatus.UNMEASURABLE:
        return (
            "This photo could not be measured again. These pictures are older and may show left and"
            " right the other way round."
        )
    if baseline.sides is Sides.UNKNOWN:
        return f"Which side of the pictures is {whose} left is not sure."
    return f"As others see the face: {whose} left is on the right of the pictures."


def file_sides(photo: Photo, whose: str) -> str:
    """Where left is in the file of a photo from before, as it came."""
    if photo.sides is Sides.UNKNOWN:
        return (
            f"Whether this photo is a mirror image is not known: {whose} left may be on any side."
        )
    if photo.is_mirrored:
        return f"This photo is a mirror image: {whose} left is on the left of it."
    return f"This photo is as others see the face: {whose} left is on the right of it."
