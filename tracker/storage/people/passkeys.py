"""Passkeys: public keys by which people sign in."""

import hashlib
from datetime import datetime
from typing import Any

from sqlite_utils import Database

from tracker.domain.people.passkeys import CHALLENGE_GOOD_FOR, Passkey
from tracker.storage.columns import read_row, row_of, time_text


def insert(db: Database, key: Passkey) -> None:
    """Add a key; IntegrityError when it is there already."""
    db.table("passkeys").insert(row_of(key))


def get(db: Database, key_id: str) -> Passkey | None:
    """The key with this credential id."""
    return next(
        (_key(row) for row in db.query("SELECT * FROM passkeys WHERE id = ?", [key_id])), None
    )


def of_person(db: Database, person_id: str) -> list[Passkey]:
    """A person's keys, the oldest first."""
    sql = "SELECT * FROM passkeys WHERE person_id = ? ORDER BY added_at, id"
    return [_key(row) for row in db.query(sql, [person_id])]


def used(db: Database, key_id: str, sign_count: int) -> None:
    """Note how often the key has signed."""
    db.execute("UPDATE passkeys SET sign_count = ? WHERE id = ?", [sign_count, key_id])


def use_challenge(db: Database, asked: bytes, now: datetime) -> bool:
    """Note that a challenge was answered; False when it was before."""
    too_old = time_text(now - CHALLENGE_GOOD_FOR)  # it could not be answered any more
    db.execute("DELETE FROM used_challenges WHERE at < ?", [too_old])
    digest = hashlib.sha256(asked).hexdigest()
    sql = "INSERT INTO used_challenges VALUES (?, ?) ON CONFLICT DO NOTHING"
    return bool(db.execute(sql, [digest, time_text(now)]).rowcount == 1)


def remove(db: Database, person_id: str, key_id: str) -> bool:
    """Forget a person's key; False when they have no such key."""
    sql = "DELETE FROM passkeys WHERE id = ? AND person_id = ?"
    return bool(db.execute(sql, [key_id, person_id]).rowcount == 1)


def remove_all_of(db: Database, person_id: str) -> None:
    """Forget every key of a person."""
    db.execute("DELETE FROM passkeys WHERE person_id = ?", [person_id])


def _key(row: dict[str, Any]) -> Passkey:
    return read_row(Passkey, row)
