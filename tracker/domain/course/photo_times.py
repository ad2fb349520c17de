"""When a photo was taken: several clocks say it, and the surest counts."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from tracker.domain.course.check_ins import given_at
from tracker.domain.course.photos import EarlyPhoto, Photo, PhotoRole, Upload
from tracker.domain.course.treatments import Treatment

CLOCK_TOLERANCE: Final = timedelta(minutes=10)  # phones drift; so far ahead still counts as now
NEAR: Final = timedelta(days=1)  # what a wrong zone or a fast camera explains
OLDEST_BASELINE: Final = timedelta(days=366)  # skin of longer ago is not the skin treated


class TimeFault(StrEnum):
    """Why a photo's time cannot be right, or is not known; refused like a fault of the photo."""

    TAKEN_IN_FUTURE = "taken_in_future"
    TAKEN_BEFORE_TREATMENT = "taken_before_treatment"
    BASELINE_AFTER_TREATMENT = "baseline_after_treatment"
    BASELINE_TOO_OLD = "baseline_too_old"
    TIME_UNSURE = "time_unsure"
    BASELINE_WITHOUT_DATE = "baseline_without_date"

    @property
    def asks_for_time(self) -> bool:
        """Whether the person alone can say when the photo was taken."""
        return self in {TimeFault.TIME_UNSURE, TimeFault.BASELINE_WITHOUT_DATE}


@dataclass(frozen=True, slots=True)
class _Clocks:
    """The page's clock, which also bounds what was chosen on it, and the camera's."""

    page: datetime
    camera: datetime | None


def judge_time(
    upload: Upload,
    captured_at: datetime | None,
    performed_at: datetime,
    zone: ZoneInfo,
    now: datetime,
) -> datetime | TimeFault:
    """When the photo was taken, or why that is refused or must be asked.

    From the surest: what the person says, the page's clock at the shutter, the camera's clock with
    an offset, the camera's clock in the phone's zone, the time at which the photo was sent. A
    camera that disagrees with a surer clock by up to a day is overruled; by more, the person is
    asked. `captured_at` is naive where the camera wrote no offset.
    """
    sent = now if upload.made_at is None else given_at(upload.made_at, upload.sent_at, now)
    clocks = _Clocks(sent, _camera_time(captured_at, upload.made_at, zone))
    if upload.taken_at is not None or upload.is_just_now:
        taken_at = _said(upload, now) or clocks.page
        return time_fault(upload.role, taken_at, performed_at, now) or taken_at
    if upload.role is PhotoRole.BASELINE and clocks.page > performed_at:
        is_after = upload.is_fresh or (clocks.camera is not None and clocks.camera > performed_at)
        # A camera's clock may be months slow, and inflamed skin would become the reference.
        return TimeFault.BASELINE_AFTER_TREATMENT if is_after else TimeFault.BASELINE_WITHOUT_DATE
    surest = _surest(clocks, is_fresh=upload.is_fresh)
    if surest is None or time_fault(upload.role, surest, performed_at, now):
        return TimeFault.TIME_UNSURE
    return surest


def time_fault(
    role: PhotoRole, taken_at: datetime, performed_at: datetime, now: datetime
) -> TimeFault | None:
    """What is wrong with the time of a photo, or None. All three times carry their zone."""
    if taken_at > now + CLOCK_TOLERANCE:
        return TimeFault.TAKEN_IN_FUTURE
    if role is PhotoRole.FOLLOW_UP and taken_at < performed_at:
        return TimeFault.TAKEN_BEFORE_TREATMENT
    if role is PhotoRole.BASELINE and taken_at > performed_at:
        return TimeFault.BASELINE_AFTER_TREATMENT
    if role is PhotoRole.BASELINE and taken_at < performed_at - OLDEST_BASELINE:
        return TimeFault.BASELINE_TOO_OLD
    return None


def role_once_treated(photo: EarlyPhoto, performed_at: datetime) -> PhotoRole | None:
    """What a photo is that came before its treatment was entered; None where that is not sure.

    One that arrived before the treatment was taken before it. Of one that came later, a camera's
    clock proves nothing, and inflamed skin must not become the reference.
    """
    if performed_at < photo.received_at and not photo.is_dated:
        return None
    if photo.taken_at > performed_at:
        return PhotoRole.FOLLOW_UP
    return PhotoRole.BASELINE if photo.taken_at >= performed_at - OLDEST_BASELINE else None


def _said(upload: Upload, now: datetime) -> datetime | None:
    """What the person says, who read it from the phone's clock.

    If it is still to come by the clinic's clock and past by the phone's, one of the two was set
    wrong, and how long ago it was is right by both.
    """
    said, sent = upload.taken_at, upload.sent_at
    if said is None or sent is None or said <= now + CLOCK_TOLERANCE or said > sent:
        return said
    return now - (sent - said)


def came_late(photo: Photo, treatment: Treatment) -> bool:
    """Whether a photo from before came after the treatment, so that only its sender dates it."""
    return photo.role is PhotoRole.BASELINE and photo.received_at > treatment.performed_at


def _surest(clocks: _Clocks, *, is_fresh: bool) -> datetime | None:
    """The time by the surest clock; None where the clocks disagree by more than a day."""
    page, camera = clocks.page, clocks.camera
    if camera is None:
        return page
    if is_fresh:
        return page if abs(camera - page) <= NEAR else None
    if camera > page:  # nothing can be sent before it was taken
        return page if camera - page <= NEAR else None
    return camera


def _camera_time(
    captured_at: datetime | None, made_at: datetime | None, zone: ZoneInfo
) -> datetime | None:
    """The camera's clock; without an offset in the zone of the phone, else of the person."""
    if captured_at is None or captured_at.tzinfo is not None:
        return captured_at
    # At home the person's zone also knows what summer time was on another day.
    is_away = made_at is not None and made_at.utcoffset() != made_at.astimezone(zone).utcoffset()
    return captured_at.replace(tzinfo=made_at.tzinfo if made_at and is_away else zone)
