"""A person who may answer opened the page of an alert."""

from datetime import datetime

from sqlite_utils import Database

from tracker.alert_life import Moved, read
from tracker.storage import alert_history, alerts
from tracker.storage.connection import writing


def read_alert(db: Database, alert_id: str, person_id: str, now: datetime) -> None:
    """Note who read the alert and when, once each time it asks; reading again costs no write."""
    if _reading(db, alert_id, person_id, now) is None:
        return
    with writing(db):
        if (moved := _reading(db, alert_id, person_id, now)) is not None:
            alerts.move(db, moved)


def _reading(db: Database, alert_id: str, person_id: str, now: datetime) -> Moved | None:
    """The step, None when there is none to take."""
    alert = alerts.get(db, alert_id)
    if alert is None:
        return None
    moved = read(alert, alert_history.of_alert(db, alert_id), person_id, now)
    return moved if moved.transition is not None else None
