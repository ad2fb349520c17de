"""What is kept about a patient and who has seen it, for the patient."""

from dataclasses import dataclass
from datetime import datetime

from sqlite_utils import Database

from tracker.consents import Consent
from tracker.looks import Look
from tracker.people import Person
from tracker.photos import Photo
from tracker.storage import absences, consents, looks, photos


@dataclass(frozen=True, slots=True)
class OwnData:
    """What the patient's pages tell about it.

    `care_team`, with who stands in for them now, may see everything of the patient, by name;
    `looks` and `photos` (of all treatments) are the latest first, `consents` in the order of the
    decisions.
    """

    patient: Person
    care_team: tuple[Person, ...]
    looks: tuple[Look, ...]
    consents: tuple[Consent, ...]
    photos: tuple[Photo, ...]


def show_own_data(db: Database, patient: Person, now: datetime) -> OwnData:
    """Collect it."""
    team = (person for person, _ in absences.caring_on_duty(db, patient.id, now))
    return OwnData(
        patient=patient,
        care_team=tuple(sorted(team, key=lambda person: person.name)),
        looks=tuple(looks.of_patient(db, patient.id)),
        consents=tuple(consents.of_patient(db, patient.id)),
        photos=tuple(reversed(photos.of_patient(db, patient.id))),
    )
