"""Remind patients of today's photo at the hour they chose, and stop when it has come."""

import logging
from datetime import date, datetime, timedelta

from sqlite_utils import Database

from tracker.aftercare import plan_ends
from tracker.mail_hours import is_photo_missing, reminder_day
from tracker.messages import Message, MessageKind, reminder
from tracker.people import Person
from tracker.photos import PhotoRole, PhotoStatus
from tracker.protocols import Protocol, Protocols
from tracker.silence import silence
from tracker.storage import messages, people, photos, treatments, unconfirmed_addresses
from tracker.storage.connection import writing
from tracker.treatments import Treatment

log = logging.getLogger(__name__)

LONGEST_PLAN = timedelta(days=400)  # nobody is reminded of a treatment before that


def remind_patients(db: Database, protocols: Protocols, now: datetime) -> list[Message]:
    """Return the reminders written; those no longer wanted are withdrawn before they go out."""
    _withdraw_unwanted(db, protocols, now)
    written: list[Message] = []
    for treatment in treatments.latest_between(db, now - LONGEST_PLAN, now):
        try:
            written += _remind(db, protocols, treatment, now)
        except Exception:  # one course that cannot be read must not silence the others
            log.exception("treatment %s: no reminder; will try again", treatment.id)
    return written


def _remind(
    db: Database, protocols: Protocols, treatment: Treatment, now: datetime
) -> list[Message]:
    patient = people.get(db, treatment.patient_id)
    if patient is None or people.passphrase_hash(db, patient.id) is None:
        return []  # invited, and cannot sign in yet: the link would lead nowhere
    if unconfirmed_addresses.has(db, patient.id):
        return []  # the address may be somebody else's
    day = reminder_day(patient, messages.last_reminded(db, patient.id), now)
    if day is None or not _misses(db, protocols, treatment, patient, day):
        return []
    kind = _kind(db, protocols.of(treatment.kind), treatment, patient, now)
    message = reminder(kind, patient, day, now)
    with writing(db):
        # The photo may have come, or another worker have written, before the lock was ours.
        wanted = _misses(db, protocols, treatment, patient, day) and messages.insert(db, message)
    return [message] if wanted else []


def _withdraw_unwanted(db: Database, protocols: Protocols, now: datetime) -> None:
    for message in messages.reminders_under_way(db):
        patient = people.get(db, message.recipient_id)
        treatment = treatments.current(db, message.recipient_id, now)
        wanted = (
            patient is not None
            and treatment is not None
            and treatment.ending is None
            and patient.reminder_hour is not None
            and message.day == patient.date_at(now)
            and _misses(db, protocols, treatment, patient, message.day)
        )
        if not wanted:
            with writing(db):
                messages.withdraw(db, message.id, now)


def _misses(
    db: Database, protocols: Protocols, treatment: Treatment, patient: Person, day: date
) -> bool:
    taken = {
        patient.date_at(photo.taken_at)
        for photo in photos.of_treatment(db, treatment.id)
        if photo.role is PhotoRole.FOLLOW_UP and photo.status is not PhotoStatus.UNMEASURABLE
    }
    last_day = plan_ends(protocols.of(treatment.kind))
    return is_photo_missing(patient, treatment, last_day, taken, day)


def _kind(
    db: Database, protocol: Protocol, treatment: Treatment, patient: Person, now: datetime
) -> MessageKind:
    last_heard = treatments.last_heard(db, treatment.id)
    quiet = silence(treatment, last_heard, now, patient.zone)
    return MessageKind.MISSED if quiet.is_for_patient(protocol.silence) else MessageKind.REMINDER
