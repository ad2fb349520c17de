"""The work list on the page: groups, search, and what is noted from it."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from sqlite_utils import Database

from tests.conftest import PASSPHRASE, PROTOCOLS
from tests.web.browser import Browser
from tests.web.conftest import Clock, Records
from tracker.actions.course.treatments import begin_treatment
from tracker.actions.people.accounts import add_person
from tracker.domain.alerts.alerts import Concern, Level
from tracker.domain.people.people import Person, Role
from tracker.storage.alerts import alerts
from tracker.storage.connection import writing


def add_patient(db: Database, records: Records, name: str, email: str) -> Person:
    person = Person("", Role.PATIENT, name, email, "Europe/Berlin")
    patient = add_person(db, person, PASSPHRASE, cared_for_by=records.cast.dana.id)
    begin_treatment(db, PROTOCOLS, replace(records.cast.treatment, patient_id=patient.id))
    return patient


def test_the_quiet_are_folded_and_can_be_asked_for(dana: Browser) -> None:
    page = dana.read("/")
    assert "1 in your care, no one waits for you" in page
    assert re.search(r"<details[^>]* open>\s*<summary><h2[^>]*>.*Recovering", page)
    assert "<details" not in dana.read("/?show=recovering")
    assert "No one is here." in dana.read("/?show=silent")


def test_every_group_is_told_by_a_word_and_a_shape(dana: Browser, records: Records) -> None:
    records.measured(1)
    page = dana.read("/")
    assert '<span class="shape" aria-hidden="true">▣</span> New photos' in page
    assert ">1 new photo, unseen for 2 days<" in page
    records.alert(level=Level.WATCH, concern=Concern.SILENCE)
    assert "▣</span> New photos" in dana.read("/")
    records.message(records.cast.alice, "It stings.")
    assert '<span class="shape" aria-hidden="true">!</span> Needs an answer' in dana.read("/")


def test_new_photos_say_for_how_many_days_and_which_are_not_measured(
    dana: Browser, records: Records
) -> None:
    records.photo(3)
    assert ">1 new photo, came today, not measured yet<" in dana.read("/")
    records.photo(2)
    assert ">2 new photos, unseen since yesterday, 2 not measured yet<" in dana.read("/")


def test_a_row_shows_before_and_now_small_and_only_when_scrolled_to(
    dana: Browser, records: Records
) -> None:
    before, photo = records.measured(-1), records.measured(1)
    page = dana.read("/")
    small = re.findall(r'<img src="([^"]+)" alt="([^"]+)"[^>]*loading="lazy"', page)
    folder = f"/patients/{photo.patient_id}/photos"
    assert [alt for _, alt in small] == ["Alice: before treatment", "Alice: day 1"]
    assert [src.rpartition("/")[2] for src, _ in small] == ["thumbnail", "thumbnail"]
    assert small[1][0] == f"{folder}/{photo.id}/thumbnail"
    assert dana.get(small[1][0]).status_code == 200
    assert "1 new photo" in dana.read("/"), "a small picture leaves it new"
    assert f'href="/patients/{photo.patient_id}/compare?after={photo.id}&amp;mode=side"' in page
    assert before.id != photo.id


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


def test_a_row_opens_its_alert_and_cannot_acknowledge_what_no_person_has_opened(
    dana: Browser, records: Records, db: Database
) -> None:
    alert = records.alert()
    page = dana.read("/")
    assert f'href="/alerts/{alert.id}">Open<' in page
    assert "I have seen this" not in page
    assert "Raised today, 08:00, not opened yet" in page
    form = {"alert": alert.id, "asked": alert.raised_at.isoformat()}
    assert dana.send(f"/worklist/{alert.patient_id}/seen", form).status_code == 404
    assert alerts.get(db, alert.id) == alert


def test_an_urgent_alert_seen_and_not_answered_stays_on_top_and_says_who_has_it(
    dana: Browser, records: Records, db: Database
) -> None:
    bea = add_patient(db, records, "Bea", "bea@home.example")
    urgent = records.alert()
    review = records.alert(level=Level.REVIEW, concern=Concern.ALLERGIC_REACTION)
    with writing(db):
        course = db.query("SELECT id FROM treatments WHERE patient_id = ?", [bea.id])
        alerts.save(db, replace(review, patient_id=bea.id, treatment_id=next(course)["id"]))

    def first() -> str:
        return re.split(r'<li class="row', dana.read("/"))[1]

    dana.read(f"/alerts/{urgent.id}")
    assert "<bdi>Alice</bdi>" in first()
    assert "Dr Dana has it, opened today, 10:00, no answer yet" in first()
    dana.answer(urgent.id, "answer", {})
    assert "<bdi>Alice</bdi>" in first()
    assert "Dr Dana has it, seen today, 10:00, decides before 10:30 today" in first()
    assert "2 of 2 wait for you" in dana.read("/")


def test_a_row_shows_the_worst_alert_first_however_new_the_others_are(
    dana: Browser, records: Records, db: Database, clock: Clock
) -> None:
    urgent = records.alert()
    dana.answer(urgent.id, "answer", {})
    fresh = records.alert(level=Level.REVIEW, concern=Concern.ALLERGIC_REACTION)
    with writing(db):
        alerts.save(db, replace(fresh, raised_at=clock.now))
    page = dana.read("/")
    assert page.index("point to an infection") < page.index("point to an allergic reaction")


def test_a_snoozed_urgent_alert_keeps_a_visible_place_and_says_until_when(
    dana: Browser, records: Records
) -> None:
    alert = records.alert()
    reason = {"until": "2026-03-07", "snooze_why": "see her on Saturday"}
    dana.answer(alert.id, "snooze", reason)
    page = dana.read("/")
    assert "◷</span> Snoozed" in page
    assert "Snoozed until Saturday 7 March by Dr Dana" in page
    assert "<details" not in page


def test_assistants_open_alerts_and_are_not_offered_what_they_may_not_do(
    records: Records, fay: Person, browser_of: Callable[[Person], Browser]
) -> None:
    alert = records.alert()
    browser = browser_of(fay)
    assert alert.id in browser.read("/")
    assert "I have seen this" not in browser.read(f"/alerts/{alert.id}")


def test_the_next_who_waits_is_one_link_away(dana: Browser, records: Records, db: Database) -> None:
    records.message(records.cast.alice, "It stings.")
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
        lambda: records.message(records.cast.alice, "It stings."),
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
    clock.now = absence.begins_at - timedelta(minutes=59)
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


def numbers(page: str) -> str:
    """The numbers of the first row, as text."""
    (facts,) = re.findall(r'<dl class="facts">(.*?)</dl>', page, re.DOTALL)[:1]
    return " ".join(re.sub(r"<[^>]+>", " ", facts).split())


def test_no_calm_trend_is_next_to_the_number_of_a_patient_with_an_alert(
    records: Records, dana: Browser
) -> None:
    for day in (1, 2):
        records.measured(day, lambda *_: 0.2)
    assert "→ no change" in numbers(dana.read("/"))
    records.alert(level=Level.WATCH)
    assert "no change" not in numbers(dana.read("/"))
    records.measured(3, lambda *_: 1.8)
    assert "↗ redder" in numbers(dana.read("/"))


def test_a_photo_and_a_number_that_are_not_the_newest_say_their_day(
    records: Records, dana: Browser
) -> None:
    records.measured(1)
    assert "not the newest" not in dana.read("/")
    records.photo(2)
    page = dana.read("/")
    assert "Day 1<br>not the newest" in page
    assert "Redness, whole face, day 1" in numbers(page)
    assert "not measured" in numbers(page)
