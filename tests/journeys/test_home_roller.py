"""A person without a clinic signs up on a phone, is screened, begins, and lets one in."""

import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from playwright.sync_api import BrowserContext, Page, expect
from sqlite_utils import Database

from tests.conftest import PASSPHRASE, PROTOCOLS, Cast
from tests.journeys.conftest import PHONE, clinic_at_day_3, heard_from
from tests.journeys.keyboard import choose, press, tab_to, type_into
from tests.journeys.test_browser import sign_in
from tracker.domain.mail.mails import compose
from tracker.domain.protocols.protocols import Asks
from tracker.settings import Settings
from tracker.storage.mail import mails
from tracker.storage.people import people
from tracker.world import World

QUESTIONS = [q for q in PROTOCOLS.of("home_roller").screening if q.asks is Asks.YES_NO]
CAUTION = "cold_sores"


@pytest.mark.timeout(200)
def test_from_sign_up_with_the_keyboard_alone_to_a_practitioner_who_sees_it(
    page: Page,
    new_context: Callable[..., BrowserContext],
    settings: Settings,
    db: Database,
    cast: Cast,
) -> None:
    page.set_viewport_size(PHONE)
    with clinic_at_day_3(replace(settings, open_sign_up="home_roller")) as world:
        address = world.settings.base_url
        troubles = heard_from(page, address)
        sign_up(page, db, world)
        be_screened(page)
        noted = [trouble for trouble in troubles if "409" in trouble]
        assert troubles == noted  # the browser's own note that a caution must be read first
        expect(page.get_by_role("heading", level=1)).to_have_text("Take a photo")

        page.goto(f"{address}/my-data")
        expect(page.get_by_text("Nobody at a clinic cares for you here")).to_be_visible()
        press(page, "Let a practitioner in")
        expect(page.get_by_text("By making the code you agree to that.")).to_be_visible()
        press(page, "Make a code")
        code = page.locator(".share-code").inner_text()
        desk = new_context().new_page()
        sign_in(desk, address, cast.eli.email, PASSPHRASE)
        desk.get_by_role("link", name="Enter a patient’s code").click()
        desk.get_by_label("Code").fill(code.lower())
        desk.get_by_role("button", name="Take into my care").click()
        expect(desk.get_by_role("heading", level=1)).to_contain_text("Hana")

        page.goto(f"{address}/my-data")
        expect(page.get_by_text("may see your photos and answers: Dr Eli.")).to_be_visible()
        page.goto(address)
        expect(page.get_by_text("Call us if")).to_be_visible()
        assert troubles == noted


def sign_up(page: Page, db: Database, world: World) -> None:
    page.goto(world.settings.base_url)
    press(page, "Create an account")
    expect(page.get_by_text("No clinic watches.")).to_be_visible()
    type_into(page, "email", "hana@home.example")
    press(page, "Go on")
    expect(page.get_by_role("heading", level=1)).to_have_text("Look at your mail")
    follow_mail(page, db, world)
    type_into(page, "name", "Hana")
    type_into(page, "passphrase", PASSPHRASE)
    press(page, "Begin")
    expect(page.get_by_text("70 % alcohol")).to_be_visible()


def follow_mail(page: Page, db: Database, world: World) -> None:
    """Open the link in the mail."""
    hana = people.by_email(db, "hana@home.example")
    assert hana is not None
    (mail,) = mails.of_recipient(db, hana.id)
    link = re.search(r"http://\S+/welcome/\S+", compose(mail, world.envelope).get_content())
    assert link is not None
    page.goto(link[0])


def be_screened(page: Page) -> None:
    for question in QUESTIONS:
        is_yes = question.id == CAUTION or not question.warn_if
        choose(page, question.id, arrows=1 if is_yes else 0)
    choose(page, "depth", arrows=1)
    press(page, "Go on")
    expect(page.get_by_text("Some of your answers ask for care.")).to_be_visible()
    tab_to(page, "document.activeElement.name === 'cautions_read'")
    page.keyboard.press("Space")
    press(page, "Go on")
