"""A photo whose camera never had its clock set, sent from a phone."""

import re
from importlib.resources import files
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import FilePayload, Page, expect

from tests.conftest import PASSPHRASE, Cast
from tests.journeys.conftest import clinic_at_day_3
from tests.journeys.test_browser import sign_in
from tracker.settings import Settings

FACE = Path(str(files("sample_images"))) / "normal_type_2" / "d01.jpg"
MADE_AT = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+[+-]\d\d:\d\d")
NOTE_WHAT_IS_SENT = """
const { send } = XMLHttpRequest.prototype;
XMLHttpRequest.prototype.send = function noted(body) {
  sessionStorage.sent = JSON.stringify(Object.fromEntries(body));
  return send.call(this, body);
};
"""


def of_2002() -> bytes:
    """A photo that says it is of 2002."""
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x9003] = "2002:12:08 12:00:00"
    buffer = BytesIO()
    with Image.open(FACE) as face:
        face.save(buffer, "JPEG", quality=90, exif=exif)
    return buffer.getvalue()


def test_the_person_is_asked_and_does_not_choose_the_photo_again(
    page: Page, settings: Settings, cast: Cast
) -> None:
    page.add_init_script(NOTE_WHAT_IS_SENT)
    with clinic_at_day_3(settings) as world:
        sign_in(page, world.settings.base_url, cast.alice.email, PASSPHRASE)
        page.goto(f"{world.settings.base_url}/photo")
        page.get_by_label("after treatment", exact=True).check()
        photo: FilePayload = {"name": "me.jpg", "mimeType": "image/jpeg", "buffer": of_2002()}
        page.locator("#library").set_input_files([photo])
        page.get_by_role("button", name="Send photo").click()
        refusal = page.get_by_text("We do not know when this photo was taken")
        expect(refusal).to_be_visible(timeout=30_000)
        page.get_by_label("It was taken just now").check()
        page.get_by_role("button", name="Send photo").click()
        expect(page.get_by_role("heading", name="Thank you, your photo is here")).to_be_visible(
            timeout=30_000
        )
        sent = page.evaluate("JSON.parse(sessionStorage.sent)")
    assert MADE_AT.fullmatch(sent["made_at"])
    assert "source" not in sent  # it came from the library
