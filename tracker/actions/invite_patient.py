"""Invite a patient, or send the link once more."""

from dataclasses import dataclass
from datetime import datetime

from sqlite_utils import Database

from tracker.audit import Act, Entry
from tracker.invitations import Invitation
from tracker.messages import invitation_mail
from tracker.people import Person, Role, check_email, check_name
from tracker.storage import audit_log, invitations, messages, people
from tracker.storage.columns import new_id
from tracker.storage.connection import writing


@dataclass(frozen=True, slots=True)
class Invited:
    """The patient and what the link names; the mail with it is on its way."""

    patient: Person
    invitation: Invitation


@dataclass(frozen=True, slots=True)
class HasAccount:
    """Somebody signs in with this address already."""


def invite_patient(
    db: Database, practitioner: Person, name: str, email: str, now: datetime
) -> Invited | HasAccount:
    """Put a new patient in the practitioner's care, with a link to choose a passphrase.

    A patient of this practitioner who has not used the link gets a new one, and the old one ends.
    Raises ValueError that names what is wrong with name or address.
    """
    name, email = check_name(name), check_email(email)
    with writing(db):
        patient = people.by_email(db, email)
        if patient is None:
            patient = Person(new_id(), Role.PATIENT, name, email, practitioner.time_zone)
            people.insert(db, patient)
            people.add_to_care(db, practitioner.id, patient.id)
        elif not _still_waits(db, patient, practitioner):
            return HasAccount()
        invitation = Invitation(new_id(), patient.id, practitioner.id, now)
        invitations.renew(db, invitation)
        messages.insert(db, invitation_mail(invitation.id, patient, now))
        audit_log.add(db, Entry(Act.PATIENT_INVITED, now, practitioner.id, patient.id))
    return Invited(patient, invitation)


def _still_waits(db: Database, patient: Person, practitioner: Person) -> bool:
    cared_for = practitioner.id in {person.id for person, _ in people.care_team_of(db, patient.id)}
    return cared_for and people.passphrase_hash(db, patient.id) is None
