"""The connection: an encrypted SQLite file, and the one way to write to it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlcipher3
from sqlite_utils import Database

from tracker.storage.migrations import migrations

BUSY_SECONDS = 30.0

IntegrityError = sqlcipher3.IntegrityError


class DatabaseLocked(Exception):  # noqa: N818  (a state of the file, not of the code)
    """The file cannot be read with this key."""


def open_database(path: Path, key: bytes) -> Database:
    """Connect to the file at `path` with a 32-byte key; creates it when it is new.

    One connection belongs to one request or worker. Raises DatabaseLocked when the key is wrong
    or the file is no database of ours.
    """
    connection = sqlcipher3.connect(
        str(path), timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
    )
    connection.execute(f"PRAGMA key = \"x'{key.hex()}'\"")
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")  # a receipt shown to a patient must be true
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA secure_delete = ON")  # what is deleted is overwritten
    except sqlcipher3.DatabaseError as error:
        connection.close()
        message = (
            f"{path.name} cannot be opened; check that AFTERGLOW_SECRET is the one it was made with"
        )
        raise DatabaseLocked(message) from error
    return Database(connection)


def migrate(db: Database) -> list[str]:
    """Bring the tables up to date and name the steps that were taken."""
    pending = [step.name for step in migrations.pending(db)]
    migrations.apply(db)
    return pending


@contextmanager
def writing(db: Database) -> Iterator[None]:
    """One transaction that holds the write lock from its first line on.

    A deferred BEGIN takes the lock at the first write and fails when another writer came between;
    BEGIN IMMEDIATE waits its turn instead.
    """
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        db.rollback()
        raise
    db.commit()
