"""The practitioner's morning by keyboard: through the list, and new events meanwhile."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pytest
from playwright.sync_api import Page, expect
from sqlite_utils import Database

from tests.conftest import PASSPHRASE, PROTOCOLS, TREATED_AT, Cast
from tests.journeys.conftest import pages_open
from tests.journeys.test_browser import sign_in
from tests.post_office import free_port
from tests.web.conftest import Clock, Records
from tracker.actions.course.treatments import begin_treatment
from tracker.actions.people.accounts import add_person
from tracker.domain.alerts.alerts import Alert, Level, Outcome
from tracker.domain.alerts.promises import call_time
from tracker.domain.course.photos import PhotoStatus
from tracker.domain.people.people import Person, Role
from tracker.settings import Settings
from tracker.storage.alerts import alerts
from tracker.storage.columns import new_id
from tracker.storage.connection import writing
from tracker.storage.talk import conversation
from tracker.world import open_world

DESK = {"width": 1280, "height": 800}
NEXT_LOOK = 16_000  # milliseconds


@dataclass
class Desk:
    """Dr Dana's open work list: Alice has an alert, Bea and Cem are well."""

    address: str
    records: Records
    bea: Person


@pytest.fixture
def desk(settings: Settings, db: Database, cast: Cast, page: Page) -> Iterator[Desk]:
    port = free_port()
    world = open_world(replace(settings, port=port, base_url=f"http://127.0.0.1:{port}"))
    records = Records(db, world, cast)
    records.alert()
    bea = _patient(db, cast, "Bea", treated_at=TREATED_AT + timedelta(hours=1))
    _patient(db, cast, "Cem", TREATED_AT)
    page.set_viewport_size(DESK)  # type: ignore[arg-type]
    with pages_open(world, Clock()):
        page.clock.install()
        sign_in(page, world.settings.base_url, cast.dana.email, PASSPHRASE)
        keys_work(page)
        yield Desk(world.settings.base_url, records, bea)


def _patient(db: Database, cast: Cast, name: str, treated_at: datetime) -> Person:
    person = Person("", Role.PATIENT, name, f"{name.lower()}@home.example", "Europe/Berlin")
    patient = add_person(db, person, PASSPHRASE, cared_for_by=cast.dana.id)
    begin_treatment(
        db, PROTOCOLS, replace(cast.treatment, patient_id=patient.id, performed_at=treated_at)
    )
    return patient


def keys_work(page: Page) -> None:
    """Wait for the script."""
    expect(page.get_by_role("button", name="Keys")).to_be_visible()


def focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.textContent"))


def test_through_the_list_by_keyboard(page: Page, desk: Desk) -> None:
    page.keyboard.press("j")
    assert focused(page) == "Alice"
    page.keyboard.press("j")
    assert focused(page) == "Alice"  # the others are folded
    page.keyboard.press("a")
    page.wait_for_url("**/alerts/*")
    page.go_back()
    keys_work(page)
    page.get_by_text("Recovering", exact=False).last.click()
    page.keyboard.press("j")
    page.keyboard.press("j")
    assert focused(page) == "Bea"
    page.keyboard.press("k")
    assert focused(page) == "Alice"
    page.keyboard.press("/")
    page.keyboard.type("janka")  # letters, not keys
    expect(page.locator("#q")).to_have_value("janka")
    page.keyboard.press("Control+a")
    page.keyboard.type("bea")
    page.keyboard.press("Enter")
    page.wait_for_url("**/?q=bea")
    keys_work(page)
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/patients/{desk.bea.id}")
    link = page.get_by_role("link", name="Next who waits")
    expect(link).to_have_attribute("aria-keyshortcuts", "n")
    page.keyboard.press("n")
    page.wait_for_url(f"**/patients/{desk.records.cast.alice.id}")  # opened, and it still waits


def test_single_keys_can_be_switched_off(page: Page, desk: Desk) -> None:
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.get_by_label("Use single keys on this device").uncheck(force=True)
    page.get_by_role("button", name="Close").click()
    page.keyboard.press("j")
    assert focused(page) != "Alice"
    page.reload()
    keys_work(page)
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_hidden()


def test_what_comes_meanwhile_is_told_and_moves_nothing_until_it_is_asked_for(
    page: Page, desk: Desk
) -> None:
    page.keyboard.press("j")
    where = page.locator(".row").first.bounding_box()
    desk.records.message(desk.bea, "It stings.")
    page.clock.fast_forward(NEXT_LOOK)
    expect(page.get_by_text("1 change.")).to_be_visible()
    assert focused(page) == "Alice"
    assert page.locator(".row").first.bounding_box() == where
    expect(page.get_by_text("1 new message")).to_have_count(0)
    page.keyboard.press("r")
    expect(page.get_by_text("1 new message")).to_be_visible()
    assert focused(page) == "Alice"
    expect(page.get_by_text("2 of 3 wait for you")).to_be_visible()


@pytest.mark.parametrize("width", [390, 1280])
def test_an_urgent_alert_seen_and_not_answered_stays_on_top_of_the_list(
    page: Page, desk: Desk, width: int
) -> None:
    page.set_viewport_size({"width": width, "height": 844})
    desk.records.message(desk.bea, "It stings.")
    page.reload()
    first = page.locator(".row").first
    expect(first.get_by_text("not opened yet")).to_be_visible()
    first.get_by_role("link", name="Open").click()
    page.get_by_role("button", name="I have seen this").click()
    expect(page.get_by_text("Dr Dana has it, seen").first).to_be_visible()
    page.goto(desk.address)
    expect(first.get_by_role("link", name="Alice", exact=True)).to_be_visible()
    expect(first.get_by_text("Dr Dana has it, seen")).to_be_visible()
    expect(page.get_by_text("2 of 3 wait for you")).to_be_visible()
    wide = "document.documentElement.scrollWidth"
    assert page.evaluate(wide) <= width


def test_an_answer_to_a_page_that_is_out_of_date_is_not_kept_and_its_words_are(
    page: Page, desk: Desk, db: Database
) -> None:
    page.locator(".row").first.get_by_role("link", name="Open").click()
    (alert,) = alerts.of_patient(db, desk.records.cast.alice.id)
    with writing(db):
        alerts.save(db, replace(alert, level=Level.REVIEW, raised_at=Clock().now))
    page.get_by_text("Resolve", exact=True).first.click()
    page.get_by_label("False alarm").check(force=True)
    page.locator("#why").fill("a lamp")
    page.get_by_role("button", name="Resolve").click()
    expect(page.get_by_text("This alert has changed since you opened it.")).to_be_visible()
    expect(page.locator("#why")).to_have_value("a lamp")
    (known,) = alerts.of_patient(db, desk.records.cast.alice.id)
    assert known.needs_answer


def test_a_list_without_a_connection_says_that_it_is_old(page: Page, desk: Desk) -> None:
    page.context.set_offline(True)
    page.clock.fast_forward(NEXT_LOOK)
    expect(page.get_by_text("this list may be old")).to_be_visible()
    page.context.set_offline(False)
    expect(page.get_by_text("The connection is back.")).to_be_visible()


def keys_listen(page: Page) -> None:
    """Wait for the script of the round, which names its keys."""
    page.wait_for_selector("[data-key=n][aria-keyshortcuts=n]")


def close_by_keys(page: Page) -> None:
    page.keyboard.press("f")
    page.keyboard.type("a lamp, no heat")
    page.keyboard.press("Enter")


def _twenty_who_wait(db: Database, desk: Desk) -> list[Alert]:
    """Alice, Bea and eighteen others, each with an alert of its own, in the order of the list."""
    cast, first = desk.records.cast, alerts.of_patient(db, desk.records.cast.alice.id)[0]
    others = [desk.bea, *(_patient(db, cast, f"No{n}", TREATED_AT) for n in range(18))]
    raised = []
    with writing(db):
        for n, person in enumerate(others, start=1):
            (course,) = db.query("SELECT id FROM treatments WHERE patient_id = ?", [person.id])
            later = first.raised_at + timedelta(minutes=n)
            about = {"patient_id": person.id, "treatment_id": course["id"], "raised_at": later}
            raised.append(replace(first, id=new_id(), **about))
            alerts.save(db, raised[-1])
    return [first, *raised]


def test_a_ward_round_of_twenty_by_keys_alone(page: Page, desk: Desk, db: Database) -> None:
    desk.records.photo(2, PhotoStatus.MEASURED)
    desk.records.message(desk.bea, "It stings.")
    waiting = _twenty_who_wait(db, desk)
    page.reload()
    keys_work(page)
    page.keyboard.press("w")
    for alert in waiting:
        page.wait_for_url(f"**/round/{alert.patient_id}*")
        keys_listen(page)
        if page.get_by_role("button", name="Open 1 new").count():
            assert not page.get_by_text("Fine", exact=True).count()
            page.keyboard.press("o")
            page.keyboard.press("Enter")
            expect(page.get_by_text("✓ Seen").or_(page.get_by_text("✓ Read"))).to_be_visible()
            keys_listen(page)
            page.wait_for_function("[...document.images].every(each => each.complete)")
        if alert is waiting[-1]:
            page.keyboard.press("c")
            page.keyboard.press("Escape")  # thought better of it
            page.keyboard.press("m")
            page.keyboard.type("That is usual today.")
            for key in ("Tab", "Tab", "Enter"):
                page.keyboard.press(key)
        elif alert is waiting[-2]:
            for key in ("c", "ArrowUp", "Enter"):
                page.keyboard.press(key)
        else:
            close_by_keys(page)
        if alert is waiting[2]:
            page.wait_for_url(f"**/round/{waiting[3].patient_id}*")
            keys_listen(page)
            page.keyboard.press("u")  # thought better of it
            page.keyboard.press("Enter")
            page.wait_for_url(f"**/round/{alert.patient_id}?place=*")
            keys_listen(page)
            close_by_keys(page)
    expect(page.get_by_text("That was everyone.")).to_be_visible()
    *closed, called, last = (alerts.get(db, alert.id) for alert in waiting)
    assert called is not None
    assert called.seen_at is not None
    assert called.call_by == call_time(called.seen_at, 30)
    assert {alert.outcome for alert in closed if alert is not None} == {Outcome.FALSE}
    assert last is not None
    assert last.seen_at is not None
    said = [message.text for message in conversation.of_patient(db, last.patient_id)]
    assert said == ["That is usual today."]
