"""`serve` and `worker` are started together, on an empty folder, or on one that cannot be used."""

import multiprocessing
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest
import sqlcipher3

from tests.conftest import Cast
from tracker.settings import Settings
from tracker.storage.connection import DatabaseUnreadable
from tracker.wires.photo_files import Picture
from tracker.world import DatabaseGone, FolderUnusable, World, open_world

NOBODY = 65534

STARTS = 3
PROCESSES = multiprocessing.get_context("spawn")


def open_empty_folders(settings: Settings, together: Barrier) -> None:
    for number in range(STARTS):
        together.wait(timeout=20)
        open_world(replace(settings, data=settings.data / str(number))).connect().close()


def test_two_processes_that_start_at_once_on_an_empty_folder_both_open_it(
    settings: Settings,
) -> None:
    together = PROCESSES.Barrier(2)
    starting = [
        PROCESSES.Process(target=open_empty_folders, args=(settings, together)) for _ in range(2)
    ]
    for process in starting:
        process.start()
    for process in starting:
        process.join(timeout=100)
    assert [process.exitcode for process in starting] == [0, 0]


@pytest.fixture
def anywhere() -> Iterator[Path]:
    """A folder that every user of the machine can enter."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@contextmanager
def another_user() -> Iterator[None]:
    """For the superuser, whom no mode stops, the rights of a stranger."""
    is_superuser = os.geteuid() == 0
    if is_superuser:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if is_superuser:
            os.seteuid(0)


def test_a_data_folder_that_is_a_file_is_named(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("a letter")
    for data in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(FolderUnusable, match="AFTERGLOW_DATA must be a folder"):
            open_world(replace(settings, data=data))
    assert (tmp_path / "file").read_text() == "a letter"


def test_a_data_folder_of_another_user_is_named(settings: Settings, anywhere: Path) -> None:
    theirs = anywhere / "theirs"
    theirs.mkdir(mode=0o500)
    for data in (theirs, theirs / "below"):
        with another_user(), pytest.raises(FolderUnusable, match="of the user who runs Afterglow"):
            open_world(replace(settings, data=data))


def test_a_file_of_another_user_in_the_folder_does_not_keep_the_clinic_closed(
    settings: Settings, anywhere: Path
) -> None:
    data = anywhere / "data"
    data.mkdir()
    (data / "README").write_text("ours since 2026")
    for path in (data, data / "README"):
        path.chmod(0o777)
    with another_user():
        world = open_world(replace(settings, data=data))
        world.connect().close()
    assert world.settings.database.exists()


def test_a_database_that_cannot_be_written_is_not_called_a_wrong_secret(
    settings: Settings, anywhere: Path
) -> None:
    data = anywhere / "data"
    open_world(replace(settings, data=data))
    data.chmod(0o777)
    for path in data.iterdir():
        path.chmod(0o444)
    with another_user(), pytest.raises(FolderUnusable, match="of the user who runs") as refused:
        open_world(replace(settings, data=data))
    assert "SECRET" not in str(refused.value)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (8, "its disk is read-only"),
        (10, "the disk fails"),
        (11, "restore it from a backup"),
        (13, "the disk is full"),
        (26, "AFTERGLOW_SECRET"),
    ],
)
def test_what_the_database_cannot_do_has_its_own_remedy(
    world: World, monkeypatch: pytest.MonkeyPatch, code: int, words: str
) -> None:
    class Broken(sqlcipher3.Connection):  # type: ignore[misc]  # it has no types
        def execute(self, sql: str) -> None:
            if "journal_mode" in sql:
                error = sqlcipher3.DatabaseError("no")
                error.sqlite_errorcode = code
                raise error

    with monkeypatch.context() as patch:
        patch.setattr("tracker.storage.connection.sqlcipher3.connect", partial(connect, Broken))
        with pytest.raises(DatabaseUnreadable, match=words):
            open_world(world.settings)


def connect(kind: type[sqlcipher3.Connection], path: str, **_: object) -> sqlcipher3.Connection:
    return kind(path)


@pytest.mark.parametrize(
    "content", [b"a letter, and not a short one. " * 400, bytes(8192), b"SQLite format 3\0" * 512]
)
def test_a_database_that_is_rubbish_is_not_called_a_wrong_secret(
    settings: Settings, content: bytes
) -> None:
    settings.data.mkdir()
    settings.database.write_bytes(content)
    with pytest.raises(DatabaseUnreadable, match="no database of Afterglow") as refused:
        open_world(settings)
    assert "SECRET" not in str(refused.value)
    assert settings.database.read_bytes() == content


def test_a_folder_in_the_place_of_the_database_is_named(settings: Settings) -> None:
    settings.database.mkdir(parents=True)
    with pytest.raises(DatabaseUnreadable, match="must be a file"):
        open_world(settings)


def test_photos_without_their_database_open_no_empty_clinic(world: World, cast: Cast) -> None:
    world.files.save(cast.alice.id, Picture.PHOTO, b"a face")
    for remains in (b"", None):
        world.settings.database.unlink()
        if remains is not None:
            world.settings.database.write_bytes(remains)
        with pytest.raises(DatabaseGone, match="Restore the database"):
            open_world(world.settings)
        world.settings.database.touch()


def test_other_users_can_read_nothing_of_a_clinic_that_was_opened(
    settings: Settings, anywhere: Path
) -> None:
    data = anywhere / "data"
    for folder in (data, data / "outbox"):
        folder.mkdir(mode=0o755)
    letter = data / "outbox" / "a.eml"
    letter.write_text("an invitation")
    letter.chmod(0o644)
    open_world(replace(settings, data=data)).connect().close()
    for path in (data, *data.iterdir(), letter):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path
