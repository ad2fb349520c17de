"""The journey in a real browser, on a phone and at a desk."""

import re
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from tests.journeys.conftest import PHONE, OpenClinic, wait_for
from tests.post_office import words_of
from tracker.domain.course.check_ins import SCALES, SIGNS, Answers
from tracker.domain.own_data.course_folders import CourseCheckIn, CoursePhoto

DESK: ViewportSize = {"width": 1280, "height": 800}
ALL_SHOWN = "[...document.images].every(i => i.complete || i.loading === 'lazy')"
PHOTOS = ("baseline-1.jpg", "d03.jpg", "d05.jpg", "d07.jpg")


def look(page: Page, folder: Path, name: str) -> None:
    """Take the page at both widths; it must never scroll sideways."""
    for device, size in (("phone", PHONE), ("desk", DESK)):
        page.set_viewport_size(size)
        page.wait_for_load_state("networkidle")
        wait_for(lambda: page.evaluate(ALL_SHOWN))
        wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert wide <= 0, f"{name} is {wide} px too wide on a {device}"
        page.screenshot(path=folder / f"{name}-{device}.png", full_page=True)
    page.set_viewport_size(PHONE)


def sign_in(page: Page, address: str, email: str, passphrase: str) -> None:
    page.goto(address)
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Passphrase").fill(passphrase)
    page.get_by_role("button", name="Sign in").click()


def send_photo(page: Page, clinic: OpenClinic, event: CoursePhoto) -> None:
    page.goto(f"{clinic.address}/photo")
    page.locator("#library").set_input_files(clinic.folder / event.file)
    page.get_by_role("button", name="Send photo").click()
    expect(page).to_have_url(re.compile(r"/photos/\w+"), timeout=60_000)
    expect(page.get_by_text("Measured, compared").or_(page.get_by_text("Ready."))).to_be_visible(
        timeout=60_000
    )


def send_answers(page: Page, clinic: OpenClinic, answers: Answers) -> None:
    page.goto(f"{clinic.address}/check-in")
    given = asdict(answers)
    changed = page.get_by_label("Something changed")  # asked after a calm day
    if changed.count():
        changed.check(force=True)
    for name in (*SCALES, "trend"):
        page.locator(f'input[name="{name}"][value="{given[name]}"]').check(force=True)
    for name in [sign for sign in SIGNS if given[sign]] or ["none"]:
        page.locator(f'input[name="{name}"]').check(force=True)
    page.get_by_role("button", name="Send answers").click()
    expect(page).to_have_url(re.compile(r"/check-ins/\w+"))


@pytest.mark.timeout(400)
def test_the_journey_on_a_phone_and_at_a_desk(
    page: Page, clinic: OpenClinic, pictures: Path, troubles: list[str]
) -> None:
    sign_in(page, clinic.address, clinic.alice.email, clinic.passphrase)
    look(page, pictures, "1-today-before")
    for event in clinic.story.events:
        clinic.now = event.at
        match event:
            case CoursePhoto(file=file) if file in PHOTOS:
                send_photo(page, clinic, event)
                look(page, pictures, f"2-photo-{event.file.removesuffix('.jpg')}")
            case CourseCheckIn(answers=answers):
                send_answers(page, clinic, answers)
    look(page, pictures, "3-answers-kept")
    page.goto(f"{clinic.address}/progress")
    expect(page.locator("svg.field circle").first).to_be_visible()
    look(page, pictures, "4-progress")
    page.locator(".over .slide").click()  # no region of the face lies over it
    expect(page).to_have_url(f"{clinic.address}/progress")
    page.goto(clinic.address)
    look(page, pictures, "5-today")
    page.get_by_role("button", name="Sign out").click()

    clinic.now += timedelta(days=1)  # by then the morning digest has reported what was not urgent
    wait_for(lambda: len(clinic.mails_to(clinic.dana)) > 0)
    link = re.search(r"http://\S+/alerts/\w+", words_of(clinic.mails_to(clinic.dana)[0]))
    assert link is not None
    page.goto(link[0])
    look(page, pictures, "6-sign-in")
    page.get_by_label("E-mail address").fill(clinic.dana.email)
    page.get_by_label("Passphrase").fill(clinic.passphrase)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("left cheek", ignore_case=True)
    look(page, pictures, "7-alert")
    page.get_by_role("button", name="I have seen this").click()
    expect(page.get_by_text("Dr Dana has it, seen").first).to_be_visible()
    page.goto(clinic.address)
    look(page, pictures, "8-work-list")
    page.get_by_role("link", name="Alice", exact=True).click()
    cheek = page.locator("section.chart", has=page.locator("#redness-left_cheek-small-title"))
    expect(cheek.locator("circle")).to_have_count(len(PHOTOS) - 1)
    look(page, pictures, "9-patient")
    assert troubles == []
