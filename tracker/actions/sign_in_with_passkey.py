"""Let somebody in who holds a passkey."""

import json
from datetime import datetime

from sqlite_utils import Database

from tracker.audit import Act, Entry
from tracker.passkeys import Challenge, PasskeyRefused, Site, proven, still_good
from tracker.people import Person
from tracker.sessions import Session, new_token, token_digest
from tracker.storage import audit_log, passkeys, people, sessions
from tracker.storage.connection import writing


def sign_in_with_passkey(
    db: Database, site: Site, answer: str, challenge: Challenge | None, now: datetime
) -> tuple[Person, str]:
    """Begin a session: the person and its token. Raises PasskeyRefused."""
    unknown = PasskeyRefused("we do not know this passkey; use your passphrase")
    try:
        key_id = str(json.loads(answer)["id"])
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise unknown from error
    if not key_id.isascii():
        raise unknown
    asked = still_good(challenge, now)
    with writing(db):
        key = passkeys.get(db, key_id)
        person = people.get(db, key.person_id) if key else None
        if key is None or person is None or person.suspended_at is not None:
            raise unknown
        passkeys.used(db, key.id, proven(site, key, answer, asked))
        token = new_token()
        sessions.begin(db, token_digest(token), Session(person.id, now))
        audit_log.add(db, Entry(Act.SIGNED_IN, now, person.id, details="with a passkey"))
    return person, token
