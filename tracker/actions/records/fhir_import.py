"""Take in the patients of a FHIR bundle: invite them, and begin their treatments."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from sqlite_utils import Database

from tracker.domain.clinic.audit import Act, Entry
from tracker.domain.mail.mails import invitation_mail
from tracker.domain.people.invitations import Invitation
from tracker.domain.people.people import Person, Role, check_email
from tracker.domain.record.fhir_bundles import BundleError
from tracker.domain.record.fhir_incoming import Incoming
from tracker.storage.clinic import audit_log
from tracker.storage.columns import new_id
from tracker.storage.connection import writing
from tracker.storage.course import treatments
from tracker.storage.mail import mails
from tracker.storage.people import invitations, people


def treating(db: Database, email: str) -> Person:
    """The practitioner of this address. Raises ValueError when none may treat."""
    found = people.by_email(db, check_email(email))
    if found is None or not found.answers_alerts:
        raise ValueError(f"no practitioner signs in as {email}")
    return found


def invite_received(
    db: Database, received: Iterable[Incoming], treats: Person, now: datetime
) -> list[Person]:
    """Invite the patients into the care of a practitioner, with their treatments: all, or none.

    Raises BundleError that names each patient who is here already.
    """
    invited: list[Person] = []
    known: list[str] = []
    with writing(db):
        for each in received:
            why_not = _why_not(db, each.patient)
            if why_not:
                known.append(f"{each.path}: {why_not}")
                continue
            patient = replace(each.patient, id=new_id())
            people.insert(db, patient)
            people.add_to_care(db, treats.id, patient.id)
            for treatment in each.treatments:
                begun = replace(treatment, id=new_id(), patient_id=patient.id)
                treatments.insert(db, begun)
                told = "treatment imported from FHIR"
                audit_log.add(db, Entry(Act.RECORD_CHANGED, now, None, patient.id, told))
            invitation = Invitation(new_id(), patient.id, treats.id, now)
            invitations.renew(db, invitation)
            mails.insert(db, invitation_mail(invitation.id, patient, now))
            audit_log.add(db, Entry(Act.PATIENT_INVITED, now, None, patient.id, "from FHIR"))
            invited.append(patient)
        if known:
            raise BundleError("\n".join(known))
    return invited


def _why_not(db: Database, patient: Person) -> str:
    """Why this patient cannot be added, with the remedy; empty if nothing is against it."""
    found = people.by_email(db, patient.email)
    if found is not None and found.role is Role.PATIENT:
        return f"{patient.email} is a patient here; enter the treatment on the patient's page"
    if found is not None:
        return f"{patient.email} is the address of a colleague; give the patient's own"
    try:
        people.refuse_number_of_another(db, "", patient.record_number)
    except ValueError as error:
        return str(error)
    return ""
