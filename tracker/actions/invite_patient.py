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
    db: Database,
    inviter: Person,
    name: str,
    email: str,
    now: datetime,
    practitioner_id: str | None = None,
) -> Invited | HasAccount:
    """Put a new patient in the inviter's care, with a link to choose a passphrase.

    An assistant names the practitioner who will treat, because somebody must be able to answer
    alerts; both are then of the care team. A patient of this inviter who has not used the link gets
    a new one, and the old one ends. Raises ValueError that names what is wrong with name, address
    or practitioner.
    """
    name, email = check_name(name), check_email(email)
    with writing(db):
        patient = people.by_email(db, email)
        if patient is None:
            carers = {_treating(db, inviter, practitioner_id), inviter.id}
            patient = Person(new_id(), Role.PATIENT, name, email, inviter.time_zone)
            people.insert(db, patient)
            for carer_id in carers:
                people.add_to_care(db, carer_id, patient.id)
        elif not _still_waits(db, patient, inviter):
            return HasAccount()
        invitation = Invitation(new_id(), patient.id, inviter.id, now)
        invitations.renew(db, invitation)
        messages.insert(db, invitation_mail(invitation.id, patient, now))
        audit_log.add(db, Entry(Act.PATIENT_INVITED, now, inviter.id, patient.id))
    return Invited(patient, invitation)


def _treating(db: Database, inviter: Person, practitioner_id: str | None) -> str:
    """Who will answer this patient's alerts."""
    if inviter.role is Role.PRACTITIONER:
        return inviter.id
    found = people.get(db, practitioner_id) if practitioner_id else None
    if found is None or found.role is not Role.PRACTITIONER or found.suspended_at is not None:
        raise ValueError("choose the practitioner who will treat this patient")
    return found.id


def _still_waits(db: Database, patient: Person, inviter: Person) -> bool:
    cared_for = inviter.id in {person.id for person, _ in people.care_team_of(db, patient.id)}
    return cared_for and people.passphrase_hash(db, patient.id) is None
