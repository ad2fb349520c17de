"""Make a passkey for somebody who is signed in."""

from datetime import datetime

from sqlite_utils import Database

from tracker.messages import MessageKind, about_passkey
from tracker.passkeys import (
    MAX_PASSKEYS,
    Challenge,
    Passkey,
    PasskeyRefused,
    Site,
    made,
    still_good,
)
from tracker.people import Person
from tracker.storage import messages, passkeys
from tracker.storage.connection import IntegrityError, writing


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
