"""The pictures of the README, taken from a demo clinic: `python -m tests.journeys.readme_pictures`.

Needs the data that `afterglow demo` keeps in a folder (stop it first), and Chromium. Everyone in
that demo gets a fresh passphrase.
"""

import argparse
import io
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, ViewportSize, sync_playwright

from tests.journeys.conftest import PHONE, pages_open
from tests.journeys.test_browser import sign_in
from tests.post_office import free_port
from tracker.demo import SignIn, demo_settings, renew_sign_ins
from tracker.world import open_world

FOLDER = Path(__file__).resolve().parents[2] / "web" / "screenshots"
DESK: ViewportSize = {"width": 1280, "height": 800}
QUALITY = 82  # of WebP: text stays sharp


@contextmanager
def browser_page(size: ViewportSize, address: str, who: SignIn) -> Iterator[Page]:
    """A browser of this size in which a person has signed in."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium")
        with closing(browser):
            page = browser.new_context(viewport=size).new_page()
            sign_in(page, address, who.email, who.passphrase)
            page.wait_for_load_state("networkidle")
            yield page


def take(page: Page, name: str) -> None:
    """Keep what is on the screen."""
    page.wait_for_load_state("networkidle")
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    picture.save(FOLDER / f"{name}.webp", quality=QUALITY, method=6)


def main() -> None:
    """Take them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("demo-data"), help="the demo's folder")
    settings = demo_settings(parser.parse_args().data, free_port())
    world, now = open_world(settings), datetime.now(UTC)
    with closing(world.connect()) as db:
        practitioner, *patients = renew_sign_ins(db)
    FOLDER.mkdir(exist_ok=True)
    with pages_open(world, lambda: now):
        with browser_page(DESK, settings.base_url, practitioner) as page:
            take(page, "work-list")
            page.locator("a[href^='/alerts/']").first.click()
            take(page, "alert")
            page.get_by_role("link", name="Compare them").first.click()
            take(page, "compare")
        with browser_page(PHONE, settings.base_url, patients[-1]) as page:
            take(page, "today")
            page.goto(f"{settings.base_url}/progress")
            take(page, "progress")


if __name__ == "__main__":
    main()
