"""What is kept about a patient and who has seen it, for the patient."""

from dataclasses import dataclass

from sqlite_utils import Database

from tracker.looks import Look
from tracker.people import Person
from tracker.storage import looks, people


@dataclass(frozen=True, slots=True)
class OwnData:
    """`care_team` may see everything of the patient, by name; `looks` are the latest first."""

    patient: Person
    care_team: tuple[Person, ...]
    looks: tuple[Look, ...]


def show_own_data(db: Database, patient: Person) -> OwnData:
    """Collect it."""
    return OwnData(
        patient=patient,
        care_team=tuple(sorted(people.practitioners_of(db, patient.id), key=lambda p: p.name)),
        looks=tuple(looks.of_patient(db, patient.id)),
    )
