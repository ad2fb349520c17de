"""The clinic's numbers and hours."""

from dataclasses import dataclass, replace
from datetime import datetime

from sqlite_utils import Database

from tracker.domain.clinic.audit import Act, Entry
from tracker.domain.clinic.clinic import Clinic
from tracker.domain.clinic.opening_hours import OpeningHours
from tracker.storage.clinic import audit_log
from tracker.storage.clinic import clinic as clinic_row
from tracker.storage.connection import writing
from tracker.storage.people import people

NOTHING_KNOWN = Clinic(OpeningHours("UTC"))


@dataclass(frozen=True, slots=True)
class Changed:
    """It is kept."""


@dataclass(frozen=True, slots=True)
class ChangedMeanwhile:
    """Another person was faster; nothing was kept. `clinic` is what they entered."""

    clinic: Clinic


def change_clinic(
    db: Database, clinic: Clinic, by: str, now: datetime
) -> Changed | ChangedMeanwhile:
    """Keep what was entered if it is based on the current edition."""
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
        "name": known.name != clinic.name,
        "telephone": known.phone != clinic.phone,
        "emergency number": known.emergency_number != clinic.emergency_number,
        "opening hours": known.hours != clinic.hours,
    }
    return ", ".join(name for name, has_changed in parts.items() if has_changed) or "nothing"


def show_clinic(db: Database) -> Clinic:
    """What administrators have entered; empty until then."""
    return clinic_row.get(db) or NOTHING_KNOWN


def show_contact(db: Database, patient_id: str) -> Clinic | None:
    """The clinic that cares for this patient; None for a patient without a care team.

    Its emergency number is that of its own country, which may not be the patient's.
    """
    known = clinic_row.get(db)
    return known if known and people.practitioners_of(db, patient_id) else None
