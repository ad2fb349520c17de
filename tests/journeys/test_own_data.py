"""A patient's own data, on a phone: seen, downloaded, withdrawn, given again, deleted."""

import re
from collections.abc import Callable
from zipfile import ZipFile

import pytest
from playwright.sync_api import BrowserContext, Page, expect
from sqlite_utils import Database

from tests.conftest import PASSPHRASE, Cast
from tests.journeys.conftest import PHONE, clinic_at_day_3, heard_from
from tests.journeys.test_browser import sign_in
from tests.web.conftest import Records
from tracker.settings import Settings


@pytest.mark.timeout(200)
def test_alice_sees_takes_withdraws_and_deletes_what_is_kept_of_her(
    page: Page,
    new_context: Callable[..., BrowserContext],
    settings: Settings,
    db: Database,
    cast: Cast,
) -> None:
    page.set_viewport_size(PHONE)
    with clinic_at_day_3(settings) as world:
        address = world.settings.base_url
        records = Records(db, world, cast)
        photos = [records.measured(day) for day in (-1, 1, 2)]
        desk = new_context().new_page()
        sign_in(desk, address, cast.dana.email, PASSPHRASE)
        desk.goto(f"{address}/patients/{cast.alice.id}/photos/{photos[-1].id}/photo")

        troubles = heard_from(page, address)
        sign_in(page, address, cast.alice.email, PASSPHRASE)
        page.get_by_role("link", name="My data").click()
        expect(page.get_by_text(re.compile("Dr Dana opened 1 photo, last today"))).to_be_visible()
        take_everything_away(page)
        withdraw_and_allow_again(page)
        assert troubles == []
        delete_account(page)
        page.goto(f"{address}/progress")
        expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")


def take_everything_away(page: Page) -> None:
    with page.expect_download() as download:
        page.get_by_role("link", name="Download everything").click()
    with ZipFile(download.value.path()) as archive:
        assert archive.testzip() is None
        assert sum(name.endswith(".jpg") for name in archive.namelist()) >= 3


def withdraw_and_allow_again(page: Page) -> None:
    page.get_by_text("Withdraw this").click()
    page.get_by_role("button", name="Withdraw, stop measuring").click()
    page.get_by_role("link", name="Today").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Nothing is measured")
    page.get_by_role("link", name="Change this").click()
    page.get_by_role("button", name="Allow again").click()
    page.get_by_role("link", name="Choose for single photos").click()
    page.get_by_role("button", name=re.compile("^Allow.*teaching")).first.click()
    expect(page.get_by_role("button", name=re.compile("^Withdraw.*teaching"))).to_have_count(1)
    page.get_by_role("link", name="Today").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Day 3")


def delete_account(page: Page) -> None:
    page.get_by_role("link", name="My data").click()
    page.get_by_role("link", name="Read on").click()
    page.get_by_label("I have read what happens").check()
    page.get_by_label("Your passphrase").fill("not hers at all")
    page.get_by_role("button", name="Delete my account for good").click()
    expect(page.get_by_text("That is not your passphrase.").last).to_be_visible()
    page.get_by_label("I have read what happens").check()
    page.get_by_label("Your passphrase").fill(PASSPHRASE)
    page.get_by_role("button", name="Delete my account for good").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your account is closed")
