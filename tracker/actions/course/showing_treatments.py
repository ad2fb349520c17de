"""All sessions of a patient as a series, and the facts around them."""

from dataclasses import dataclass
from datetime import datetime

from sqlite_utils import Database

from tracker.domain.course.outlines import Marking
from tracker.domain.course.photos import Photo, PhotoStatus
from tracker.domain.course.session_plans import SessionPlan, Sessions, sessions_so_far
from tracker.domain.course.treatments import Correction, Treatment
from tracker.domain.people.people import Person
from tracker.domain.protocols.aftercare import OwnLine
from tracker.domain.protocols.ahead import AheadAnswer, answers_for, told_ahead
from tracker.domain.protocols.protocols import Protocol, Protocols
from tracker.domain.protocols.screening import Edition, ScreeningSummary, summary
from tracker.domain.protocols.spacing import too_soon
from tracker.storage.course import (
    ahead_answers,
    care_lines,
    corrections,
    outlines,
    photos,
    screenings,
    treatments,
)
from tracker.storage.own_data import consents
from tracker.storage.people import people
from tracker.storage.talk import conversation


@dataclass(frozen=True, slots=True)
class TreatmentSession:
    """One treatment: `number` counts from the first, `baseline` is what its photos compare with.

    `markings` are the versions of what was drawn on the baseline; the last one counts. `editions`
    are those of the screening; the last one counts. `photos` counts those that arrived, `waiting`
    those of them that are still to be measured; `ended_by` is the name of the person who ended it
    early.
    """

    number: int
    treatment: Treatment
    protocol: Protocol
    screening: ScreeningSummary
    editions: tuple[Edition, ...]
    baseline: Photo | None
    markings: tuple[Marking, ...]
    photos: int
    waiting: int
    corrections: tuple[Correction, ...]
    ended_by: str


@dataclass(frozen=True, slots=True)
class Series:
    """All sessions of a patient, oldest first; `devices` are those used at this clinic before.

    `team` are the names of those who care for the patient, `own_lines` the patient's own aftercare.
    `so_far` is what the plan says now, if there is one; `ahead` is what the patient ever answered
    on the phone, in order.
    """

    patient: Person
    sessions: tuple[TreatmentSession, ...]
    devices: tuple[tuple[str, str], ...]
    team: tuple[str, ...]
    own_lines: tuple[OwnLine, ...]
    care_withdrawn_at: datetime | None
    unread: int
    plan: SessionPlan | None
    so_far: Sessions
    ahead: tuple[AheadAnswer, ...] = ()

    def of(self, treatment_id: str) -> TreatmentSession | None:
        """The session with this id."""
        return next((each for each in self.sessions if each.treatment.id == treatment_id), None)


def show_treatments(
    db: Database, protocols: Protocols, patient_id: str, now: datetime
) -> Series | None:
    """Collect the series; None when there is no such patient."""
    patient = people.get(db, patient_id)
    if patient is None:
        return None
    all_of_them, plan = treatments.of_patient(db, patient_id), treatments.plan_of(db, patient_id)
    said = ahead_answers.of_patient(db, patient_id)
    return Series(
        patient=patient,
        sessions=tuple(
            _session(db, protocols, patient, all_of_them, number, said)
            for number in range(1, len(all_of_them) + 1)
        ),
        devices=tuple(treatments.devices(db)),
        team=tuple(each.name for each in people.practitioners_of(db, patient_id)),
        own_lines=tuple(care_lines.of_patient(db, patient_id)),
        care_withdrawn_at=consents.care_withdrawn_at(db, patient_id),
        unread=conversation.unread_by_clinic(db, patient_id),
        plan=plan,
        so_far=sessions_so_far(plan, all_of_them, now, patient.zone),
        ahead=tuple(said),
    )


def show_last_entered(db: Database, by: Person, kind: str) -> Treatment | None:
    """The treatment of this kind that a person entered last, whose device may be used again."""
    return treatments.last_entered_by(db, by.id, kind)


def show_own_patients(db: Database, carer: Person) -> list[Person]:
    """The patients in a person's care, by name."""
    return people.patients_of(db, carer.id)


def _session(
    db: Database,
    protocols: Protocols,
    patient: Person,
    series: list[Treatment],
    number: int,
    said: list[AheadAnswer],
) -> TreatmentSession:
    treatment = series[number - 1]
    protocol = protocols.of(treatment.kind)
    waits = too_soon(treatment, series, protocols, patient.zone)
    editions = tuple(screenings.editions(db, treatment.id))
    came = photos.of_treatment(db, treatment.id)
    baseline = photos.baseline(db, treatment.id)
    ended_by = people.get(db, treatment.ending.by) if treatment.ending else None
    return TreatmentSession(
        number=number,
        treatment=treatment,
        protocol=protocol,
        screening=summary(
            editions[-1].screening if editions else None,
            protocol,
            patient,
            waits,
            told_ahead(answers_for(said, treatment, series), protocol, treatment.performed_at),
        ),
        editions=editions,
        baseline=baseline,
        markings=tuple(outlines.of_baseline(db, baseline.id)) if baseline else (),
        photos=len(came),
        waiting=sum(p.status in {PhotoStatus.WAITING, PhotoStatus.MEASURING} for p in came),
        corrections=tuple(corrections.of_treatment(db, treatment.id)),
        ended_by=ended_by.name if ended_by else "",
    )
