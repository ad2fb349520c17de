"""Enter a treatment at the clinic, done or planned, with the screening before it."""

from dataclasses import dataclass, replace
from datetime import datetime

from sqlite_utils import Database

from tracker.consents import CareWithdrawn
from tracker.protocols import Protocols
from tracker.screening import Caveat, Screening, checked_answers, risks_of, summary
from tracker.spacing import TooSoon, too_soon
from tracker.storage import consents, people, screenings, treatments
from tracker.storage.columns import new_id
from tracker.storage.connection import writing
from tracker.treatments import Treatment, check_planned


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
