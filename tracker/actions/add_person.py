"""Open an account."""

from dataclasses import replace

from argon2 import PasswordHasher
from sqlite_utils import Database

from tracker.people import Person, check_email, check_passphrase, check_time_zone
from tracker.storage import people
from tracker.storage.columns import new_id
from tracker.storage.connection import IntegrityError, writing


class AddressTaken(ValueError):  # noqa: N818  (bad input; the message names the remedy)
    """Somebody already signs in with this address."""


def add_person(
    db: Database, person: Person, passphrase: str, *, cared_for_by: str | None = None
) -> Person:
    """Store the person under a fresh id, able to sign in, in the care of a practitioner if given.

    Raises ValueError that names what is wrong with address, time zone or passphrase.
    """
    added = replace(
        person,
        id=new_id(),
        email=check_email(person.email),
        time_zone=check_time_zone(person.time_zone),
    )
    hashed = PasswordHasher().hash(check_passphrase(passphrase))
    try:
        with writing(db):
            people.insert(db, added)
            people.set_passphrase_hash(db, added.id, hashed)
            if cared_for_by is not None:
                people.add_to_care(db, cared_for_by, added.id)
    except IntegrityError as error:
        message = f"{added.email} already has an account; use another address"
        raise AddressTaken(message) from error
    return added
