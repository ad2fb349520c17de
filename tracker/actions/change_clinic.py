"""Change how the clinic is reached."""

from dataclasses import dataclass, replace
from datetime import datetime

from sqlite_utils import Database

from tracker.audit import Act, Entry
from tracker.clinic import Clinic
from tracker.storage import audit_log
from tracker.storage import clinic as clinic_row
from tracker.storage.connection import writing


@dataclass(frozen=True, slots=True)
class Changed:
    """It is kept."""


@dataclass(frozen=True, slots=True)
class ChangedMeanwhile:
    """Somebody else was faster; nothing was kept. `clinic` is what they entered."""

    clinic: Clinic


def change_clinic(
    db: Database, clinic: Clinic, by: str, now: datetime
) -> Changed | ChangedMeanwhile:
    """Keep what was entered on top of the edition that it names."""
    with writing(db):
        known = clinic_row.get(db)
        if known is not None and known.edition != clinic.edition:
            return ChangedMeanwhile(known)
        clinic_row.replace(db, replace(clinic, edition=clinic.edition + 1))
        audit_log.add(db, Entry(Act.CLINIC_CHANGED, now, by, details=_what(known, clinic)))
    return Changed()


def _what(known: Clinic | None, clinic: Clinic) -> str:
    if known is None:
        return "first entry"
    parts = {
        "telephone": known.phone != clinic.phone,
        "emergency number": known.emergency_number != clinic.emergency_number,
        "opening hours": known.hours != clinic.hours,
    }
    return ", ".join(name for name, has_changed in parts.items() if has_changed) or "nothing"
