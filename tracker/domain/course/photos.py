"""A photo on its way from the phone to a reading."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

CLOCK_TOLERANCE = timedelta(minutes=10)  # phones drift; a photo this far ahead still counts as now
CLAIM_LEASE = timedelta(minutes=2)  # a claim older than this belonged to a worker that died
# After a failure of the photo's own: more than an hour in all, then it is given up.
RETRY_DELAYS = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60))
# After trouble that is not the photo's, such as storage that is unreachable: without end.
TROUBLE_DELAYS = tuple(timedelta(seconds=seconds) for seconds in (5, 15, 30, 60, 120, 300))
FAILED = "analysis_failed"  # the fault of a photo that was given up; sending it again tries again
OLDEST_BASELINE = timedelta(days=366)  # skin of longer ago is not the skin that was treated


class PhotoRole(StrEnum):
    """What a photo is compared as."""

    BASELINE = "baseline"
    FOLLOW_UP = "follow_up"


class View(StrEnum):
    """The side from which the face is seen, as the patient's own. Only the front is measured."""

    FRONT = "front"
    LEFT = "left"
    RIGHT = "right"


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


class TimeFault(StrEnum):
    """Why a photo's time cannot be right; refused together with the faults that the gate sees."""

    TAKEN_IN_FUTURE = "taken_in_future"
    TAKEN_BEFORE_TREATMENT = "taken_before_treatment"
    BASELINE_AFTER_TREATMENT = "baseline_after_treatment"
    BASELINE_TOO_OLD = "baseline_too_old"


@dataclass(frozen=True, slots=True)
class Upload:
    """What the phone sends: file bytes and the patient's words about them.

    `taken_at` None means: the camera's own time if the file carries one, else `made_at`, when a
    page took or chose it, else now.
    """

    data: bytes
    role: PhotoRole
    taken_at: datetime | None = None
    skin_state: SkinState = SkinState.CLEAN
    made_at: datetime | None = None
    view: View = View.FRONT


@dataclass(frozen=True, slots=True)
class Photo:
    """A received photo; `faults` and `warnings` are the names that the analysis uses.

    `attempts` counts the claims, `failures` those that failed because of this photo. Of the last
    claims in a row, `troubles` failed for another reason and `lapses` ended with their worker.
    `file_fault` is what was found when its file was last read.
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

    @property
    def is_lost(self) -> bool:
        """Whether it was good when it arrived, and the system can no longer use it."""
        return self.file_fault is not None or FAILED in self.faults


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
