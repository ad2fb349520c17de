"""Forget a passkey."""

from datetime import datetime

from sqlite_utils import Database

from tracker.messages import MessageKind, about_passkey
from tracker.people import Person
from tracker.storage import messages, passkeys
from tracker.storage.connection import writing


def remove_passkey(db: Database, owner: Person, key_id: str, now: datetime) -> None:
    """Whoever holds it cannot sign in with it any more; a mail tells its owner.

    A key of somebody else stays.
    """
    with writing(db):
        if passkeys.remove(db, owner.id, key_id):
            messages.insert(db, about_passkey(MessageKind.PASSKEY_REMOVED, key_id, owner, now))
