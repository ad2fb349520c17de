"""Begin a treatment, or plan one; from its hour on it is the current one."""

from dataclasses import replace

from sqlite_utils import Database

from tracker.protocols import Protocols
from tracker.screening import Screening, checked_answers, risks_of
from tracker.storage import people, screenings, treatments
from tracker.storage.columns import new_id
from tracker.storage.connection import writing
from tracker.treatments import Treatment


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
