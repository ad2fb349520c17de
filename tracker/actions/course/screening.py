"""Complete or correct the screening of a treatment; every earlier edition is kept."""

from dataclasses import dataclass, replace

from sqlite_utils import Database

from tracker.domain.clinic.audit import Act, Entry
from tracker.domain.course.treatments import Treatment
from tracker.domain.protocols.protocols import Protocols
from tracker.domain.protocols.screening import Screening, checked_answers, risks_of
from tracker.storage.clinic import audit_log
from tracker.storage.connection import writing
from tracker.storage.course import screenings, treatments
from tracker.storage.people import people


@dataclass(frozen=True, slots=True)
class ScreenedMeanwhile:
    """Another edition came on record after the form was opened; nothing was changed."""


def correct_screening(
    db: Database, protocols: Protocols, treatment_id: str, given: Screening, *, known: int
) -> Screening | ScreenedMeanwhile:
    """Add an edition, bring the patient's history in line, and have the courses judged again.

    `known` is how many editions the person who enters this one has seen. A question that `given`
    leaves open keeps the answer on record. Raises ValueError where an answer fits no question, or
    where an answer on record is changed without a reason (`given.why`).
    """
    with writing(db):
        treatment = treatments.get(db, treatment_id)
        checked_answers(given.answers, protocols.of(treatment.kind))
        if screenings.count(db, treatment_id) != known:
            return ScreenedMeanwhile()
        before = screenings.of_treatment(db, treatment_id)
        kept = before.answers if before else {}
        answers = {**kept, **given.answers}
        if before is not None and answers == kept:
            return before
        if not given.why and any(answers[name] != answer for name, answer in kept.items()):
            raise ValueError("say why an answer on record is changed")
        corrected = replace(
            given,
            answers=answers,
            reason=before.reason if before else "",
            warned=before.warned if before else (),
        )
        screenings.insert(db, treatment_id, corrected)
        _keep_history(db, protocols, treatment, before, corrected)
        for each in treatments.of_patient(db, treatment.patient_id):
            if each.performed_at >= treatment.performed_at:
                treatments.tell_news(db, each.id)
        entry = Entry(
            Act.SCREENING_CHANGED, given.at, given.by, treatment.patient_id, f"edition {known + 1}"
        )
        audit_log.add(db, entry)
    return corrected


def _keep_history(
    db: Database,
    protocols: Protocols,
    treatment: Treatment,
    before: Screening | None,
    corrected: Screening,
) -> None:
    """Add every yes to the history; take back one that this screening alone had said."""
    protocol = protocols.of(treatment.kind)
    now = risks_of(corrected.answers, protocol)
    taken_back = risks_of(before.answers if before else {}, protocol) - now
    for other in treatments.of_patient(db, treatment.patient_id):
        screening = screenings.of_treatment(db, other.id)
        if other.id != treatment.id and screening and other.kind in protocols.by_kind:
            taken_back -= risks_of(screening.answers, protocols.of(other.kind))
    people.take_from_history(db, treatment.patient_id, taken_back)
    people.add_history(db, treatment.patient_id, now)
