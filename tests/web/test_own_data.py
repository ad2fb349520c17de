"""What patients may know and decide about their own data."""

from datetime import timedelta
from io import BytesIO
from zipfile import ZipFile

from sqlite_utils import Database

from tests.conftest import TREATED_AT, Cast
from tests.web.browser import Browser
from tests.web.conftest import Clock, Records
from tracker.photo_files import Picture
from tracker.photos import Photo
from tracker.storage import looks


def open_picture(browser: Browser, photo: Photo, picture: Picture = Picture.PHOTO) -> None:
    path = f"/patients/{photo.patient_id}/photos/{photo.id}/{picture}"
    assert browser.get(path).status_code == 200


def test_alice_reads_who_saw_her_photo_and_when(
    alice: Browser, dana: Browser, records: Records, clock: Clock
) -> None:
    photo = records.measured(2)
    assert "Seen by" not in alice.read(f"/photos/{photo.id}")
    assert "Nobody has opened your photos so far." in alice.read("/my-data")
    clock.now = TREATED_AT + timedelta(days=3, hours=4, minutes=10)
    open_picture(dana, photo)
    for path in (f"/photos/{photo.id}", "/progress"):
        assert "Seen by Dr Dana today, 14:10" in alice.read(path)
    page = alice.read("/my-data")
    assert "<strong>Dr Dana</strong> opened 1 photo, last today, 14:10." in page


def test_only_the_photo_that_was_opened_counts_as_seen(
    alice: Browser, dana: Browser, records: Records
) -> None:
    unopened, opened = records.measured(1), records.measured(2)
    open_picture(dana, opened, Picture.REDNESS)
    assert "Seen by Dr Dana" not in alice.read(f"/photos/{unopened.id}")
    assert "Seen by Dr Dana" in alice.read(f"/photos/{opened.id}")


def test_ones_own_looks_are_nobodys_business(
    alice: Browser, db: Database, records: Records, cast: Cast
) -> None:
    open_picture(alice, records.measured(2))
    assert looks.of_patient(db, cast.alice.id) == []


def test_a_picture_that_was_not_shown_is_no_look(
    dana: Browser, db: Database, records: Records, cast: Cast
) -> None:
    photo = records.measured(2)
    records.world.files.delete(photo.id)
    path = f"/patients/{photo.patient_id}/photos/{photo.id}/photo"
    assert dana.get(path).status_code == 404
    assert looks.of_patient(db, cast.alice.id) == []


def test_a_look_is_one_row_with_its_first_and_last_time(
    dana: Browser, db: Database, records: Records, cast: Cast, clock: Clock
) -> None:
    photo, began = records.measured(2), clock.now
    for minutes, last in ((0, 0), (4, 0), (6, 6), (10, 6), (11, 11)):
        clock.now = began + timedelta(minutes=minutes)
        open_picture(dana, photo, Picture.THUMBNAIL)
        (look,) = looks.of_patient(db, cast.alice.id)
        assert (look.first_at, look.last_at) == (began, began + timedelta(minutes=last))


def test_the_download_is_an_archive_for_the_patient_alone(alice: Browser, records: Records) -> None:
    records.measured(1)
    answer = alice.get("/my-data/afterglow-my-data.zip")
    assert answer.mimetype == "application/zip"
    assert answer.headers["Content-Disposition"] == "attachment"
    assert "no-store" in answer.headers["Cache-Control"]
    with ZipFile(BytesIO(answer.data)) as archive:
        assert archive.testzip() is None
        assert "about-me.json" in archive.namelist()
