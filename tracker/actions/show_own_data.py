"""What is kept about a patient and who has seen it, for the patient."""

from dataclasses import dataclass

from sqlite_utils import Database

from tracker.consents import Consent
from tracker.looks import Look
from tracker.people import Person
from tracker.photos import Photo
from tracker.storage import consents, looks, people, photos


@dataclass(frozen=True, slots=True)
class OwnData:
    """What the patient's pages tell about it.

    `care_team` may see everything of the patient, by name; `looks` and `photos` (of all treatments)
    are the latest first, `consents` in the order of the decisions.
    """

    patient: Person
    care_team: tuple[Person, ...]
    looks: tuple[Look, ...]
    consents: tuple[Consent, ...]
    photos: tuple[Photo, ...]


def show_own_data(db: Database, patient: Person) -> OwnData:
    """Collect it."""
    team = (person for person, _ in people.care_team_of(db, patient.id))
    return OwnData(
        patient=patient,
        care_team=tuple(sorted(team, key=lambda person: person.name)),
        looks=tuple(looks.of_patient(db, patient.id)),
        consents=tuple(consents.of_patient(db, patient.id)),
        photos=tuple(reversed(photos.of_patient(db, patient.id))),
    )
