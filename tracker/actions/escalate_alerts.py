"""Urgent alerts that nobody looks at are passed on: the next person, then everybody again."""

from datetime import datetime, timedelta

from sqlite_utils import Database

from tracker.alert_life import escalated
from tracker.alerts import Alert
from tracker.messages import MessageKind, about_alert
from tracker.people import in_turn
from tracker.storage import alerts, messages, people
from tracker.storage.connection import writing


def escalate_alerts(db: Database, limit: timedelta, now: datetime) -> list[Alert]:
    """Return the alerts passed on, unread for `limit`; their mails are written with the step."""
    waiting = [a for a in alerts.unseen(db) if escalated(a, limit, now).transition]
    if not waiting:
        return []
    with writing(db):
        steps = [escalated(alert, limit, now) for alert in alerts.unseen(db)]
        passed_on = [moved for moved in steps if moved.transition is not None]
        for moved in passed_on:
            alerts.move(db, moved)
            team = people.care_team_of(db, moved.alert.patient_id)
            for to in in_turn(team, moved.alert.escalations):
                message = about_alert(MessageKind.ESCALATION, moved.alert, to, now)
                messages.insert(db, message)
    return [moved.alert for moved in passed_on]
