"""Answers to alerts as a page sends them: the alert is opened, and what it shows is sent."""

from datetime import datetime

from sqlite_utils import Database

from tracker.actions.alerts.answering import Answered, answer_alert
from tracker.actions.alerts.showing import read_alert
from tracker.domain.alerts.alert_life import Answer, ShownAlert
from tracker.domain.alerts.alerts import Alert
from tracker.domain.people.people import Person
from tracker.storage.alerts import alert_history, alerts


def shown_now(db: Database, alert: Alert) -> ShownAlert:
    """What a page of this alert would show at present."""
    found = alerts.get(db, alert.id)
    assert found is not None
    steps = len(alert_history.of_alert(db, alert.id))
    return ShownAlert(found.id, found.patient_id, found.level, found.raised_at, steps)


def give(db: Database, alert: Alert, person: Person, answer: Answer, now: datetime) -> Alert:
    """Open the alert and answer it; the answer must be taken."""
    read_alert(db, alert.id, person.id, now)
    done = answer_alert(db, shown_now(db, alert), person, answer, now)
    assert isinstance(done, Answered)
    return done.alert


def unseen(db: Database) -> list[Alert]:
    """The alerts that wait for a look, oldest first."""
    found = [alerts.get(db, alert_id) for alert_id in alerts.ids_of_unseen(db)]
    return [alert for alert in found if alert is not None]
