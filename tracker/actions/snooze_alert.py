"""A practitioner wants to hear of a concern again on a later day."""

from datetime import date, datetime

from sqlite_utils import Database

from tracker.alert_life import SNOOZE_REMEDY, snoozed
from tracker.alerts import Alert
from tracker.people import Person
from tracker.storage import alerts
from tracker.storage.connection import writing


def snooze_alert(
    db: Database, alert_id: str, practitioner: Person, until: date, why: str, now: datetime
) -> Alert | None:
    """Keep this concern of this patient quiet until the morning of a day; None without an alert.

    The practitioner's own morning counts. Other concerns, a rise in level and a red flag speak all
    the same. Raises ValueError that says what is wrong with day or reason.
    """
    try:
        morning = practitioner.moment_of(until, practitioner.digest_hour)
    except OverflowError as error:  # the first and last days of the calendar, in some zones
        raise ValueError(SNOOZE_REMEDY) from error
    with writing(db):
        alert = alerts.get(db, alert_id)
        if alert is None:
            return None
        moved = snoozed(alert, morning, practitioner.id, why, now)
        alerts.move(db, moved)
        return moved.alert
