"""Good photos that can no longer be used: reported, with a remedy."""

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlite_utils import Database

from tests.web.browser import Browser
from tests.web.conftest import Records
from tracker.domain.course.photos import FAILED, FileFault, PhotoStatus
from tracker.domain.people.people import Person
from tracker.storage.clinic import health
from tracker.storage.connection import writing
from tracker.storage.course import photos


def test_a_course_whose_photo_from_before_is_lost_is_told_with_its_remedy(
    dana: Browser, records: Records, db: Database
) -> None:
    before = records.measured(-1)
    with writing(db):
        photos.record_file_fault(db, before, FileFault.DAMAGED)
    row = dana.read("/")
    assert "1 of 1 wait for you" in row
    assert "The photo from before cannot be used" in row
    page = dana.read(f"/patients/{records.cast.alice.id}")
    assert "its file is damaged" in page
    assert "restore the file from a backup, or ask the patient to send a photo from before" in page


def test_a_photo_given_up_may_be_tried_again_by_the_care_team_alone(
    dana: Browser, records: Records, db: Database, browser_of: Callable[[Person], Browser]
) -> None:
    records.measured(-1)
    given_up = records.photo(1, PhotoStatus.UNMEASURABLE, faults=(FAILED,))
    path = f"/patients/{records.cast.alice.id}"
    assert "1 photo could not be measured" in dana.read("/")
    assert "Try to measure again" in dana.read(path)
    assert browser_of(records.cast.eli).send(f"{path}/photos/again", {}).status_code == 404
    assert dana.send(f"{path}/photos/again", {}).status_code == 303
    again = photos.get(db, given_up.id)
    assert again is not None
    assert (again.status, again.faults) == (PhotoStatus.WAITING, ())
    assert "Try to measure again" not in dana.read(path)


def test_a_damaged_picture_is_told_as_such_and_logged_by_its_photo(
    dana: Browser, records: Records, caplog: pytest.LogCaptureFixture
) -> None:
    photo = records.measured(1)
    file = Path(records.world.settings.photos) / photo.id[:2] / photo.id / "redness"
    file.write_bytes(file.read_bytes()[:-1])
    answer = dana.get(f"/patients/{records.cast.alice.id}/photos/{photo.id}/redness")
    assert answer.status_code == 500
    assert "damaged on our side" in answer.text
    assert f"redness of photo {photo.id} is damaged" in caplog.text


def test_a_photo_that_proves_damaged_counts_in_health_until_it_is_restored(
    dana: Browser, records: Records, db: Database
) -> None:
    records.measured(-1)
    photo = records.measured(1)
    file = Path(records.world.settings.photos) / photo.id[:2] / photo.id / "photo"
    sound = file.read_bytes()
    file.write_bytes(sound[:-1] + bytes([sound[-1] ^ 1]))
    path = f"/patients/{records.cast.alice.id}/photos/{photo.id}/photo"
    answer = dana.get(path)
    assert answer.status_code == 500
    assert "damaged on our side" in answer.text
    assert health.failed_photos(db).files == 1
    file.write_bytes(sound)
    assert dana.get(path).status_code == 200
    assert health.failed_photos(db).files == 0


def test_who_sends_a_photo_after_the_one_from_before_was_lost_reads_the_truth(
    alice: Browser, records: Records, db: Database
) -> None:
    before, later = records.measured(-1), records.photo(3)
    with writing(db):
        photos.record_file_fault(db, before, FileFault.DAMAGED)
    page = alice.read(f"/photos/{later.id}")
    assert "Your photo is kept. We cannot measure it yet." in page
    assert "please send it again" in page
    assert "We are measuring it" not in page
    assert "We cannot use this photo any more" in alice.read(f"/photos/{before.id}")
    assert before.id not in alice.read("/photo")  # its missing file would show as a broken picture
