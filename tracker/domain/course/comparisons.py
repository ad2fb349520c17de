"""Which two photos of a treatment are compared."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from tracker.domain.course.photos import Photo, PhotoRole, PhotoStatus, View


@dataclass(frozen=True, slots=True)
class Asked:
    """What the reader wants to see; None leaves the choice to us."""

    before: str | None = None
    after: str | None = None
    view: View | None = None


@dataclass(frozen=True, slots=True)
class Pair:
    """Two photos of one view; the same one twice while there is only one."""

    before: Photo
    after: Photo


def view_asked(photos: Sequence[Photo], asked: Asked) -> View:
    """The view that was asked for, else that of the photos asked for, else the front."""
    of_photo = {photo.id: photo.view for photo in photos}
    named = (of_photo.get(each) for each in (asked.after, asked.before) if each)
    return asked.view or next(filter(None, named), View.FRONT)


def comparable(photos: Sequence[Photo], view: View) -> tuple[Photo, ...]:
    """The photos of a view that can be compared: for the front, those aligned to the baseline."""
    return tuple(
        photo
        for photo in photos
        if photo.view is view and (view is not View.FRONT or photo.status is PhotoStatus.MEASURED)
    )


def pair_asked(photos: Sequence[Photo], asked: Asked) -> Pair | None:
    """The pair to show out of a treatment's photos, in time order; None when there is no photo.

    If none is asked for, it is the photo from before and the latest. A photo of another view stands
    for the time it was taken, so that a change of view keeps the days.
    """
    found = comparable(photos, view_asked(photos, asked))
    if not found:
        return None
    taken = {photo.id: photo.taken_at for photo in photos}
    from_before = next((p for p in found if p.role is PhotoRole.BASELINE), found[0])
    return Pair(
        before=_nearest(found, taken.get(asked.before or ""), from_before),
        after=_nearest(found, taken.get(asked.after or ""), found[-1]),
    )


def _nearest(found: Sequence[Photo], moment: datetime | None, otherwise: Photo) -> Photo:
    if moment is None:
        return otherwise
    return min(found, key=lambda photo: abs(photo.taken_at - moment))
