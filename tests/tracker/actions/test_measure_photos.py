from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlite_utils import Database

from tests.conftest import Cast
from tests.tracker.actions.pictures import Answering, analysed
from tests.tracker.courses_of_readings import reading
from tracker.actions.course import measuring
from tracker.actions.course.measuring import Measured, Unmeasured, measure_photos
from tracker.domain.course.outlines import Outline, Outlines
from tracker.domain.course.photos import (
    CLAIM_LEASE,
    RETRY_DELAYS,
    TROUBLE_DELAYS,
    FileFault,
    Photo,
    PhotoRole,
    PhotoStatus,
    SkinState,
)
from tracker.storage.connection import writing
from tracker.storage.course import outlines, photos, readings, treatments
from tracker.wires.compute import NotMeasurable
from tracker.wires.photo_files import HANDED_ON, Picture
from tracker.wires.processes import Stopped
from tracker.world import World

NOW = datetime(2026, 3, 3, 9, tzinfo=UTC)


def keep(
    db: Database,
    world: World,
    cast: Cast,
    name: str,
    role: PhotoRole = PhotoRole.FOLLOW_UP,
) -> Photo:
    photo = Photo(
        id=name,
        treatment_id=cast.treatment.id,
        patient_id=cast.alice.id,
        role=role,
        status=PhotoStatus.WAITING,
        taken_at=NOW,
        received_at=NOW,
        skin_state=SkinState.CLEAN,
    )
    world.files.save(photo.id, Picture.PHOTO, b"picture")
    with writing(db):
        photos.insert(db, photo, digest=name)
    return photo


def status(db: Database, photo_id: str) -> PhotoStatus:
    photo = photos.get(db, photo_id)
    assert photo is not None
    return photo.status


@pytest.fixture(autouse=True)
def no_time_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    """While photos are measured, so that later tries are due when a test says."""
    monkeypatch.setattr(measuring, "monotonic", lambda: 0.0)


@pytest.fixture
def baseline(db: Database, world: World, cast: Cast) -> Photo:
    return keep(db, world, cast, "baseline", PhotoRole.BASELINE)


def test_a_waiting_photo_becomes_a_reading_with_pictures_and_news(
    db: Database, world: World, cast: Cast, baseline: Photo
) -> None:
    outcomes = measure_photos(db, world.files, Answering(), NOW)
    assert [type(o) for o in outcomes] == [Measured]
    assert status(db, baseline.id) is PhotoStatus.MEASURED
    assert len(readings.of_treatment(db, cast.treatment.id)) == 1
    assert world.files.load(baseline.id, Picture.THUMBNAIL) == b"a small picture"
    assert treatments.with_news(db, None) == [(cast.treatment, 1)]
    assert measure_photos(db, world.files, Answering(), NOW) == []


def test_a_photo_waits_until_there_is_something_to_compare_it_with(
    db: Database, world: World, cast: Cast
) -> None:
    photo = keep(db, world, cast, "day-1")
    assert measure_photos(db, world.files, Answering(), NOW) == []
    keep(db, world, cast, "baseline", PhotoRole.BASELINE)
    assert len(measure_photos(db, world.files, Answering(), NOW)) == 2
    assert status(db, photo.id) is PhotoStatus.MEASURED


def test_a_photo_that_cannot_be_measured_says_why(
    db: Database, world: World, cast: Cast, baseline: Photo
) -> None:
    (outcome,) = measure_photos(db, world.files, Answering(NotMeasurable("no_face")), NOW)
    assert isinstance(outcome, Unmeasured)
    assert outcome.photo.faults == ("no_face",)
    assert readings.of_treatment(db, cast.treatment.id) == []


def test_a_worker_killed_in_the_middle_loses_nothing(
    db: Database, world: World, cast: Cast, baseline: Photo
) -> None:
    with writing(db):
        assert photos.claim(db, baseline, NOW)  # and then the power went
    soon, later = NOW + CLAIM_LEASE / 2, NOW + CLAIM_LEASE
    assert measure_photos(db, world.files, Answering(), soon) == []
    assert len(measure_photos(db, world.files, Answering(), later)) == 1
    assert len(readings.of_treatment(db, cast.treatment.id)) == 1


def test_a_broken_process_hands_the_photo_back(
    db: Database, world: World, cast: Cast, baseline: Photo
) -> None:
    broken = Answering(BrokenProcessPool("killed"), BrokenProcessPool("killed again"))
    assert measure_photos(db, world.files, broken, NOW) == []
    assert status(db, baseline.id) is PhotoStatus.WAITING
    assert len(measure_photos(db, world.files, Answering(), NOW + RETRY_DELAYS[0])) == 1


def test_a_photo_that_always_breaks_the_analysis_is_tried_for_an_hour_and_then_set_aside(
    db: Database, world: World, cast: Cast, baseline: Photo
) -> None:
    assert sum(RETRY_DELAYS, timedelta(0)) >= timedelta(hours=1)
    at, outcomes = NOW, measure_photos(db, world.files, Answering(ZeroDivisionError()), NOW)
    for delay in RETRY_DELAYS:
        assert outcomes == []
        assert measure_photos(db, world.files, Answering(), at + delay / 2) == []  # not yet
        at += delay
        outcomes = measure_photos(db, world.files, Answering(ZeroDivisionError()), at)
    (outcome,) = outcomes
    assert isinstance(outcome, Unmeasured)
    assert outcome.photo.faults == ("analysis_failed",)
    ((given_up, course),) = [(g.photo_id, g.treatment_id) for g in photos.given_up(db)]
    assert (given_up, course) == (baseline.id, cast.treatment.id)


def test_a_photo_that_failed_is_tried_again_without_what_was_remembered(
    db: Database, world: World, cast: Cast, baseline: Photo
) -> None:
    measure_photos(db, world.files, Answering(), NOW)
    photo = keep(db, world, cast, "day-1")
    world.files.save_known(photo.id, b"early")
    world.files.save_known(photo.id, b"handed on", HANDED_ON)
    world.files.save_known(baseline.id, b"before")
    compute = Answering(ZeroDivisionError())
    assert measure_photos(db, world.files, compute, NOW) == []
    assert len(measure_photos(db, world.files, compute, NOW + RETRY_DELAYS[0])) == 1
    remembered = [(given["known"], given["known_before"]) for given in compute.named]
    assert remembered == [([b"early", b"handed on"], [b"before"]), ([], [])]


def test_a_service_that_ends_hands_its_batch_back_as_it_was(
    db: Database, world: World, cast: Cast, baseline: Photo
) -> None:
    ended = Answering(BrokenProcessPool("ended"), Stopped("ended"))
    assert measure_photos(db, world.files, ended, NOW) == []
    assert len(measure_photos(db, world.files, Answering(), NOW)) == 1


@pytest.mark.parametrize("error", [MemoryError(), OSError("out of space"), BrokenProcessPool("no")])
def test_trouble_of_the_machine_is_never_counted_against_a_photo(
    db: Database, world: World, cast: Cast, baseline: Photo, error: Exception
) -> None:
    at = NOW
    for _ in range(20):
        # For a pool that is down: the batch, the photo alone, and whether anything runs at all.
        assert measure_photos(db, world.files, Answering(error, error, error), at) == []
        at += max(TROUBLE_DELAYS)
    known = photos.get(db, baseline.id)
    assert known is not None
    assert (known.status, known.failures) == (PhotoStatus.WAITING, 0)
    assert len(measure_photos(db, world.files, Answering(), at)) == 1


def test_a_storage_that_fails_for_five_minutes_gives_up_no_photo(
    db: Database, world: World, cast: Cast, baseline: Photo
) -> None:
    for number in range(3):
        keep(db, world, cast, f"day-{number}")
    folder = Path(world.files.url)
    away = folder.rename(folder.with_name("away"))
    folder.write_bytes(b"")  # a mount that returns nonsense: OSError on every file
    at = NOW
    while at < NOW + timedelta(minutes=5):
        assert measure_photos(db, world.files, Answering(), at) == []
        at += timedelta(seconds=1)
    folder.unlink()
    away.rename(folder)
    measured = measure_photos(db, world.files, Answering(), at + max(TROUBLE_DELAYS))
    assert [type(outcome) for outcome in measured] == [Measured] * 4


def test_a_disk_that_is_not_mounted_gives_up_no_photo(
    db: Database, world: World, cast: Cast, baseline: Photo
) -> None:
    keep(db, world, cast, "day-1")
    folder = Path(world.files.url)
    away = folder.rename(folder.with_name("away"))
    for hours in range(24):
        measure_photos(db, world.files, Answering(), NOW + timedelta(hours=hours))
    assert [g.file_fault for g in photos.given_up(db)] == [FileFault.MISSING]
    away.rename(folder)
    later = NOW + timedelta(hours=25)
    assert len(measure_photos(db, world.files, Answering(), later)) == 2
    assert photos.given_up(db) == []


def test_a_storage_that_loses_one_photo_leaves_the_round_to_the_others(
    db: Database, world: World, cast: Cast, baseline: Photo
) -> None:
    day = keep(db, world, cast, "day-1")
    file = Path(world.files.url) / day.id[:2] / day.id / Picture.PHOTO
    file.unlink()
    file.mkdir()  # reading it is an OSError
    outcomes = measure_photos(db, world.files, Answering(), NOW)
    assert [outcome.photo.id for outcome in outcomes] == [baseline.id]
    assert status(db, day.id) is PhotoStatus.WAITING


@pytest.mark.parametrize("error", [OSError(), ValueError()])
@pytest.mark.parametrize("minutes", [10, 57, 120])
def test_a_clock_that_is_set_back_leaves_no_later_try_waiting(
    db: Database, world: World, cast: Cast, baseline: Photo, error: Exception, minutes: int
) -> None:
    assert measure_photos(db, world.files, Answering(error), NOW) == []
    back = NOW - timedelta(minutes=minutes)
    assert len(measure_photos(db, world.files, Answering(), back)) == 1


def test_a_photo_whose_worker_died_does_not_wait_for_a_clock_that_was_set_back(
    db: Database, world: World, cast: Cast, baseline: Photo
) -> None:
    with writing(db):
        assert photos.claim(db, baseline, NOW)
        claimed = replace(baseline, attempts=1, lapses=1)
        assert photos.hand_back(db, claimed, next_try_at=NOW)
    back = NOW - timedelta(minutes=50)
    assert len(measure_photos(db, world.files, Answering(), back)) == 1


def test_a_photo_that_kills_its_process_takes_no_other_with_it(
    db: Database, world: World, cast: Cast, baseline: Photo
) -> None:
    for number in range(3):
        keep(db, world, cast, f"day-{number}")
    killed = BrokenProcessPool("killed")
    alone = [analysed(reading(1.0)), killed, analysed(reading(1.0)), analysed(reading(1.0))]
    outcomes = measure_photos(db, world.files, Answering(*[killed] * 4, *alone), NOW)
    assert [type(o) for o in outcomes] == [Measured] * 3


def test_a_full_disk_costs_one_try_and_no_photo(
    db: Database, world: World, cast: Cast, baseline: Photo, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError("no space left")

    with monkeypatch.context() as patched:
        patched.setattr(type(world.files), "save", full)
        assert measure_photos(db, world.files, Answering(), NOW) == []
    assert status(db, baseline.id) is PhotoStatus.WAITING


def test_a_worker_that_was_too_slow_stores_nothing(
    db: Database, world: World, cast: Cast, baseline: Photo
) -> None:
    class Overtaken(Answering):
        def submit(self, fn, /, *args, **kwargs):  # type: ignore[no-untyped-def]
            other = world.connect()  # the lease has expired; another worker does the photo
            measure_photos(other, world.files, Answering(), NOW + timedelta(minutes=6))
            other.close()
            return super().submit(fn, *args, **kwargs)

    assert measure_photos(db, world.files, Overtaken(analysed(reading(2.0))), NOW) == []
    assert len(readings.of_treatment(db, cast.treatment.id)) == 1


def test_a_photo_whose_file_alone_is_gone_is_set_aside_after_an_hour(
    db: Database, world: World, cast: Cast, baseline: Photo
) -> None:
    day = keep(db, world, cast, "day-1")
    world.files.delete(day.id)
    at = NOW
    measure_photos(db, world.files, Answering(), at)
    assert status(db, baseline.id) is PhotoStatus.MEASURED
    assert [(g.photo_id, g.file_fault) for g in photos.given_up(db)] == [("day-1", "missing")]
    for delay in RETRY_DELAYS:
        assert status(db, day.id) is PhotoStatus.WAITING
        at += delay
        measure_photos(db, world.files, Answering(), at)
    assert status(db, day.id) is PhotoStatus.UNMEASURABLE


def test_a_flipped_bit_in_the_baseline_stops_the_course_aloud_and_costs_no_photo(
    db: Database, world: World, cast: Cast, baseline: Photo, caplog: pytest.LogCaptureFixture
) -> None:
    keep(db, world, cast, "day-1")
    flip_a_bit(world, baseline)
    for hours in range(24):
        assert measure_photos(db, world.files, Answering(), NOW + timedelta(hours=hours)) == []
    assert status(db, "day-1") is PhotoStatus.WAITING
    assert f"the file of photo {baseline.id} is damaged" in caplog.text
    (stopped,) = photos.given_up(db)
    assert (stopped.is_baseline, stopped.file_fault) == (True, FileFault.DAMAGED)
    world.files.save(baseline.id, Picture.PHOTO, b"picture")  # restored from a backup
    assert len(measure_photos(db, world.files, Answering(), NOW + timedelta(hours=25))) == 2
    assert photos.given_up(db) == []


def test_another_photo_from_before_takes_over_from_a_damaged_one(
    db: Database, world: World, cast: Cast, baseline: Photo
) -> None:
    measure_photos(db, world.files, Answering(), NOW)
    flip_a_bit(world, baseline)
    keep(db, world, cast, "day-1")
    other = keep(db, world, cast, "other", PhotoRole.BASELINE)
    at = NOW + timedelta(hours=1)
    for _ in range(4):
        measure_photos(db, world.files, Answering(), at)
        at += timedelta(hours=1)
    found = photos.baseline(db, cast.treatment.id)
    assert found is not None
    assert found.id == other.id
    assert photos.given_up(db) == []
    kept = list(db.query("SELECT photo_id, baseline_id FROM readings ORDER BY photo_id"))
    assert {"photo_id": "day-1", "baseline_id": "other"} in kept


def flip_a_bit(world: World, photo: Photo) -> None:
    file = Path(world.files.url) / photo.id[:2] / photo.id / Picture.PHOTO
    sealed = bytearray(file.read_bytes())
    sealed[20] ^= 1
    file.write_bytes(bytes(sealed))


CHEEK = ((0.5, 0.4), (0.6, 0.4), (0.6, 0.5))


def draw(db: Database, cast: Cast, baseline: Photo, *treated: Outline) -> None:
    with writing(db):
        outlines.insert(db, baseline.id, Outlines(treated), cast.dana.id, NOW)
        photos.measure_again(db, cast.treatment.id)


def test_what_was_drawn_reaches_the_analysis_and_the_course_is_measured_anew(
    db: Database, world: World, cast: Cast, baseline: Photo
) -> None:
    keep(db, world, cast, "day-1")
    measure_photos(db, world.files, Answering(), NOW)
    assert len(readings.of_treatment(db, cast.treatment.id)) == 2
    draw(db, cast, baseline, CHEEK)
    assert readings.of_treatment(db, cast.treatment.id) == []  # nothing of another basis is shown
    asked = Answering(analysed(reading(1.5)), analysed(reading(1.5)))
    assert len(measure_photos(db, world.files, asked, NOW)) == 2
    assert {call[3] for call in asked.calls} == {Outlines((CHEEK,))}
    course = readings.of_treatment(db, cast.treatment.id)
    assert [read.regions for read in course] == [reading(1.5).regions] * 2
    kept = list(db.query("SELECT outlines_id FROM readings ORDER BY id"))
    assert [row["outlines_id"] for row in kept] == [None, None, 1, 1]  # added, old ones kept


def test_a_photo_that_was_being_measured_while_somebody_drew_is_measured_once_more(
    db: Database, world: World, cast: Cast, baseline: Photo
) -> None:
    class DrawnMeanwhile(Answering):
        def submit(self, fn, /, *args, **kwargs):  # type: ignore[no-untyped-def]
            draw(db, cast, baseline, CHEEK)
            return super().submit(fn, *args, **kwargs)

    assert measure_photos(db, world.files, DrawnMeanwhile(), NOW) == []
    assert status(db, baseline.id) is PhotoStatus.WAITING
    assert readings.of_treatment(db, cast.treatment.id) == []
    assert len(measure_photos(db, world.files, Answering(), NOW)) == 1


def test_a_follow_up_that_could_not_be_measured_gets_another_chance_on_new_ground(
    db: Database, world: World, cast: Cast, baseline: Photo
) -> None:
    day = keep(db, world, cast, "day-1")
    measure_photos(db, world.files, Answering(analysed(reading(0)), NotMeasurable("occluded")), NOW)
    draw(db, cast, baseline)
    assert status(db, day.id) is PhotoStatus.WAITING
