"""The camera page when the camera or the person goes away, with the film for a face."""

import re
from base64 import b64encode
from collections.abc import Iterator
from datetime import timedelta

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from analysis import card_markers
from analysis.card.layout import CARD_SIZE_MM, printed_fields
from tests.conftest import PASSPHRASE, Cast
from tests.journeys.conftest import DAY_3, clinic_at_day_3
from tests.journeys.film import COURSE
from tests.journeys.test_browser import sign_in
from tracker.settings import Settings

Picture = NDArray[np.uint8]
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
FIND_CARD = """async ([pixels, markers]) => {
    const { findCard } = await import("/static/card_finder.js");
    const bytes = Uint8Array.from(atob(pixels), (each) => each.charCodeAt(0));
    return findCard(bytes, 480, 640, markers);
}"""
CHOSEN = "[...document.querySelectorAll('input[type=file]')].flatMap(i => [...i.files]).length"


@pytest.fixture
def camera(page: Page, settings: Settings, cast: Cast) -> Iterator[Page]:
    """The page for a photo of yesterday, with the camera open and content."""
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    with clinic_at_day_3(settings) as world:
        sign_in(page, world.settings.base_url, cast.alice.email, PASSPHRASE)
        yesterday = (DAY_3 - timedelta(days=1)).date().isoformat()
        page.goto(f"{world.settings.base_url}/photo?day={yesterday}")
        expect(page.get_by_label("When was it taken?")).to_have_value(f"{yesterday}T12:00")
        expect(page.locator("[data-auto]")).to_be_checked()
        page.evaluate("localStorage.setItem('camera-auto', 'off')")
        page.reload()
        page.get_by_role("button", name="Open the camera").click()
        expect(hint(page)).to_have_text(re.compile("Good"), timeout=30_000)
        yield page
    assert errors == []


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
    expect(camera.locator("[data-camera-note]")).to_contain_text(words)
    expect(camera.get_by_role("button", name="Take the photo")).to_be_hidden()
    camera.get_by_role("button", name="Open the camera").click()
    expect(hint(camera)).to_have_text(re.compile("Good"), timeout=30_000)


@pytest.mark.timeout(200)
def test_a_photo_taken_now_is_not_of_another_day_and_goes_into_the_form(camera: Page) -> None:
    camera.get_by_role("button", name="Take the photo").click()
    expect(camera.get_by_role("button", name="Take it again")).to_be_visible()
    assert camera.evaluate(CHOSEN) == 1
    assert camera.locator("#taken_at").input_value() == ""
    camera.reload()
    expect(camera.locator("[data-camera-note]")).to_contain_text("it is not sent yet")
    assert camera.evaluate(CHOSEN) == 1
    camera.get_by_role("button", name="Take it again").click()
    expect(camera.get_by_role("button", name="Take the photo")).to_be_visible()
    assert camera.evaluate(CHOSEN) == 0
    camera.reload()
    expect(camera.get_by_role("button", name="Open the camera")).to_be_visible()
    expect(camera.get_by_role("button", name="Take it again")).to_be_hidden()


@pytest.mark.timeout(200)
def test_tips_and_views_are_one_tap_away_and_the_camera_can_be_closed(camera: Page) -> None:
    camera.get_by_role("button", name="Tips and views").click()
    camera.get_by_role("radio", name="Left side").check(force=True)
    camera.get_by_role("button", name="Back to the camera").click()
    expect(hint(camera)).to_contain_text("until the ear is in the middle")
    camera.keyboard.press("Escape")
    expect(camera.get_by_role("button", name="Open the camera")).to_be_visible()
    camera.get_by_text("Tips, and views from the side").click()
    expect(camera.get_by_role("radio", name="Left side")).to_be_checked()
    expect(camera.get_by_text("Face a window; flash off.")).to_be_visible()


@pytest.mark.timeout(200)
def test_the_page_finds_a_card_turned_or_in_a_mirror_and_none_on_a_face(
    page: Page, settings: Settings, cast: Cast
) -> None:
    with Image.open(COURSE / "baseline-1.jpg") as photo:
        face = np.asarray(photo.convert("RGBA").resize((480, 640)))
    shown = [face, *(held_up(face, turned) for turned in (0, 20, 45, 90))]
    shown.append(np.ascontiguousarray(shown[2][:, ::-1]))
    with clinic_at_day_3(settings) as world:
        page.goto(f"{world.settings.base_url}/sign-in")
        found = [
            page.evaluate(FIND_CARD, [b64encode(each.tobytes()).decode(), list(card_markers())])
            for each in shown
        ]
    assert found == [False, True, True, True, True, True]


def held_up(face: Picture, turned: float) -> Picture:
    """The picture of a face with the card before it, turned by so many degrees."""
    scale, (width, height) = 4, CARD_SIZE_MM
    card = np.full((int(height * scale), int(width * scale), 4), 255, np.uint8)
    for field in printed_fields():
        left, top = round(field.left * scale), round(field.top * scale)
        right, bottom = left + round(field.width * scale), top + round(field.height * scale)
        card[top:bottom, left:right, :3] = [round(255 * part ** (1 / 2.2)) for part in field.colour]
    laid = Image.fromarray(card).rotate(turned, Image.Resampling.BICUBIC, expand=True)
    laid = laid.resize((round(laid.width * 0.4), round(laid.height * 0.4)), Image.Resampling.BOX)
    shown = Image.fromarray(face)
    shown.alpha_composite(laid, (200, 340))
    return np.asarray(shown)


@pytest.mark.timeout(200)
def test_the_automatic_shutter_counts_down_however_long_the_face_was_still(camera: Page) -> None:
    camera.wait_for_timeout(6_000)  # longer than it waits and counts
    camera.get_by_label("Take it by itself").check()
    expect(camera.get_by_role("button", name="Take the photo")).to_be_visible()
    expect(hint(camera)).to_have_text("3", timeout=30_000)
    expect(camera.get_by_role("button", name="Take it again")).to_be_visible(timeout=30_000)
