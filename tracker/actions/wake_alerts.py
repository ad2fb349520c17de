"""Alerts whose snooze is over ask for an answer again."""

from datetime import datetime

from sqlite_utils import Database

from tracker.alert_life import woken
from tracker.alerts import Alert
from tracker.storage import alerts
from tracker.storage.connection import writing


def wake_alerts(db: Database, now: datetime) -> list[Alert]:
    """Return the alerts that woke; the work list and the morning digest show them."""
    if not alerts.snoozed(db):
        return []
    with writing(db):
        steps = [woken(alert, now) for alert in alerts.snoozed(db)]
        awake = [moved for moved in steps if moved.transition is not None]
        for moved in awake:
            alerts.move(db, moved)
    return [moved.alert for moved in awake]
