"""One alert with whom it is about and who answered it."""

from dataclasses import dataclass

from sqlite_utils import Database

from tracker.alerts import Alert
from tracker.people import Person
from tracker.photos import Photo
from tracker.storage import alerts, people, photos, treatments
from tracker.treatments import Treatment


@dataclass(frozen=True, slots=True)
class AlertCase:
    """An alert and what is needed to understand it; `photo` shows it best, if a photo does."""

    alert: Alert
    patient: Person
    treatment: Treatment
    photo: Photo | None
    answered_by: Person | None


def show_alert(db: Database, alert_id: str) -> AlertCase | None:
    """The alert with this id, or None."""
    alert = alerts.get(db, alert_id)
    patient = people.get(db, alert.patient_id) if alert else None
    if alert is None or patient is None:
        return None
    return AlertCase(
        alert=alert,
        patient=patient,
        treatment=treatments.get(db, alert.treatment_id),
        photo=photos.get(db, alert.photo_id) if alert.photo_id else None,
        answered_by=people.get(db, alert.acknowledged_by) if alert.acknowledged_by else None,
    )
