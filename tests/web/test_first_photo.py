"""From the link of the invitation to the first photo, before any treatment is entered."""

import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from importlib.resources import files
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from sqlite_utils import Database

from analysis.quality import Quality
from tests.conftest import PASSPHRASE, PROTOCOLS, TREATED_AT, Cast
from tests.web.browser import Browser
from tests.web.conftest import Clock
from tracker.actions.course.treatments import begin_treatment
from tracker.actions.own_data.closing import close_account, erase_accounts
from tracker.domain.people.people import Person
from tracker.storage.connection import writing
from tracker.storage.course import early_photos
from tracker.storage.people import people
from tracker.world import World

FACE = Path(str(files("sample_images"))) / "normal_type_2" / "baseline-1.jpg"


@pytest.fixture(autouse=True)
def good_pixels(monkeypatch: pytest.MonkeyPatch) -> None:
    good = Quality(faults=(), warnings=(), face=None)
    monkeypatch.setattr("tracker.actions.course.receiving.judge_photo", lambda *_: good)


@pytest.fixture
def untreated(cast: Cast, db: Database, browser_of: Callable[[Person], Browser]) -> Browser:
    """Bob, in Dr Dana's care and not treated yet."""
    with writing(db):
        people.add_to_care(db, cast.dana.id, cast.bob.id)
    return browser_of(cast.bob)


def photo_form(file: BytesIO | None = None, **words: str) -> dict[str, object]:
    sent = file or BytesIO(FACE.read_bytes())
    return {"photo": (sent, "face.jpg"), "role": "baseline", "source": "page", **words}


def test_the_camera_opens_without_a_treatment_and_the_photo_is_kept(
    untreated: Browser, dana: Browser, cast: Cast, db: Database
) -> None:
    assert "Take the photo" in untreated.read("/")
    form = untreated.read("/photo")
    assert "Open the camera" in form
    assert "after treatment" not in form
    answer = untreated.send("/photo", photo_form())
    assert answer.status_code == 303
    kept = untreated.read(answer.location)
    assert "When your clinic has entered your treatment" in kept
    assert "Your photo is kept" in untreated.read("/")
    (early,) = early_photos.of_patient(db, cast.bob.id)
    assert early.id in dana.read(f"/patients/{cast.bob.id}")
    assert "Waits for your treatment" in untreated.read("/my-data/photos")


def test_check_in_and_progress_say_why_they_are_empty_and_what_to_do(untreated: Browser) -> None:
    for path, why in (
        ("/check-in", "The check-in begins on the day of your treatment"),
        ("/progress", "There is no curve yet: it needs your treatment"),
    ):
        page = untreated.read(path)
        assert why in page
        assert "Welcome" not in page
        assert "Take the photo" in page
        assert "call your clinic" in page
    assert "There is no curve" not in untreated.read("/")


def test_the_phone_keeps_the_photo_form_for_the_time_without_a_network(untreated: Browser) -> None:
    page = untreated.read("/offline")
    assert "Send photo" in page
    assert "Check-in</h2>" not in page


def test_who_opened_a_waiting_photo_is_on_record(
    untreated: Browser, dana: Browser, alice: Browser, cast: Cast, db: Database
) -> None:
    untreated.send("/photo", photo_form())
    (early,) = early_photos.of_patient(db, cast.bob.id)
    picture = f"/patients/{cast.bob.id}/photos/{early.id}/photo"
    assert alice.get(picture).status_code == 404
    assert "Dr Dana" not in untreated.read("/my-data").partition("Who has opened")[2]
    assert dana.get(picture).mimetype == "image/jpeg"
    assert untreated.get(picture).status_code == 200
    assert "Photo of" in untreated.read("/my-data")


def test_what_was_wrong_with_a_photo_is_said_and_the_page_asks_neither_before_nor_after(
    untreated: Browser,
) -> None:
    answer = untreated.send("/photo", {"role": "baseline"})
    assert answer.status_code == 422
    assert "Choose a photo first" in answer.text
    assert "after treatment" not in answer.text


def test_a_photo_that_nothing_dates_is_shown_to_the_clinic_until_it_is_opened(
    untreated: Browser, dana: Browser, cast: Cast, db: Database, clock: Clock
) -> None:
    clock.now = TREATED_AT + timedelta(days=1)
    bare = BytesIO()  # a file that does not say when it was taken
    Image.open(FACE).save(bare, "JPEG")
    bare.seek(0)
    assert untreated.send("/photo", photo_form(bare, source="")).status_code == 303
    (early,) = early_photos.of_patient(db, cast.bob.id)
    begin_treatment(db, PROTOCOLS, replace(cast.treatment, patient_id=cast.bob.id))
    assert early_photos.of_patient(db, cast.bob.id) == [early]
    page = dana.read(f"/patients/{cast.bob.id}")
    assert 'class="note amber"><p><strong>Not measured: nothing says' in page
    assert f"/photos/{early.id}/photo" in page
    dana.get(f"/patients/{cast.bob.id}/photos/{early.id}/photo")
    assert 'class="note info"><p><strong>Not measured' in dana.read(f"/patients/{cast.bob.id}")
    assert "send it again and say when you took it" in untreated.read("/")
    assert "Not measured: we do not know" in untreated.read("/my-data/photos")


def test_photos_that_wait_are_downloaded_and_erased_like_all_others(
    untreated: Browser, cast: Cast, db: Database, world: World, clock: Clock
) -> None:
    untreated.send("/photo", photo_form())
    (early,) = early_photos.of_patient(db, cast.bob.id)
    archive = untreated.get("/my-data/afterglow-my-data.zip")
    names = zipfile.ZipFile(BytesIO(archive.data)).namelist()
    assert [name for name in names if "waiting/" in name] == [
        f"waiting/001-{clock.now.date()}-front.jpg"
    ]
    assert close_account(db, cast.bob.id, PASSPHRASE, 0, clock.now) is not None
    erase_accounts(
        db, world.files, world.parts, world.settings.outbox, clock.now + timedelta(days=1)
    )
    assert early_photos.of_patient(db, cast.bob.id) == []
    assert early.id not in set(world.files.ids())
