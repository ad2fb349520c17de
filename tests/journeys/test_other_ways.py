"""The patient's way without a script, and without a pointer."""

import re
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.journeys.conftest import OpenClinic
from tests.journeys.keyboard import choose, press, type_into
from tests.journeys.test_browser import sign_in


def before_treatment(clinic: OpenClinic) -> None:
    clinic.now = clinic.story.treatment.performed_at - timedelta(hours=2)


@pytest.mark.timeout(200)
def test_without_a_script_a_photo_and_answers_arrive_and_can_be_read(
    browser: Browser, clinic: OpenClinic
) -> None:
    before_treatment(clinic)
    page = browser.new_context(java_script_enabled=False).new_page()
    sign_in(page, clinic.address, clinic.alice.email, clinic.passphrase)
    page.goto(f"{clinic.address}/photo")
    expect(page.get_by_role("button", name="Open the camera")).to_be_hidden()
    page.locator("#library").set_input_files(clinic.folder / "baseline-1.jpg")
    page.get_by_role("button", name="Send photo").click()
    expect(page).to_have_url(re.compile(r"/photos/\w+"), timeout=60_000)
    page.goto(f"{clinic.address}/check-in")
    for name, value in (("pain", "1"), ("itch", "0"), ("swelling", "0"), ("trend", "same")):
        page.locator(f'input[name="{name}"][value="{value}"]').check(force=True)
    page.get_by_role("button", name="Send answers").click()
    expect(page).to_have_url(re.compile(r"/check-ins/\w+"))
    page.goto(f"{clinic.address}/progress")
    expect(page.get_by_role("heading", level=1)).to_have_text("Your progress")
    page.context.close()


@pytest.mark.timeout(200)
def test_with_the_keyboard_alone_a_photo_and_answers_are_sent(
    page: Page, clinic: OpenClinic
) -> None:
    before_treatment(clinic)
    page.clock.set_fixed_time(clinic.now)
    page.goto(clinic.address)
    type_into(page, "email", clinic.alice.email)
    type_into(page, "passphrase", clinic.passphrase)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Treatment day")
    press(page, "Send your photo from before")
    expect(page.get_by_role("heading", level=1)).to_have_text("Take a photo")
    press(page, "Open the camera")
    expect(page.get_by_role("button", name="Take the photo")).to_be_focused(timeout=30_000)
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Take it again")).to_be_visible()
    page.keyboard.press("Enter")  # and now the button that sends
    expect(page.get_by_text("Ready.")).to_be_visible(timeout=90_000)
    press(page, "Check-in")
    expect(page.get_by_role("heading", level=1)).to_have_text("How are you today?")
    for name, arrows in (("pain", 2), ("itch", 1), ("swelling", 1), ("trend", 2)):
        choose(page, name, arrows)
    press(page, "Send answers")
    expect(page).to_have_url(re.compile(r"/check-ins/\w+"))
