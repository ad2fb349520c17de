"""One patient's recovery: what the patient and the practitioner look at."""

from dataclasses import dataclass
from datetime import datetime

from sqlite_utils import Database

from tracker.alerts import Alert, worst_first
from tracker.check_ins import CheckIn
from tracker.messages import Message
from tracker.people import Person
from tracker.photos import Photo
from tracker.protocols import Aftercare, Protocol
from tracker.readings import Reading
from tracker.recovery import Assessment, Course, assess
from tracker.storage import (
    alerts,
    check_ins,
    messages,
    people,
    photos,
    protocol_files,
    readings,
    treatments,
)
from tracker.treatments import Treatment, day_number, days_since


@dataclass(frozen=True, slots=True)
class Progress:
    """A treatment so far. `day` counts calendar days in the patient's zone, 0 is treatment day.

    `photos`, `readings` and `check_ins` are in time order; `alerts` worst first; `undelivered`
    are mails about this patient that have not gone out.
    """

    patient: Person
    treatment: Treatment
    protocol: Protocol
    day: int
    aftercare: Aftercare | None
    photos: tuple[Photo, ...]
    readings: tuple[Reading, ...]
    check_ins: tuple[CheckIn, ...]
    assessment: Assessment
    alerts: tuple[Alert, ...]
    undelivered: tuple[Message, ...]


@dataclass(frozen=True, slots=True)
class NotTreated:
    """The patient has an account but no treatment yet."""

    patient: Person


def show_progress(db: Database, patient_id: str, now: datetime) -> Progress | NotTreated | None:
    """Collect and judge the current treatment; None when there is no such patient."""
    patient = people.get(db, patient_id)
    if patient is None:
        return None
    treatment = treatments.current(db, patient_id, now)
    if treatment is None:
        return NotTreated(patient)
    protocol = protocol_files.load(treatment.kind)
    course = Course(
        treatment=treatment,
        readings=tuple(readings.of_treatment(db, treatment.id)),
        check_ins=tuple(check_ins.of_treatment(db, treatment.id)),
    )
    day = day_number(treatment, now, patient.zone)
    return Progress(
        patient=patient,
        treatment=treatment,
        protocol=protocol,
        day=day,
        aftercare=protocol.aftercare_on(day),
        photos=tuple(photos.of_treatment(db, treatment.id)),
        readings=course.readings,
        check_ins=course.check_ins,
        assessment=assess(course, protocol, until=days_since(treatment, now)),
        alerts=tuple(worst_first(alerts.of_treatment(db, treatment.id))),
        undelivered=tuple(messages.undelivered_about(db, patient_id)),
    )
