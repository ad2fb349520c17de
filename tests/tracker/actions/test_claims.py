"""Claims of photos: who measures which, for how long, and how many at once."""

import os
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from datetime import datetime, timedelta
from threading import Timer

import pytest
from sqlite_utils import Database

from tests.conftest import Cast
from tests.tracker.actions.pictures import Answering, analysed
from tests.tracker.actions.test_measure_photos import NOW, keep, status
from tests.tracker.courses_of_readings import reading
from tests.tracker.object_store import ObjectStore, object_store
from tracker.actions.course import measuring
from tracker.actions.course.measuring import Measured, Unmeasured, measure_photos
from tracker.domain.course.photos import (
    CLAIM_LEASE,
    RETRY_DELAYS,
    FileFault,
    Photo,
    PhotoRole,
    PhotoStatus,
)
from tracker.storage.connection import DatabaseError, writing
from tracker.storage.course import photos
from tracker.wires.compute import FileLost
from tracker.wires.photo_files import PhotoFiles, Picture
from tracker.world import World

__all__ = ["object_store"]


@pytest.fixture
def baseline(db: Database, world: World, cast: Cast) -> Photo:
    return keep(db, world, cast, "baseline", PhotoRole.BASELINE)


class Slow(Answering):
    """Answers a moment later; `most` is how many calls it had at once."""

    def __init__(self, seconds: float = 0.02) -> None:
        super().__init__()
        self.seconds, self.open, self.most = seconds, 0, 0

    def submit(self, fn, /, *args, **kwargs):  # type: ignore[no-untyped-def]
        self.open += 1
        self.most = max(self.most, self.open)
        later: Future[object] = Future()

        def answer() -> None:
            self.open -= 1
            later.set_result(analysed(reading(1.0)))

        Timer(self.seconds, answer).start()
        return later


def test_a_claim_is_renewed_while_its_photo_is_measured(
    db: Database, world: World, cast: Cast, baseline: Photo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measuring, "RENEWED_EVERY", timedelta(seconds=0.1))
    kept: list[datetime] = []
    renew = photos.renew_claim

    def seen(db: Database, photo: Photo, now: datetime) -> None:
        renew(db, photo, now)
        kept.append(now)
        assert photos.lapsed(db, now + CLAIM_LEASE - timedelta(seconds=0.1), None) == []

    monkeypatch.setattr(photos, "renew_claim", seen)
    assert len(measure_photos(db, world.files, Slow(0.5), NOW)) == 1
    assert len(kept) >= 3
    assert kept == sorted(kept)


def test_as_many_photos_are_claimed_as_are_measured_at_once(
    db: Database, world: World, cast: Cast, baseline: Photo
) -> None:
    for number in range(6):
        keep(db, world, cast, f"day-{number}")
    compute = Slow()
    compute.at_once = 3
    assert len(measure_photos(db, world.files, compute, NOW)) == 7
    assert compute.most == 3
    compute.at_once = 0  # as of a cluster without workers
    keep(db, world, cast, "later")
    assert measure_photos(db, world.files, compute, NOW) == []
    assert status(db, "later") is PhotoStatus.WAITING


def test_a_worker_that_dies_costs_the_photos_of_its_batch_nothing(
    db: Database, world: World, cast: Cast, baseline: Photo
) -> None:
    day = keep(db, world, cast, "day-1")
    with writing(db):
        assert photos.claim(db, baseline, NOW)
        assert photos.claim(db, day, NOW)
    compute = Slow()
    assert len(measure_photos(db, world.files, compute, NOW + CLAIM_LEASE)) == 2
    assert compute.most == 1  # now one at a time
    found = [photos.get(db, photo.id) for photo in (baseline, day)]
    assert [photo and photo.failures for photo in found] == [0, 0]


@pytest.mark.parametrize("hours", [-1, 1])
def test_a_clock_that_is_set_leaves_no_claimed_photo_waiting(
    db: Database, world: World, cast: Cast, baseline: Photo, hours: int
) -> None:
    with writing(db):
        assert photos.claim(db, baseline, NOW)  # and then the power went
    assert len(measure_photos(db, world.files, Answering(), NOW + timedelta(hours=hours))) == 1


def test_two_workers_never_take_the_same_photo(
    db: Database, world: World, cast: Cast, baseline: Photo
) -> None:
    with writing(db):
        assert photos.claim(db, baseline, NOW)
        assert not photos.claim(db, baseline, NOW)


def test_a_photo_under_which_every_worker_dies_is_given_up_in_the_end(
    db: Database, world: World, cast: Cast, baseline: Photo
) -> None:
    class Dying(Answering):
        def submit(self, fn, /, *args, **kwargs):  # type: ignore[no-untyped-def]
            raise SystemExit

    deaths, outcomes = 0, []
    for hours in range(40):
        try:
            outcomes += measure_photos(db, world.files, Dying(), NOW + timedelta(hours=hours))
        except SystemExit:
            deaths += 1
    assert [type(outcome) for outcome in outcomes] == [Unmeasured]
    assert deaths == len(RETRY_DELAYS) + 2  # the first may have been the power


class Elsewhere(Answering):
    """A cluster, which reaches an object store itself."""

    is_elsewhere = True


def test_a_cluster_reads_the_photos_of_an_object_store_itself(
    db: Database, world: World, cast: Cast, object_store: ObjectStore
) -> None:
    there = replace(world, files=PhotoFiles(object_store.bucket(), b"k" * 32))
    baseline = keep(db, there, cast, "baseline", PhotoRole.BASELINE)
    day = keep(db, there, cast, "day-1")
    lost = FileLost(day.id, FileFault.MISSING)
    compute = Elsewhere(analysed(reading(1.0)), lost)
    (measured,) = measure_photos(db, there.files, compute, NOW)
    assert measured.photo.id == baseline.id
    assert [call[:2] for call in compute.calls] == [
        (there.files.one(each.id), there.files.one(baseline.id)) for each in (baseline, day)
    ]
    found = photos.get(db, day.id)
    assert found is not None
    assert (found.failures, found.file_fault) == (1, FileFault.MISSING)


class Clock:
    """A clock of seconds that rests until it is moved."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(measuring, "monotonic", clock)
    return clock


def test_a_slow_store_lets_no_claim_lapse(
    db: Database,
    world: World,
    cast: Cast,
    baseline: Photo,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for number in range(4):
        keep(db, world, cast, f"day-{number}")
    began, lapsed = clock.seconds, []
    load, save = PhotoFiles.load, PhotoFiles.save

    def passes() -> None:
        clock.seconds += 50
        at = NOW + timedelta(seconds=clock.seconds - began)
        lapsed.extend(photos.lapsed(db, at, None))

    def load_slowly(self: PhotoFiles, photo_id: str, picture: Picture) -> bytes:
        passes()
        return load(self, photo_id, picture)

    def save_slowly(self: PhotoFiles, photo_id: str, picture: Picture, data: bytes) -> None:
        passes()
        save(self, photo_id, picture, data)

    monkeypatch.setattr(PhotoFiles, "load", load_slowly)
    monkeypatch.setattr(PhotoFiles, "save", save_slowly)
    assert len(measure_photos(db, world.files, Answering(), NOW)) == 5
    assert clock.seconds - began > 2 * CLAIM_LEASE.total_seconds()
    assert lapsed == []


def test_the_next_try_is_counted_from_the_failure(
    db: Database, world: World, cast: Cast, baseline: Photo, clock: Clock
) -> None:
    class FailingLate(Answering):
        def submit(self, fn, /, *args, **kwargs):  # type: ignore[no-untyped-def]
            clock.seconds += 90
            return super().submit(fn, *args, **kwargs)

    assert measure_photos(db, world.files, FailingLate(ZeroDivisionError()), NOW) == []
    failed_at = NOW + timedelta(seconds=90)
    early = failed_at + RETRY_DELAYS[0] - timedelta(seconds=1)
    assert measure_photos(db, world.files, Answering(), early) == []
    assert len(measure_photos(db, world.files, Answering(), failed_at + RETRY_DELAYS[0])) == 1


def test_a_photo_is_not_blamed_while_no_worker_answers(
    db: Database, world: World, cast: Cast, baseline: Photo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measuring, "PROBE_SECONDS", 0.1)
    killed = BrokenProcessPool("its workers died")

    class WorkersGone(Answering):
        def submit(self, fn, /, *args, **kwargs):  # type: ignore[no-untyped-def]
            if fn is os.getpid:
                return Future()  # waits for a worker
            return super().submit(fn, *args, **kwargs)

    assert measure_photos(db, world.files, WorkersGone(killed, killed), NOW) == []
    photo = photos.get(db, baseline.id)
    assert photo is not None
    assert (photo.status, photo.failures, photo.troubles) == (PhotoStatus.WAITING, 0, 1)


def test_renewing_that_fails_costs_no_result_and_no_try(
    db: Database, world: World, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    def locked(*_: object) -> None:
        raise DatabaseError("database is locked")

    kept = {
        keep(db, world, cast, "baseline", PhotoRole.BASELINE).id,
        keep(db, world, cast, "day-1").id,
    }
    monkeypatch.setattr(measuring, "RENEWED_EVERY", timedelta(seconds=0.05))
    monkeypatch.setattr(photos, "renew_claim", locked)
    done = measure_photos(db, world.files, Slow(0.2), NOW)
    assert {each.photo.id for each in done if isinstance(each, Measured)} == kept


@pytest.mark.parametrize(
    "place", ["tracker.storage.course.outlines.basis_of", "tracker.storage.course.photos.baseline"]
)
def test_a_database_that_is_locked_while_a_course_is_read_is_not_the_photos_failure(
    place: str, db: Database, world: World, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    def locked(*_: object) -> None:
        raise DatabaseError("database is locked")

    first = keep(db, world, cast, "baseline", PhotoRole.BASELINE)
    with monkeypatch.context() as patch:
        patch.setattr(place, locked)
        measure_photos(db, world.files, Answering(), NOW)
    waiting = photos.get(db, first.id)
    assert waiting is not None
    assert (waiting.status, waiting.failures, waiting.troubles) == (PhotoStatus.WAITING, 0, 1)


def test_a_database_that_is_locked_between_two_claims_costs_the_first_nothing(
    db: Database, world: World, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = keep(db, world, cast, "baseline", PhotoRole.BASELINE)
    keep(db, world, cast, "day-1")
    claim, asked = photos.claim, list[str]()

    def locked(on: Database, photo: Photo, now: datetime) -> bool:
        asked.append(photo.id)
        if len(asked) == 2:
            raise DatabaseError("database is locked")
        return claim(on, photo, now)

    monkeypatch.setattr(photos, "claim", locked)
    (done,) = measure_photos(db, world.files, Answering(), NOW)
    assert done.photo.id == first.id
