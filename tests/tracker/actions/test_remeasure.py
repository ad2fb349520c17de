"""Photos of an earlier method are read on trial, compared, and measured again when asked for."""

from dataclasses import replace
from datetime import timedelta
from itertools import islice

import pytest
from sqlite_utils import Database

from analysis import VERSION
from tests.conftest import PROTOCOLS, TREATED_AT, Cast
from tests.tracker.actions.pictures import Answering, analysed
from tests.tracker.courses_of_readings import Doublings, fading, reading, rising_again
from tests.web.conftest import Records
from tracker.actions.course.remeasuring import (
    let_it_count,
    old_photos,
    patient_of_address,
    read_on_trial,
    what_would_change,
)
from tracker.actions.own_data.deciding import decide_consent
from tracker.domain.alerts.alerts import Concern
from tracker.domain.course.photos import PhotoStatus
from tracker.domain.own_data.consents import Consent, Decision, Purpose
from tracker.storage.course import photos, readings
from tracker.wires.compute import NotMeasurable
from tracker.world import World

DAYS = (-1, 1, 2, 3, 4, 5, 6)
NOW = TREATED_AT + timedelta(days=6.5)


@pytest.fixture
def course(db: Database, world: World, cast: Cast) -> Records:
    """A usual week, measured by an earlier method."""
    records = Records(db, world, cast)
    for day in DAYS:
        records.measured(day)
    return records


def sees(redness: Doublings) -> Answering:
    """The present method, which sees this course."""
    days = (abs(day) for day in DAYS)
    return Answering(*(analysed(replace(reading(d, redness), method=VERSION)) for d in days))


def read_all(db: Database, world: World, compute: Answering) -> list[object]:
    return list(read_on_trial(db, world.files, compute, old_photos(db)))


def test_what_is_read_on_trial_counts_for_nothing_and_says_what_would_change(
    db: Database, world: World, cast: Cast, course: Records
) -> None:
    before = readings.of_treatment(db, cast.treatment.id)
    assert what_would_change(db, PROTOCOLS, NOW).untried == len(DAYS)
    assert len(read_all(db, world, sees(rising_again))) == len(DAYS)
    assert readings.of_treatment(db, cast.treatment.id) == before
    found = what_would_change(db, PROTOCOLS, NOW)
    assert (found.courses, found.untried) == (1, 0)
    assert found.opened[Concern.INFECTION] == 1
    assert not found.closed
    (moved,) = found.moved
    assert (moved.photos, moved.refused) == (len(DAYS), 0)
    assert 0.1 < moved.redness[1] < 0.4  # one cheek of six regions, by 1.2 doublings


def test_the_same_readings_change_nothing(
    db: Database, world: World, cast: Cast, course: Records
) -> None:
    read_all(db, world, sees(fading))
    found = what_would_change(db, PROTOCOLS, NOW, cast.alice.id)
    assert not found.opened
    assert not found.closed
    assert found.moved[0].redness == (0, 0)


def test_what_is_read_stays_read_when_the_command_is_broken_off(
    db: Database, world: World, course: Records
) -> None:
    assert len(list(islice(read_on_trial(db, world.files, sees(fading), old_photos(db)), 3))) == 3
    left = old_photos(db)
    assert len(left) == len(DAYS) - 3
    assert len(read_all(db, world, sees(fading))) == len(left)
    assert old_photos(db) == []


def test_a_photo_that_cannot_be_read_is_told_and_tried_again_one_refused_is_counted(
    db: Database, world: World, course: Records
) -> None:
    refused = NotMeasurable("occluded")
    told = read_all(db, world, Answering(OSError("away"), *[refused] * (len(DAYS) - 1)))
    assert [type(each) for each in told if isinstance(each, Exception)] == [OSError]
    assert len(old_photos(db)) == 1
    found = what_would_change(db, PROTOCOLS, NOW)
    assert found.untried == 1
    assert found.moved[0].refused == len(DAYS) - 1


def test_letting_it_count_has_the_worker_measure_the_course_again(
    db: Database, world: World, cast: Cast, course: Records
) -> None:
    read_all(db, world, sees(fading))
    assert let_it_count(db, NOW) == len(DAYS)
    found = photos.of_treatment(db, cast.treatment.id)
    assert {photo.status for photo in found} == {PhotoStatus.WAITING}
    assert let_it_count(db, NOW) == 0


def test_only_photos_that_may_be_measured_are_read(
    db: Database, world: World, cast: Cast, course: Records
) -> None:
    patient = patient_of_address(db, cast.alice.email)
    assert len(old_photos(db, patient)) == len(DAYS)
    assert len(old_photos(db, since=TREATED_AT + timedelta(days=4.5))) == 2
    with pytest.raises(ValueError, match="no patient signs in as dana@"):
        patient_of_address(db, cast.dana.email)
    decide_consent(db, cast.alice.id, Consent(Purpose.CARE, Decision.WITHDRAWN, NOW))
    assert old_photos(db) == []


def test_consent_that_is_withdrawn_meanwhile_ends_the_reading(
    db: Database, world: World, cast: Cast, course: Records
) -> None:
    compute = sees(fading)
    compute.at_once = 1
    some = read_on_trial(db, world.files, compute, old_photos(db))
    assert len(list(islice(some, 2))) == 2
    decide_consent(db, cast.alice.id, Consent(Purpose.CARE, Decision.WITHDRAWN, NOW))
    assert list(some) == []
    decide_consent(db, cast.alice.id, Consent(Purpose.CARE, Decision.GIVEN, NOW))
    assert len(old_photos(db)) == len(DAYS) - 2


def test_a_course_that_cannot_be_judged_and_the_bluest_skin_spoil_no_report(
    db: Database, world: World, course: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    read_all(db, world, sees(fading))
    db.execute("UPDATE region_readings SET ita = -93.5")

    def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("tracker.actions.course.remeasuring.conclude", fail)
    found = what_would_change(db, PROTOCOLS, NOW)
    assert found.unjudged == 1
    assert found.moved[0].ita == (-90, -30)
