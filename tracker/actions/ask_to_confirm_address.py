"""Send the link again by which somebody who signed up shows that the address is theirs."""

from datetime import datetime

from sqlite_utils import Database

from tracker.messages import address_mail
from tracker.people import Person
from tracker.storage import messages, unconfirmed_addresses
from tracker.storage.connection import writing


def ask_to_confirm_address(db: Database, person: Person, now: datetime) -> None:
    """Write the mail, unless the address is confirmed or one was written within this hour."""
    with writing(db):
        if unconfirmed_addresses.has(db, person.id):
            messages.insert(db, address_mail(person, now))
