from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlite_utils import Database

from tests.conftest import Cast
from tracker.settings import Settings
from tracker.storage.connection import DatabaseLocked, migrate, open_database, writing
from tracker.storage.course import treatments
from tracker.world import World


def test_the_file_tells_nothing_without_its_key(world: World, cast: Cast) -> None:
    path = world.settings.database
    everything = b"".join(p.read_bytes() for p in path.parent.glob("afterglow.db*"))
    assert cast.alice.email.encode() not in everything
    assert not everything.startswith(b"SQLite format")
    with pytest.raises(DatabaseLocked, match="AFTERGLOW_SECRET"):
        open_database(path, b"x" * 32)


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
    with pytest.raises(DatabaseLocked, match=r"notes\.db cannot be opened"):
        open_database(path, settings.key_for("database"))
