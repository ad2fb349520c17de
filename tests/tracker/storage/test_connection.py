from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlite_utils import Database

from tests.conftest import Cast
from tracker.settings import Settings
from tracker.storage.connection import (
    DatabaseUnreadable,
    IntegrityError,
    migrate,
    open_database,
    writing,
)
from tracker.storage.course import treatments
from tracker.world import World


def test_the_file_tells_nothing_without_its_key(world: World, cast: Cast) -> None:
    path = world.settings.database
    everything = b"".join(p.read_bytes() for p in path.parent.glob("afterglow.db*"))
    assert cast.alice.email.encode() not in everything
    assert not everything.startswith(b"SQLite format")
    with pytest.raises(DatabaseUnreadable, match="AFTERGLOW_SECRET"):
        open_database(path, b"x" * 32)


def test_a_file_that_is_busy_is_not_called_a_wrong_secret(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tracker.storage.connection.BUSY_SECONDS", 0.1)
    path, key = world.settings.database, world.settings.key_for("database")
    holder = world.connect()
    holder.execute("PRAGMA locking_mode = EXCLUSIVE")
    holder.execute("BEGIN EXCLUSIVE")
    with pytest.raises(DatabaseUnreadable, match="database is locked") as refused:
        open_database(path, key)
    holder.close()
    assert "SECRET" not in str(refused.value)


def test_a_commit_that_fails_leaves_no_open_transaction(db: Database, cast: Cast) -> None:
    db.execute("PRAGMA foreign_keys = ON")

    def commit_what_must_not_be() -> None:
        with writing(db):
            db.execute("PRAGMA defer_foreign_keys = ON")  # so that the commit itself finds it
            db.execute("UPDATE treatments SET patient_id = 'missing'")

    with pytest.raises(IntegrityError):
        commit_what_must_not_be()
    assert not db.conn.in_transaction
    with writing(db):
        treatments.tell_news(db, cast.treatment.id)


def test_migrating_twice_changes_nothing(db: Database) -> None:
    assert migrate(db) == []


def test_foreign_keys_hold_on_every_connection(world: World) -> None:
    connection = world.connect()
    assert connection.execute("PRAGMA foreign_keys").fetchone() == (1,)
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()


def test_a_failed_transaction_leaves_nothing(db: Database, cast: Cast) -> None:
    def tell_and_fail() -> None:
        with writing(db):
            treatments.tell_news(db, cast.treatment.id)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        tell_and_fail()
    assert treatments.with_news(db, None) == []


def test_many_writers_at_once_lose_no_update(world: World, cast: Cast) -> None:
    def tell(_: int) -> None:
        connection = world.connect()
        for _ in range(10):
            with writing(connection):
                treatments.tell_news(connection, cast.treatment.id)
        connection.close()

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(tell, range(8)))
    connection = world.connect()
    ((_, news),) = treatments.with_news(connection, None)
    connection.close()
    assert news == 80


def test_a_file_that_is_no_database_is_named(settings: Settings, tmp_path: Path) -> None:
    path = tmp_path / "notes.db"
    path.write_text("not a database, but long enough to be looked at " * 40)
    with pytest.raises(DatabaseUnreadable, match=r"notes\.db cannot be opened"):
        open_database(path, settings.key_for("database"))
