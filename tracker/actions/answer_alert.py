"""A practitioner answers an alert."""

from datetime import datetime

from sqlite_utils import Database

from tracker.alert_life import seen
from tracker.alerts import Alert
from tracker.storage import alerts
from tracker.storage.connection import writing


def answer_alert(db: Database, alert_id: str, practitioner_id: str, now: datetime) -> Alert | None:
    """Note who saw the alert and when; the first answer stands. None when there is no alert."""
    with writing(db):
        alert = alerts.get(db, alert_id)
        if alert is None:
            return None
        moved = seen(alert, practitioner_id, now)
        alerts.move(db, moved)
        return moved.alert
