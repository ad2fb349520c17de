"""Treatments: enter, correct, end and resume one."""

from dataclasses import dataclass, replace
from datetime import datetime

from sqlite_utils import Database

from tracker.domain.course.photos import PhotoRole
from tracker.domain.course.procedures import Ending
from tracker.domain.course.treatments import Treatment, check_planned
from tracker.domain.own_data.consents import CareWithdrawn
from tracker.domain.protocols.protocols import Protocols
from tracker.domain.protocols.screening import Caveat, Screening, checked_answers, risks_of, summary
from tracker.domain.protocols.spacing import TooSoon, too_soon
from tracker.storage.columns import new_id
from tracker.storage.connection import writing
from tracker.storage.course import corrections, photos, screenings, treatments
from tracker.storage.own_data import consents
from tracker.storage.people import people


def begin_treatment(
    db: Database, protocols: Protocols, treatment: Treatment, screening: Screening | None = None
) -> Treatment:
    """Store the treatment under a fresh id, with its screening and what that adds to the history.

    A contraindication is kept and shown, not refused: whether to treat is the practitioner's
    decision. Raises ProtocolError when no protocol fits the treatment, ValueError when an answer
    fits no question.
    """
    protocol = protocols.for_treatment(treatment)
    begun = replace(treatment, id=new_id())
    answers = checked_answers(screening.answers if screening else {}, protocol)
    with writing(db):
        treatments.insert(db, begun)
        if screening is not None:
            screenings.insert(db, begun.id, screening)
            people.add_history(db, begun.patient_id, risks_of(answers, protocol))
    return begun


@dataclass(frozen=True, slots=True)
class Unconfirmed:
    """Answers or the record speak against the treatment, and no reason to treat was given."""

    caveats: tuple[Caveat, ...]
    too_soon: tuple[TooSoon, ...]


@dataclass(frozen=True, slots=True)
class AnotherEntered:
    """Another treatment of the patient came on record after the form was opened."""


def enter_treatment(
    db: Database,
    protocols: Protocols,
    treatment: Treatment,
    screening: Screening,
    now: datetime,
    *,
    planned: bool,
    known: int,
) -> Treatment | Unconfirmed | AnotherEntered | CareWithdrawn:
    """Store the treatment under a fresh id, with its screening and what that adds to the history.

    A practitioner may treat in spite of a contraindication, or sooner than the protocol asks, with
    a reason that is kept. `known` is
    how many treatments of the patient the person who enters this one has seen: what is sent twice,
    or by two people, is stored once. Raises ProtocolError when no protocol fits the treatment,
    ValueError that names a wrong time or answer.
    """
    protocol = protocols.for_treatment(treatment)
    check_planned(treatment, now, planned=planned)
    answers = checked_answers(screening.answers, protocol)
    patient = people.get(db, treatment.patient_id)
    if patient is None:
        raise KeyError(treatment.patient_id)
    waits = too_soon(treatment, treatments.of_patient(db, patient.id), protocols, patient.zone)
    found = summary(screening, protocol, patient, waits)
    if found.needs_reason and not screening.reason:
        return Unconfirmed(found.caveats, waits)
    entered = replace(treatment, id=new_id())
    with writing(db):
        if consents.care_withdrawn_at(db, treatment.patient_id) is not None:
            return CareWithdrawn()
        if len(treatments.of_patient(db, treatment.patient_id)) != known:
            return AnotherEntered()
        treatments.insert(db, entered)
        screenings.insert(db, entered.id, replace(screening, warned=found.warnings))
        people.add_history(db, entered.patient_id, risks_of(answers, protocol))
    return entered


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


def end_treatment(db: Database, treatment_id: str, ending: Ending) -> bool:
    """Note the end; reminders stop and silence tells nothing. False when it had ended before."""
    with writing(db):
        before = treatments.get(db, treatment_id)
        if before.ending is not None:
            return False
        corrections.insert(db, before, ending.at, ending.by, ending.why)
        treatments.update(db, replace(before, ending=ending))
    return True


def resume_treatment(db: Database, treatment_id: str, by: str, now: datetime) -> bool:
    """Take the end back, which stays among the corrections. False when the course runs."""
    with writing(db):
        before = treatments.get(db, treatment_id)
        if before.ending is None:
            return False
        corrections.insert(db, before, now, by, "")
        treatments.update(db, replace(before, ending=None))
    return True
