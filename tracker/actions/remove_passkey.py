"""Forget a passkey."""

from sqlite_utils import Database

from tracker.storage import passkeys
from tracker.storage.connection import writing


def remove_passkey(db: Database, person_id: str, key_id: str) -> None:
    """Whoever holds it cannot sign in with it any more; a key of somebody else stays."""
    with writing(db):
        passkeys.remove(db, person_id, key_id)
