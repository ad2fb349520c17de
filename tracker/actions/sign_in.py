"""Tell who somebody is, from address and passphrase or from a session that is still good."""

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlite_utils import Database

from tracker.people import Person, check_email
from tracker.storage import people

# Hashing for an unknown address takes as long as for a known one, so that time tells nothing.
_NOBODY = PasswordHasher().hash("nobody signs in with this")


def sign_in(db: Database, email: str, passphrase: str) -> tuple[Person, str] | None:
    """The person and the session stamp, or None when address or passphrase is wrong."""
    try:
        person = people.by_email(db, check_email(email))
    except ValueError:
        person = None
    stored = people.credentials(db, person.id) if person else None
    hashed, stamp = stored or (_NOBODY, "")
    try:
        PasswordHasher().verify(hashed, passphrase)
    except (VerificationError, InvalidHashError):
        return None
    return (person, stamp) if person and stored else None
