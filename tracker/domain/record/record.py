"""Everything that is kept about one patient and may leave, as one value."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from tracker.domain.alerts.alert_life import Transition
from tracker.domain.alerts.alerts import Alert
from tracker.domain.course.annotations import Annotation
from tracker.domain.course.check_ins import CheckIn
from tracker.domain.course.outlines import Marking
from tracker.domain.course.photos import EarlyPhoto, Photo
from tracker.domain.course.readings import Reading
from tracker.domain.course.sides import SidesAnswer
from tracker.domain.course.treatments import Correction, Treatment
from tracker.domain.own_data.consents import Consent
from tracker.domain.people.people import Person
from tracker.domain.protocols.aftercare import OwnLine
from tracker.domain.protocols.screening import Edition
from tracker.domain.talk.conversation import Message
from tracker.domain.talk.notes import Note


@dataclass(frozen=True, slots=True)
class CourseRecord:
    """All that is kept about one treatment, each kind in time order.

    `readings` are those that count, `superseded` all others. `steps` are the histories of the
    alerts by the alert's id, `markings` every version of the outlines by the photo's id.
    """

    treatment: Treatment
    photos: tuple[Photo, ...] = ()
    readings: tuple[Reading, ...] = ()
    superseded: tuple[Reading, ...] = ()
    check_ins: tuple[CheckIn, ...] = ()
    alerts: tuple[Alert, ...] = ()
    steps: Mapping[str, tuple[Transition, ...]] = field(default_factory=dict)
    screenings: tuple[Edition, ...] = ()
    annotations: tuple[Annotation, ...] = ()
    corrections: tuple[Correction, ...] = ()
    markings: Mapping[str, tuple[Marking, ...]] = field(default_factory=dict)
    sides_said: tuple[SidesAnswer, ...] = ()


@dataclass(frozen=True, slots=True)
class PatientRecord:
    """All that is kept about one patient.

    `courses` are the oldest first. `care_lines` are each with the time at which it was withdrawn.
    `people` are everyone of the clinic, those of other clinics whom the record names, and the
    patient, by id; `team` is who cares for the
    patient.
    """

    patient: Person
    people: Mapping[str, Person]
    team: tuple[Person, ...] = ()
    courses: tuple[CourseRecord, ...] = ()
    early: tuple[EarlyPhoto, ...] = ()
    said: tuple[Message, ...] = ()
    notes: tuple[Note, ...] = ()
    care_lines: tuple[tuple[OwnLine, datetime | None], ...] = ()
    consents: tuple[Consent, ...] = ()
