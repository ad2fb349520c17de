"""Accounts: open one for somebody, choose a new passphrase."""

from dataclasses import replace
from datetime import datetime

from sqlite_utils import Database

from tracker.domain.clinic.audit import Act, Entry
from tracker.domain.mail.mails import invitation_mail, passphrase_mail, renewal_mail
from tracker.domain.people.invitations import MOST_TRIES, Invitation, asks_year
from tracker.domain.people.people import Duty, Person, Role, check_email
from tracker.domain.people.second_step import REMEMBERED
from tracker.domain.people.sessions import Session, new_token, token_digest
from tracker.domain.people.signed_links import (
    RENEWAL_GOOD_FOR,
    RENEWAL_MAIL_EVERY,
    LinkPurpose,
    Renewal,
    named_by,
)
from tracker.domain.people.staff import position_of
from tracker.domain.people.time_zones import check_time_zone
from tracker.storage.clinic import audit_log
from tracker.storage.columns import new_id
from tracker.storage.connection import IntegrityError, writing
from tracker.storage.mail import mails
from tracker.storage.people import (
    invitations,
    passkeys,
    people,
    renewals,
    second_steps,
    sessions,
)
from tracker.wires.passphrases import hash_passphrase


class AddressTaken(ValueError):  # noqa: N818  (bad input; the message names the remedy)
    """Another person already signs in with this address."""


def add_person(
    db: Database,
    person: Person,
    passphrase: str,
    *,
    cared_for_by: str | None = None,
    now: datetime | None = None,
) -> Person:
    """Store the person under a fresh id, able to sign in, in the care of a practitioner if given.

    The command line says when (`now`), and it is in the audit log. Demo and replays open accounts
    in a clinic of their own. Raises ValueError that names what is wrong with address, time zone or
    passphrase.
    """
    added = replace(
        person,
        id=new_id(),
        email=check_email(person.email),
        time_zone=check_time_zone(person.time_zone),
    )
    hashed = hash_passphrase(passphrase, added.name, added.email)
    try:
        with writing(db):
            people.insert(db, added)
            people.set_passphrase_hash(db, added.id, hashed)
            if cared_for_by is not None:
                people.add_to_care(db, cared_for_by, added.id)
            if now is not None:
                told = Entry(Act.ACCOUNT_ADDED, now, about=added.id, details=str(added.role))
                audit_log.add(db, told)
    except IntegrityError as error:
        message = f"{added.email} already has an account; use another address"
        raise AddressTaken(message) from error
    return added


def change_passphrase(db: Database, person: Person, passphrase: str, now: datetime) -> str:
    """Store the new passphrase, and return the token of the one session that is left.

    Passkeys stay. A mail informs the owner. Raises ValueError that names what is wrong with it.
    """
    hashed = hash_passphrase(passphrase, person.name, person.email)
    token = new_token()
    with writing(db):
        _replace_passphrase(db, person, hashed, now)
        sessions.begin(db, token_digest(token), Session(person.id, now))
    return token


def issue_renewal(db: Database, person_id: str, by: str | None, now: datetime) -> Renewal | None:
    """A link with which this person chooses a new passphrase; a mail with it is on its way, too.

    `by` is the colleague who issues it, None for the command line. None when the person cannot sign
    in anyway: suspended, gone, or never signed up.
    """
    with writing(db):
        person = people.get(db, person_id)
        if person is None or not _can_sign_in(db, person):
            return None
        audit_log.add(db, Entry(Act.RENEWAL_ISSUED, now, by, person.id))
        return _insert_renewal(db, person, by, now)


def issue_renewal_for_address(db: Database, email: str, now: datetime) -> tuple[Person, Renewal]:
    """The same for the command line. Raises ValueError when no one signs in with the address."""
    person = people.by_email(db, check_email(email))
    renewal = issue_renewal(db, person.id, None, now) if person else None
    if person is None or renewal is None:
        raise ValueError(f"no one signs in as {email}")
    return person, renewal


def ask_for_renewal(db: Database, email: str, now: datetime) -> None:
    """Mail a link if someone signs in with this address, at most once in `RENEWAL_MAIL_EVERY`.

    A patient who came in by a link and has no way to sign in yet gets a new invitation.
    The result does not tell whether there is such a person.
    """
    try:
        person = people.by_email(db, check_email(email))
    except ValueError:
        person = None
    with writing(db):
        whose = None if person is None else person.id
        audit_log.add(db, Entry(Act.RENEWAL_ASKED, now, about=whose))
        if person is None:
            return
        if not _can_sign_in(db, person):
            _invite_again(db, person, now)
        elif not renewals.was_asked_since(db, person.id, now - RENEWAL_MAIL_EVERY):
            _insert_renewal(db, person, None, now)


def open_renewal(db: Database, token: str, key: bytes, now: datetime) -> Person | None:
    """The person whom the link lets choose; None when it was used, is too old or never existed."""
    renewal = renewals.get(db, named_by(LinkPurpose.RENEWAL, token, key) or "")
    person = people.get(db, renewal.person_id) if renewal else None
    if renewal is None or person is None or not renewal.is_open(now):
        return None
    return person if _can_sign_in(db, person) else None


def renew_passphrase(
    db: Database,
    token: str,
    key: bytes,
    passphrase: str,
    now: datetime,
    *,
    second_step: bool = False,
) -> Person | None:
    """The person, who signs in with the new passphrase from now on; None when the link is not open.

    Sessions, passkeys, invitations and other links of this person end: whoever knew the old
    passphrase may have made them. Where the clinic demands a `second_step`, a passphrase alone made
    no passkey, and those of its people stay: without them the mailbox alone would open the account.
    A mail informs the owner. Raises ValueError that names what is wrong with the passphrase; the
    link then still works.
    """
    person = open_renewal(db, token, key, now)
    known = (person.name, person.email) if person else ()
    hashed = hash_passphrase(passphrase, *known)
    with writing(db):
        person = open_renewal(db, token, key, now)
        if person is not None:
            _replace_passphrase(db, person, hashed, now)
            if person.role is Role.PATIENT or not second_step:
                passkeys.remove_all_of(db, person.id)
    return person


def set_passphrase(db: Database, person_id: str, passphrase: str) -> None:
    """Store a passphrase for the demo, and end all sessions; ValueError when it is too short."""
    hashed = hash_passphrase(passphrase)
    with writing(db):
        people.set_passphrase_hash(db, person_id, hashed)
        _end_other_ways_in(db, person_id)


def _can_sign_in(db: Database, person: Person) -> bool:
    if person.suspended_at is not None:
        return False
    has_passphrase = people.passphrase_hash(db, person.id) is not None
    return has_passphrase or bool(passkeys.of_person(db, person.id))


def _invite_again(db: Database, person: Person, now: datetime) -> None:
    """Mail a new link to a patient who came in by one and chose no way to sign in.

    A link that the clinic has made meanwhile works until one of the two is used.
    Wrong years of birth go on counting: a reader of the mailbox could ask for ever more links.
    """
    last = invitations.latest_of(db, person.id)
    if last is None or person.suspended_at is not None or not asks_year(last, person):
        return
    is_soon = now - last.created_at < RENEWAL_MAIL_EVERY
    if is_soon or last.tries >= MOST_TRIES or not invitations.was_used_by(db, person.id):
        return
    by, tries = last.invited_by, last.tries
    again = Invitation(new_id(), person.id, by, now, tries=tries, is_asked=True)
    invitations.renew(db, again)
    mails.insert(db, invitation_mail(again.id, person, now))


def _insert_renewal(db: Database, person: Person, by: str | None, now: datetime) -> Renewal:
    renewal = Renewal(new_id(), person.id, by, now)
    renewals.forget_made_before(db, now - RENEWAL_GOOD_FOR)
    renewals.insert(db, renewal)
    mails.insert(db, renewal_mail(renewal.id, person, now))
    return renewal


def _replace_passphrase(db: Database, person: Person, hashed: str, now: datetime) -> None:
    people.set_passphrase_hash(db, person.id, hashed)
    _end_other_ways_in(db, person.id)
    mails.insert(db, passphrase_mail(person, now))
    renewed = Entry(Act.RENEWED, now, person.id, person.id)
    if not audit_log.is_recorded(db, renewed, now - REMEMBERED):
        # Made by someone who knew the old passphrase. Once a day: a stranger who reads the mailbox
        # could otherwise begin the count again with every link.
        second_steps.forget_tries(db, person.id)
    audit_log.add(db, renewed)


def _end_other_ways_in(db: Database, person_id: str) -> None:
    sessions.end_all_of(db, person_id)
    invitations.end_open(db, person_id)  # its link would set a third passphrase
    renewals.end_all_of(db, person_id)
    second_steps.end_halves_of(db, person_id)


def appoint_administrator(db: Database, email: str, now: datetime) -> Person:
    """The person with the new duty. Raises ValueError when no one at the clinic has the address."""
    address = check_email(email)
    with writing(db):
        person = people.by_email(db, address)
        if person is None or person.role is Role.PATIENT:
            raise ValueError(f"no one at the clinic signs in as {email}")
        appointed = replace(person, duties=person.duties | {Duty.ADMINISTRATION})
        people.set_duties(db, person.id, appointed.duties)
        details = str(position_of(appointed))
        audit_log.add(db, Entry(Act.ROLE_CHANGED, now, about=person.id, details=details))
    return appointed
