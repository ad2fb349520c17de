"""How the clinic is reached."""

from sqlite_utils import Database

from tracker.clinic import Clinic
from tracker.opening_hours import OpeningHours
from tracker.storage import clinic

NOTHING_KNOWN = Clinic(OpeningHours("UTC"))


def show_clinic(db: Database) -> Clinic:
    """What administrators have entered; nothing is known until then."""
    return clinic.get(db) or NOTHING_KNOWN
