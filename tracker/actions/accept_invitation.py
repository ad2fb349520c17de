"""Accept an invitation: a passphrase of one's own, and the first session."""

from datetime import datetime

from argon2 import PasswordHasher
from sqlite_utils import Database

from tracker.consents import Consent, Decision, Purpose
from tracker.invitations import is_open
from tracker.people import Person, Role, check_passphrase, check_time_zone
from tracker.sessions import Session, new_token, token_digest
from tracker.signed_links import LinkPurpose, named_by
from tracker.storage import consents, invitations, people, sessions
from tracker.storage.connection import writing


def accept_invitation(
    db: Database, token: str, key: bytes, passphrase: str, time_zone: str | None, now: datetime
) -> tuple[Person, str] | None:
    """Who was invited and the token of a session; None when the link is over.

    A patient consents to care by it. `time_zone` is that of the phone, None keeps the clinic's.
    Raises ValueError that names what is wrong with passphrase or time zone; the link then still
    works.
    """
    hashed = PasswordHasher().hash(check_passphrase(passphrase))
    zone = check_time_zone(time_zone) if time_zone else None
    session_token = new_token()
    with writing(db):
        invitation = invitations.get(db, named_by(LinkPurpose.INVITATION, token, key) or "")
        if invitation is None or not is_open(invitation, now):
            return None
        invitations.use(db, invitation.id, now)
        people.set_passphrase_hash(db, invitation.person_id, hashed)
        if zone is not None:
            people.move(db, invitation.person_id, zone)
        sessions.begin(db, token_digest(session_token), Session(invitation.person_id, now))
        person = people.get(db, invitation.person_id)
        if person is not None and person.role is Role.PATIENT:
            consent = Consent(Purpose.CARE, Decision.GIVEN, now)  # the page says so at the button
            consents.insert(db, person.id, consent)
    return None if person is None else (person, session_token)
