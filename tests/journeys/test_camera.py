"""The camera page when the camera or the person goes away, with the film for a face."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.conftest import PASSPHRASE, Cast
from tests.journeys.conftest import DAY_3, clinic_at_day_3
from tests.journeys.test_browser import sign_in
from tracker.settings import Settings

LEAVE = """
Object.defineProperty(document, "hidden", { value: true, configurable: true });
document.dispatchEvent(new Event("visibilitychange"));
delete document.hidden;
"""
UNPLUG = """
const [track] = document.querySelector("[data-video]").srcObject.getVideoTracks();
track.stop();
track.dispatchEvent(new Event("ended"));
"""
CHOSEN = "[...document.querySelectorAll('input[type=file]')].flatMap(i => [...i.files]).length"


@pytest.fixture
def camera(page: Page, settings: Settings, cast: Cast) -> Iterator[Page]:
    """The page for a photo of yesterday, with the camera open and content."""
    with clinic_at_day_3(settings) as world:
        sign_in(page, world.settings.base_url, cast.alice.email, PASSPHRASE)
        yesterday = (DAY_3 - timedelta(days=1)).date().isoformat()
        page.goto(f"{world.settings.base_url}/photo?day={yesterday}")
        expect(page.get_by_label("When was it taken?")).to_have_value(f"{yesterday}T12:00")
        page.get_by_role("button", name="Open the camera").click()
        expect(hint(page)).to_have_text(re.compile("Good"), timeout=30_000)
        yield page


def hint(page: Page) -> Locator:
    return page.locator("[data-hint]")


@pytest.mark.timeout(200)
@pytest.mark.parametrize(
    ("trouble", "words"), [(LEAVE, "closed while you were away"), (UNPLUG, "camera was lost")]
)
def test_a_camera_that_went_away_shows_no_old_picture_as_if_it_were_live(
    camera: Page, trouble: str, words: str
) -> None:
    camera.evaluate(trouble)
    expect(hint(camera)).to_contain_text(words)
    expect(camera.get_by_role("button", name="Take the photo")).to_be_hidden()
    camera.get_by_role("button", name="Open the camera").click()
    expect(hint(camera)).to_have_text(re.compile("Good"), timeout=30_000)


@pytest.mark.timeout(200)
def test_a_photo_taken_now_is_not_of_another_day_and_goes_into_the_form(camera: Page) -> None:
    camera.get_by_role("button", name="Take the photo").click()
    expect(camera.get_by_role("button", name="Take it again")).to_be_visible()
    assert camera.evaluate(CHOSEN) == 1
    assert camera.locator("#taken_at").input_value() == ""
    camera.get_by_role("button", name="Take it again").click()
    expect(camera.get_by_role("button", name="Take the photo")).to_be_visible()
    assert camera.evaluate(CHOSEN) == 0


@pytest.mark.timeout(200)
def test_the_automatic_shutter_counts_down_however_long_the_face_was_still(camera: Page) -> None:
    camera.wait_for_timeout(6_000)  # longer than it waits and counts
    camera.get_by_label("Take it by itself").check()
    expect(camera.get_by_role("button", name="Take the photo")).to_be_visible()
    expect(hint(camera)).to_have_text("3", timeout=30_000)
    expect(camera.get_by_role("button", name="Take it again")).to_be_visible(timeout=30_000)
