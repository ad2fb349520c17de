"""A patient's first days on a phone: camera, refusal, no network, and back."""

import re
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path

import numpy as np
import pillow_heif
import pytest
from PIL import Image
from playwright.sync_api import BrowserContext, FilePayload, Page, expect

from tests.conftest import PROTOCOLS
from tests.journeys.conftest import PHONE, OpenClinic, wait_for
from tests.journeys.test_browser import look, sign_in
from tests.journeys.weak_link import weak_link
from tests.tracker.courses_of_readings import CALM
from tracker.actions.course.treatments import begin_treatment
from tracker.actions.people.joining import Invited, invite_patient
from tracker.domain.course.check_ins import SCALES, SIGNS, Answers
from tracker.domain.mail.mails import welcome_link
from tracker.storage.course import check_ins, photos
from tracker.world import open_world

HEAVY = 8_000_000  # bytes
# A film repeats its frames to the bit, which no camera does: mark a corner of every one.
OWN_NOISE = """
const draw = CanvasRenderingContext2D.prototype.drawImage;
CanvasRenderingContext2D.prototype.drawImage = function (...given) {
  draw.apply(this, given);
  this.fillStyle = `hsl(${Math.random() * 360} 50% 50%)`;
  this.fillRect(0, 0, 8, 8);
};
"""


@pytest.fixture
def phone(page: Page, clinic: OpenClinic) -> Page:
    """The phone of a patient who has just followed the link of Dr Dana's invitation.

    Two hours before the treatment, which is that of the sample folder.
    """
    page.set_viewport_size(PHONE)
    page.add_init_script(OWN_NOISE)
    at(page, clinic, clinic.story.treatment.performed_at - timedelta(hours=2))
    page.goto(invite(clinic))
    page.get_by_label("Choose a passphrase").fill(clinic.passphrase)
    page.get_by_role("button", name="Begin").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Take a photo")
    page.get_by_role("link", name="Today").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Treatment day")
    return page


def invite(clinic: OpenClinic) -> str:
    """The link that Dr Dana's new patient gets, whose treatment is entered already."""
    world = open_world(clinic.settings)
    db = world.connect()
    try:
        invited = invite_patient(db, clinic.dana, "Chinwe", "chinwe@home.example", clinic.now)
        assert isinstance(invited, Invited)
        begin_treatment(
            db, PROTOCOLS, replace(clinic.story.treatment, patient_id=invited.patient.id)
        )
        return welcome_link(invited.invitation.id, world.envelope)
    finally:
        db.close()


def at(page: Page, clinic: OpenClinic, moment: datetime) -> None:
    """Turn the clocks of clinic and phone."""
    clinic.now = moment
    page.clock.set_fixed_time(moment)


def days_later(page: Page, clinic: OpenClinic, days: float) -> None:
    at(page, clinic, clinic.story.treatment.performed_at + timedelta(days=days))


def take_photo(page: Page, clinic: OpenClinic) -> None:
    """The camera takes it, and opens by itself where nothing is to be read first."""
    page.goto(f"{clinic.address}/photo")
    if page.locator("[data-at-once]").count() == 0:
        page.get_by_role("button", name="Open the camera").click()
    expect(page.get_by_role("button", name="Take it again")).to_be_visible(timeout=30_000)


def answer(page: Page, answers: Answers) -> None:
    given = asdict(answers)
    for name in (*SCALES, "trend"):
        page.locator(f'input[name="{name}"][value="{given[name]}"]').check(force=True)
    for name in [sign for sign in SIGNS if given[sign]] or ["none"]:
        page.locator(f'input[name="{name}"]').check(force=True)
    page.get_by_role("button", name="Send answers").click()


def kept_of(clinic: OpenClinic) -> tuple[list[datetime], list[datetime]]:
    """When the photos were taken and the answers given that the clinic has."""
    db = open_world(clinic.settings).connect()
    try:
        *_, row = db.query("SELECT id FROM treatments ORDER BY rowid")
        seen = photos.of_treatment(db, row["id"]), check_ins.of_treatment(db, row["id"])
        return [photo.taken_at for photo in seen[0]], [given.at for given in seen[1]]
    finally:
        db.close()


def be_refused_and_retake(
    phone: Page, clinic: OpenClinic, pictures: Path, troubles: list[str]
) -> None:
    phone.goto(f"{clinic.address}/photo")
    phone.locator("#library").set_input_files(
        {"name": "wall.jpg", "mimeType": "image/jpeg", "buffer": wall()}
    )
    phone.get_by_label("Your skin in the photo").select_option("sunscreen")
    phone.get_by_role("button", name="Send photo").click()
    expect(phone.get_by_text("We cannot find a face.")).to_be_visible(timeout=30_000)
    look(phone, pictures, "p3-refused")
    expect(phone.get_by_label("Your skin in the photo")).to_have_value("sunscreen")
    refusals = [trouble for trouble in troubles if "422" in trouble]
    assert len(refusals) == 1
    troubles.remove(refusals[0])  # the browser's own note of the refusal
    phone.get_by_role("button", name="Open the camera").click()
    phone.get_by_role("button", name="Take the photo").click()
    phone.get_by_role("button", name="Send photo").click()
    expect(phone.get_by_text("Measured, compared")).to_be_visible(timeout=90_000)


@pytest.mark.timeout(400)
def test_the_first_days_on_a_phone(
    phone: Page, context: BrowserContext, clinic: OpenClinic, pictures: Path, troubles: list[str]
) -> None:
    look(phone, pictures, "p1-before-treatment")
    take_photo(phone, clinic)
    look(phone, pictures, "p2-photo-taken")
    phone.get_by_role("button", name="Send photo").click()
    expect(phone.get_by_text("Ready.")).to_be_visible(timeout=90_000)
    phone.goto(f"{clinic.address}/photo")
    phone.locator("#library").set_input_files(
        {"name": "IMG_0001.HEIC", "mimeType": "image/heic", "buffer": heic(clinic)}
    )
    phone.get_by_role("button", name="Send photo").click()
    expect(phone.get_by_text("Ready.")).to_be_visible(timeout=90_000)
    days_later(phone, clinic, 1)
    take_photo(phone, clinic)
    phone.get_by_role("button", name="Send photo").click()
    expect(phone.get_by_text("Measured, compared")).to_be_visible(timeout=90_000)

    days_later(phone, clinic, 2)
    be_refused_and_retake(phone, clinic, pictures, troubles)
    assert troubles == []

    days_later(phone, clinic, 3)
    given_at = clinic.now
    context.set_offline(True)
    phone.goto(f"{clinic.address}/photo")
    expect(phone.get_by_role("heading", level=1)).to_have_text("You are offline")
    phone.get_by_role("button", name="Open the camera").click()
    expect(phone.get_by_role("button", name="Take it again")).to_be_visible(timeout=30_000)
    phone.get_by_role("button", name="Send photo").click()
    expect(phone.get_by_text("Photo of")).to_be_visible(timeout=30_000)
    answer(phone, replace(CALM, pain=6, fever=True, spreading=True))
    expect(phone.get_by_text("Answers of")).to_be_visible(timeout=30_000)
    expect(phone.get_by_text("needs treatment today").first).to_be_visible()
    look(phone, pictures, "p4-offline")
    before = kept_of(clinic)
    assert (len(before[0]), len(before[1])) == (4, 0)

    at(phone, clinic, given_at + timedelta(hours=5))
    context.set_offline(False)
    phone.goto(clinic.address)
    wait_for(lambda: [len(sent) for sent in kept_of(clinic)] == [5, 1])
    taken, answered = kept_of(clinic)
    assert (taken[-1], answered) == (given_at, [given_at])
    phone.reload()
    expect(phone.get_by_text("Kept on this phone")).to_be_hidden()
    phone.goto(f"{clinic.address}/progress")
    look(phone, pictures, "p5-progress")
    phone.goto(clinic.address)
    expect(phone.get_by_text("needs treatment today").first).to_be_visible()


def heic(clinic: OpenClinic) -> bytes:
    """The second photo from before, as an iPhone would have written it."""
    pillow_heif.register_heif_opener()
    file = BytesIO()
    with Image.open(clinic.folder / "baseline-2.jpg") as photo:
        Image.fromarray(np.asarray(photo)).save(file, "HEIF", quality=90)  # without its own time
    return file.getvalue()


def wall() -> bytes:
    """A photo without a face."""
    file = BytesIO()
    Image.new("RGB", (1200, 1600), (150, 120, 110)).save(file, "JPEG")
    return file.getvalue()


@pytest.mark.timeout(300)
def test_a_photo_goes_on_where_the_link_broke_and_nothing_is_lost_or_doubled(
    page: Page, clinic: OpenClinic, tmp_path: Path
) -> None:
    at(page, clinic, clinic.story.treatment.performed_at - timedelta(hours=2))
    selfie = large_selfie(clinic, tmp_path)
    with weak_link(clinic.settings.port) as link:
        address = f"http://127.0.0.1:{link.port}"
        sign_in(page, address, clinic.alice.email, clinic.passphrase)
        page.goto(f"{address}/photo")
        page.locator("#library").set_input_files(selfie)
        size = selfie.stat().st_size
        link.bytes_left, link.bytes_sent = size / 2, 0
        page.get_by_role("button", name="Send photo").click()
        expect(page.get_by_text("It is kept on this phone")).to_be_visible(timeout=60_000)
        assert kept_of(clinic)[0] == []
        link.mend()
        page.goto(address)
        wait_for(lambda: len(kept_of(clinic)[0]) == 1)
        assert size < link.bytes_sent <= 1.1 * size
        page.reload()
        expect(page.get_by_text("Kept on this phone")).to_be_hidden()
    assert kept_of(clinic)[0] == [clinic.now]


def large_selfie(clinic: OpenClinic, folder: Path) -> Path:
    """The face of the sample folder at 17 megapixels, with grain: a file of some 20 MB."""
    with Image.open(clinic.folder / "baseline-1.jpg") as photo:
        pixels = np.asarray(photo.convert("RGB").resize((3600, 4680)), np.int16)
    grain = np.random.default_rng(7).integers(-12, 13, pixels.shape, np.int16)
    path = folder / "selfie.jpg"
    Image.fromarray(np.clip(pixels + grain, 0, 255).astype(np.uint8)).save(
        path, quality=99, subsampling=0
    )
    assert 15e6 < path.stat().st_size < 30e6
    return path


@pytest.mark.timeout(300)
def test_over_a_slow_link_a_photo_shows_its_way_and_answers_overtake_it(
    page: Page, clinic: OpenClinic
) -> None:
    at(page, clinic, clinic.story.treatment.performed_at - timedelta(hours=2))
    with weak_link(clinic.settings.port) as link:
        address = f"http://127.0.0.1:{link.port}"
        sign_in(page, address, clinic.alice.email, clinic.passphrase)
        page.goto(f"{address}/photo")
        page.locator("#library").set_input_files(heavy_selfie(clinic))
        link.bytes_a_second = HEAVY / 5
        page.get_by_role("button", name="Send photo").click()
        expect(page.get_by_text(re.compile(r"Sending … \d+ %"))).to_be_visible()
        expect(page.locator("progress")).to_be_visible()

        page.goto(f"{address}/check-in")  # which interrupts the upload
        expect(page.get_by_text(re.compile(r"^Photo of .* Sending … \d+ %"))).to_be_visible()
        answer(page, CALM)
        expect(page.get_by_text("Your answers are with your clinic")).to_be_visible()
        assert [len(sent) for sent in kept_of(clinic)] == [0, 1]
        expect(page.get_by_text(re.compile(r"^Photo of .* Sending … \d+ %"))).to_be_visible()
        expect(page.get_by_text("Kept on this phone")).to_be_hidden(timeout=30_000)
    assert [len(sent) for sent in kept_of(clinic)] == [1, 1]


def heavy_selfie(clinic: OpenClinic) -> FilePayload:
    """The first photo from before, as heavy as that of a good camera: readers ignore its end."""
    photo = (clinic.folder / "baseline-1.jpg").read_bytes()
    return {"name": "selfie.jpg", "mimeType": "image/jpeg", "buffer": photo.ljust(HEAVY, b"\0")}
