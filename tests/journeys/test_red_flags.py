"""What a person in trouble sees at the tick, and how soon the clinic knows, on a small phone."""

import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.conftest import PASSPHRASE, PROTOCOLS
from tests.journeys.conftest import PHONE, OpenClinic, wait_for
from tests.journeys.test_browser import DESK, sign_in
from tracker.actions.course.checking_in import record_check_in
from tracker.actions.course.treatments import begin_treatment
from tracker.actions.people.accounts import add_person
from tracker.domain.course.check_ins import Answers
from tracker.domain.mail.mails import SUBJECTS, MailKind
from tracker.domain.people.people import Person, Role
from tracker.world import open_world


def on_day(clinic: OpenClinic, days: float) -> None:
    """Set the clinic's clock."""
    clinic.now = clinic.story.treatment.performed_at + timedelta(days=days)


def somebody_else_waits(clinic: OpenClinic) -> None:
    """Bob, whose answers have waited for two hours."""
    with closing(open_world(clinic.settings).connect()) as db:
        bob = Person("", Role.PATIENT, "Bob", "bob@home.example", clinic.alice.time_zone)
        bob = add_person(db, bob, PASSPHRASE, cared_for_by=clinic.dana.id)
        begin_treatment(db, PROTOCOLS, replace(clinic.story.treatment, patient_id=bob.id))
        pus = Answers(pus=True)
        record_check_in(db, PROTOCOLS, bob.id, pus, clinic.now - timedelta(hours=2))


@pytest.fixture(params=[True, False], ids=["script", "no-script"])
def phone(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Page]:
    """A small phone, with and without JavaScript."""
    context = browser.new_context(viewport=PHONE, java_script_enabled=request.param)
    yield context.new_page()
    context.close()


@pytest.mark.timeout(300)
def test_trouble_breathing_alone_is_answered_at_the_tick_and_tops_the_work_list(
    phone: Page, page: Page, clinic: OpenClinic
) -> None:
    on_day(clinic, 1)
    somebody_else_waits(clinic)
    sign_in(phone, clinic.address, clinic.alice.email, clinic.passphrase)
    phone.goto(f"{clinic.address}/check-in")
    words = phone.get_by_text("Call the emergency number now").first
    expect(words).to_be_hidden()
    phone.locator('input[name="breathing_or_face_swelling"]').check()
    expect(words).to_be_in_viewport()
    phone.get_by_role("button", name="I need help now").click()
    expect(phone).to_have_url(re.compile(r"/check-ins/\w+"))
    expect(phone.locator("main .emergency:visible").first).to_be_in_viewport()
    expect(phone.locator("main")).to_contain_text("Call the emergency number now")
    wait_for(
        lambda: SUBJECTS[MailKind.URGENT] in {m["Subject"] for m in clinic.mails_to(clinic.dana)}
    )
    page.set_viewport_size(DESK)
    sign_in(page, clinic.address, clinic.dana.email, clinic.passphrase)
    expect(page.locator("li.row").first).to_contain_text("Alice")
    expect(page.locator("li.row").nth(1)).to_contain_text("Bob")


@pytest.mark.timeout(300)
def test_enter_in_the_check_in_sends_answers_and_calls_for_no_help(
    page: Page, clinic: OpenClinic
) -> None:
    on_day(clinic, 1)
    sign_in(page, clinic.address, clinic.alice.email, clinic.passphrase)
    page.goto(f"{clinic.address}/check-in")
    page.locator('input[name="none"]').check()
    page.locator('input[name="none"]').press("Enter")
    expect(page).to_have_url(re.compile(r"/check-ins/\w+$"))
    expect(page.get_by_text("Get help now")).to_have_count(0)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("day", [1, 17, 40])
def test_pus_opens_an_alert_on_every_day_and_the_patient_reads_of_pus(
    page: Page, clinic: OpenClinic, day: int
) -> None:
    page.set_viewport_size(PHONE)
    on_day(clinic, day)
    page.clock.set_fixed_time(clinic.now)
    sign_in(page, clinic.address, clinic.alice.email, clinic.passphrase)
    page.goto(f"{clinic.address}/check-in")
    page.locator('input[name="pus"]').check()
    page.get_by_role("button", name="Send answers").click()
    expect(page.get_by_role("heading", level=1)).not_to_have_text("Thank you")
    expect(page.locator("main")).to_contain_text("You ticked pus")
    with closing(open_world(clinic.settings).connect()) as db:
        wait_for(lambda: bool(list(db.query("SELECT id FROM alerts WHERE concern = 'infection'"))))


def test_the_emergency_number_is_seen_to_be_a_button_in_the_red_box(page: Page) -> None:
    style = (Path(__file__).parents[2] / "web/static/afterglow.css").read_text()
    page.set_content(
        f"<style>{style}</style><div class='emergency'><a class='button danger'>112</a></div>"
    )
    colour = "each => getComputedStyle(each).backgroundColor"
    assert page.locator("a").evaluate(colour) != page.locator("div").evaluate(colour)
