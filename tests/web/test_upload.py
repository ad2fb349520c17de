"""Photos through the form, up to the answer on the page."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from io import BytesIO
from typing import NoReturn

import pytest
from flask import Flask
from sqlite_utils import Database
from werkzeug.test import TestResponse

from analysis.card.comparison import CardSight
from analysis.card.locator import CardTrouble
from analysis.errors import Fault, Unmeasurable
from analysis.stored_form import StoredForm
from tests.conftest import TREATED_AT, Cast
from tests.web.browser import Browser
from tests.web.conftest import Clock, Records
from tracker.domain.course.photos import PhotoStatus
from tracker.domain.people.people import Person
from tracker.wires.processes import Busy


@dataclass(frozen=True)
class Seen:
    """A photo as a pretended gate sees it."""

    data: bytes


@dataclass(frozen=True)
class Verdict:
    """What the pretended gate says."""

    faults: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


class NothingKnown:
    """What is known of pretended photos: they show no card, and nothing is kept of them."""

    def open(self, data: bytes, **_: object) -> Seen:
        return Seen(data)

    def card(self, _photo: object) -> CardSight:
        return CardSight(None, None, CardTrouble.NOT_FOUND)

    def tell(self, *_: object, **__: object) -> bytes:
        return b""

    hand_on = tell


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """A gate that lets every photo pass, or names the given faults."""

    def set_faults(*faults: str) -> None:
        receive = "tracker.actions.course.receiving"
        monkeypatch.setattr(f"{receive}.decode_photo", lambda data, *_, **__: Seen(data))
        monkeypatch.setattr(f"{receive}.to_stored_form", StoredForm)
        monkeypatch.setattr(f"{receive}.recalling", lambda *_: NothingKnown())
        monkeypatch.setattr(f"{receive}.judge_photo", lambda *_: Verdict(faults))

    set_faults()
    return set_faults


def send(browser: Browser, data: bytes = b"photo", **values: str) -> TestResponse:
    photo = {"photo": (BytesIO(data), "photo.jpg")}
    return browser.send("/photo", {"role": "follow_up", **values, **photo}, follow=True)


@pytest.mark.usefixtures("gate")
def test_an_accepted_photo_is_being_measured_and_the_page_looks_again(
    alice: Browser, records: Records
) -> None:
    records.photo(-1)
    page = send(alice).text
    assert "Thank you, your photo is here" in page
    assert "We are measuring it" in page
    assert "data-refresh" in page
    assert '<noscript><meta http-equiv="refresh"' in page


@pytest.mark.usefixtures("gate")
def test_a_photo_without_one_from_before_says_what_it_waits_for(alice: Browser) -> None:
    page = send(alice).text
    assert "It waits for your photo from before" in page
    assert "data-refresh" not in page


def test_a_refused_photo_says_why_with_one_remedy_each_and_keeps_nothing(
    alice: Browser, gate: Callable[..., None], db: Database
) -> None:
    gate("blurred", "too_dark")
    answer = send(alice, skin_state="sunscreen")
    assert answer.status_code == 422
    assert "This photo was not kept" in answer.text
    assert "The photo is blurred." in answer.text
    assert "Turn to a window" in answer.text
    assert '<option value="sunscreen" selected>' in answer.text
    assert list(db.query("SELECT id FROM photos")) == []


def test_a_photo_that_overstrains_the_sandbox_cannot_be_opened_and_nothing_is_kept(
    alice: Browser, cast: Cast, app: Flask, db: Database
) -> None:
    def dies(*_: object) -> NoReturn:
        raise Unmeasurable(Fault.UNREADABLE, "its process died")

    judge_uploads_by(app, dies)
    message = {"text": "Look", "key": "k" * 16, "photo": (BytesIO(b"photo"), "a.jpg")}
    said = alice.send(f"/patients/{cast.alice.id}/conversation", message)
    for answer in (send(alice), said):
        assert answer.status_code == 422
        assert "We cannot open this file as a photo" in answer.text
    assert list(db.query("SELECT id FROM photos UNION SELECT id FROM remarks")) == []


def test_a_photo_for_which_there_is_no_room_is_sent_away_for_some_seconds(
    alice: Browser, app: Flask, db: Database
) -> None:
    def full(*_: object) -> NoReturn:
        raise Busy("too many uploads wait to be judged")

    judge_uploads_by(app, full)
    answer = send(alice)
    assert answer.status_code == 503
    assert 20 <= int(answer.headers["Retry-After"]) < 60
    assert "Many photos are arriving" in answer.text
    assert "What you sent was not kept" in answer.text
    assert list(db.query("SELECT id FROM photos")) == []
    assert alice.send("/check-in", {"pain": "2"}).status_code == 303


def judge_uploads_by(app: Flask, apart: Callable[..., NoReturn]) -> None:
    pages = app.extensions["afterglow"]
    app.extensions["afterglow"] = replace(pages, world=replace(pages.world, apart=apart))


def test_something_that_is_no_photo_is_refused_by_the_real_gate(alice: Browser) -> None:
    for data in (b"hello", b"", b"\xff\xd8\xff\xe0 cut"):
        answer = send(alice, data)
        assert answer.status_code == 422, data
        assert "We cannot open this file as a photo" in answer.text


@pytest.mark.usefixtures("gate")
def test_the_same_photo_twice_is_kept_once(alice: Browser, db: Database) -> None:
    send(alice)
    assert "Nothing was stored twice" in send(alice).text
    assert len(list(db.query("SELECT id FROM photos"))) == 1


@pytest.mark.usefixtures("gate")
@pytest.mark.parametrize(
    ("taken_at", "role", "problem"),
    [
        ("2026-03-09T08:00", "follow_up", "The time you gave is in the future"),
        ("2026-03-01T08:00", "follow_up", "is before your treatment"),
        ("2026-03-04T08:00", "baseline", "was taken after your treatment"),
    ],
)
def test_a_time_that_cannot_be_is_refused(
    alice: Browser, taken_at: str, role: str, problem: str
) -> None:
    answer = send(alice, taken_at=taken_at, role=role)
    assert answer.status_code == 422
    assert problem in answer.text
    assert f'value="{taken_at}"' in answer.text


@pytest.mark.usefixtures("gate")
def test_a_time_without_a_zone_is_the_patients_own(alice: Browser, db: Database) -> None:
    send(alice, taken_at="2026-03-04T08:10")
    rows = list(db.query("SELECT taken_at FROM photos"))
    assert rows[0]["taken_at"].startswith("2026-03-04T07:10")


def test_a_form_without_a_photo_names_the_field(alice: Browser) -> None:
    answer = alice.send("/photo", {"role": "follow_up"})
    assert answer.status_code == 422
    assert '<a href="#photo">Choose a photo first.</a>' in answer.text


def test_somebody_without_a_treatment_is_told_kindly(
    records: Records, browser_of: Callable[[Person], Browser]
) -> None:
    bob = browser_of(records.cast.bob)
    answer = send(bob)
    assert answer.status_code == 409
    assert "Your clinic has not entered your treatment yet" in answer.text
    for path in ("/", "/photo", "/check-in", "/progress"):
        assert "has not entered your treatment" in bob.read(path)


def test_a_measured_photo_shows_words_and_both_faces(alice: Browser, records: Records) -> None:
    records.measured(-1)
    photo = records.measured(3)
    page = alice.read(f"/photos/{photo.id}")
    assert "Measured, compared with your photo from before" in page
    assert re.search(r"Redness: [\d.]+\s× the redness of before", page)
    for picture in ("baseline", "aligned"):
        assert f"/photos/{photo.id}/{picture}" in page


def test_a_photo_that_could_not_be_measured_asks_for_another(
    alice: Browser, records: Records, clock: Clock
) -> None:
    records.photo(-1)
    photo = records.photo(3, PhotoStatus.UNMEASURABLE, faults=("different_person",))
    page = alice.read(f"/photos/{photo.id}")
    assert "We cannot match this face" in page
    assert "Take it again" in page
    clock.now = TREATED_AT + timedelta(days=3, hours=1)
    assert "Take it again" in alice.read("/")


def test_without_script_a_phone_offers_camera_and_library(alice: Browser) -> None:
    page = alice.read("/photo")
    inputs = re.findall(r'<input[^>]*type="file"[^>]*>', page)
    assert len(inputs) == 2
    assert all('accept="image/*"' in tag and 'name="photo"' in tag for tag in inputs)
    assert sum("capture" in tag for tag in inputs) == 1


@pytest.mark.parametrize("paper", ["a4", "letter"])
def test_the_card_can_be_printed_from_the_page_of_the_photo(alice: Browser, paper: str) -> None:
    assert f'href="/card-{paper}.pdf"' in alice.read("/photo")
    page = alice.get(f"/card-{paper}.pdf")
    assert page.mimetype == "application/pdf"
    assert page.data.startswith(b"%PDF")
    assert alice.get("/card-a3.pdf").status_code == 404
