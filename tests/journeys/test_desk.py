"""The practitioner at a desk: from a mail to an answer, with a look at the skin in between."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from email import message_from_bytes
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, Request, expect
from sqlite_utils import Database

from tests.conftest import PASSPHRASE, Cast
from tests.journeys.conftest import pages_open
from tests.post_office import free_port, words_of
from tests.tracker.courses_of_readings import rising_again
from tests.web.conftest import Clock, Records
from tracker.actions.mail.sending import send_mails
from tracker.domain.course.photos import Photo
from tracker.settings import Settings
from tracker.wires.photo_files import Picture
from tracker.world import World, open_world
from web import app_shell

DESK = {"width": 1280, "height": 800}


@dataclass
class Desk:
    """A clinic in which one alert waits, and what the browser complained about."""

    address: str
    mail: str
    before: Photo
    after: Photo
    troubles: list[str]


@pytest.fixture
def desk(settings: Settings, db: Database, cast: Cast, page: Page) -> Iterator[Desk]:
    port, clock = free_port(), Clock()
    world = open_world(replace(settings, port=port, base_url=f"http://127.0.0.1:{port}"))
    address, records = world.settings.base_url, Records(db, world, cast)
    taken = [records.measured(day, rising_again) for day in (-1, 0.5, 1.5, 2.5)]
    for number, photo in enumerate(taken):
        paint(world, photo, number)
    records.mail(records.alert(taken[-1]), cast.dana)
    send_mails(db, world.send, world.envelope, clock)
    (eml,) = world.settings.outbox.glob("*.eml")
    troubles: list[str] = []

    def listen(request: Request) -> None:
        if not request.url.startswith((address, "data:")):
            troubles.append(f"asked {request.url}")

    page.on("console", lambda message: troubles.append(message.text))
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("request", listen)
    page.set_viewport_size(DESK)  # type: ignore[arg-type]
    with pages_open(world, clock):
        mail = words_of(message_from_bytes(eml.read_bytes()))
        yield Desk(address, mail, taken[0], taken[-1], troubles)


def paint(world: World, photo: Photo, number: int) -> None:
    """Pictures of skin that is a little redder from photo to photo."""
    skin = np.full((480, 352, 3), (150 + 10 * number, 110, 90), np.uint8)
    encoded = BytesIO()
    Image.fromarray(skin).save(encoded, "JPEG")
    for picture in Picture:
        world.files.save(photo.id, picture, encoded.getvalue())


def open_mail(page: Page, desk: Desk) -> None:
    """Follow the link of the mail and sign in."""
    link = re.search(r"http://\S+", desk.mail)
    assert link is not None
    page.goto(link[0])
    page.get_by_label("E-mail address").fill("dana@clinic.example")
    page.get_by_label("Passphrase").fill(PASSPHRASE)
    page.get_by_role("button", name="Sign in", exact=True).click()


def shift(page: Page) -> float:
    """How far the photo on the right is enlarged."""
    return float(page.evaluate("getComputedStyle(pair).getPropertyValue('--zoom')"))


def test_from_the_mail_to_an_answer(page: Page, desk: Desk) -> None:
    open_mail(page, desk)
    page.get_by_role("link", name="Patients").first.click()
    page.get_by_role("link", name="redder again").first.click()
    page.get_by_role("link", name="Compare them").click()
    expect(page.locator("#after")).to_have_value(desk.after.id)
    expect(page.locator("#before")).to_have_value(desk.before.id)
    page.wait_for_load_state("networkidle")  # the script listens to keys by then
    page.keyboard.press("Tab")
    page.locator("#pair").focus()
    page.keyboard.press("+")
    page.keyboard.press("[")
    expect(page.locator("#after")).not_to_have_value(desk.after.id)
    assert shift(page) > 1.2  # another day, seen from as near
    page.keyboard.press("]")
    expect(page.locator("#after")).to_have_value(desk.after.id)
    page.go_back()
    page.get_by_role("button", name="I have seen this").click()
    expect(page.get_by_text("Dr Dana has it, seen").first).to_be_visible()
    assert desk.troubles == []


def test_a_note_is_drawn_by_keys_alone(page: Page, desk: Desk) -> None:
    open_mail(page, desk)
    page.goto(f"{desk.address}/patients/{desk.after.patient_id}/compare?mode=side")
    page.get_by_text("Draw on a photo").press("Enter")
    page.locator("#pair.drawing").focus()
    for key in ("ArrowLeft", "ArrowUp", "Enter", "ArrowRight", "ArrowRight", "Enter"):
        page.keyboard.press(key)
    places = page.locator("details.add input[name=places]")
    expect(places).to_have_value("49 49; 51 49")
    page.locator("details.add textarea").fill("small crust")
    page.locator("details.add").get_by_role("button", name="Save").press("Enter")
    expect(page.locator(".note-list")).to_contain_text("Circle about 49 % from the left")
    expect(page.locator(".drawn-shape")).to_have_count(2)
    assert desk.troubles == []


def test_the_slider_and_flicker_show_either_photo(page: Page, desk: Desk) -> None:
    open_mail(page, desk)
    page.goto(f"{desk.address}/patients/{desk.after.patient_id}/compare")
    page.locator("#reveal").focus()
    page.keyboard.press("Home")
    clip = "getComputedStyle(document.querySelector('.after .window')).clipPath"
    assert page.evaluate(clip) == "inset(0px 0px 0px 0%)"
    page.get_by_role("radio", name="Flicker").check(force=True)
    expect(page).to_have_url(re.compile("mode=flicker"))
    expect(page.locator(".after .window")).to_be_hidden()
    page.get_by_role("button", name="Show the other").click()
    expect(page.locator(".after .window")).to_be_visible()
    assert desk.troubles == []


@pytest.mark.skipif(
    not (Path(app_shell.UPLOT) / "uPlot.iife.min.js").is_file(),
    reason="uPlot is not installed; npm ci --prefix web",
)
def test_the_large_chart_is_read_out_by_keys_and_zooms(page: Page, desk: Desk) -> None:
    open_mail(page, desk)
    page.goto(f"{desk.address}/patients/{desk.after.patient_id}")
    chart = page.locator(".course-plot")
    expect(chart.locator("canvas")).to_be_visible()
    expect(page.locator("[data-course] .plot")).to_be_hidden()
    chart.focus()
    page.keyboard.press("End")
    readout = page.locator("[data-course] .readout")
    expect(readout).to_contain_text("Day 2")
    page.keyboard.press("ArrowLeft")
    expect(readout).to_contain_text("Day 1")
    page.keyboard.press("+")
    wide = page.locator(".strip .moving").get_attribute("width") or ""
    assert float(wide.removesuffix("%")) > 150  # the row of alerts has moved along
    page.get_by_role("checkbox", name="Nose").check()
    page.keyboard.press("Tab")
    assert desk.troubles == []
