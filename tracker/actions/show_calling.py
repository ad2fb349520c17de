"""By which numbers a patient reaches help."""

from sqlite_utils import Database

from tracker.clinic import Clinic
from tracker.storage import clinic, people


def show_calling(db: Database, patient_id: str) -> Clinic | None:
    """The clinic that cares for this patient; None for whoever is in nobody's care.

    Its emergency number is that of its own country, which is not everybody's.
    """
    known = clinic.get(db)
    return known if known and people.practitioners_of(db, patient_id) else None
