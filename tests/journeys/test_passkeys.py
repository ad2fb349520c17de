"""A passkey in a real browser, whose authenticator is a virtual one."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect
from sqlite_utils import Database

from tests.conftest import PASSPHRASE, Cast
from tests.journeys.conftest import clinic_at_day_3
from tests.journeys.test_browser import sign_in
from tracker.domain.mail.mails import MailKind
from tracker.settings import Settings
from tracker.storage.connection import writing
from tracker.storage.mail import mails
from tracker.storage.people import passkeys


@pytest.fixture
def address(settings: Settings, cast: Cast) -> Iterator[str]:
    """The pages under a name: passkeys do not work for numeric addresses."""
    with clinic_at_day_3(settings, host="localhost") as world:
        yield world.settings.base_url


@pytest.mark.timeout(200)
def test_a_passkey_is_made_used_and_removed(
    page: Page, address: str, cast: Cast, db: Database
) -> None:
    chrome = page.context.new_cdp_session(page)
    chrome.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
    }
    chrome.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    sign_in(page, address, cast.alice.email, PASSPHRASE)
    with writing(db):
        db.execute("UPDATE sessions SET by_link = 1")  # as after the link of an invitation
    page.goto(f"{address}/settings")
    expect(page.get_by_role("heading", level=1)).to_have_text("So that you can come back")
    page.get_by_role("button", name="Make a passkey").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("How you sign in")
    expect(page.get_by_text(re.compile("^Passkey added"))).to_be_visible()
    (key,) = passkeys.of_person(db, cast.alice.id)
    (mail,) = mails.of_recipient(db, cast.alice.id)
    assert mail.kind is MailKind.PASSKEY_ADDED

    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Day 3")
    assert passkeys.of_person(db, cast.alice.id)[0].sign_count > key.sign_count

    page.goto(f"{address}/passkeys")
    page.get_by_label("New passphrase").press_sequentially("passwordpassword")
    expect(page.get_by_text("Easy to guess")).to_be_visible()
    page.get_by_label("New passphrase").press_sequentially(" harbor tulip sixteen")
    expect(page.get_by_text("Very good.")).to_be_visible()
    page.get_by_role("button", name="Remove").click()
    expect(page.get_by_text("You have none yet.")).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_text("We do not know this passkey")).to_be_visible()
