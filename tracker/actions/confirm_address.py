"""Take note that somebody who signed up reads the mail to their address."""

from sqlite_utils import Database

from tracker.signed_links import LinkPurpose, named_by
from tracker.storage import people, unconfirmed_addresses
from tracker.storage.connection import writing


def confirm_address(db: Database, token: str, key: bytes) -> bool:
    """Whether the link was a good one; following it twice changes nothing."""
    person_id = named_by(LinkPurpose.ADDRESS, token, key)
    with writing(db):
        if person_id is None or people.get(db, person_id) is None:
            return False
        unconfirmed_addresses.confirm(db, person_id)
    return True
