"""Ask the browser of somebody who is signed in to make a passkey."""

from sqlite_utils import Database

from tracker.passkeys import Site, creation_options
from tracker.people import Person
from tracker.storage import passkeys


def ask_for_passkey(db: Database, site: Site, person: Person) -> tuple[str, bytes]:
    """What the browser is asked, as JSON, and the challenge to be kept until it answers."""
    return creation_options(site, person, passkeys.of_person(db, person.id))
