"""Invitations: write one, ask for one, open its link, accept it."""

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from sqlite_utils import Database

from tracker.domain.clinic.audit import Act, Entry
from tracker.domain.mail.mails import MailKind, about_care, has_account_mail, invitation_mail
from tracker.domain.own_data.consents import Consent, Decision, Purpose
from tracker.domain.people.invitations import (
    MOST_TRIES,
    OWN_EVERY,
    OWN_GOOD_FOR,
    Closed,
    Invitation,
    asks_year,
    closed_because,
)
from tracker.domain.people.people import (
    Person,
    Role,
    check_birth_date,
    check_email,
    check_name,
    check_record_number,
)
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
from tracker.storage.people import invitations, passkeys, people, second_steps, sessions
from tracker.wires.mail import forget
from tracker.wires.passphrases import hash_passphrase

BY_YEAR = "by the year of birth"


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
    record_number: str = "",
) -> Invited | HasAccount:
    """Put a new patient in the inviter's care, with a link to choose a passphrase.

    An assistant names the practitioner who will treat, because someone must be able to answer
    alerts; both are then in the care team. A patient of this inviter who has no passphrase and no
    passkey yet gets a new one, and the old one ends; a `birth_date` or `record_number` replaces
    the one on record. Raises ValueError that names what is wrong with what was given.
    """
    name, email = check_name(name), check_email(email)
    record_number = check_record_number(record_number)
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
        if record_number:
            people.refuse_number_of_another(db, patient.id, record_number)
            people.set_record_number(db, patient.id, record_number)
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


def show_waiting(db: Database, inviter: Person) -> list[Invited]:
    """The patients in a person's care who were invited and have not come in, the oldest first."""
    found = invitations.waiting_for(db, inviter.id)
    named = people.by_ids(db, [each.person_id for each in found])
    return [Invited(named[each.person_id], each) for each in found]


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
    has_way_in = people.passphrase_hash(db, patient.id) or passkeys.of_person(db, patient.id)
    return cared_for and not has_way_in


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


def show_link(
    db: Database, token: str, key: bytes, now: datetime
) -> tuple[Person, Invitation, Closed | None] | None:
    """Whom the link invites, and why it is closed; None when it never was, or a newer one is."""
    invitation = invitations.get(db, named_by(LinkPurpose.INVITATION, token, key) or "")
    person = people.get(db, invitation.person_id) if invitation else None
    if invitation is None or person is None:
        return None
    return person, invitation, closed_because(invitation, now)


def open_invitation(
    db: Database, token: str, key: bytes, now: datetime
) -> tuple[Person, Invitation] | None:
    """Whom the link invites; None when it is closed or never existed."""
    match show_link(db, token, key, now):
        case (person, invitation, None):
            return person, invitation
        case _:
            return None


@dataclass(frozen=True, slots=True)
class WrongYear:
    """Not the year in which the patient was born; after `left` more the link is closed."""

    left: int


def accept_invitation(
    db: Database,
    token: str,
    key: bytes,
    passphrase: str | None,
    time_zone: str | None,
    now: datetime,
    *,
    name: str = "",
    birth_year: int | None = None,
    second_step: bool = False,
) -> tuple[Person, str] | HalfSignedIn | WrongYear | None:
    """The invited person and the token of a session; None when the link is no longer valid.

    HalfSignedIn for a colleague where the clinic demands a `second_step`. With this, a patient
    consents to care. Without a `passphrase`, which the year of birth must be asked for, the session
    is one by link. `time_zone` is that of the phone, None keeps the clinic's; `name` is that of a
    person who signs up. Raises ValueError that names what is wrong with passphrase, name or time
    zone; the link then still works.
    """
    invited = open_invitation(db, token, key, now)
    own_name = check_name(name) if invited and invited[1].is_own else None
    hashed = _hashed(passphrase, invited, own_name)
    zone = check_time_zone(time_zone) if time_zone else None
    with writing(db):
        invited = open_invitation(db, token, key, now)
        if invited is None:
            return None
        person, invitation = invited
        if asks_year(invitation, person) and not _is_right_year(person, birth_year):
            return _wrong_year(db, person, invitation, now)
        invitations.use(db, invitation.id, now)
        invitations.end_open(db, person.id)
        if hashed is not None:
            people.set_passphrase_hash(db, person.id, hashed)
        person = _completed(db, person, own_name, zone)
        accepted = Act.SIGNED_UP if invitation.is_own else Act.INVITATION_ACCEPTED
        audit_log.add(db, Entry(accepted, now, person.id, person.id))
        if person.role is Role.PATIENT:
            _give_consent(db, person.id, now)
        return _begun(db, Session(person.id, now, by_link=hashed is None), person, second_step)


def _give_consent(db: Database, patient_id: str, now: datetime) -> None:
    """The page says so at the button. What has been given and not withdrawn is kept once."""
    about_care = [c for c in consents.of_patient(db, patient_id) if c.purpose is Purpose.CARE]
    if not about_care or about_care[-1].decision is not Decision.GIVEN:
        consents.insert(db, patient_id, Consent(Purpose.CARE, Decision.GIVEN, now))


def _hashed(
    passphrase: str | None, invited: tuple[Person, Invitation] | None, own_name: str | None
) -> str | None:
    """None where the link and the year of birth are enough. Raises ValueError."""
    if passphrase is None and invited is not None and asks_year(invited[1], invited[0]):
        return None
    known = (invited[0].name, invited[0].email) if invited else ()
    return hash_passphrase(passphrase or "", *known, *([own_name] if own_name else []))


def _begun(
    db: Database, begun: Session, person: Person, second_step: bool
) -> tuple[Person, str] | HalfSignedIn:
    """The session, or the half of one; sessions of earlier links end."""
    token = new_token()
    sessions.end_all_of(db, person.id)
    step = step_after_passphrase(
        person.role, second_steps.ways_of(db, person.id), is_demanded=second_step
    )
    if step is not SecondStep.NONE:
        second_steps.begin_half(db, token_digest(token), begun)
        return HalfSignedIn(person, token, step)
    sessions.begin(db, token_digest(token), begun)
    return person, token


def prove_by_year(
    db: Database, person: Person, birth_year: int, token: str, now: datetime
) -> str | WrongYear | None:
    """The token of a fresh session by link in place of that of `token`; tries count with the link.

    None when too many were wrong, or no year is on record: then the clinic makes a new link. Also
    None when that session has ended meanwhile, as the first passphrase ends it.
    """
    with writing(db):
        if sessions.get(db, token_digest(token)) is None:
            return None
        invitation = invitations.latest_of(db, person.id)
        if invitation is None or not asks_year(invitation, person):
            return None
        if invitation.tries >= MOST_TRIES:
            return None
        if not _is_right_year(person, birth_year):
            return _wrong_year(db, person, invitation, now)
        fresh = new_token()
        sessions.end(db, token_digest(token))
        sessions.begin(db, token_digest(fresh), Session(person.id, now, by_link=True))
        audit_log.add(db, Entry(Act.SIGNED_IN, now, person.id, details=BY_YEAR))
    return fresh


def _is_right_year(person: Person, birth_year: int | None) -> bool:
    return person.birth_date is not None and person.birth_date.year == birth_year


def _wrong_year(db: Database, person: Person, invitation: Invitation, now: datetime) -> WrongYear:
    """Count the try in the transaction that judges it, so that tries in parallel gain nothing.

    The last one closes the link, and those who can make a new one get a mail.
    """
    invitations.count_try(db, invitation.id)
    failed = Entry(Act.SIGN_IN_FAILED, now, about=invitation.person_id, details=BY_YEAR)
    audit_log.add(db, failed)
    left = MOST_TRIES - invitation.tries - 1
    if left == 0:
        for carer, _ in people.care_team_of(db, person.id):
            mails.insert(db, about_care(MailKind.LINK_CLOSED, person.id, carer, now))
    return WrongYear(left)


def _completed(db: Database, person: Person, name: str | None, zone: str | None) -> Person:
    """The person with the name and the time zone that they gave."""
    if name is not None:
        people.rename(db, person.id, name)
    if zone is not None:
        people.move(db, person.id, zone)
    return people.get(db, person.id) or person
