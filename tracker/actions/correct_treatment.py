"""Correct what is on record about a treatment; what stood there before is kept."""

from dataclasses import dataclass
from datetime import datetime

from sqlite_utils import Database

from tracker.consents import CareWithdrawn
from tracker.photos import PhotoRole
from tracker.protocols import Protocols
from tracker.storage import consents, corrections, photos, treatments
from tracker.storage.connection import writing
from tracker.treatments import Treatment, check_planned


@dataclass(frozen=True, slots=True)
class CorrectedMeanwhile:
    """Somebody else corrected the treatment after the form was opened; nothing was changed."""


def correct_treatment(
    db: Database,
    protocols: Protocols,
    corrected: Treatment,
    by: str,
    why: str,
    now: datetime,
    *,
    planned: bool,
    known: int,
) -> Treatment | CorrectedMeanwhile | CareWithdrawn:
    """Put the corrected facts in place and have the course judged again.

    `known` is how many corrections the person who makes this one has seen. Other areas have every
    photo measured anew, which a patient who has withdrawn consent to care does not allow. Raises
    ProtocolError when no protocol fits, ValueError for a time that is wrong or that does not fit
    the photos there are.
    """
    protocols.for_treatment(corrected)
    check_planned(corrected, now, planned=planned)
    with writing(db):
        if corrections.count(db, corrected.id) != known:
            return CorrectedMeanwhile()
        before = treatments.get(db, corrected.id)
        if corrected == before:
            return before
        _check_photos(db, corrected)
        other_areas = corrected.areas != before.areas
        if other_areas and consents.care_withdrawn_at(db, corrected.patient_id) is not None:
            return CareWithdrawn()
        corrections.insert(db, before, now, by, why)
        treatments.update(db, corrected)
        if other_areas:
            photos.measure_again(db, corrected.id)
        treatments.tell_news(db, corrected.id)
    return corrected


def _check_photos(db: Database, corrected: Treatment) -> None:
    """Raise ValueError where the time would turn photos from before into photos from after."""
    at = corrected.performed_at
    taken = photos.of_treatment(db, corrected.id)
    late = [p for p in taken if p.role is PhotoRole.BASELINE and p.taken_at > at]
    early = [p for p in taken if p.role is PhotoRole.FOLLOW_UP and p.taken_at < at]
    if late:
        raise ValueError("a photo from before was taken after that time; choose a later one")
    if early:
        raise ValueError("a photo from after was taken before that time; choose an earlier one")
