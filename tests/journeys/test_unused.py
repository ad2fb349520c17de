"""Nobody is at the desk: the page says so before the sign-in ends, and loses nothing typed."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from playwright.sync_api import Page, expect

from tests.conftest import PASSPHRASE, cast_of
from tests.journeys.conftest import DAY_3, heard_from, pages_open
from tests.journeys.test_browser import sign_in
from tests.post_office import free_port
from tracker.settings import Settings
from tracker.storage.talk import notes
from tracker.world import open_world


@dataclass
class Moving:
    """A clock that the test sets."""

    now: datetime = DAY_3

    def __call__(self) -> datetime:
        return self.now


def test_a_note_that_was_begun_outlives_the_end_of_the_sign_in(
    page: Page, settings: Settings
) -> None:
    port, clock = free_port(), Moving()
    world = open_world(replace(settings, port=port, base_url=f"http://127.0.0.1:{port}"))
    db = world.connect()
    cast = cast_of(db)
    address = world.settings.base_url

    def pass_time(span: timedelta) -> None:
        clock.now += span
        page.clock.fast_forward(int(span.total_seconds() * 1000))

    with pages_open(world, clock):
        heard = heard_from(page, address)
        page.clock.install(time=DAY_3)
        sign_in(page, address, cast.dana.email, PASSPHRASE)
        page.goto(f"{address}/patients/{cast.alice.id}/notes")
        page.get_by_role("textbox", name="New note").fill("Burns since the cream.")
        pass_time(timedelta(minutes=56))
        warned = page.get_by_role("dialog", name="Are you still there?")
        expect(warned).to_be_visible()
        warned.get_by_role("button", name="Stay signed in").click()
        expect(warned).to_be_hidden()
        pass_time(timedelta(minutes=61))
        ended = page.get_by_role("dialog", name="You are signed out")
        expect(ended).to_be_visible()
        ended.get_by_role("button", name="Go on here").click()
        expect(ended.get_by_role("status")).to_have_text("You are not signed in yet.")
        with page.context.expect_page() as opened:
            ended.get_by_role("link", name="Sign in in a new tab").click()
        tab = opened.value
        tab.get_by_label("E-mail address").fill(cast.dana.email)
        tab.get_by_label("Passphrase").fill(PASSPHRASE)
        tab.get_by_role("button", name="Sign in").click()
        expect(tab.get_by_role("heading", name="Patients")).to_be_visible()
        ended.get_by_role("button", name="Go on here").click()
        expect(ended).to_be_hidden()
        page.get_by_role("button", name="Save the note").click()
        expect(page.get_by_role("region", name="Notes")).to_contain_text("Burns since")
    (note,) = notes.of_patient(db, cast.alice.id)
    assert note.latest.says.text == "Burns since the cream."
    assert heard == []
    db.close()
