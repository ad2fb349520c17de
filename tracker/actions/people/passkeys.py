"""The passkeys of one person: add, remove, list."""

from datetime import datetime

from sqlite_utils import Database

from tracker.domain.mail.messages import MessageKind, about_passkey
from tracker.domain.people.passkeys import (
    MAX_PASSKEYS,
    Challenge,
    Passkey,
    PasskeyRefused,
    Site,
    made,
    still_good,
)
from tracker.domain.people.people import Person
from tracker.storage.connection import IntegrityError, writing
from tracker.storage.mail import messages
from tracker.storage.people import passkeys


def add_passkey(
    db: Database,
    site: Site,
    person: Person,
    answer: str,
    challenge: Challenge | None,
    now: datetime,
) -> Passkey:
    """Keep the key that the browser made, and tell its owner by mail. Raises PasskeyRefused."""
    key = made(site, person, answer, still_good(challenge, now), now)
    try:
        with writing(db):
            if len(passkeys.of_person(db, person.id)) >= MAX_PASSKEYS:
                raise PasskeyRefused("you have many passkeys already; remove one first")
            passkeys.insert(db, key)
            messages.insert(db, about_passkey(MessageKind.PASSKEY_ADDED, key.id, person, now))
    except IntegrityError as error:
        raise PasskeyRefused("this passkey is known already") from error
    return key


def remove_passkey(db: Database, owner: Person, key_id: str, now: datetime) -> None:
    """Whoever holds it cannot sign in with it any more; a mail tells its owner.

    A key of somebody else stays.
    """
    with writing(db):
        if passkeys.remove(db, owner.id, key_id):
            messages.insert(db, about_passkey(MessageKind.PASSKEY_REMOVED, key_id, owner, now))


def show_passkeys(db: Database, person_id: str) -> list[Passkey]:
    """The keys by which a person signs in, the oldest first."""
    return passkeys.of_person(db, person_id)
