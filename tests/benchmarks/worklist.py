"""How long the clinic's pages take at 2,000 patients and 200,000 readings.

`python -m tests.benchmarks.worklist` creates the clinic (a minute or two), requests each page many
times through the whole application except the network, and prints median, 95th percentile and
worst, the processor's time, and the size of the page with the small pictures of its rows. With
`--keep FOLDER` the clinic is kept and used again; the last line says how to look at it.
"""

import argparse
import random
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.benchmarks.big_clinic import NOW, PASSPHRASE, BigClinic, found_clinic
from tests.web.browser import Browser
from tracker.demo import demo_settings
from tracker.domain.people.people import Person
from tracker.storage.people import people
from tracker.world import World, open_world
from web import create_app

PORT = 8765
BAR_MS = 300
SMALL_PICTURE = (
    13_200  # bytes: the largest of the sample courses, see `tests/analysis/test_overlays.py`
)
LATER = re.compile(r'href="(/\?after=[^"]+)"')
PATIENT = re.compile(r'href="(/patients/[0-9a-f]{32})"')


def main() -> None:
    """Create the clinic, measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.worklist")
    parser.add_argument("--patients", type=int, default=2000)
    parser.add_argument("--readings", type=int, default=200_000)
    parser.add_argument("--times", type=int, default=40, help="how often each page is asked for")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="a folder in which the clinic stays")
    options = parser.parse_args()
    with folder_of(options.keep) as folder:
        world = open_world(demo_settings(folder, PORT))
        clinic = known(world) or found_clinic(
            world, options.patients, options.readings, options.seed
        )
        size = world.settings.database.stat().st_size / 1e6
        _say(f"{options.patients:,} patients, {options.readings:,} readings, {size:,.0f} MB")
        _say(
            f"{'page':24}{'median':>9}{'p95':>9}{'worst':>9}{'cpu':>9}{'kB':>8}"
            f"   (ms; the bar is {BAR_MS})"
        )
        _measure(world, clinic, options.times, random.Random(options.seed))  # noqa: S311
    if options.keep:
        _say(
            f"AFTERGLOW_DATA={options.keep} AFTERGLOW_SECRET_FILE={options.keep / 'secret'}"
            f" afterglow serve   (sign in as {clinic.practitioner.email}, “{PASSPHRASE}”)"
        )


def _measure(world: World, clinic: BigClinic, times: int, rng: random.Random) -> None:
    for name, (browser, paths) in asked_for(world, clinic).items():
        browser.read(paths[0])
        began = time.process_time()
        spent = sorted(_milliseconds(browser, rng.choice(paths)) for _ in range(times))
        cpu = 1000 * (time.process_time() - began) / times
        p95 = spent[min(len(spent) - 1, round(0.95 * len(spent)))]
        kb = _bytes(browser.read(paths[0])) / 1000
        words = f"{statistics.median(spent):9.0f}{p95:9.0f}{spent[-1]:9.0f}{cpu:9.0f}{kb:8,.0f}"
        _say(f"{name:24}{words}")


def asked_for(world: World, clinic: BigClinic) -> Mapping[str, tuple[Browser, Sequence[str]]]:
    """The pages by name, each with a signed-in browser and the addresses that show it."""
    dana = _signed_in(world, clinic.practitioner)
    alice = _signed_in(world, clinic.patient)
    patients = PATIENT.findall(dana.read("/?show=recovering"))
    last = _last_page(dana)
    return {
        "work list": (dana, ["/"]),
        "work list, last page": (dana, [last]),
        "search": (dana, ["/?q=zoe", "/?q=soren+weis", "/?q=patient0", "/?q=nobody"]),
        "filter: recovering": (dana, ["/?show=recovering"]),
        "filter: finished": (dana, ["/?show=finished"]),
        "has it changed?": (dana, ["/worklist/version"]),
        "alerts": (dana, ["/alerts"]),
        "a patient": (dana, patients),
        "values of a chart": (dana, [f"{path}/values" for path in patients]),
        "a patient's own Today": (alice, ["/"]),
        "their progress": (alice, ["/progress"]),
    }


def _milliseconds(browser: Browser, path: str) -> float:
    began = time.perf_counter()
    browser.read(path)
    return 1000 * (time.perf_counter() - began)


def _bytes(page: str) -> int:
    """The size of a page, and of all the small pictures in it if a person scrolls to its end.

    Pictures in a group that is folded are not loaded.
    """
    unfolded = re.sub(r"<details.*?</details>", "", page, flags=re.DOTALL)
    return len(page.encode()) + SMALL_PICTURE * unfolded.count('loading="lazy"')


def _last_page(browser: Browser) -> str:
    path = "/"
    while later := LATER.search(browser.read(path)):
        path = later[1].replace("&amp;", "&")
    return path


def _signed_in(world: World, person: Person) -> Browser:
    browser = Browser(create_app(world, lambda: NOW))
    browser.sign_in(person, PASSPHRASE)
    return browser


def known(world: World) -> BigClinic | None:
    """The clinic that was kept, if the folder holds one."""
    db = world.connect()
    try:
        dana = people.by_email(db, "dana@clinic.example")
        alice = people.by_email(db, "alice@home.example")
    finally:
        db.close()
    return BigClinic(dana, alice) if dana and alice else None


@contextmanager
def folder_of(keep: Path | None) -> Iterator[Path]:
    if keep is not None:
        yield keep
        return
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
