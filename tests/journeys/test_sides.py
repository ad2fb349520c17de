"""Alice says on her phone which side of her photo from before is left; Dr Dana's alert follows."""

from importlib.resources import files
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect
from sqlite_utils import Database

from tests.conftest import PASSPHRASE, Cast
from tests.journeys.conftest import PHONE, clinic_at_day_3
from tests.journeys.keyboard import choose, press
from tests.journeys.test_accessibility import WCAG
from tests.journeys.test_browser import DESK, look, sign_in
from tests.web.conftest import Records
from tracker.domain.course.photos import Photo, Sides
from tracker.settings import Settings
from tracker.storage.course import photos
from tracker.wires.photo_files import Picture
from tracker.world import World

SAMPLES = Path(str(files("sample_images")))
QUESTION = "Touch your right cheek. In which picture is that cheek marked?"


def before(db: Database, world: World, cast: Cast, course: str) -> Photo:
    """Alice's measured photo from before, from a library."""
    photo = Records(db, world, cast).measured(-1)
    face = (SAMPLES / course / "baseline-1.jpg").read_bytes()
    for picture in (Picture.PHOTO, Picture.BASELINE, Picture.THUMBNAIL):
        world.files.save(photo.id, picture, face)
    return photo


def sides_of(db: Database, photo: Photo) -> Sides:
    found = photos.get(db, photo.id)
    assert found is not None
    return found.sides


@pytest.mark.parametrize("course", ["infection_type_6", "normal_type_2"])
def test_one_question_on_the_phone_is_answered_by_keys_and_the_alert_follows(
    page: Page, settings: Settings, db: Database, cast: Cast, pictures: Path, course: str
) -> None:
    page.set_viewport_size(PHONE)
    with clinic_at_day_3(settings) as world:
        photo = before(db, world, cast, course)
        records = Records(db, world, cast)
        alert = records.alert(records.measured(2))
        address = world.settings.base_url
        sign_in(page, address, cast.alice.email, PASSPHRASE)
        look(page, pictures, f"sides-today-{course}")
        press(page, "Answer it now")
        expect(page.get_by_text(QUESTION)).to_be_visible()
        expect(
            page.get_by_role("img", name="Your face before treatment, picture 2.")
        ).to_be_visible()
        look(page, pictures, f"sides-question-{course}")
        assert Axe().run(page, options=WCAG).response["violations"] == []
        too_wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert too_wide <= 0
        mirrored = page.locator("input[name=said]").evaluate_all("all => all.map(i => i.value)")
        choose(page, "said", mirrored.index("mirrored"))
        press(page, "Save my answer")
        expect(page.get_by_text("Your answer is saved")).to_be_visible()
        look(page, pictures, f"sides-answered-{course}")
        assert sides_of(db, photo) is Sides.MIRRORED
        page.context.clear_cookies()
        page.set_viewport_size(DESK)
        sign_in(page, address, cast.dana.email, PASSPHRASE)
        page.goto(f"{address}/alerts/{alert.id}")
        expect(page.get_by_text("The side has changed.")).to_be_visible()
        look(page, pictures, f"sides-alert-{course}")
        page.goto(f"{address}/patients/{cast.alice.id}/treatments/{cast.treatment.id}/sides")
        look(page, pictures, f"sides-clinic-{course}")
        assert Axe().run(page, options=WCAG).response["violations"] == []


def test_without_scripts_the_question_is_answered_and_put_off(
    browser: Browser, settings: Settings, db: Database, cast: Cast
) -> None:
    with (
        clinic_at_day_3(settings) as world,
        browser.new_context(java_script_enabled=False) as plain,
    ):
        photo = before(db, world, cast, "normal_type_2")
        page = plain.new_page()
        sign_in(page, world.settings.base_url, cast.alice.email, PASSPHRASE)
        page.goto(f"{world.settings.base_url}/sides")
        page.get_by_role("button", name="Not now").click()
        expect(page.get_by_text("One question about your photo from before")).to_have_count(0)
        page.goto(f"{world.settings.base_url}/sides")
        page.get_by_label("I am not sure").check()
        page.get_by_role("button", name="Save my answer").click()
        expect(page.get_by_text("Your answer is saved")).to_be_visible()
        assert sides_of(db, photo) is Sides.UNKNOWN
