"""Note that somebody of the clinic opened a page about a patient."""

from datetime import datetime

from sqlite_utils import Database

from tracker.audit import SAME_LOOK, Act, Entry
from tracker.storage import alerts, audit_log
from tracker.storage.connection import writing


def note_opening(
    db: Database, by: str, now: datetime, *, patient_id: str | None, alert_id: str | None = None
) -> None:
    """Add it to the audit log; within a few minutes it is the same opening and costs no write.

    With `alert_id` it is the patient whom that alert is about.
    """
    if alert_id is not None:
        alert = alerts.get(db, alert_id)
        patient_id = alert.patient_id if alert else None
    entry = Entry(Act.PATIENT_OPENED, now, by, patient_id)
    if audit_log.is_noted(db, entry, now - SAME_LOOK):
        return
    with writing(db):
        if not audit_log.is_noted(db, entry, now - SAME_LOOK):
            audit_log.add(db, entry)
