"""Dr Dana at her desk: what she draws on Alice's photo from before is what is measured."""

from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.journeys.conftest import OpenClinic, wait_for
from tests.journeys.test_browser import DESK, look, sign_in
from tracker.actions.course.receiving import Accepted, receive_photo
from tracker.domain.course.photos import Upload
from tracker.domain.course.treatments import Region
from tracker.domain.own_data.course_folders import CoursePhoto
from tracker.storage.course import photos, readings, treatments
from tracker.world import World, open_world

LEFT_CHEEK = ((0.58, 0.43), (0.74, 0.43), (0.72, 0.58), (0.58, 0.56))


def send(world: World, clinic: OpenClinic, name: str) -> None:
    """Alice's photo of this name, at its time."""
    event = next(e for e in clinic.story.events if isinstance(e, CoursePhoto) and e.file == name)
    clinic.now = event.at
    upload = Upload((clinic.folder / name).read_bytes(), event.role, event.taken_at)
    db = world.connect()
    sent = receive_photo(db, world.files, clinic.alice.id, upload, event.at)
    db.close()
    assert isinstance(sent, Accepted)


def face_of_the_latest(world: World, clinic: OpenClinic) -> float | None:
    """Redness of the face on the latest photo; None while photos wait."""
    db = world.connect()
    (treatment,) = treatments.of_patient(db, clinic.alice.id)
    taken = photos.of_treatment(db, treatment.id)
    read = readings.of_treatment(db, treatment.id)
    db.close()
    whole = len(read) == len(taken)
    return read[-1].regions[Region.FACE].redness.value if whole else None


def click_at(board: Locator, x: float, y: float) -> None:
    """Click at a share of the photo's width and height."""
    box = board.bounding_box()
    assert box is not None
    board.click(position={"x": x * box["width"], "y": y * box["height"]})


@pytest.mark.timeout(400)
def test_what_is_drawn_on_the_photo_from_before_is_what_is_measured(
    page: Page, clinic: OpenClinic, pictures: Path, troubles: list[str]
) -> None:
    world = open_world(clinic.settings)
    for name in ("baseline-1.jpg", "d07.jpg"):
        send(world, clinic, name)
    wait_for(lambda: face_of_the_latest(world, clinic) is not None)
    before = face_of_the_latest(world, clinic)
    page.set_viewport_size(DESK)
    sign_in(page, clinic.address, clinic.dana.email, clinic.passphrase)
    page.goto(f"{clinic.address}/patients/{clinic.alice.id}")
    page.get_by_role("link", name="Treatment", exact=True).click()
    page.get_by_role("link", name="Draw treated areas").click()
    board = page.locator("[data-board]")
    expect(board).to_have_attribute("role", "application")
    for corner in (*LEFT_CHEEK, LEFT_CHEEK[0]):  # pressing the first corner closes
        click_at(board, *corner)
    expect(page.locator("[data-say]")).to_have_text("Treated area 1 is closed.")
    page.get_by_role("radio", name="Untreated").check(force=True)
    board.focus()
    corner_by_corner = [
        *["Shift+ArrowDown"] * 7, "Shift+ArrowLeft", "Shift+ArrowLeft", "Enter",
        *["Shift+ArrowRight"] * 4, "Enter", *["Shift+ArrowDown"] * 2, "Enter",
        *["Shift+ArrowLeft"] * 4, "ArrowLeft", "Enter", "Backspace", "ArrowRight", "Enter", "c",
    ]  # fmt: skip
    for key in corner_by_corner:
        board.press(key)
    expect(page.locator("#untreated")).to_have_value("40 80; 60 80; 60 90; 40 90")
    look(page, pictures, "treatment-1-areas")
    page.set_viewport_size(DESK)
    page.get_by_role("button", name="Save and measure again").click()
    expect(page.get_by_text("Before: 1 treated area, 1 untreated")).to_be_visible()
    wait_for(lambda: face_of_the_latest(world, clinic) is not None)
    after = face_of_the_latest(world, clinic)
    assert before is not None
    assert after is not None
    assert after > before + 0.3  # only the left cheek counts now, and it rises again
    page.reload()
    look(page, pictures, "treatment-2-series")
    assert troubles == []
