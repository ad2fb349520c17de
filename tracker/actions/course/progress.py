"""One patient's recovery: what the patient and the practitioner look at."""

import logging
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime

from sqlite_utils import Database

from tracker.domain.alerts.alert_life import unjudged
from tracker.domain.alerts.alerts import Alert, CourseAlert, Finding, worst_first
from tracker.domain.course.check_ins import Answers, CheckIn
from tracker.domain.course.photos import EarlyPhoto, Photo
from tracker.domain.course.readings import Reading
from tracker.domain.course.session_plans import NO_PLAN, Sessions, sessions_so_far
from tracker.domain.course.sides import SidesAnswer
from tracker.domain.course.treatments import Treatment, day_number, days_since
from tracker.domain.mail.mails import Mail
from tracker.domain.own_data.consents import Consent
from tracker.domain.own_data.looks import Look
from tracker.domain.people.people import Person, Role
from tracker.domain.protocols.aftercare import (
    DayPlan,
    RunningTreatment,
    day_plan,
    plan_ends,
    questions_of,
)
from tracker.domain.protocols.ahead import (
    AheadAnswer,
    AheadTold,
    AskedAhead,
    answers_for,
    asked_ahead,
    session_to_ask,
    told_ahead,
)
from tracker.domain.protocols.protocols import CheckInQuestion, Healing, Protocol, Protocols
from tracker.domain.protocols.screening import ScreeningSummary, risk_factors_of, summary
from tracker.domain.protocols.spacing import too_soon
from tracker.domain.record.record import PatientRecord
from tracker.domain.recovery.bands import BandPoint, band_until
from tracker.domain.recovery.recovery import Assessment, Course, assess, judge_answers
from tracker.storage import record
from tracker.storage.alerts import alerts
from tracker.storage.course import (
    ahead_answers,
    care_lines,
    check_ins,
    early_photos,
    photos,
    readings,
    screenings,
    sides,
    treatments,
)
from tracker.storage.mail import mails
from tracker.storage.own_data import consents, looks
from tracker.storage.people import people
from tracker.storage.talk import conversation

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class CourseSoFar:
    """A treatment so far. `day` counts calendar days in the patient's zone, 0 is treatment day.

    `protocol` is adapted to the person, `screening` what was asked before the treatment. `photos`,
    `readings` and `check_ins` are in time order; `alerts` worst first; `earlier_alerts` those of
    earlier treatments; `other_check_ins` belong to other treatments; `undelivered` are mails about
    this patient that have not been sent; `looks` are who opened the patient's photos, the latest
    first; `consents` what the patient decided, in that order; `care_withdrawn_at` since when no new
    data is accepted. `is_alone` means that no clinic cares for the patient here; `unread_by_…`
    count what each side wrote and the other has not read; `staff` are those who read or took on an
    alert, by id. `sides_said` is what was said about left and right in the photo that the others
    are compared with, in time order. `unseen` are the photos of all treatments that no one at the
    clinic has opened, in time order. `band` is the normal redness until now, empty if it cannot be
    computed. Aftercare and questions are those of all treatments whose plans still run. `undated`
    are photos that came before the treatment was entered, and of which nothing says whether they
    were taken before it. `sessions` say which of how many this one is, and `next_photos` are those
    of the next one, in time order. `ahead` is what the patient is asked before a session, None
    while nothing is asked; `told_next` are answers that no practitioner has confirmed and that are
    about no treatment so far, with the treatment to come or None.
    """

    patient: Person
    treatment: Treatment
    protocol: Protocol
    day: int
    aftercare: DayPlan | None
    questions: tuple[CheckInQuestion, ...]
    screening: ScreeningSummary
    photos: tuple[Photo, ...]
    readings: tuple[Reading, ...]
    check_ins: tuple[CheckIn, ...]
    band: tuple[BandPoint, ...]
    alerts: tuple[Alert, ...]
    undelivered: tuple[Mail, ...]
    looks: tuple[Look, ...] = ()
    consents: tuple[Consent, ...] = ()
    care_withdrawn_at: datetime | None = None
    is_alone: bool = False
    unread_by_patient: int = 0
    unread_by_clinic: int = 0
    earlier_alerts: tuple[CourseAlert, ...] = ()
    staff: Mapping[str, Person] = field(default_factory=dict)
    other_check_ins: tuple[CheckIn, ...] = ()
    unseen: tuple[Photo, ...] = ()
    sides_said: tuple[SidesAnswer, ...] = ()
    undated: tuple[EarlyPhoto, ...] = ()
    sessions: Sessions = NO_PLAN
    next_photos: tuple[Photo, ...] = ()
    ahead: AskedAhead | None = None
    told_next: tuple[AheadTold, Treatment | None] | None = None

    @property
    def next_session(self) -> Treatment | None:
        """The session that has been entered to follow this one."""
        booked = self.sessions.booked
        return None if booked is None or booked.id == self.treatment.id else booked

    def is_calm_after(self, answers: Answers) -> bool:
        """Whether answers are calm and no alert is open, of this or an earlier treatment."""
        alerts = (*self.alerts, *(each.alert for each in self.earlier_alerts))
        return answers.is_calm and all(each.resolved_at for each in alerts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress(CourseSoFar):
    """A treatment so far with what the engine concludes now, which may be newer than the alerts."""

    assessment: Assessment


@dataclass(frozen=True, slots=True)
class NotTreated:
    """The patient has an account but no treatment yet; `is_alone` as in Progress.

    `early` are the photos that wait for the treatment, in time order; since `care_withdrawn_at` no
    more are accepted.
    """

    patient: Person
    is_alone: bool
    early: tuple[EarlyPhoto, ...] = ()
    care_withdrawn_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class NoSuchCourse:
    """The patient has only so many courses."""

    patient: Person
    courses: int


def show_record(db: Database, patient_id: str) -> PatientRecord | None:
    """All courses of a patient with all that is kept about them; None when there is no such one."""
    patient = people.get(db, patient_id)
    return record.of_patient(db, patient) if patient and patient.role is Role.PATIENT else None


def show_progress(
    db: Database, protocols: Protocols, patient_id: str, now: datetime
) -> Progress | NotTreated | None:
    """Collect and judge the current treatment; None when there is no such patient."""
    shown = show_course(db, protocols, patient_id, now)
    return judged(shown, now) if isinstance(shown, CourseSoFar) else shown


def judged(shown: CourseSoFar, now: datetime) -> Progress:
    """The course with what the engine concludes; if it fails, with what the answers alone say."""
    course = Course(shown.treatment, shown.readings, shown.check_ins, shown.patient.zone)
    until = days_since(shown.treatment, now)
    try:
        assessment = assess(course, shown.protocol, until)
    except Exception:  # a person who has just ticked pus must read what to do all the same
        log.exception("the engine failed on treatment %s; a page goes without", shown.treatment.id)
        return not_judged(shown, (*judge_answers(course, shown.protocol, until), unjudged()))
    return _with(shown, assessment)


def not_judged(shown: CourseSoFar, findings: tuple[Finding, ...] = ()) -> Progress:
    """The course with its alerts and answers alone, for pages that must not wait for the engine."""
    return _with(shown, Assessment(findings, None, _healing(shown).half_life_hours))


def _with(shown: CourseSoFar, assessment: Assessment) -> Progress:
    known = {each.name: getattr(shown, each.name) for each in fields(CourseSoFar)}
    return Progress(**known, assessment=assessment)


def _healing(shown: CourseSoFar) -> Healing:
    return shown.protocol.healing_for(shown.treatment.needle_depth_mm, shown.treatment.variant)


def show_course(
    db: Database, protocols: Protocols, patient_id: str, now: datetime
) -> CourseSoFar | NotTreated | None:
    """Collect the current treatment; None when there is no such patient."""
    patient = people.get(db, patient_id)
    if patient is None:
        return None
    treatment = treatments.current(db, patient_id, now)
    if treatment is None:
        return _untreated(db, patient)
    return _collected(db, protocols, patient, treatment, now)


def show_courses(db: Database, patient_id: str) -> list[Treatment]:
    """All treatments of a patient, done, planned or withdrawn; the first has the number 1."""
    return treatments.of_patient(db, patient_id)


def show_numbered_course(
    db: Database, protocols: Protocols, patient_id: str, number: int, now: datetime
) -> CourseSoFar | NoSuchCourse | None:
    """Collect a treatment by its number, 1 for the first; None when there is no such patient.

    As `show_courses` counts. Of an earlier course, `earlier_alerts` holds later ones, too, and
    the band ends when the next treatment begins.
    """
    patient = people.get(db, patient_id)
    if patient is None:
        return None
    series = treatments.of_patient(db, patient_id)
    if not 1 <= number <= len(series):
        return NoSuchCourse(patient, len(series))
    treatment, after = series[number - 1], series[number:]
    course = _collected(db, protocols, patient, treatment, now)
    ends = min((days_since(treatment, each.performed_at) for each in after), default=math.inf)
    return replace(course, band=tuple(each for each in course.band if each.day <= ends))


def _collected(
    db: Database, protocols: Protocols, patient: Person, treatment: Treatment, now: datetime
) -> CourseSoFar:
    patient_id = patient.id
    running = _running(db, protocols, patient, treatment, now)
    screening = screenings.of_treatment(db, treatment.id)
    protocol = protocols.of(treatment.kind).adapted_to(risk_factors_of(patient, screening))
    others = treatments.of_patient(db, patient_id)
    waits = too_soon(treatment, others, protocols, patient.zone)
    sessions = sessions_so_far(treatments.plan_of(db, patient_id), others, now, patient.zone)
    booked = sessions.booked if sessions.booked != treatment else None
    said = ahead_answers.of_patient(db, patient_id)
    told = told_ahead(answers_for(said, treatment, others), protocol, treatment.performed_at)
    asked = session_to_ask(sessions, treatment, now, patient.zone)
    own = care_lines.of_patient(db, patient.id)
    answered = check_ins.of_patient(db, patient_id)
    all_alerts = worst_first(alerts.of_patient(db, patient_id))
    return CourseSoFar(
        patient=patient,
        treatment=treatment,
        protocol=protocol,
        day=day_number(treatment, now, patient.zone),
        aftercare=day_plan(running, own, now.astimezone(patient.zone).date()),
        questions=questions_of(running),
        screening=summary(screening, protocol, patient, waits, told),
        photos=tuple(photos.of_treatment(db, treatment.id)),
        readings=tuple(readings.of_treatment(db, treatment.id)),
        check_ins=tuple(each for each in answered if each.treatment_id == treatment.id),
        band=_band(treatment, protocol, now),
        alerts=tuple(each for each in all_alerts if each.treatment_id == treatment.id),
        undelivered=tuple(mails.undelivered_about(db, patient_id)),
        looks=tuple(looks.of_patient(db, patient_id)),
        consents=tuple(consents.of_patient(db, patient_id)),
        care_withdrawn_at=consents.care_withdrawn_at(db, patient_id),
        is_alone=not people.practitioners_of(db, patient_id),
        unread_by_patient=conversation.unread_by_patient(db, patient_id),
        unread_by_clinic=conversation.unread_by_clinic(db, patient_id),
        earlier_alerts=tuple(
            CourseAlert(alert, treatments.get(db, alert.treatment_id))
            for alert in all_alerts
            if alert.treatment_id != treatment.id
        ),
        staff=people.by_ids(db, {each for alert in all_alerts for each in alert.handled_by}),
        other_check_ins=tuple(each for each in answered if each.treatment_id != treatment.id),
        unseen=tuple(photos.unseen(db, patient_id)),
        sides_said=tuple(sides.of_reference(db, treatment.id)),
        undated=tuple(early_photos.of_patient(db, patient_id)),
        sessions=sessions,
        next_photos=tuple(photos.of_treatment(db, booked.id)) if booked else (),
        ahead=asked_ahead(asked, protocols, said),
        told_next=_told_next(protocols, said, booked, others, now),
    )


def _untreated(db: Database, patient: Person) -> NotTreated:
    return NotTreated(
        patient,
        is_alone=not people.practitioners_of(db, patient.id),
        early=tuple(early_photos.of_patient(db, patient.id)),
        care_withdrawn_at=consents.care_withdrawn_at(db, patient.id),
    )


def _told_next(
    protocols: Protocols,
    said: list[AheadAnswer],
    booked: Treatment | None,
    series: list[Treatment],
    now: datetime,
) -> tuple[AheadTold, Treatment | None] | None:
    """What was answered about the booked session, or about one that is still to be entered."""
    mine = [each for each in answers_for(said, booked, series) if each.is_open]
    if not mine:
        return None
    protocol = protocols.by_kind.get(booked.kind if booked else mine[-1].kind)
    if protocol is None:
        return None
    return told_ahead(mine, protocol, booked.performed_at if booked else now), booked


def _band(treatment: Treatment, protocol: Protocol, now: datetime) -> tuple[BandPoint, ...]:
    """Empty when the engine fails: alerts, answers and photos are shown all the same."""
    try:
        return band_until(treatment, protocol, days_since(treatment, now))
    except Exception:
        log.exception("no expected range for treatment %s; pages go without", treatment.id)
        return ()


def _running(
    db: Database, protocols: Protocols, patient: Person, current: Treatment, now: datetime
) -> tuple[RunningTreatment, ...]:
    """The current treatment and every earlier one whose plan still runs, the latest of its kind."""
    latest = {current.kind: current}
    for treatment in treatments.done(db, patient.id, now):
        latest.setdefault(treatment.kind, treatment)
    courses = [
        RunningTreatment(
            treatment=t,
            protocol=protocols.of(t.kind),
            day=day_number(t, now, patient.zone),
            risk_factors=risk_factors_of(patient, screenings.of_treatment(db, t.id)),
        )
        for t in latest.values()
        if t.kind in protocols.by_kind  # a kind that the clinic no longer uses plans nothing more
    ]
    return tuple(c for c in courses if c.treatment == current or c.day <= plan_ends(c.protocol))
