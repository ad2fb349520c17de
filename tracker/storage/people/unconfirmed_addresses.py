"""Addresses that are not confirmed yet."""

from sqlite_utils import Database


def insert(db: Database, person_id: str) -> None:
    """Note that a person's address waits to be confirmed."""
    db.execute("INSERT INTO unconfirmed_addresses VALUES (?)", [person_id])


def has(db: Database, person_id: str) -> bool:
    """Whether a person's address waits to be confirmed."""
    sql = "SELECT 1 FROM unconfirmed_addresses WHERE person_id = ?"
    return any(db.query(sql, [person_id]))


def confirm(db: Database, person_id: str) -> None:
    """Confirm the address; confirming twice changes nothing."""
    db.execute("DELETE FROM unconfirmed_addresses WHERE person_id = ?", [person_id])
