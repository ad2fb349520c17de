"""Give a person a new passphrase; all sessions under the old one end."""

import secrets

from argon2 import PasswordHasher
from sqlite_utils import Database

from tracker.people import check_passphrase
from tracker.storage import people
from tracker.storage.connection import writing


def renew_passphrase(db: Database, person_id: str, passphrase: str) -> None:
    """Store the new passphrase; ValueError when it is too short."""
    hashed = PasswordHasher().hash(check_passphrase(passphrase))
    with writing(db):
        people.set_credentials(db, person_id, hashed, secrets.token_hex(8))
