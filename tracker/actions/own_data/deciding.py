"""What a patient allows, and what the clinic keeps about them."""

from dataclasses import dataclass
from datetime import datetime

from sqlite_utils import Database

from tracker.domain.clinic.audit import Act, Entry
from tracker.domain.course.photos import EarlyPhoto, Photo
from tracker.domain.own_data.consents import Consent, Decision, is_given
from tracker.domain.own_data.looks import Look
from tracker.domain.people.people import Person
from tracker.storage.clinic import audit_log
from tracker.storage.connection import writing
from tracker.storage.course import early_photos, photos, treatments
from tracker.storage.own_data import consents, looks
from tracker.storage.people import absences


def decide_consent(db: Database, patient_id: str, consent: Consent) -> bool:
    """Add the decision to the history; a repeat of the current decision adds nothing.

    False when the photo is not this patient's. Raises ValueError for care with single photos.
    """
    if consent.photo_id is not None:
        if not consent.purpose.is_asked_by_photo:
            raise ValueError(f"{consent.purpose} is decided for all photos together")
        photo = photos.get(db, consent.photo_id)
        if photo is None or photo.patient_id != patient_id:
            return False
    with writing(db):
        history = consents.of_patient(db, patient_id)
        held = is_given(history, consent.purpose, consent.photo_id)
        if held is not (consent.decision is Decision.GIVEN):
            consents.insert(db, patient_id, consent)
            told = f"{consent.purpose} {consent.decision}"
            decided = Entry(Act.CONSENT_DECIDED, consent.at, patient_id, patient_id, told)
            audit_log.add(db, decided)
    return True


@dataclass(frozen=True, slots=True)
class OwnData:
    """What the patient's pages say about their own data.

    `care_team`, with current deputies, may see everything of the patient, by name; `looks` and
    `photos` (of all treatments) are the latest first, `consents` in the order of the decisions,
    `early` the photos that wait for a treatment to be entered.
    """

    patient: Person
    care_team: tuple[Person, ...]
    looks: tuple[Look, ...]
    consents: tuple[Consent, ...]
    photos: tuple[Photo, ...]
    early: tuple[EarlyPhoto, ...] = ()
    is_treated: bool = False


def show_own_data(db: Database, patient: Person, now: datetime) -> OwnData:
    """Collect it."""
    team = (person for person, _ in absences.caring_on_duty(db, patient.id, now))
    return OwnData(
        patient=patient,
        care_team=tuple(sorted(team, key=lambda person: person.name)),
        looks=tuple(looks.of_patient(db, patient.id)),
        consents=tuple(consents.of_patient(db, patient.id)),
        photos=tuple(reversed(photos.of_patient(db, patient.id))),
        early=tuple(early_photos.of_patient(db, patient.id)),
        is_treated=bool(treatments.of_patient(db, patient.id)),
    )
