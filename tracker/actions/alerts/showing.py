"""Alerts with the facts behind them, and who has read them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlite_utils import Database

from tracker.domain.alerts.alert_life import Moved, Transition, read
from tracker.domain.alerts.alerts import Alert, FalseAlarms, false_alarms, worst_first
from tracker.domain.course.photos import Photo
from tracker.domain.course.sides import SidesAnswer
from tracker.domain.course.treatments import Treatment
from tracker.domain.people.people import Person
from tracker.domain.protocols.ahead import answers_for, told_ahead
from tracker.domain.protocols.protocols import Protocols
from tracker.domain.protocols.screening import ScreeningSummary, summary
from tracker.domain.protocols.spacing import too_soon
from tracker.storage.alerts import alert_history, alerts
from tracker.storage.connection import writing
from tracker.storage.course import ahead_answers, photos, screenings, sides, treatments
from tracker.storage.people import absences, people


@dataclass(frozen=True, slots=True)
class AlertCase:
    """An alert and what is needed to understand it; `photo` shows it best, if a photo does.

    `history` is in time order; `people` are the staff named in it, by id. `sides_said` is what was
    said about left and right in the photo from before, in time order.
    """

    alert: Alert
    patient: Person
    treatment: Treatment
    photo: Photo | None
    baseline: Photo | None
    history: tuple[Transition, ...]
    people: Mapping[str, Person]
    screening: ScreeningSummary | None
    depth_missing: bool
    sides_said: tuple[SidesAnswer, ...] = ()


def show_alert(db: Database, protocols: Protocols, alert_id: str) -> AlertCase | None:
    """The alert with this id, or None."""
    alert = alerts.get(db, alert_id)
    patient = people.get(db, alert.patient_id) if alert else None
    if alert is None or patient is None:
        return None
    history = tuple(alert_history.of_alert(db, alert.id))
    named = {step.by for step in history if step.by} | alert.handled_by
    treatment = treatments.get(db, alert.treatment_id)
    protocol = protocols.by_kind.get(treatment.kind)  # None for a kind that is no longer used
    screening = screenings.of_treatment(db, treatment.id)
    others = treatments.of_patient(db, patient.id)
    waits = too_soon(treatment, others, protocols, patient.zone) if protocol else ()
    said = answers_for(ahead_answers.of_patient(db, patient.id), treatment, others)
    ahead = told_ahead(said, protocol, treatment.performed_at) if protocol else None
    return AlertCase(
        alert=alert,
        patient=patient,
        treatment=treatment,
        photo=photos.get(db, alert.photo_id) if alert.photo_id else None,
        baseline=photos.baseline(db, treatment.id),
        history=history,
        screening=summary(screening, protocol, patient, waits, ahead) if protocol else None,
        depth_missing=protocol is not None and protocol.is_depth_missing(treatment),
        people=people.by_ids(db, named),
        sides_said=tuple(sides.of_reference(db, treatment.id)),
    )


MOST_RESOLVED = 50


@dataclass(frozen=True, slots=True)
class AlertInCare:
    """An alert, whom it is about and the treatment it followed, which may be an earlier one."""

    alert: Alert
    patient: Person
    treatment: Treatment


@dataclass(frozen=True, slots=True)
class AlertsInCare:
    """All alerts of all treatments that are not resolved, the worst first and the snoozed last;
    then the last that were resolved, the latest first, or without `are_all` only the first
    `MOST_RESOLVED` of them. `verdicts` count all that ever were; `people` are the staff who
    handled one, by id.
    """

    listed: tuple[AlertInCare, ...]
    are_all: bool
    verdicts: FalseAlarms
    people: Mapping[str, Person]


def show_alerts(db: Database, reader: Person, now: datetime) -> AlertsInCare:
    """Collect them."""
    carers = [reader.id, *absences.stood_in_for_by(db, reader, now)]
    resolved = alerts.latest_resolved_of(db, carers, MOST_RESOLVED + 1)
    shown = [*worst_first(alerts.unresolved_of(db, carers)), *resolved[:MOST_RESOLVED]]
    about = people.by_ids(db, {alert.patient_id for alert in shown})
    courses = treatments.by_ids(db, {alert.treatment_id for alert in shown})
    return AlertsInCare(
        listed=tuple(AlertInCare(a, about[a.patient_id], courses[a.treatment_id]) for a in shown),
        are_all=len(resolved) <= MOST_RESOLVED,
        verdicts=false_alarms(alerts.outcomes_of(db, carers)),
        people=people.by_ids(db, {each for alert in shown for each in alert.handled_by}),
    )


def read_alert(db: Database, alert_id: str, person_id: str, now: datetime) -> None:
    """Record who read the alert and when, once each time it asks; reading again costs no write."""
    if _reading(db, alert_id, person_id, now) is None:
        return
    with writing(db):
        if (moved := _reading(db, alert_id, person_id, now)) is not None:
            alerts.move(db, moved)


def _reading(db: Database, alert_id: str, person_id: str, now: datetime) -> Moved | None:
    """The step, None when there is none."""
    alert = alerts.get(db, alert_id)
    if alert is None:
        return None
    moved = read(alert, alert_history.of_alert(db, alert_id), person_id, now)
    return moved if moved.transition is not None else None
