"""Somebody saw an alert in a list: what stood there, and nothing that it says by now."""

from dataclasses import dataclass
from datetime import datetime

from sqlite_utils import Database

from tracker.alert_life import seen
from tracker.storage import alerts
from tracker.storage.connection import writing


@dataclass(frozen=True, slots=True)
class ShownAlert:
    """The alert as the list showed it: `raised_at` tells which time it asked for an answer."""

    id: str
    patient_id: str
    raised_at: datetime


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """It is noted who looked and when; whoever was first stays."""


@dataclass(frozen=True, slots=True)
class AskedAnew:
    """The alert has asked again since it was shown, with a higher level or a new red flag."""


def acknowledge_alert(
    db: Database, shown: ShownAlert, person_id: str, now: datetime
) -> Acknowledged | AskedAnew | None:
    """Note the look, unless the alert says more by now; None when the patient has no such alert."""
    with writing(db):
        alert = alerts.get(db, shown.id)
        if alert is None or alert.patient_id != shown.patient_id:
            return None
        if alert.raised_at != shown.raised_at:
            return AskedAnew()
        alerts.move(db, seen(alert, person_id, now))
    return Acknowledged()
