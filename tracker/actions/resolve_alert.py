"""A practitioner closes an alert with what it turned out to be."""

from datetime import datetime

from sqlite_utils import Database

from tracker.alert_life import resolved
from tracker.alerts import Alert, Outcome
from tracker.storage import alerts
from tracker.storage.connection import writing


def resolve_alert(
    db: Database, alert_id: str, practitioner_id: str, outcome: Outcome, why: str, now: datetime
) -> Alert | None:
    """Note outcome and reason; the first outcome stands. None when there is no alert.

    Raises ValueError when the reason is too long.
    """
    with writing(db):
        alert = alerts.get(db, alert_id)
        if alert is None:
            return None
        moved = resolved(alert, outcome, practitioner_id, why, now)
        alerts.move(db, moved)
        return moved.alert
