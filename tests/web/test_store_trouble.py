"""An object store that fails, lies or is silent: nothing is lost, nothing comes twice."""

import random
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from sqlite_utils import Database

from tests.conftest import TREATED_AT, Cast, settings_for
from tests.tracker.actions.pictures import Answering
from tests.tracker.object_store import Fault, ObjectStore, Start, hurried, object_store, saying
from tests.web.browser import Browser
from tests.web.conftest import Clock, Records
from tests.web.test_upload import gate, send
from tracker.actions.course.measuring import measure_photos
from tracker.actions.own_data.closing import erase_accounts
from tracker.domain.course.photos import PhotoStatus
from tracker.settings import Settings
from tracker.storage.course import photos, readings
from tracker.wires.photo_files import STRAY_AFTER

__all__ = ["gate", "hurried", "object_store"]

pytestmark = pytest.mark.usefixtures("gate", "hurried")
WRONG_KEY = saying("403 Forbidden", "InvalidAccessKeyId")
OVERLOADED = saying("503 Service Unavailable", "SlowDown")
BROKEN = saying("500 Internal Server Error", "InternalError")
NO_BUCKET = saying("404 Not Found", "NoSuchBucket")
TROUBLES = [BROKEN, OVERLOADED, WRONG_KEY, NO_BUCKET]


@pytest.fixture
def settings(tmp_path: Path, object_store: ObjectStore) -> Settings:
    return replace(settings_for(tmp_path / "data"), photos_at=object_store.bucket())


def picture_of(records: Records, photo_id: str) -> str:
    return f"/patients/{records.cast.alice.id}/photos/{photo_id}/photo"


@pytest.mark.parametrize("trouble", TROUBLES)
def test_while_the_store_is_in_trouble_photos_stay_on_the_phone_and_pages_answer(
    alice: Browser, records: Records, object_store: ObjectStore, trouble: Fault
) -> None:
    before = records.photo(-1)
    with object_store.failing(trouble):
        sent = send(alice)
        assert sent.status_code == 503
        assert 60 <= int(sent.headers["Retry-After"]) < 180
        assert "We cannot reach our photos at the moment" in sent.text
        assert "What you sent was not kept" in sent.text
        shown = alice.get(picture_of(records, before.id))
        assert shown.status_code == 503
        assert "This page needs them" in shown.text
        assert "What you sent" not in shown.text
        for page in ("/", "/photo", "/progress"):
            assert alice.get(page).status_code == 200
        assert alice.send("/check-in", {"pus": "yes"}).status_code == 303
        assert measure_photos(records.db, records.world.files, Answering(), TREATED_AT) == []
    (kept,) = photos.of_patient(records.db, records.cast.alice.id)
    assert (kept.failures, kept.file_fault, kept.status) == (0, None, PhotoStatus.WAITING)
    assert alice.get(picture_of(records, before.id)).status_code == 200
    assert send(alice).status_code == 200
    assert len(photos.of_patient(records.db, records.cast.alice.id)) == 2


def test_a_store_that_is_silent_costs_an_upload_its_time_and_no_page(
    alice: Browser,
    records: Records,
    object_store: ObjectStore,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    over = Event()
    for limit in ("READ_SECONDS", "WRITE_SECONDS"):
        monkeypatch.setattr(f"tracker.wires.places.{limit}", 1)

    def silent(*_: object) -> None:
        over.wait(30)

    with object_store.failing(silent):
        assert send(alice).status_code == 503
        asked = sum(object_store.asked.values())
        assert alice.get("/").status_code == 200
        assert sum(object_store.asked.values()) == asked
    over.set()
    assert "Thank you, your photo is here" in send(alice).text


def test_after_a_minute_of_trouble_each_photo_is_measured_once_and_nothing_is_left_over(
    alice: Browser, records: Records, object_store: ObjectStore, clock: Clock
) -> None:
    db, files, chance = records.db, records.world.files, random.Random(7)  # noqa: S311 (a test)

    def at_times(environ: dict[str, Any], start: Start) -> Iterable[bytes] | None:
        trouble = chance.choice([*TROUBLES, *[None] * 12])
        return trouble(environ, start) if trouble else None

    send(alice, b"before", role="baseline", taken_at="2026-03-01T09:00")
    waiting = {b"photo %d" % n for n in range(5)}
    with object_store.failing(at_times):
        for _ in range(60):
            clock.now += timedelta(minutes=20)
            for each in sorted(waiting):
                answer = send(alice, each)
                assert answer.status_code in {200, 503}
                if answer.status_code == 200:
                    waiting.remove(each)
            measure_photos(db, files, Answering(), clock.now)
            if not waiting and not unmeasured(db, records.cast):
                break
    clock.now += timedelta(days=1)
    measure_photos(db, files, Answering(), clock.now)
    kept = photos.of_patient(db, records.cast.alice.id)
    assert len(kept) == 6
    assert {photo.status for photo in kept} == {PhotoStatus.MEASURED}
    assert [photo.file_fault for photo in kept] == [None] * 6
    assert len(readings.of_treatment(db, records.cast.treatment.id)) == 6
    world, later = records.world, datetime.now(clock.now.tzinfo) + STRAY_AFTER
    erase_accounts(db, files, world.parts, world.settings.outbox, later)
    assert files.ids() == sorted(photo.id for photo in kept)


def unmeasured(db: Database, cast: Cast) -> bool:
    found = photos.of_patient(db, cast.alice.id)
    return any(photo.status is not PhotoStatus.MEASURED for photo in found)
