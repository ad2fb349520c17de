from concurrent.futures.process import BrokenProcessPool
from datetime import UTC, datetime, timedelta

import pytest
from sqlite_utils import Database

from tests.conftest import Cast
from tests.tracker.actions.pictures import Answering, analysed
from tests.tracker.courses_of_readings import reading
from tracker.actions.measure_photos import Measured, Unmeasured, measure_photos
from tracker.compute import NotMeasurable
from tracker.outlines import Outline, Outlines
from tracker.photo_files import Picture
from tracker.photos import CLAIM_LEASE, MAX_ATTEMPTS, Photo, PhotoRole, PhotoStatus, SkinState
from tracker.storage import outlines, photos, readings, treatments
from tracker.storage.connection import writing
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
    assert len(measure_photos(db, world.files, Answering(), NOW)) == 1


def test_a_photo_that_always_breaks_the_analysis_is_set_aside(
    db: Database, world: World, cast: Cast, baseline: Photo
) -> None:
    for _ in range(MAX_ATTEMPTS):
        assert measure_photos(db, world.files, Answering(MemoryError()), NOW) == []
    (outcome,) = measure_photos(db, world.files, Answering(), NOW)
    assert isinstance(outcome, Unmeasured)
    assert outcome.photo.faults == ("analysis_failed",)


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


def test_two_workers_never_take_the_same_photo(
    db: Database, world: World, cast: Cast, baseline: Photo
) -> None:
    with writing(db):
        assert photos.claim(db, baseline, NOW)
        assert not photos.claim(db, baseline, NOW)


def test_a_worker_that_was_too_slow_stores_nothing(
    db: Database, world: World, cast: Cast, baseline: Photo
) -> None:
    class Overtaken(Answering):
        def submit(self, fn, /, *args, **kwargs):  # type: ignore[no-untyped-def]
            other = world.connect()  # the lease has passed; another worker does the photo
            measure_photos(other, world.files, Answering(), NOW + timedelta(minutes=6))
            other.close()
            return super().submit(fn, *args, **kwargs)

    assert measure_photos(db, world.files, Overtaken(analysed(reading(2.0))), NOW) == []
    assert len(readings.of_treatment(db, cast.treatment.id)) == 1


def test_a_photo_whose_file_is_gone_is_set_aside(
    db: Database, world: World, cast: Cast, baseline: Photo
) -> None:
    day = keep(db, world, cast, "day-1")
    world.files.delete(day.id)
    measure_photos(db, world.files, Answering(), NOW)
    assert status(db, day.id) is PhotoStatus.UNMEASURABLE
    assert status(db, baseline.id) is PhotoStatus.MEASURED


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
    assert readings.of_treatment(db, cast.treatment.id) == []  # nothing of another ground is shown
    asked = Answering(analysed(reading(1.5)), analysed(reading(1.5)))
    assert len(measure_photos(db, world.files, asked, NOW)) == 2
    assert {call[3] for call in asked.calls} == {Outlines((CHEEK,))}
    course = readings.of_treatment(db, cast.treatment.id)
    assert [read.regions for read in course] == [reading(1.5).regions] * 2
    kept = list(db.query("SELECT outlines_id FROM readings ORDER BY id"))
    assert [row["outlines_id"] for row in kept] == [None, None, 1, 1]  # beside the old, never over


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
