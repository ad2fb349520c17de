"""The work list on the page: groups, search, and what is noted from it."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from sqlite_utils import Database

from tests.conftest import PASSPHRASE, PROTOCOLS
from tests.web.browser import Browser
from tests.web.conftest import Clock, Records
from tracker.actions.add_person import add_person
from tracker.actions.begin_treatment import begin_treatment
from tracker.alerts import Alert, Concern, Level
from tracker.people import Person, Role
from tracker.storage import alerts
from tracker.storage.connection import writing


def add_patient(db: Database, records: Records, name: str, email: str) -> Person:
    person = Person("", Role.PATIENT, name, email, "Europe/Berlin")
    patient = add_person(db, person, PASSPHRASE, cared_for_by=records.cast.dana.id)
    begin_treatment(db, PROTOCOLS, replace(records.cast.treatment, patient_id=patient.id))
    return patient


def seen(browser: Browser, shown: Alert, **changed: str) -> int:
    form = {"alert": shown.id, "asked": shown.raised_at.isoformat()} | changed
    return browser.send(f"/worklist/{shown.patient_id}/seen", form).status_code


def test_the_quiet_are_folded_and_can_be_asked_for(dana: Browser) -> None:
    page = dana.read("/")
    assert "1 in your care, nobody waits for you" in page
    assert re.search(r"<details[^>]* open>\s*<summary><h2[^>]*>.*Recovering", page)
    assert "<details" not in dana.read("/?show=recovering")
    assert "There is nobody here." in dana.read("/?show=silent")


def test_every_group_is_told_by_a_word_and_a_shape(dana: Browser, records: Records) -> None:
    records.measured(1)
    page = dana.read("/")
    assert '<span class="shape" aria-hidden="true">▣</span> New photos' in page
    assert ">1 new photo<" in page
    records.alert(level=Level.WATCH, concern=Concern.SILENCE)
    assert "▣</span> New photos" in dana.read("/")
    records.remark(records.cast.alice, "It stings.")
    assert '<span class="shape" aria-hidden="true">!</span> Needs an answer' in dana.read("/")


def test_people_are_searched_by_name_and_by_email(
    dana: Browser, records: Records, db: Database
) -> None:
    add_patient(db, records, "زينب", "zaynab@home.example")
    for sought in ("ali", "ALICE", "alice@cl"):
        page = dana.read(f"/?q={sought}")
        assert "<bdi>Alice</bdi>" in page
        assert "زينب" not in page
    assert "<bdi>زينب</bdi>" in dana.read("/?q=zaynab@")
    assert "No patient has this name." in dana.read("/?q=nobody")


def test_an_address_that_asks_for_nonsense_shows_the_list(dana: Browser) -> None:
    assert "<bdi>Alice</bdi>" in dana.read("/?show=everything&after=x.y.z&before=1&whose=")


def test_an_alert_is_seen_from_the_list(dana: Browser, records: Records, db: Database) -> None:
    alert = records.alert()
    assert "I have seen this" in dana.read("/")
    assert seen(dana, alert) == 303
    page = dana.read("/")
    assert "I have seen this" not in page
    assert "Seen, not closed" in page
    known = alerts.get(db, alert.id)
    assert known is not None
    assert known.acknowledged_by == records.cast.dana.id


def test_what_was_not_shown_is_not_acknowledged(
    dana: Browser, records: Records, db: Database, clock: Clock
) -> None:
    alert = records.alert(level=Level.REVIEW)
    with writing(db):
        alerts.save(db, replace(alert, level=Level.URGENT, raised_at=clock.now))
    answer = dana.send(
        f"/worklist/{alert.patient_id}/seen?show=answer",
        {"alert": alert.id, "asked": alert.raised_at.isoformat()},
    )
    assert answer.status_code == 409
    assert "That alert has changed since it was shown." in answer.text
    known = alerts.get(db, alert.id)
    assert known is not None
    assert known.needs_answer
    assert seen(dana, alert, asked="") == 409
    assert seen(dana, alert, alert="of somebody else") == 404


def test_assistants_are_not_offered_what_they_may_not_do(
    records: Records, fay: Person, browser_of: Callable[[Person], Browser]
) -> None:
    alert = records.alert()
    browser = browser_of(fay)
    assert alert.id in browser.read("/")
    assert "I have seen this" not in browser.read("/")
    assert seen(browser, alert) == 404


def test_the_next_who_waits_is_one_link_away(dana: Browser, records: Records, db: Database) -> None:
    records.remark(records.cast.alice, "It stings.")
    bea = add_patient(db, records, "Bea", "bea@home.example")
    assert f"/worklist/after/{bea.id}" in dana.read(f"/patients/{bea.id}")
    found = dana.get(f"/worklist/after/{bea.id}").headers["Location"]
    assert found == f"/patients/{records.cast.alice.id}"
    assert dana.get(f"/worklist/after/{records.cast.alice.id}").headers["Location"] == "/"


def etag(browser: Browser) -> str:
    return browser.get("/worklist/version").headers["ETag"]


def test_the_version_changes_with_what_the_list_tells_and_with_nothing_else(
    dana: Browser, records: Records, clock: Clock
) -> None:
    known = etag(dana)
    answer = dana.client.get(
        "/worklist/version", base_url="http://localhost", headers={"If-None-Match": known}
    )
    assert answer.status_code == 304
    changes: list[Callable[[], object]] = [
        records.alert,
        lambda: records.remark(records.cast.alice, "It stings."),
        lambda: dana.read(f"/patients/{records.cast.alice.id}/conversation"),
        lambda: records.measured(2),
        lambda: records.absence(records.cast.eli),
    ]
    for change in changes:
        change()
        assert etag(dana) != known
        known = etag(dana)
    dana.send("/settings", {"hour": "8", "time_zone": "Europe/Berlin"})
    assert etag(dana) == known
    assert f'data-version="{known[1:-1]}"' in dana.read("/")


def test_a_new_day_and_a_deputys_first_morning_change_the_version_too(
    records: Records, clock: Clock, browser_of: Callable[[Person], Browser]
) -> None:
    absence = records.absence(records.cast.dana, deputy=records.cast.eli)
    clock.now = absence.begins_at - timedelta(hours=1)
    eli = browser_of(records.cast.eli)
    before = etag(eli)
    clock.now = absence.begins_at
    assert etag(eli) != before


def test_an_alert_that_is_judged_again_to_the_same_end_changes_nothing(
    dana: Browser, records: Records, db: Database
) -> None:
    alert = records.alert()
    known = etag(dana)
    with writing(db):
        alerts.save(db, replace(alert, probability=0.98))
    assert etag(dana) == known


def test_beside_an_alert_about_one_region_its_own_number_stands(
    records: Records, dana: Browser
) -> None:
    latest = [records.measured(day) for day in (1, 2)][-1]
    assert "Redness, whole face" in dana.read("/")
    records.alert(latest)
    page = dana.read("/")
    assert "Redness, left cheek" in page
    assert "Redness, whole face" not in page
