"""Give a person a new passphrase; sessions under the old one and an open invitation end."""

from argon2 import PasswordHasher
from sqlite_utils import Database

from tracker.people import check_passphrase
from tracker.storage import invitations, people, sessions
from tracker.storage.connection import writing


def renew_passphrase(db: Database, person_id: str, passphrase: str) -> None:
    """Store the new passphrase; ValueError when it is too short."""
    hashed = PasswordHasher().hash(check_passphrase(passphrase))
    with writing(db):
        people.set_passphrase_hash(db, person_id, hashed)
        sessions.end_all_of(db, person_id)
        invitations.end_open(db, person_id)  # its link would set a third passphrase
