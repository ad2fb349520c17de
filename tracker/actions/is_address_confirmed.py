"""Tell whether a person's address is known to be theirs."""

from sqlite_utils import Database

from tracker.storage import unconfirmed_addresses


def is_address_confirmed(db: Database, person_id: str) -> bool:
    """True also of everybody whose address a clinic entered."""
    return not unconfirmed_addresses.has(db, person_id)
