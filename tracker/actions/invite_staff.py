"""Invite somebody to work at the clinic, or send the link once more."""

from dataclasses import dataclass
from datetime import datetime

from sqlite_utils import Database

from tracker.audit import Act, Entry
from tracker.invitations import Invitation
from tracker.messages import invitation_mail
from tracker.people import Person, Role, check_email, check_name
from tracker.staff import Position, position_of
from tracker.storage import audit_log, invitations, messages, people
from tracker.storage.columns import new_id
from tracker.storage.connection import writing


@dataclass(frozen=True, slots=True)
class StaffInvited:
    """The person and what the link names; the mail with it is on its way."""

    person: Person
    invitation: Invitation


@dataclass(frozen=True, slots=True)
class AddressInUse:
    """Somebody signs in with this address already, or it is a patient's."""


def invite_staff(
    db: Database, inviter: Person, name: str, email: str, position: Position, now: datetime
) -> StaffInvited | AddressInUse:
    """Open an account whose passphrase only the invited chooses.

    Who has not used the link gets a new one, and the old one ends; the position stays that of the
    first invitation. Raises ValueError that names what is wrong with name or address.
    """
    name, email = check_name(name), check_email(email)
    with writing(db):
        person = people.by_email(db, email)
        if person is None:
            zone, duties = inviter.time_zone, position.duties
            person = Person(new_id(), position.role, name, email, zone, duties=duties)
            people.insert(db, person)
        elif person.role is Role.PATIENT or not _still_waits(db, person):
            return AddressInUse()
        invitation = Invitation(new_id(), person.id, inviter.id, now)
        invitations.renew(db, invitation)
        messages.insert(db, invitation_mail(invitation.id, person, now))
        audit_log.add(
            db, Entry(Act.STAFF_INVITED, now, inviter.id, person.id, str(position_of(person)))
        )
    return StaffInvited(person, invitation)


def _still_waits(db: Database, person: Person) -> bool:
    return person.suspended_at is None and people.passphrase_hash(db, person.id) is None
