"""A photo whose time is in doubt: who is asked, and who reads it."""

from datetime import datetime
from io import BytesIO

import pytest
from sqlite_utils import Database

from analysis.containers.notes import Lost
from analysis.stored_form import StoredForm
from tests.web.browser import Browser
from tests.web.conftest import Clock, Records
from tests.web.test_upload import NothingKnown, Seen, Verdict
from tracker.storage.course import photos

SLOW = datetime(2002, 12, 8, 12)  # noqa: DTZ001
ASKS = ("data-asks-for-time", '<details class="more" open>', "It was taken just now")
LATE = "The photo from before came after the treatment"


@pytest.fixture(autouse=True)
def slow_camera(monkeypatch: pytest.MonkeyPatch) -> None:
    """A gate that lets every photo pass, and a camera that never had its clock set."""
    receive = "tracker.actions.course.receiving"
    monkeypatch.setattr(f"{receive}.decode_photo", lambda data, *_, **__: Seen(data))
    monkeypatch.setattr(f"{receive}.to_stored_form", lambda data: StoredForm(data, SLOW))
    monkeypatch.setattr(f"{receive}.recalling", lambda *_: NothingKnown())
    monkeypatch.setattr(f"{receive}.judge_photo", lambda *_: Verdict())


def send(browser: Browser, **values: str) -> str:
    photo = {"photo": (BytesIO(b"photo"), "photo.jpg")}
    return browser.send("/photo", {"role": "follow_up", **values, **photo}, follow=True).text


def test_the_person_is_asked_and_just_now_is_enough(
    alice: Browser, records: Records, db: Database, clock: Clock
) -> None:
    records.photo(-1)
    page = send(alice)
    assert all(words in page for words in ASKS)
    assert "choose “before treatment”" not in page
    assert "Thank you, your photo is here" in send(alice, just_now="yes")
    kept = photos.of_treatment(db, records.cast.treatment.id)[-1]
    assert kept.taken_at == clock.now


def test_just_now_and_another_time_are_not_both_taken(alice: Browser, records: Records) -> None:
    records.photo(-1)
    page = send(alice, just_now="yes", taken_at="2026-03-03T08:00")
    assert "Tick “just now” or give a day and time, not both." in page


def test_a_photo_taken_on_the_page_may_be_half_a_day_off_but_not_years(
    alice: Browser, records: Records, clock: Clock
) -> None:
    records.photo(-1)
    page = send(alice, source="camera", made_at=clock.now.isoformat())
    assert all(words in page for words in ASKS)


def test_a_late_photo_from_before_needs_a_day_and_is_shown_as_late_to_everybody(
    alice: Browser, dana: Browser, records: Records, db: Database
) -> None:
    page = send(alice, role="baseline")
    assert "needs a day of its own" in page
    assert "data-asks-for-time" in page
    assert "This photo from before came after your treatment" in send(
        alice, role="baseline", taken_at="2026-02-20T08:00"
    )
    assert photos.baseline(db, records.cast.treatment.id) is not None
    alert = records.alert()
    for path in (f"/alerts/{alert.id}", f"/patients/{records.cast.alice.id}"):
        assert LATE in dana.read(path)


def test_one_that_came_in_time_is_not_doubted(
    alice: Browser, dana: Browser, records: Records
) -> None:
    before = records.photo(-1)
    alert = records.alert()
    assert "came after" not in alice.read(f"/photos/{before.id}")
    for path in (f"/alerts/{alert.id}", f"/patients/{records.cast.alice.id}"):
        assert LATE not in dana.read(path)


@pytest.mark.parametrize(("doublings", "differs"), [(0.1, False), (1.0, True), (-1.0, True)])
def test_photos_from_before_that_differ_are_doubted(
    doublings: float, differs: bool, dana: Browser, records: Records
) -> None:
    records.measured(-2, redness=lambda *_: 0.0)
    records.measured(-1, redness=lambda *_: doublings)
    alert = records.alert()
    words = "times as red as in the other"
    for path in (f"/alerts/{alert.id}", f"/patients/{records.cast.alice.id}"):
        assert (words in dana.read(path)) is differs


def test_what_the_file_could_not_say_is_said(
    alice: Browser, records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    records.photo(-1)
    monkeypatch.setattr(
        "tracker.actions.course.receiving.to_stored_form",
        lambda data: StoredForm(data, lost=frozenset({Lost.TIME, Lost.COLOURS})),
    )
    page = send(alice)
    assert "did not say when it was taken" in page
    assert "The colours are only near" in page


def test_the_clinic_reads_that_left_and_right_are_not_sure(dana: Browser, records: Records) -> None:
    before = records.photo(-1)
    alert = records.alert()
    paths = (f"/alerts/{alert.id}", f"/patients/{records.cast.alice.id}")
    assert all("Left and right may be swapped" in dana.read(path) for path in paths)
    records.db.execute("UPDATE photos SET sides = 'sure' WHERE id = ?", [before.id])
    assert not any("Left and right may be swapped" in dana.read(path) for path in paths)
