"""Somebody is back before the time, or does not go at all."""

from datetime import datetime

from sqlite_utils import Database

from tracker.absences import ended
from tracker.audit import Act, Entry
from tracker.storage import absences, audit_log
from tracker.storage.connection import writing


def end_absence(db: Database, absence_id: str, person_id: str, now: datetime) -> bool:
    """End one's own absence now; False when there is none of that name. It stays on record."""
    with writing(db):
        absence = absences.get(db, absence_id)
        if absence is None or absence.person_id != person_id:
            return False
        after = ended(absence, now)
        if after != absence:
            absences.save(db, after)
            told = f"absence from {absence.first_day} ended"
            audit_log.add(db, Entry(Act.CARE_TEAM_CHANGED, now, person_id, person_id, told))
    return True
