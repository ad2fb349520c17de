"""What a crash leaves in the photo store is deleted, and nothing else."""

import os
import signal
import subprocess
import sys
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
from sqlite_utils import Database

from tests.conftest import Cast
from tests.tracker.actions.test_receive_photo import FACE, NEXT_DAY
from tests.tracker.duties import watch_clock
from tracker.actions.course.receiving import Accepted, receive_photo
from tracker.actions.own_data.closing import SWEPT_EVERY, erase_accounts
from tracker.domain.course.photos import PhotoRole, Upload
from tracker.domain.own_data.erasures import Erasure
from tracker.domain.talk.conversation import Message
from tracker.storage.connection import writing
from tracker.storage.course import photos
from tracker.storage.own_data import erasures
from tracker.storage.talk import conversation
from tracker.wires.photo_files import STRAY_AFTER, PhotoFiles, Picture
from tracker.wires.processes import Busy
from tracker.world import World


def soon() -> datetime:
    """Now: files are dated by the clock of the machine."""
    return datetime.now(UTC)


def later() -> datetime:
    """A time by which a file that exists now is old enough."""
    return soon() + STRAY_AFTER + timedelta(minutes=5)


def stored(world: World) -> list[str]:
    """The photos that have a file, were it only a key."""
    files = Path(world.settings.photos).rglob("*")
    return sorted({path.parent.name for path in files if path.is_file()})


def sweep(db: Database, world: World, now: datetime) -> list[str]:
    """The files deleted after the accounts were processed."""
    before = stored(world)
    erase_accounts(db, world.files, world.parts, world.settings.outbox, now)
    return [each for each in before if each not in stored(world)]


UPLOAD_THAT_DIES = """
import os, signal, sys
from base64 import b64decode
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from tracker.actions.course.receiving import receive_photo
from tracker.domain.course.photos import PhotoRole, Upload
from tracker.settings import Settings
from tracker.storage.course import photos
from tracker.world import open_world

data, patient, photo, at = sys.argv[1:]
photos.insert = lambda *_: os.kill(os.getpid(), signal.SIGKILL)  # between the file and its row
world = open_world(Settings(data=Path(data), secret=b"0" * 32, host="127.0.0.1", port=8000,
    base_url="http://127.0.0.1:8000", smtp_url=None, mail_from="A <a@clinic.example>"))
now = datetime.fromisoformat(at)
upload = Upload(Path(photo).read_bytes(), PhotoRole.FOLLOW_UP, now)
receive_photo(world.connect(), world.files, patient, upload, now)
"""


def test_a_face_left_by_a_crash_between_file_and_row_is_swept(
    db: Database, world: World, cast: Cast, tmp_path: Path
) -> None:
    photo = tmp_path / "face.jpg"
    photo.write_bytes(FACE)
    script = tmp_path / "upload.py"
    script.write_text(UPLOAD_THAT_DIES)
    arguments = [world.settings.data, cast.alice.id, photo, NEXT_DAY.isoformat()]
    tree = Path(__file__).parents[3]
    died = subprocess.run(
        [sys.executable, script, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": str(tree)},
        check=False,
    )
    assert died.returncode == -signal.SIGKILL
    assert photos.of_treatment(db, cast.treatment.id) == []
    (orphan,) = stored(world)
    assert sweep(db, world, soon()) == []  # its upload may still be under way
    assert sweep(db, world, later()) == [orphan]
    assert stored(world) == []


def test_photos_and_photos_of_messages_are_kept(db: Database, world: World, cast: Cast) -> None:
    upload = Upload(FACE, PhotoRole.FOLLOW_UP, NEXT_DAY)
    kept = receive_photo(db, world.files, cast.alice.id, upload, NEXT_DAY)
    assert isinstance(kept, Accepted)
    said = Message(
        "remark", cast.alice.id, cast.alice.id, "Alice", NEXT_DAY, "look", has_photo=True
    )
    world.files.save(said.id, Picture.PHOTO, b"a face")
    with writing(db):
        conversation.insert(db, said, key="k")
    assert sweep(db, world, later()) == []
    assert stored(world) == sorted([kept.photo.id, said.id])


def test_an_upload_that_runs_while_files_are_swept_keeps_its_photo(
    db: Database, world: World, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved, go_on = Event(), Event()
    insert = photos.insert

    def slow_insert(*arguments: object) -> None:
        saved.set()
        assert go_on.wait(60)
        insert(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(photos, "insert", slow_insert)
    outcomes: list[object] = []

    def send() -> None:
        connection = world.connect()
        upload = Upload(FACE, PhotoRole.FOLLOW_UP, NEXT_DAY)
        outcomes.append(receive_photo(connection, world.files, cast.alice.id, upload, NEXT_DAY))
        connection.close()

    upload = Thread(target=send)
    upload.start()
    assert saved.wait(60)
    assert world.files.sweep(lambda ids: ids, soon() + STRAY_AFTER / 2, nullcontext) == []
    go_on.set()
    upload.join()
    ((sent,),) = [outcomes]
    assert isinstance(sent, Accepted)
    assert world.files.load(sent.photo.id, Picture.PHOTO)


def test_an_erased_account_leaves_no_file_that_had_no_row(
    db: Database, world: World, cast: Cast
) -> None:
    world.files.save("orphan", Picture.PHOTO, b"a face")
    sweep(db, world, later() - SWEPT_EVERY / 2)
    assert stored(world) == ["orphan"]  # too young then, and swept a moment ago
    assert sweep(db, world, later()) == []
    with writing(db):
        erasures.insert(db, Erasure(cast.alice.id, soon(), soon()))
    assert erase_accounts(db, world.files, world.parts, world.settings.outbox, later())
    assert stored(world) == []


def test_the_worker_sweeps_by_the_clock(db: Database, world: World, cast: Cast) -> None:
    world.files.save("orphan", Picture.PHOTO, b"a face")
    watch_clock(world, db, later())
    assert stored(world) == []


def test_a_photo_that_is_swept_before_its_row_is_there_is_not_accepted(
    db: Database, world: World, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clock of the store is behind, or ours has just jumped ahead."""
    save = PhotoFiles.save

    def then_sweep(files: PhotoFiles, *arguments: Any) -> None:
        save(files, *arguments)
        sweep(db, world, later())

    upload = Upload(FACE, PhotoRole.FOLLOW_UP, NEXT_DAY)
    monkeypatch.setattr(PhotoFiles, "save", then_sweep)
    with pytest.raises(Busy):
        receive_photo(db, world.files, cast.alice.id, upload, NEXT_DAY)
    assert photos.all_ids(db) == stored(world) == []


def test_a_photo_whose_row_comes_during_a_sweep_is_kept(world: World) -> None:
    world.files.save("new", Picture.PHOTO, b"a face")
    answers = [{"new"}, set[str]()]
    assert world.files.sweep(lambda ids: answers.pop(0), later(), nullcontext) == []
    assert world.files.is_whole("new")
