"""Urgent alerts without an answer are passed on: the next person, then everybody again."""

from datetime import datetime, timedelta

from sqlite_utils import Database

from tracker.alert_life import Moved, escalated
from tracker.alerts import Alert
from tracker.messages import MessageKind, about_alert
from tracker.people import Person, in_turn
from tracker.storage import absences, alerts, messages
from tracker.storage.connection import writing


def escalate_alerts(db: Database, limit: timedelta, now: datetime) -> list[Alert]:
    """Return the alerts passed on, unanswered for `limit`; their mails are written with it."""
    if not any(_passed_on(db, alert, limit, now) for alert in alerts.unseen(db)):
        return []
    with writing(db):
        steps = [step for a in alerts.unseen(db) if (step := _passed_on(db, a, limit, now))]
        for moved, told in steps:
            alerts.move(db, moved)
            for to in told:
                message = about_alert(MessageKind.ESCALATION, moved.alert, to, now)
                messages.insert(db, message)
    return [moved.alert for moved, _ in steps]


def _passed_on(
    db: Database, alert: Alert, limit: timedelta, now: datetime
) -> tuple[Moved, list[Person]] | None:
    """The step and whom to tell; None while it is not time."""
    team = absences.answering_on_duty(db, alert.patient_id, now)
    told = in_turn(team, asked=alert.escalations + 1)
    moved = escalated(alert, limit, [person.name for person in told], now)
    return None if moved.transition is None else (moved, told)
