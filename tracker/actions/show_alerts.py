"""Every alert about the patients in a practitioner's care."""

from dataclasses import dataclass

from sqlite_utils import Database

from tracker.alerts import Alert, worst_first
from tracker.people import Person
from tracker.storage import alerts, people, treatments
from tracker.treatments import Treatment


@dataclass(frozen=True, slots=True)
class AlertInCare:
    """An alert, whom it is about and the treatment it followed, which may be an earlier one."""

    alert: Alert
    patient: Person
    treatment: Treatment


def show_alerts(db: Database, practitioner_id: str) -> list[AlertInCare]:
    """All alerts of all treatments, those nobody has answered first and then worst first."""
    about = {patient.id: patient for patient in people.patients_of(db, practitioner_id)}
    return [
        AlertInCare(alert, about[alert.patient_id], treatments.get(db, alert.treatment_id))
        for alert in worst_first(alerts.for_practitioner(db, practitioner_id))
    ]
