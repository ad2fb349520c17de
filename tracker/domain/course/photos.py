"""A photo on its way from the phone to a reading."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

CLAIM_LEASE = timedelta(minutes=2)  # a claim older than this belonged to a worker that died
# After a failure of the photo's own: more than an hour in all, then it is given up.
RETRY_DELAYS = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60))
# After trouble that is not the photo's, such as storage that is unreachable: without end.
TROUBLE_DELAYS = tuple(timedelta(seconds=seconds) for seconds in (5, 15, 30, 60, 120, 300))
FAILED = "analysis_failed"  # the fault of a photo that was given up; sending it again tries again


class PhotoRole(StrEnum):
    """What a photo is compared as."""

    BASELINE = "baseline"
    FOLLOW_UP = "follow_up"


class View(StrEnum):
    """The side from which the face is seen, as the patient's own. Only the front is measured."""

    FRONT = "front"
    LEFT = "left"
    RIGHT = "right"


class Sides(StrEnum):
    """Whether the person's left is on the right of the file, as others see a face."""

    SURE = "sure"  # it is, by the card in the photo, or because the page's own camera took it
    PLAIN = "plain"  # it is, by what was said or by another photo
    MIRRORED = "mirrored"  # it is on the left, by what was said or by another photo
    UNKNOWN = "unknown"  # front cameras may store a mirror image, and do not say so


class PhotoStatus(StrEnum):
    """How far a photo is; the row itself is the queue. A side view is only kept."""

    WAITING = "waiting"
    MEASURING = "measuring"
    MEASURED = "measured"
    UNMEASURABLE = "unmeasurable"
    KEPT = "kept"


class FileFault(StrEnum):
    """What is wrong with the stored file of a photo."""

    MISSING = "missing"
    DAMAGED = "damaged"


class SkinState(StrEnum):
    """What the patient says about the skin in the photo."""

    CLEAN = "clean"
    MAKE_UP = "make_up"
    AFTER_SPORT = "after_sport"
    AFTER_SHOWER = "after_shower"
    SUNSCREEN = "sunscreen"


@dataclass(frozen=True, slots=True)
class Upload:
    """What the phone sends: file bytes and the patient's words about them.

    `taken_at` is what the person says, and `is_just_now` that they say "just now". `made_at` is
    when the photo was taken or chosen on a page and `sent_at` when it was sent, both by the phone;
    `made_at` carries the phone's offset, or the person's where the phone did not say its own.
    `is_fresh` tells that a camera took the photo at `made_at`. `sides` is what is known of left and
    right in the file; the page's own camera never mirrors.
    """

    data: bytes
    role: PhotoRole
    taken_at: datetime | None = None
    skin_state: SkinState = SkinState.CLEAN
    made_at: datetime | None = None
    view: View = View.FRONT
    sent_at: datetime | None = None
    is_fresh: bool = False
    is_just_now: bool = False
    sides: Sides = Sides.UNKNOWN


@dataclass(frozen=True, slots=True)
class Photo:
    """A received photo; `faults` and `warnings` are the names that the analysis uses.

    `attempts` counts the claims, `failures` those that failed because of this photo. Of the last
    claims in a row, `troubles` failed for another reason and `lapses` ended with their worker.
    `file_fault` is what was found when its file was last read. `is_selfie` is a hint alone: the
    file names a front camera, which may store mirror images.
    """

    id: str
    treatment_id: str
    patient_id: str
    role: PhotoRole
    status: PhotoStatus
    taken_at: datetime
    received_at: datetime
    skin_state: SkinState
    faults: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    attempts: int = 0
    view: View = View.FRONT
    failures: int = 0
    troubles: int = 0
    lapses: int = 0
    file_fault: FileFault | None = None
    sides: Sides = Sides.UNKNOWN
    is_selfie: bool = False

    @property
    def is_mirrored(self) -> bool:
        """Whether its file is known to be a mirror image, to be turned before it is measured."""
        return self.sides is Sides.MIRRORED

    @property
    def is_lost(self) -> bool:
        """Whether it was good when it arrived, and the system can no longer use it."""
        return self.file_fault is not None or FAILED in self.faults


@dataclass(frozen=True, slots=True)
class EarlyPhoto:
    """A photo that came before any treatment was entered, and is measured only after that.

    `is_dated` means that the page's own camera or the person said when it was taken; otherwise only
    the time at which it came is sure. `seen_at` is when a person of the clinic first opened it.
    """

    id: str
    patient_id: str
    taken_at: datetime
    received_at: datetime
    skin_state: SkinState
    view: View
    sides: Sides
    is_selfie: bool
    is_dated: bool
    warnings: tuple[str, ...] = ()
    seen_at: datetime | None = None

    def as_photo(self, treatment_id: str, role: PhotoRole) -> Photo:
        """The photo that it becomes in the course of a treatment."""
        return Photo(
            id=self.id,
            treatment_id=treatment_id,
            patient_id=self.patient_id,
            role=role,
            status=PhotoStatus.WAITING if self.view is View.FRONT else PhotoStatus.KEPT,
            taken_at=self.taken_at,
            received_at=self.received_at,
            skin_state=self.skin_state,
            warnings=self.warnings,
            view=self.view,
            sides=self.sides,
            is_selfie=self.is_selfie,
        )


@dataclass(frozen=True, slots=True)
class GivenUp:
    """A photo that could not be measured, without a fault that its patient can see.

    `is_baseline`: it is the photo from before, its course has no other, and no later photo of the
    course is measured. `file_fault` is set when its file cannot be read.
    """

    photo_id: str
    patient_id: str
    treatment_id: str
    received_at: datetime
    is_baseline: bool
    file_fault: FileFault | None


def next_try(photo: Photo, now: datetime) -> datetime | None:
    """When to measure again after the failures and troubles that `photo` counts; None: given up."""
    if photo.troubles:
        return now + TROUBLE_DELAYS[min(photo.troubles, len(TROUBLE_DELAYS)) - 1]
    if photo.failures > len(RETRY_DELAYS):
        return None
    return now + RETRY_DELAYS[photo.failures - 1] if photo.failures else now


def reference_of(photos: Iterable[Photo]) -> Photo | None:
    """The photo that the others of its course are compared with: the first usable baseline to come.

    One whose file cannot be read counts only if there is no other.
    """
    usable = [
        photo
        for photo in photos
        if photo.role is PhotoRole.BASELINE
        and photo.view is View.FRONT
        and photo.status is not PhotoStatus.UNMEASURABLE
    ]
    return min(
        usable,
        key=lambda p: (p.file_fault is not None, p.received_at, p.taken_at, p.id),
        default=None,
    )


def unsettled(photo: Photo, photos: Iterable[Photo]) -> bool:
    """Whether another photo of the skin came later and waits, or could not be measured."""
    return any(
        each.status not in {PhotoStatus.MEASURED, PhotoStatus.KEPT}
        for each in photos
        if each.role is PhotoRole.FOLLOW_UP
        and max(each.taken_at, each.received_at) > photo.taken_at
    )


def only_kept_since(
    photo: Photo, photos: Sequence[Photo | EarlyPhoto], zone: ZoneInfo
) -> list[Photo | EarlyPhoto]:
    """Those from the day of a photo or later that nothing measures as treated skin.

    The whole day counts: of the views of one sitting, any may be the first.
    """
    day = photo.taken_at.astimezone(zone).date()
    return [
        each
        for each in photos
        if _is_only_kept(each)
        and max(each.taken_at, each.received_at).astimezone(zone).date() >= day
    ]


def _is_only_kept(photo: Photo | EarlyPhoto) -> bool:
    """Whether nothing measures a photo as treated skin, so that a person alone can judge it."""
    return (
        isinstance(photo, EarlyPhoto)
        or photo.status is PhotoStatus.KEPT
        or photo.role is PhotoRole.BASELINE
    )
