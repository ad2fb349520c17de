"""What patients may know and decide about their own data."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from io import BytesIO
from zipfile import ZipFile

from sqlite_utils import Database

from tests.conftest import PASSPHRASE, TREATED_AT, Cast
from tests.web.browser import Browser
from tests.web.conftest import Clock, Records
from tracker.domain.course.photos import Photo
from tracker.domain.people.people import Person
from tracker.storage.own_data import looks
from tracker.wires.photo_files import Picture
from tracker.world import World
from web import create_app

BrowserOf = Callable[[Person], Browser]


def open_picture(browser: Browser, photo: Photo, picture: Picture = Picture.PHOTO) -> None:
    path = f"/patients/{photo.patient_id}/photos/{photo.id}/{picture}"
    assert browser.get(path).status_code == 200


def test_alice_reads_who_opened_her_photo_and_when(
    alice: Browser, cast: Cast, browser_of: BrowserOf, records: Records, clock: Clock
) -> None:
    photo = records.measured(2)
    assert "opened by" not in alice.read(f"/photos/{photo.id}")
    assert "Nobody has opened your photos so far." in alice.read("/my-data")
    clock.now = TREATED_AT + timedelta(days=3, hours=4, minutes=10)
    open_picture(browser_of(cast.dana), photo)
    for path in (f"/photos/{photo.id}", "/progress"):
        assert "Photo opened by Dr Dana today, 14:10" in alice.read(path)
    page = alice.read("/my-data")
    assert "<strong>Dr Dana</strong> opened 1 photo, last today, 14:10." in page


def test_only_the_photo_that_was_opened_counts_as_opened(
    alice: Browser, dana: Browser, records: Records
) -> None:
    unopened, opened = records.measured(1), records.measured(2)
    open_picture(dana, opened, Picture.PHOTO)
    assert "Photo opened by Dr Dana" not in alice.read(f"/photos/{unopened.id}")
    assert "Photo opened by Dr Dana" in alice.read(f"/photos/{opened.id}")


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


def decide(browser: Browser, purpose: str, decision: str, photo: Photo | None = None) -> None:
    values = {"purpose": purpose, "decision": decision, "photo_id": photo.id if photo else ""}
    assert browser.send("/my-data/uses", values).status_code == 303


def test_alice_allows_teaching_for_one_photo_and_her_clinic_reads_it(
    alice: Browser, dana: Browser, records: Records, cast: Cast
) -> None:
    photo = records.measured(1)
    decide(alice, "teaching", "given", photo)
    assert "Teaching: yes" in alice.read("/my-data/photos")
    assert "Allowed for the photo of" in alice.read("/my-data")
    page = dana.read(f"/patients/{cast.alice.id}")
    assert "May serve care and teaching" in page
    assert "<dt>Photos may serve</dt><dd>care</dd>" in page


def test_withdrawing_care_is_said_plainly_on_both_sides_and_can_be_undone(
    alice: Browser, dana: Browser, records: Records, cast: Cast
) -> None:
    records.measured(1)
    assert "Your treatment will no longer be measured." in alice.read("/my-data")
    decide(alice, "care", "withdrawn")
    for path in ("/", "/photo", "/check-in"):
        assert "Nothing is measured" in alice.read(path), path
    kept_by_the_phone = alice.read("/offline")
    assert "You are offline" in kept_by_the_phone
    assert "Send" not in kept_by_the_phone
    assert alice.send("/check-in", {"pain": "9"}).status_code == 409
    assert "Your progress" in alice.read("/progress")
    for path in ("/", f"/patients/{cast.alice.id}"):
        assert "Consent to care withdrawn" in dana.read(path)
    decide(alice, "care", "given")
    assert "Nothing is measured" not in alice.read("/")


def test_a_decision_that_names_no_use_is_asked_again(alice: Browser) -> None:
    answer = alice.send("/my-data/uses", {"purpose": "advertising", "decision": "given"})
    assert answer.status_code == 422
    assert "Choose again what you allow" in answer.text


def test_closing_the_account_takes_reading_a_tick_and_the_passphrase(
    alice: Browser, dana: Browser, cast: Cast
) -> None:
    assert "Nobody can bring it back." in alice.read("/my-data/close")
    unread = alice.send("/my-data/close", {"passphrase": PASSPHRASE})
    assert (unread.status_code, "Tick that you have read" in unread.text) == (422, True)
    wrong = alice.send("/my-data/close", {"understood": "yes", "passphrase": "a wrong passphrase"})
    assert (wrong.status_code, "That is not your passphrase." in wrong.text) == (422, True)
    closed = alice.send("/my-data/close", {"understood": "yes", "passphrase": PASSPHRASE})
    assert "Your account is closed" in closed.text
    assert alice.get("/").status_code == 303
    assert alice.sign_in(cast.alice, PASSPHRASE).status_code == 401
    assert "Alice" not in dana.read("/")


def test_a_clinic_that_must_keep_records_says_until_when(world: World, cast: Cast) -> None:
    keeps = replace(world, settings=replace(world.settings, keep_records_years=10))
    browser = Browser(create_app(keeps, Clock()))
    browser.sign_in(cast.alice, PASSPHRASE)
    page = browser.read("/my-data/close")
    assert "records of a treatment are kept for 10 years" in page
    assert "<strong>Wednesday 5 March 2036</strong>" in page


def test_guessing_the_passphrase_to_close_an_account_is_slowed_down(alice: Browser) -> None:
    guess = {"understood": "yes", "passphrase": "a wrong passphrase"}
    tries = [
        alice.send("/my-data/close", guess | {"email": f"{n}@home.example"}).status_code
        for n in range(11)
    ]
    assert tries[:10] == [422] * 10
    assert tries[10] == 429
