"""Begin a treatment of one's own, unless the answers speak against it."""

from dataclasses import replace
from datetime import datetime

from sqlite_utils import Database

from tracker.domain.course.treatments import AREAS, Setting, Treatment
from tracker.domain.protocols.own_treatments import Cautioned, OwnTreatment, Stopped, check_start
from tracker.domain.protocols.protocols import Protocols
from tracker.domain.protocols.screening import Screening, checked_answers, risks_of, summary
from tracker.domain.protocols.spacing import too_soon
from tracker.storage.columns import new_id
from tracker.storage.connection import writing
from tracker.storage.course import screenings, treatments
from tracker.storage.people import people


def begin_own_treatment(
    db: Database, protocols: Protocols, patient_id: str, own: OwnTreatment, now: datetime
) -> Treatment | Stopped | Cautioned:
    """Store the treatment with its screening.

    No practitioner is there to weigh a contraindication, so it stops the treatment. Raises
    ProtocolError when the needles are too long, ValueError that names a wrong time or answer.
    """
    treatment = Treatment(
        id=new_id(),
        patient_id=patient_id,
        kind=own.kind,
        performed_at=check_start(own.performed_at, now),
        setting=Setting.HOME,
        needle_depth_mm=own.needle_depth_mm,
        areas=frozenset(AREAS),
    )
    protocol = protocols.for_treatment(treatment)
    screening = Screening(checked_answers(own.answers, protocol), now, by=None)
    patient = people.get(db, patient_id)
    if patient is None:
        raise KeyError(patient_id)
    waits = too_soon(treatment, treatments.of_patient(db, patient_id), protocols, patient.zone)
    found = summary(screening, protocol, patient, waits)
    if found.is_contraindicated:
        return Stopped(found.caveats)
    if found.warnings and not own.cautions_read:
        return Cautioned(found.caveats, waits)
    with writing(db):
        treatments.insert(db, treatment)
        screenings.insert(db, treatment.id, replace(screening, warned=found.warnings))
        people.add_history(db, patient_id, risks_of(own.answers, protocol))
    return treatment
