"""The sample courses come out of the other clinic with the same readings, alerts and band."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlite_utils import Database

from tests.conftest import PASSPHRASE, PROTOCOLS
from tests.tracker.actions.test_transfer_record import Elsewhere, elsewhere, written
from tests.tracker.courses_of_readings import reading, rising_again
from tracker.actions.alerts.raising import raise_alerts
from tracker.actions.course.checking_in import record_check_in
from tracker.actions.course.progress import Progress, show_progress
from tracker.actions.course.treatments import begin_treatment
from tracker.actions.people.accounts import add_person
from tracker.domain.course.outlines import Basis
from tracker.domain.course.photos import Photo, PhotoStatus
from tracker.domain.course.treatments import days_since
from tracker.domain.own_data.course_folders import CourseFolder
from tracker.domain.people.people import Person
from tracker.replay import patient_of, read_course
from tracker.storage.alerts import alerts
from tracker.storage.columns import new_id
from tracker.storage.connection import writing
from tracker.storage.course import photos, readings
from tracker.wires.photo_files import Picture
from tracker.world import World

__all__ = ["elsewhere"]  # a fixture
SAMPLES = sorted(path.parent for path in Path("sample_images").glob("*/course.toml"))


def on_record(db: Database, world: World, story: CourseFolder) -> tuple[Person, datetime]:
    """The sample's patient with readings that were made up, and when the course ends."""
    patient = add_person(db, patient_of(story, "Sam", "sam@home.example"), PASSPHRASE)
    course = begin_treatment(db, PROTOCOLS, replace(story.treatment, patient_id=patient.id))
    ids = [new_id() for _ in story.photos]
    with writing(db):
        for photo_id, told in zip(ids, story.photos, strict=True):
            photo = Photo(
                id=photo_id,
                treatment_id=course.id,
                patient_id=patient.id,
                role=told.role,
                status=PhotoStatus.WAITING,
                taken_at=told.taken_at,
                received_at=told.taken_at,
                skin_state=told.skin_state,
            )
            photos.insert(db, photo, photo_id)
            assert photos.claim(db, photo, told.taken_at)
            assert photos.finish(db, replace(photo, status=PhotoStatus.MEASURED), attempt=1)
            seen = reading(abs(days_since(course, told.taken_at)), rising_again)
            seen = replace(seen, photo_id=photo_id, taken_at=told.taken_at)
            readings.insert(db, seen, Basis(ids[0], course.areas, None))
    for photo_id in ids:
        world.files.save(photo_id, Picture.PHOTO, photo_id.encode())
    for given in story.check_ins:
        record_check_in(db, PROTOCOLS, patient.id, given.answers, given.at)
    end = story.events[-1].at + timedelta(hours=1)
    raise_alerts(db, PROTOCOLS, end)
    return patient, end


def shown(db: Database, patient: Person, at: datetime) -> Iterator[Any]:
    """What must be the same: readings, answers, band, what the engine finds, and the alerts."""
    progress = show_progress(db, PROTOCOLS, patient.id, at)
    assert isinstance(progress, Progress)
    yield [(each.taken_at, each.regions) for each in progress.readings]
    yield [(each.at, each.answers) for each in progress.check_ins]
    yield progress.band
    yield [replace(each, photo_id=None) for each in progress.assessment.findings]
    found = alerts.of_patient(db, patient.id)
    yield sorted((a.concern, a.level, a.raised_at, a.probability, a.evidence) for a in found)


@pytest.mark.parametrize("folder", SAMPLES, ids=lambda folder: folder.name)
def test_a_sample_course_is_the_same_at_the_other_clinic(
    folder: Path, db: Database, world: World, elsewhere: Elsewhere, tmp_path: Path
) -> None:
    patient, end = on_record(db, world, read_course(folder))
    before = list(shown(db, patient, end))
    assert before[0]
    assert before[2]
    done = elsewhere.take_in(written(db, world, patient, tmp_path / "sam.zip"))
    assert list(shown(elsewhere.db, done.patient, end)) == before
    raise_alerts(elsewhere.db, PROTOCOLS, end)  # each course is judged again
    assert list(shown(elsewhere.db, done.patient, end)) == before
