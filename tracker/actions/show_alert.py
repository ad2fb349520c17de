"""One alert with whom it is about and all that has happened to it."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlite_utils import Database

from tracker.alert_life import Transition
from tracker.alerts import Alert
from tracker.people import Person
from tracker.photos import Photo
from tracker.protocols import Protocols
from tracker.screening import ScreeningSummary, summary
from tracker.spacing import too_soon
from tracker.storage import alert_history, alerts, people, photos, screenings, treatments
from tracker.treatments import Treatment


@dataclass(frozen=True, slots=True)
class AlertCase:
    """An alert and what is needed to understand it; `photo` shows it best, if a photo does.

    `history` is in the order of time; `people` are the staff named in it, by id.
    """

    alert: Alert
    patient: Person
    treatment: Treatment
    photo: Photo | None
    history: tuple[Transition, ...]
    people: Mapping[str, Person]
    screening: ScreeningSummary | None
    depth_missing: bool


def show_alert(db: Database, protocols: Protocols, alert_id: str) -> AlertCase | None:
    """The alert with this id, or None."""
    alert = alerts.get(db, alert_id)
    patient = people.get(db, alert.patient_id) if alert else None
    if alert is None or patient is None:
        return None
    history = tuple(alert_history.of_alert(db, alert.id))
    named = {step.by for step in history if step.by} | alert.handled_by
    treatment = treatments.get(db, alert.treatment_id)
    protocol = protocols.by_kind.get(treatment.kind)  # None for a kind that was given up
    screening = screenings.of_treatment(db, treatment.id)
    others = treatments.of_patient(db, patient.id)
    waits = too_soon(treatment, others, protocols, patient.zone) if protocol else ()
    return AlertCase(
        alert=alert,
        patient=patient,
        treatment=treatment,
        photo=photos.get(db, alert.photo_id) if alert.photo_id else None,
        history=history,
        screening=summary(screening, protocol, patient, waits) if protocol else None,
        depth_missing=protocol is not None and protocol.is_depth_missing(treatment),
        people=people.by_ids(db, named),
    )
