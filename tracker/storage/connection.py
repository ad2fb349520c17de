"""The connection: an encrypted SQLite file, the one way to write to it, and its place on disk."""

import errno
import fcntl
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlcipher3
from sqlite_utils import Database

from tracker.storage.migrations import migrations, steps_of_newer

BUSY_SECONDS = 30.0
FULL, CANNOT_OPEN, NOT_A_DATABASE = 13, 14, 26  # SQLite's codes, which the driver does not name
NO_ROOM_FOR_INDEX = 4874  # of the write-ahead log: SQLITE_IOERR_SHMSIZE
NO_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT})
REMEDIES = {
    8: "the file or its disk is read-only; it must be writable for the user who runs Afterglow",
    10: "the disk fails to read or write; check it, then try again",
    11: "the file is damaged; restore it from a backup",
    FULL: "the disk is full; make room, then start again",
    CANNOT_OPEN: "it must be a file of the user who runs Afterglow, in a folder of that user",
    NOT_A_DATABASE: "check that AFTERGLOW_SECRET is the one it was made with",
}
PAGE_BYTES = 4096
MEBIBYTE = 1024 * 1024
ROOM_BYTES = 256 * MEBIBYTE  # below this, no photo is taken or measured
RESERVE = "reserve"
UNFINISHED_CHANGE = "secret-change"  # there while some keys are those of the old secret
PHOTOS_MOVED = "photos-moved"  # names the place where the photos are, once others are deleted
RESTORING = "restoring"  # names the place of the photos that a restoration fills
RESERVE_BYTES = 16 * MEBIBYTE  # ten thousand check-ins, with their alerts and mails
MIXED = 200  # of 256 byte values; a page of random bytes has all, to within one in a million

DatabaseError = sqlcipher3.DatabaseError
IntegrityError = sqlcipher3.IntegrityError


class DatabaseUnreadable(Exception):  # noqa: N818  (a state of the file, not of the code)
    """The file cannot be opened, or not with this key."""


def open_database(path: Path, key: bytes) -> Database:
    """Connect to the file at `path` with a 32-byte key; creates it when it is new.

    One connection belongs to one request or worker. Raises DatabaseUnreadable when the
    key is wrong, the file is no database of ours, or it cannot be opened now.
    """
    try:
        connection = sqlcipher3.connect(
            str(path), timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
    except sqlcipher3.DatabaseError as error:
        message = f"{path.name} cannot be opened ({error}); {REMEDIES[CANNOT_OPEN]}"
        raise DatabaseUnreadable(message) from error
    connection.execute("PRAGMA cipher_log_level = NONE")  # our own words say what is wrong
    connection.execute(f"PRAGMA key = \"x'{key.hex()}'\"")
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")  # a receipt shown to a patient must be true
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA secure_delete = ON")  # what is deleted is overwritten
    except sqlcipher3.DatabaseError as error:
        connection.close()
        remedy = REMEDIES.get(error.sqlite_errorcode & 0xFF, "check who else uses the file")
        if error.sqlite_errorcode == NOT_A_DATABASE and _is_rubbish(path):
            remedy = "it is no database of Afterglow; restore it from a backup"
        message = f"{path.name} cannot be opened ({error}); {remedy}"
        raise DatabaseUnreadable(message) from error
    return Database(connection)


def _is_rubbish(path: Path) -> bool:
    """Whether a file was never encrypted: then no secret opens it."""
    with path.open("rb") as file:
        head = file.read(PAGE_BYTES)
    return path.stat().st_size % PAGE_BYTES > 0 or len(set(head)) < MIXED or head.isascii()


def open_migrated(path: Path, key: bytes) -> tuple[Database, list[str]]:
    """Connect as `open_database` does, bring the tables up to date, and name the steps taken.

    Processes that start together take turns, even before the file exists: a new file gets its salt
    with its first page, and a second process that opened it empty would use another salt.
    """
    with turn(path.with_name(f"{path.name}.lock")):
        db = open_database(path, key)
        try:
            return db, migrate(db)
        except BaseException:
            db.close()
            raise


def change_key(path: Path, old: bytes, new: bytes) -> None:
    """Encrypt the database at `path` with another 32-byte key, whole or not at all.

    It may be broken off and repeated. Raises DatabaseUnreadable, also while another process uses
    the file.
    """
    try:
        open_database(path, new).close()
    except DatabaseUnreadable:
        pass
    else:
        return  # done before
    copy = path.with_name(f"{path.name}.part")
    for each in (copy, *path.parent.glob(f"{copy.name}-*")):
        each.unlink(missing_ok=True)
    db = open_database(path, old)
    try:
        keep_others_away(db)
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        target = open_database(copy, new)
        db.conn.backup(target.conn)
        target.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        target.close()
    except sqlcipher3.DatabaseError as error:
        raise DatabaseUnreadable(f"{path.name} cannot be copied ({error})") from error
    finally:
        db.close()  # this empties and deletes its log
    with copy.open("rb") as file:
        os.fsync(file.fileno())
    copy.replace(path)


def keep_others_away(db: Database) -> None:
    """Keep every other process from the database until it is closed.

    Raises DatabaseUnreadable when one uses it now.
    """
    try:
        db.execute("PRAGMA locking_mode = EXCLUSIVE")
        db.execute("BEGIN EXCLUSIVE").connection.rollback()
    except sqlcipher3.DatabaseError as error:
        message = f"the database is in use ({error}); stop Afterglow, then try again"
        raise DatabaseUnreadable(message) from error


def migrate(db: Database) -> list[str]:
    """Bring the tables up to date and name the steps taken: all of them, or none.

    Raises DatabaseUnreadable after a newer version: this one would write what that one cannot read.
    """
    if newer := steps_of_newer(db):
        raise DatabaseUnreadable(
            f"a newer version of Afterglow has changed the database (step {newer[-1]}); install"
            " that version, or restore a backup from before it"
        )
    if not migrations.pending(db):
        return []
    with writing(db):  # pages and workers that run meanwhile wait, or are waited for
        pending = [step.name for step in migrations.pending(db)]
        migrations.apply(db)
    return pending


def scratch(statements: Iterable[str]) -> Database:
    """A database in memory with these tables and rules, to try rows on."""
    db = Database(sqlcipher3.connect(":memory:", isolation_level=None))
    for statement in statements:
        db.execute(statement)
    db.execute("PRAGMA foreign_keys = ON")
    return db


@contextmanager
def turn(lock: Path) -> Iterator[None]:
    """Wait until no other process of this machine has the turn, and have it."""
    with lock.open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def reading(db: Database) -> Iterator[None]:
    """See the database as it is at the first read, whatever others write meanwhile."""
    db.execute("BEGIN")
    try:
        yield
    finally:
        db.rollback()


@contextmanager
def writing(db: Database) -> Iterator[None]:
    """One transaction that holds the write lock from its first line on.

    A deferred BEGIN takes the lock at the first write and fails if another writer came first; BEGIN
    IMMEDIATE waits its turn instead.
    """
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.commit()  # this may fail too, on a full disk, and must not leave the transaction open
    except BaseException as error:
        db.rollback()
        if is_full(error):
            _give_reserve(db)
        raise


def is_full(error: BaseException | None) -> bool:
    """Whether a file or the database could not be written because the disk is full."""
    if isinstance(error, DatabaseUnreadable):
        return is_full(error.__cause__)
    if isinstance(error, OSError):
        return error.errno in NO_SPACE
    code = getattr(error, "sqlite_errorcode", 0) if isinstance(error, DatabaseError) else 0
    return code & 0xFF == FULL or code == NO_ROOM_FOR_INDEX


def keep_reserve(folder: Path) -> None:
    """Hold space back, which the first write that finds the disk full sets free for the next."""
    reserve = folder / RESERVE
    if reserve.exists() or free_bytes(folder) < 2 * RESERVE_BYTES:
        return
    unfinished = folder / f"{RESERVE}.part"
    with unfinished.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, RESERVE_BYTES)
    unfinished.replace(reserve)


def _give_reserve(db: Database) -> None:
    file = next(file for _, name, file in db.execute("PRAGMA database_list") if name == "main")
    Path(file).with_name(RESERVE).unlink(missing_ok=True)


def has_room(folder: Path) -> bool:
    """Whether photos may come: beyond them, answers still need space."""
    return free_bytes(folder) >= ROOM_BYTES


def free_bytes(folder: Path) -> int:
    """How many bytes can still be written."""
    return shutil.disk_usage(folder).free


def database_bytes(database: Path) -> int:
    """The size of the database with its write-ahead log."""
    log = database.with_name(f"{database.name}-wal")
    return sum(file.stat().st_size for file in (database, log) if file.exists())
