"""The page on which people say when they are away."""

from collections.abc import Callable
from datetime import timedelta

from sqlite_utils import Database

from tests.conftest import PASSPHRASE, TREATED_AT
from tests.web.browser import Browser
from tests.web.conftest import Clock, Records
from tracker.domain.people.people import Person
from tracker.storage.connection import writing
from tracker.storage.people import people

PAGE = "/settings/absences"
DAYS = {"first_day": "2026-03-06", "last_day": "2026-03-08"}


def test_an_absence_is_entered_shown_and_called_off(dana: Browser, records: Records) -> None:
    page = dana.send(PAGE, {**DAYS, "deputy": records.cast.eli.id}, follow=True).text
    assert "Fri 6 Mar – Sun 8 Mar 2026" in page
    assert "Dr Eli stands in" in page
    action = page.split('action="/settings/absences/')[1].split('"')[0]
    page = dana.send(f"{PAGE}/{action}", {}, follow=True).text
    assert "called off" in page
    assert "Earlier absences" in page


def test_wrong_days_keep_what_was_typed_and_name_the_remedy(dana: Browser) -> None:
    answer = dana.send(PAGE, {"first_day": "2026-03-09", "last_day": "2026-03-08"})
    assert answer.status_code == 422
    assert "swap them" in answer.text
    assert 'value="2026-03-09"' in answer.text
    assert "Choose the last day away." in dana.send(PAGE, {"first_day": "2026-03-09"}).text


def test_a_deputy_who_was_suspended_is_not_said_to_stand_in(
    db: Database, dana: Browser, records: Records
) -> None:
    records.absence(records.cast.dana, deputy=records.cast.eli)
    with writing(db):
        people.suspend(db, records.cast.eli.id, TREATED_AT)
    assert "You are away until Mon 9 Mar; the next in turn is asked." in dana.read("/")
    assert "Dr Eli cannot stand in any more; the next in turn is asked" in dana.read(PAGE)


def test_the_deputy_finds_the_patients_on_the_work_list_and_may_answer(
    dana: Browser,
    records: Records,
    clock: Clock,
    browser_of: Callable[[Person], Browser],
) -> None:
    alert = records.alert()
    absence = records.absence(records.cast.dana, deputy=records.cast.eli)
    eli = browser_of(records.cast.eli)
    page = eli.read("/")
    assert "Standing in for Dr Dana until Mon 9 Mar: 1 patient" in page
    assert "for Dr Dana" in page
    assert "Alice" in eli.read(f"/?whose={records.cast.dana.id}")
    assert "Alice" not in eli.read(f"/?whose={records.cast.eli.id}")
    assert "Alice" in eli.read("/alerts")
    page = eli.answer(alert.id, "answer", {}, follow=True).text
    assert "Dr Eli has it, seen today, 10:00" in page
    assert "You are away until Mon 9 Mar; Dr Eli stands in." in dana.read("/")
    clock.now = absence.ends_at + timedelta(minutes=1)
    eli.sign_in(records.cast.eli, PASSPHRASE)
    assert eli.get(f"/alerts/{alert.id}").status_code == 404
    assert "No patient is in your care yet" in eli.read("/")
