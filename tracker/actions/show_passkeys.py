"""A person's passkeys."""

from sqlite_utils import Database

from tracker.passkeys import Passkey
from tracker.storage import passkeys


def show_passkeys(db: Database, person_id: str) -> list[Passkey]:
    """The keys by which a person signs in, the oldest first."""
    return passkeys.of_person(db, person_id)
