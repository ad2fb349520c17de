"""A patient on a phone and a practitioner at a desk write to each other."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect
from sqlite_utils import Database

from tests.conftest import PASSPHRASE, Cast
from tests.journeys.conftest import PHONE, clinic_at_day_3, heard_from
from tests.journeys.film import COURSE
from tests.journeys.keyboard import press, type_into
from tests.journeys.test_browser import sign_in
from tests.web.conftest import Records
from tracker.settings import Settings


@pytest.mark.timeout(200)
def test_a_question_with_a_photo_is_answered_and_each_sees_that_the_other_has_read(
    page: Page,
    new_context: Callable[..., BrowserContext],
    settings: Settings,
    db: Database,
    cast: Cast,
) -> None:
    page.set_viewport_size(PHONE)
    with clinic_at_day_3(settings) as world:
        address = world.settings.base_url
        Records(db, world, cast).measured(1)
        desk = new_context().new_page()
        troubles = [heard_from(side, address) for side in (page, desk)]
        sign_in(page, address, cast.alice.email, PASSPHRASE)
        press(page, "Messages")
        expect(page.get_by_text("Nothing has been written yet.")).to_be_visible()
        page.get_by_label("Add a photo").set_input_files(COURSE / "d03.jpg")
        type_into(page, "text", "Is this dark spot normal?")
        press(page, "Send")
        expect(page.get_by_role("img", name=re.compile("^Photo sent by you"))).to_be_visible()
        expect(page.get_by_text(re.compile("^Seen by"))).to_be_hidden()

        sign_in(desk, address, cast.dana.email, PASSPHRASE)
        expect(desk.get_by_text("1 new message")).to_be_visible()
        desk.goto(f"{address}/patients/{cast.alice.id}/conversation")
        expect(desk.get_by_role("img", name="Photo sent by Alice")).to_be_visible()
        desk.get_by_label("Write to Alice").fill("Yes. It goes in a week or two.")
        desk.get_by_role("button", name="Send", exact=True).click()
        expect(desk.get_by_text("It goes in a week or two.")).to_be_visible()

        page.goto(address)
        press(page, "You have a new message from your clinic")
        expect(page.get_by_text("It goes in a week or two.")).to_be_visible()
        expect(page.get_by_text(re.compile("^Seen by Dr Dana today"))).to_be_visible()
        desk.reload()
        expect(desk.get_by_text(re.compile("^Seen by Alice today"))).to_be_visible()
        assert troubles == [[], []]
