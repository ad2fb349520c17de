"""The alerts about the patients in somebody's care, or of whom the person stands in for."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlite_utils import Database

from tracker.alert_life import FalseAlarms, false_alarms
from tracker.alerts import Alert, worst_first
from tracker.people import Person
from tracker.storage import absences, alerts, people, treatments
from tracker.treatments import Treatment

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
