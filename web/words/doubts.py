"""What may be wrong with the photo that all others are compared with, in words."""

from collections.abc import Sequence

from tracker.domain.course.photo_times import came_late
from tracker.domain.course.photos import Photo, PhotoRole, PhotoStatus
from tracker.domain.course.readings import Reading
from tracker.domain.course.treatments import Treatment
from web.words.words import FILE_FAULTS

_DIFFERS = 0.5  # doublings of blood: more than a good day and a bad day of well skin

LATE_FOR_PATIENT = (
    "This photo from before came after your treatment. If it shows skin that was already treated,"
    " the comparison is wrong, and its numbers look too calm."
)
LATE_FOR_CLINIC = (
    "The photo from before came after the treatment, and only the patient says when it was taken."
    " If it shows treated skin, every later photo looks calmer than it is. Look at it yourself."
)


def patient_doubts(photo: Photo, treatment: Treatment) -> tuple[str, ...]:
    """What a patient should know about this photo as the one to compare with."""
    return (LATE_FOR_PATIENT,) if came_late(photo, treatment) else ()


def clinic_doubts(baseline: Photo | None, treatment: Treatment) -> tuple[str, ...]:
    """What a reader of the clinic must know before trusting a comparison with this photo."""
    if baseline is None:
        return ()
    return (LATE_FOR_CLINIC,) if came_late(baseline, treatment) else ()


def differing_baselines(photos: Sequence[Photo], readings: Sequence[Reading]) -> tuple[str, ...]:
    """Where another photo from before differs from the one to compare with, beyond its error."""
    before = {photo.id for photo in photos if photo.role is PhotoRole.BASELINE}
    differences = [
        (region.redness.value, name)
        for reading in readings
        if reading.photo_id in before
        for name, region in reading.regions.items()
        if abs(region.redness.value) > max(_DIFFERS, 2 * region.redness.sd)
    ]
    if not differences:
        return ()
    value, region = max(differences, key=lambda each: abs(each[0]))
    differ = (
        f"The photos from before differ: in one the {region.words} is {2 ** abs(value):.1f} times"
        " as red as in the other. Perhaps one of them shows skin that was treated or irritated."
        " Look at both."
    )
    return (differ,)


def lost_photos(photos: Sequence[Photo]) -> str:
    """Good photos that the system can no longer use, and what that means.

    What to do is said as far as it is about the photo from before; others are looked at.
    """
    lost = [photo for photo in photos if photo.is_lost]
    before = next((photo for photo in lost if photo.role is PhotoRole.BASELINE), None)
    usable = any(
        photo.role is PhotoRole.BASELINE
        and photo.status not in {PhotoStatus.UNMEASURABLE, PhotoStatus.KEPT}
        for photo in photos
        if not photo.is_lost
    )
    if before is not None and not usable:
        restore = "restore the file from a backup, or " if before.file_fault else ""
        return (
            f"The photo from before cannot be used: {FILE_FAULTS[before.file_fault]}. Later photos"
            " are kept, but none is measured, and no photo can raise an alert. Look at the photos"
            f" yourself. To go on, {restore}ask the patient to send a photo from before the"
            " treatment."
        )
    later = [photo for photo in lost if photo.role is PhotoRole.FOLLOW_UP]
    if not later:
        return ""
    count = "1 photo" if len(later) == 1 else f"{len(later)} photos"
    return f"{count} could not be measured and raised no alert."
