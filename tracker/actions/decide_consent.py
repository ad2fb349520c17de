"""Note what a patient allows, or no longer allows, photos and answers to be used for."""

from sqlite_utils import Database

from tracker.consents import Consent, Decision, is_given
from tracker.storage import consents, photos
from tracker.storage.connection import writing


def decide_consent(db: Database, patient_id: str, consent: Consent) -> bool:
    """Add the decision to the history; a repeat of what holds already adds nothing.

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
    return True
