"""Invitations: write one, ask for one, open its link, accept it."""

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from sqlite_utils import Database

from tracker.domain.clinic.audit import Act, Entry
from tracker.domain.mail.mails import MailKind, about_care, has_account_mail, invitation_mail
from tracker.domain.own_data.consents import Consent, Decision, Purpose
from tracker.domain.people.invitations import (
    OWN_EVERY,
    OWN_GOOD_FOR,
    Invitation,
    is_open,
)
from tracker.domain.people.people import Person, Role, check_birth_date, check_email, check_name
from tracker.domain.people.second_step import HalfSignedIn, SecondStep, step_after_passphrase
from tracker.domain.people.sessions import Session, new_token, token_digest
from tracker.domain.people.signed_links import LinkPurpose, named_by
from tracker.domain.people.staff import Position, position_of
from tracker.domain.people.time_zones import check_time_zone
from tracker.storage.clinic import audit_log
from tracker.storage.columns import new_id
from tracker.storage.connection import writing
from tracker.storage.mail import mails
from tracker.storage.own_data import consents, rows
from tracker.storage.people import invitations, people, second_steps, sessions
from tracker.wires.mail import forget
from tracker.wires.passphrases import hash_passphrase


@dataclass(frozen=True, slots=True)
class Invited:
    """The patient and what the link names; the mail with it is on its way."""

    patient: Person
    invitation: Invitation


@dataclass(frozen=True, slots=True)
class HasAccount:
    """Another person already signs in with this address."""


def invite_patient(
    db: Database,
    inviter: Person,
    name: str,
    email: str,
    now: datetime,
    practitioner_id: str | None = None,
    birth_date: date | None = None,
) -> Invited | HasAccount:
    """Put a new patient in the inviter's care, with a link to choose a passphrase.

    An assistant names the practitioner who will treat, because someone must be able to answer
    alerts; both are then in the care team. A patient of this inviter who has not used the link gets
    a new one, and the old one ends; a `birth_date` replaces the one on record. Raises ValueError
    that names what is wrong with name, address, birth date or practitioner.
    """
    name, email = check_name(name), check_email(email)
    if birth_date is not None:
        check_birth_date(birth_date, inviter.date_at(now))
    with writing(db):
        patient = _without_mere_sign_up(db, email)
        if patient is None:
            carers = {_treating(db, inviter, practitioner_id), inviter.id}
            patient = Person(new_id(), Role.PATIENT, name, email, inviter.time_zone)
            people.insert(db, patient)
            for carer_id in carers:
                people.add_to_care(db, carer_id, patient.id)
        elif not _still_waits(db, patient, inviter):
            return HasAccount()
        if birth_date is not None:
            people.set_birth_date(db, patient.id, birth_date)
        invitation = Invitation(new_id(), patient.id, inviter.id, now)
        invitations.renew(db, invitation)
        mails.insert(db, invitation_mail(invitation.id, patient, now))
        audit_log.add(db, Entry(Act.PATIENT_INVITED, now, inviter.id, patient.id))
    return Invited(patient, invitation)


def _without_mere_sign_up(db: Database, email: str) -> Person | None:
    """Who has this address. Somebody who only asked to sign up with it has not shown it is theirs.

    Such a row makes way; otherwise a stranger could keep the clinic from inviting its owner.
    """
    person = people.by_email(db, email)
    if person is not None and invitations.is_mere_sign_up(db, person.id):
        rows.erase_rows(db, person.id)
        return None
    return person


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


@dataclass(frozen=True, slots=True)
class StaffInvited:
    """The person and what the link names; the mail with it is on its way."""

    person: Person
    invitation: Invitation


@dataclass(frozen=True, slots=True)
class AddressInUse:
    """Another person already signs in with this address, or it is a patient's."""


def invite_staff(
    db: Database, inviter: Person, name: str, email: str, position: Position, now: datetime
) -> StaffInvited | AddressInUse:
    """Open an account whose passphrase only the invited person chooses.

    A person who has not used the link gets a new one, and the old one ends; the position stays that
    of the first invitation. Raises ValueError that names what is wrong with name or address.
    """
    name, email = check_name(name), check_email(email)
    with writing(db):
        person = _without_mere_sign_up(db, email)
        if person is None:
            zone, duties = inviter.time_zone, position.duties
            person = Person(new_id(), position.role, name, email, zone, duties=duties)
            people.insert(db, person)
        elif person.role is Role.PATIENT or not _colleague_still_waits(db, person):
            return AddressInUse()
        invitation = Invitation(new_id(), person.id, inviter.id, now)
        invitations.renew(db, invitation)
        mails.insert(db, invitation_mail(invitation.id, person, now))
        audit_log.add(
            db, Entry(Act.STAFF_INVITED, now, inviter.id, person.id, str(position_of(person)))
        )
        for each in people.overseers(db, but=(inviter.id, person.id)):
            mails.insert(db, about_care(MailKind.STAFF_CHANGED, person.id, each, now))
    return StaffInvited(person, invitation)


def _colleague_still_waits(db: Database, person: Person) -> bool:
    return person.suspended_at is None and people.passphrase_hash(db, person.id) is None


def ask_to_sign_up(db: Database, email: str, now: datetime) -> None:
    """Mail a link with which the owner of this address opens an account, once an hour at most.

    The result does not tell whether there is an account; the mail does. Raises ValueError when the
    text is no address.
    """
    email = check_email(email)
    with writing(db):
        person = people.by_email(db, email)
        if person is None:
            person = Person(new_id(), Role.PATIENT, email, email, "UTC", reminder_hour=None)
            people.insert(db, person)
        audit_log.add(db, Entry(Act.SIGN_UP_ASKED, now, about=person.id))
        if person.suspended_at is not None:
            return
        if not invitations.may_open_own(db, person.id):
            mails.insert(db, has_account_mail(person, now))
        elif not invitations.own_since(db, person.id, now - OWN_EVERY):
            own = Invitation(new_id(), person.id, person.id, now)
            invitations.renew(db, own)
            mails.insert(db, invitation_mail(own.id, person, now, MailKind.ADDRESS))


def forget_sign_ups(db: Database, outbox: Path, now: datetime) -> int:
    """Forget addresses whose owners did not follow the link in time; returns how many."""
    with writing(db):
        late = invitations.own_before(db, now - OWN_GOOD_FOR)
        letters = [mail.id for person_id in late for mail in mails.of_recipient(db, person_id)]
        for person_id in late:
            rows.erase_rows(db, person_id)
    forget(outbox, letters)
    return len(late)


def open_invitation(
    db: Database, token: str, key: bytes, now: datetime
) -> tuple[Person, Invitation] | None:
    """Whom the link invites; None when it was used, has expired or never existed."""
    invitation = invitations.get(db, named_by(LinkPurpose.INVITATION, token, key) or "")
    if invitation is None or not is_open(invitation, now):
        return None
    person = people.get(db, invitation.person_id)
    return None if person is None else (person, invitation)


def accept_invitation(
    db: Database,
    token: str,
    key: bytes,
    passphrase: str,
    time_zone: str | None,
    now: datetime,
    *,
    name: str = "",
    second_step: bool = False,
) -> tuple[Person, str] | HalfSignedIn | None:
    """The invited person and the token of a session; None when the link is no longer valid.

    HalfSignedIn for a colleague where the clinic demands a `second_step`. With this, a patient
    consents to care. `time_zone` is that of the phone, None keeps the clinic's; `name` is that of a
    person who signs up. Raises ValueError that names what is wrong with passphrase, name or time
    zone; the link then still works.
    """
    invited = open_invitation(db, token, key, now)
    known = (invited[0].name, invited[0].email) if invited else ()
    own_name = check_name(name) if invited and invited[1].is_own else None
    hashed = hash_passphrase(passphrase, *known, *([own_name] if own_name else []))
    zone = check_time_zone(time_zone) if time_zone else None
    session_token = new_token()
    with writing(db):
        invited = open_invitation(db, token, key, now)
        if invited is None:
            return None
        person, invitation = invited
        invitations.use(db, invitation.id, now)
        people.set_passphrase_hash(db, person.id, hashed)
        person = _completed(db, person, own_name, zone)
        accepted = Act.SIGNED_UP if invitation.is_own else Act.INVITATION_ACCEPTED
        audit_log.add(db, Entry(accepted, now, person.id, person.id))
        if person.role is Role.PATIENT:
            consent = Consent(Purpose.CARE, Decision.GIVEN, now)  # the page says so at the button
            consents.insert(db, person.id, consent)
        ways = second_steps.ways_of(db, person.id)
        step = step_after_passphrase(person.role, ways, is_demanded=second_step)
        begun, digest = Session(person.id, now), token_digest(session_token)
        if step is not SecondStep.NONE:
            second_steps.begin_half(db, digest, begun)
            return HalfSignedIn(person, session_token, step)
        sessions.begin(db, digest, begun)
    return person, session_token


def _completed(db: Database, person: Person, name: str | None, zone: str | None) -> Person:
    """The person with the name and the time zone that they gave."""
    if name is not None:
        people.rename(db, person.id, name)
    if zone is not None:
        people.move(db, person.id, zone)
    return people.get(db, person.id) or person
