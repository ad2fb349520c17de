"""How heavy and how prompt the patient's pages are, in Chromium on this machine.

`python -m tests.benchmarks.phone` prints the bytes of the first load of Today (bar 100 KB), how
long a tap waits until the next picture is drawn (bar 100 ms), and how long the camera's face
finder takes for one look.
"""

import base64
import secrets
import shutil
import statistics
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from playwright.sync_api import BrowserContext, Page, sync_playwright

from tests.post_office import free_port
from tracker.actions.add_person import add_person
from tracker.actions.begin_treatment import begin_treatment
from tracker.people import Person, Role
from tracker.settings import read_settings
from tracker.treatments import AREAS, Setting, Treatment
from tracker.world import open_world
from web import create_app
from web.serve import open_server

PASSPHRASE = "only for this benchmark"
EMAIL = "alice@home.example"
TAPS = {
    "/check-in": ("input[name=trend]", "input[name=swelling]", "input[name=warmth]"),
    "/photo": ("input[name=view] >> nth=1", ".more summary", "input[name=role] >> nth=1"),
    "/progress": (".twin summary", "[data-numbers]"),
}
WATCH = """
window.waits = [];
addEventListener("click", (event) => requestAnimationFrame(() => {
  setTimeout(() => waits.push(performance.now() - event.timeStamp));
}), { capture: true });
"""
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
    with _pages() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        phone = browser.new_context(viewport={"width": 390, "height": 844})
        page = phone.new_page()
        page.goto(address)
        page.get_by_label("E-mail address").fill(EMAIL)
        page.get_by_label("Passphrase").fill(PASSPHRASE)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(f"{address}/")
        fresh = browser.new_context()
        fresh.add_cookies(phone.cookies())  # type: ignore[arg-type]
        lines = [f"first load of Today: {_bytes_of_today(fresh, address) / 1024:.0f} KB"]
        waits = [wait for path in TAPS for wait in _waits(page, address, path)]
        lines += [
            f"taps: median {statistics.median(waits):.0f} ms, worst {max(waits):.0f} ms",
            f"one look of the face finder: {page.evaluate(FIND):.0f} ms",
        ]
        browser.close()
    sys.stdout.write("\n".join(lines) + "\n")


@contextmanager
def _pages() -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        environment = {
            "AFTERGLOW_DATA": str(Path(folder) / "data"),
            "AFTERGLOW_SECRET": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
            "AFTERGLOW_LISTEN": f"127.0.0.1:{free_port()}",
        }
        world = open_world(read_settings(environment))
        now = datetime.now(UTC)
        db = world.connect()
        alice = add_person(db, Person("", Role.PATIENT, "Alice", EMAIL, "UTC"), PASSPHRASE)
        treated_at = now - timedelta(days=3)
        course = Treatment(
            "", alice.id, "microneedling", treated_at, Setting.CLINIC, 1.5, frozenset(AREAS)
        )
        begin_treatment(db, world.protocols, course)
        db.close()
        server = open_server(create_app(world, lambda: now), world.settings)
        thread = threading.Thread(target=server.run)
        thread.start()
        yield world.settings.base_url
        server.close()
        thread.join(timeout=30)


def _bytes_of_today(phone: BrowserContext, address: str) -> float:
    page, loaded = phone.new_page(), list[float]()
    chrome = phone.new_cdp_session(page)
    chrome.send("Network.enable")
    chrome.on("Network.loadingFinished", lambda event: loaded.append(event["encodedDataLength"]))
    page.goto(address, wait_until="networkidle")
    return sum(loaded)


def _waits(page: Page, address: str, path: str) -> list[float]:
    """Milliseconds from each tap until the picture after it is drawn."""
    page.goto(address + path, wait_until="networkidle")
    page.evaluate(WATCH)
    for target in TAPS[path]:
        page.locator(target).first.click(force=True)
        page.wait_for_timeout(300)
    seen: list[float] = page.evaluate("window.waits")
    if len(seen) < len(TAPS[path]):
        raise SystemExit(f"{path}: only {len(seen)} of {len(TAPS[path])} taps were seen")
    return seen


if __name__ == "__main__":
    main()
