"""What the pages of one patient weigh and cost, by the number of photos.

`python -m tests.benchmarks.pages` makes a course of so many photos, one a day with answers, asks
for each page many times through the whole application except the network, and prints the size of
the HTML, the statements that the database is asked, and the CPU time of this process: the median,
and the least, which other processes on the machine disturb less.
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

from sqlite_utils import Database

from tests.benchmarks.big_clinic import NOW, PASSPHRASE, found_course
from tests.web.browser import Browser
from tracker.demo import demo_settings
from tracker.domain.people.people import Person
from tracker.storage.connection import open_database
from tracker.world import World, open_world
from web import create_app

PORT = 8765
BAR_KB, BAR_MS = 300, 150


def main() -> None:
    """Make the courses, measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.pages")
    parser.add_argument("--photos", type=int, nargs="+", default=[10, 100, 400])
    parser.add_argument("--times", type=int, default=15, help="how often each page is asked for")
    options = parser.parse_args()
    _say(f"of {options.times} times each; the bars are {BAR_KB} KB and {BAR_MS} ms")
    _say(f"{'page':36}{'photos':>8}{'KB':>8}{'queries':>9}{'CPU ms':>8}{'least':>8}")
    for photos in options.photos:
        with tempfile.TemporaryDirectory() as folder:
            _measure(open_world(demo_settings(Path(folder), PORT)), photos, options.times)
    _say(f"load of the machine at the end: {os.getloadavg()[0]:.1f}")


def _measure(world: World, photos: int, times: int) -> None:
    clinic = found_course(world, photos)
    dana, alice = (_signed_in(world, each) for each in (clinic.practitioner, clinic.patient))
    patient = f"/patients/{clinic.patient.id}"
    asked: Mapping[str, tuple[Browser, str]] = {
        "practitioner: the patient": (dana, patient),
        "practitioner: an older leaf": (dana, f"{patient}?photos=3&values=2&answers=2"),
        "practitioner: values of the chart": (dana, f"{patient}/values"),
        "the patient: Today": (alice, "/"),
        "the patient: Progress": (alice, "/progress"),
        "the patient: check-in form": (alice, "/check-in"),
    }
    for name, (browser, path) in asked.items():
        size = len(browser.get(path).data)
        with statements() as asked_for:
            browser.read(path)
        spent = [_milliseconds(browser, path) for _ in range(times)]
        cost = f"{statistics.median(spent):8.0f}{min(spent):8.0f}"
        _say(f"{name:36}{photos:8}{size / 1000:8.0f}{len(asked_for):9}{cost}")


def _milliseconds(browser: Browser, path: str) -> float:
    """CPU time of all threads of this process."""
    began = time.process_time()
    browser.read(path)
    return 1000 * (time.process_time() - began)


@contextmanager
def statements() -> Iterator[list[str]]:
    """The statements that all connections opened meanwhile are asked."""
    asked: list[str] = []

    def opened(path: Path, key: bytes) -> Database:
        db = open_database(path, key)
        db.conn.set_trace_callback(asked.append)
        return db

    with patch("tracker.world.open_database", opened):
        yield asked


def _signed_in(world: World, person: Person) -> Browser:
    browser = Browser(create_app(world, lambda: NOW))
    browser.sign_in(person, PASSPHRASE)
    return browser


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
