"""How heavy and how responsive the patient's pages are, in Chromium on this machine.

`python -m tests.benchmarks.phone` prints the bytes of the first load of Today (bar 100 KB), how
long taps wait until their result is drawn (bar 100 ms), the longest that the camera's hints delay a
tap, and how long its face finder takes for one look.
"""

import base64
import secrets
import shutil
import statistics
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.conftest import PASSPHRASE, cast_of
from tests.journeys.conftest import PHONE, clinic_at_day_3
from tests.journeys.film import COURSE, camera_that_shows, shoot_film
from tests.journeys.test_browser import sign_in
from tests.post_office import free_port
from tests.web.conftest import Records
from tracker.environment import read_settings
from tracker.wires.photo_files import Picture

EMAIL = "alice@clinic.example"
DAYS = (-1, 0.2, 1, 2, 2.5)


@dataclass(frozen=True)
class Tap:
    """A tap on `target`; it is answered once an element matches the CSS selector `shows`."""

    page: str
    name: str
    target: str
    shows: str = "body"


TAPS = (
    Tap("/check-in", "a step of a scale", "input[name=pain] >> nth=7", "[name=pain]:checked"),
    Tap("/check-in", "a choice", "input[name=swelling]", "[name=swelling]:checked"),
    Tap("/check-in", "a sign", "input[name=warmth]", "[name=warmth]:checked"),
    Tap("/check-in", "the comparison", "input[name=trend]", "[name=trend]:checked"),
    Tap("/progress", "slider: before", ".over + .steps button >> nth=0"),
    Tap("/progress", "slider: latest", ".over + .steps button >> nth=1"),
    Tap("/progress", "slider: anywhere", ".over .slide"),
    Tap("/progress", "time-lapse: play", ".lapse + .steps button"),
    Tap("/progress", "time-lapse: a day", ".lapse + .steps input"),
    Tap("/progress", "the table of a chart", ".twin summary", ".twin[open]"),
    Tap("/progress", "hide numbers", "[data-numbers]", ".no-numbers"),
)
CAMERA = (
    Tap("/photo", "tips and views", "[data-more]", "[data-sheet]:not([hidden])"),
    Tap("/photo", "another view", "input[name=view] >> nth=1", "[name=view][value=left]:checked"),
    Tap("/photo", "the front again", "input[name=view]", "[name=view][value=front]:checked"),
    Tap("/photo", "back to the camera", "[data-less]", "[data-live]:has([data-sheet][hidden])"),
    Tap("/photo", "shutter to photo", "[data-shutter]", "[data-review]:not([hidden])"),
)
OFFLINE = Tap(
    "/check-in", "answers without a network", "main button.big:not(.danger)", "[data-unsent] li"
)
# The next picture is drawn after the frame that follows the change.
WATCH = """(shows) => {
  window.waited = new Promise((resolve) => addEventListener("click", (event) => {
    const look = () => {
      if (!document.querySelector(shows)) return requestAnimationFrame(look);
      const drawn = () => resolve(performance.now() - event.timeStamp);
      return requestAnimationFrame(() => setTimeout(drawn));
    };
    look();
  }, { capture: true, once: true }));
}"""
# A busy page delays a tap: the longest gap between two short timers.
BUSY = """() => new Promise((resolve) => {
  const [begun, gaps] = [performance.now(), []];
  let last = begun;
  const beat = () => {
    const now = performance.now();
    gaps.push(now - last);
    last = now;
    if (now - begun < 3000) setTimeout(beat, 0); else resolve(Math.max(...gaps));
  };
  beat();
})"""
FIND = """async () => {
  const { findFace } = await import("/static/face_finder.js");
  const cascade = await (await fetch("/framing-cascade.json")).json();
  const grey = Float32Array.from({ length: 128 * 171 }, (_, i) => (i * 7919) % 251);
  const begun = performance.now();
  for (let look = 0; look < 20; look += 1) findFace(grey, 128, 171, cascade);
  return (performance.now() - begun) / 20;
}"""


def main() -> None:
    """Measure and print."""
    chromium = shutil.which("chromium")
    if chromium is None:
        raise SystemExit("there is no chromium on this machine; apt-get install chromium")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        film = Path(folder) / "face.mjpeg"
        shoot_film(film)
        options = ["--no-sandbox", *camera_that_shows(film)]
        browser = playwright.chromium.launch(executable_path=chromium, args=options)
        with _clinic(Path(folder)) as address:
            lines = _measured(browser, address)
        browser.close()
    sys.stdout.write("\n".join(lines) + "\n")


@contextmanager
def _clinic(folder: Path) -> Iterator[str]:
    """Alice's clinic on day 3, with a few photos measured."""
    environment = {
        "AFTERGLOW_DATA": str(folder / "data"),
        "AFTERGLOW_SECRET": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        "AFTERGLOW_LISTEN": f"127.0.0.1:{free_port()}",
    }
    picture = (COURSE / "d03.jpg").read_bytes()
    with clinic_at_day_3(read_settings(environment)) as world:
        db = world.connect()
        records = Records(db, world, cast_of(db))
        for photo in [records.measured(day) for day in DAYS]:
            for kind in Picture:
                world.files.save(photo.id, kind, picture)
        db.close()
        yield world.settings.base_url


def _measured(browser: Browser, address: str) -> list[str]:
    phone = browser.new_context(viewport=PHONE)
    page = phone.new_page()
    sign_in(page, address, EMAIL, PASSPHRASE)
    page.wait_for_url(f"{address}/")
    fresh = browser.new_context()
    fresh.add_cookies(phone.cookies())  # type: ignore[arg-type]
    weight = _bytes_of_today(fresh, address) / 1024
    waits = {tap.name: _wait(page, address, tap) for tap in TAPS}
    page.evaluate("localStorage.setItem('camera-auto', 'off')")
    page.goto(f"{address}/photo", wait_until="networkidle")  # where it opens by itself
    page.locator("[data-hint=good]").wait_for()
    busy = page.evaluate(BUSY)
    waits |= {tap.name: _tapped(page, tap) for tap in CAMERA}
    look = page.evaluate(FIND)
    waits[OFFLINE.name] = _wait_offline(page, address)
    slowest = max(waits, key=lambda name: waits[name])
    median, worst = statistics.median(waits.values()), waits[slowest]
    return [
        f"first load of Today: {weight:.0f} KB",
        *(f"{name}: {wait:.0f} ms" for name, wait in waits.items()),
        f"{len(waits)} taps: median {median:.0f} ms, worst {worst:.0f} ms ({slowest})",
        f"hints of the camera: keep a tap waiting {busy:.0f} ms at most",
        f"one look of the face finder: {look:.0f} ms",
    ]


def _bytes_of_today(phone: BrowserContext, address: str) -> float:
    page, loaded = phone.new_page(), list[float]()
    chrome = phone.new_cdp_session(page)
    chrome.send("Network.enable")
    chrome.on("Network.loadingFinished", lambda event: loaded.append(event["encodedDataLength"]))
    page.goto(address, wait_until="networkidle")
    return sum(loaded)


def _wait(page: Page, address: str, tap: Tap) -> float:
    page.goto(address + tap.page, wait_until="networkidle")
    return _tapped(page, tap)


def _wait_offline(page: Page, address: str) -> float:
    page.goto(address + OFFLINE.page, wait_until="networkidle")
    for name in ("pain", "itch", "swelling", "trend"):
        page.locator(f"input[name={name}]").first.check(force=True)
    page.context.set_offline(True)
    return _tapped(page, OFFLINE)


def _tapped(page: Page, tap: Tap) -> float:
    """Milliseconds from the tap until the picture with its answer is drawn."""
    page.evaluate(WATCH, tap.shows)
    page.locator(tap.target).first.click(force=True)
    return float(page.evaluate("window.waited"))


if __name__ == "__main__":
    main()
