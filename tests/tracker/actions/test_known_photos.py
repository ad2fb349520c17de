"""What was computed of photos is kept with them, used again, and never needed."""

from collections.abc import Callable, Mapping
from concurrent.futures import Executor, Future
from datetime import timedelta
from importlib.resources import files
from io import BytesIO
from pathlib import Path
from typing import ParamSpec, TypeVar

import pytest
from PIL import Image
from sqlite_utils import Database

from tests.conftest import TREATED_AT, Cast
from tracker.actions.course.measuring import Measured, measure_photos
from tracker.actions.course.receiving import Accepted, receive_photo
from tracker.domain.course.photos import PhotoRole, Upload
from tracker.domain.course.readings import Reading
from tracker.storage.connection import writing
from tracker.storage.course import photos
from tracker.wires.photo_files import HANDED_ON, KNOWN
from tracker.world import World

COURSE = Path(str(files("sample_images"))) / "normal_type_2"
P = ParamSpec("P")
T = TypeVar("T")


class Here(Executor):
    """Calls in this process."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        future: Future[T] = Future()
        future.set_result(fn(*args, **kwargs))
        return future


def test_an_upload_of_any_format_is_measured_by_what_the_gate_saw(
    db: Database, world: World, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    def receive(data: bytes, role: PhotoRole, day: float) -> str:
        upload = Upload(data, role, TREATED_AT + timedelta(days=day))
        outcome = receive_photo(db, world.files, cast.alice.id, upload, now)
        assert isinstance(outcome, Accepted)
        return outcome.photo.id

    def measured() -> dict[str, Reading]:
        outcomes = measure_photos(db, world.files, Here(), now)
        return {each.photo.id: each.reading for each in outcomes if isinstance(each, Measured)}

    now = TREATED_AT + timedelta(days=7)
    receive((COURSE / "baseline-1.jpg").read_bytes(), PhotoRole.BASELINE, -1)
    measured()
    encoded_again: Mapping[str, Mapping[str, object]] = {
        "PNG": {"compress_level": 1},
        "JPEG": {"quality": 95, "progressive": True},
    }
    for kind, options in encoded_again.items():
        buffer = BytesIO()
        with Image.open(COURSE / "d06.jpg") as photo:
            photo.save(buffer, kind, **options)
        today = receive(buffer.getvalue(), PhotoRole.FOLLOW_UP, 6)
        with monkeypatch.context() as closed:
            for name in ("open_photo", "open_again"):
                closed.setattr(f"analysis.known.{name}", None)
            by_the_gate = measured()[today]
        with writing(db):
            photos.measure_again(db, cast.treatment.id)
        world.files.save_known(today, b"")
        assert measured()[today] == by_the_gate


def test_a_reading_is_the_same_whether_or_not_what_was_known_is_there_and_whole(
    db: Database, world: World, cast: Cast
) -> None:
    now = TREATED_AT + timedelta(days=7)

    def receive(name: str, role: PhotoRole, day: float) -> str:
        upload = Upload((COURSE / name).read_bytes(), role, TREATED_AT + timedelta(days=day))
        outcome = receive_photo(db, world.files, cast.alice.id, upload, now)
        assert isinstance(outcome, Accepted)
        return outcome.photo.id

    def measured() -> dict[str, Reading]:
        outcomes = measure_photos(db, world.files, Here(), now)
        return {each.photo.id: each.reading for each in outcomes if isinstance(each, Measured)}

    def again() -> Reading:
        with writing(db):
            photos.measure_again(db, cast.treatment.id)
        return measured()[today]

    baseline = receive("baseline-1.jpg", PhotoRole.BASELINE, -1)
    assert world.files.known(baseline) == b""  # the process for uploads tells nothing of it
    assert measured().keys() == {baseline}
    of_baseline = world.files.known(baseline)
    today = receive("d06.jpg", PhotoRole.FOLLOW_UP, 6)
    of_today = world.files.known(today)
    assert b"" not in (of_baseline, of_today, world.files.known(today, HANDED_ON))
    with_both = measured()[today]
    assert (
        world.files.known(today, HANDED_ON) == b""
    )  # it holds a picture of the face, and has served

    world.files.save_known(baseline, b"")
    world.files.save_known(today, b"")
    assert again() == with_both
    assert world.files.known(baseline) == of_baseline

    for photo_id in (baseline, today):
        (place,) = Path(world.files.url).rglob(f"{photo_id}/{KNOWN}")
        sealed = bytearray(place.read_bytes())
        sealed[-1] ^= 1
        place.write_bytes(sealed)
        assert world.files.known(photo_id) == b""
    assert again() == with_both

    world.files.save_known(baseline, of_today)
    world.files.save_known(today, of_baseline[:100])
    assert again() == with_both
    assert world.files.known(baseline) == of_baseline
