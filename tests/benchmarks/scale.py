"""What a clinic of 2,000 patients and 1,000,000 readings costs the machine that holds it.

`python -m tests.benchmarks.scale` creates the clinic (some minutes and 2 GB), and prints the CPU
time of its pages, of each duty of the worker when there is nothing to do, of judging courses with
new data, and of counting a draft of a protocol. `--keep FOLDER` keeps the clinic and uses it again.
"""

import argparse
import random
import sys
import time
from collections.abc import Callable
from concurrent.futures import Executor, Future
from contextlib import closing
from datetime import timedelta
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any, Final
from unittest.mock import patch

from sqlite_utils import Database

from tests.benchmarks.big_clinic import NOW, BigClinic, found_clinic
from tests.benchmarks.worklist import PORT, asked_for, folder_of, known
from tracker.actions.alerts.raising import raise_alerts
from tracker.actions.clinic.health import show_health
from tracker.actions.course.measuring import measure_photos
from tracker.actions.mail.sending import send_mails
from tracker.actions.protocols.editing import draft_protocol
from tracker.actions.protocols.previewing import preview_drafts
from tracker.demo import demo_settings
from tracker.domain.editing.limits_preview import preview_since
from tracker.storage.columns import time_text
from tracker.storage.connection import database_bytes, writing
from tracker.storage.course import treatments
from tracker.worker import chores, daily_duties, pressing_duties
from tracker.world import World, open_world

COURSES: Final = 10  # of a patient, a month each, so that there are 50 readings a course
JUDGED: Final = 200
LIMITS: Final = ("review = 0.05, urgent = 0.6", "review = 0.04, urgent = 0.6")


class Here(Executor):
    """Calls at once, so that its time is that of this process."""

    at_once = 1

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_result(fn(*args, **kwargs))
        return future


def main() -> None:
    """Create the clinic, measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.scale")
    parser.add_argument("--patients", type=int, default=2000)
    parser.add_argument("--readings", type=int, default=1_000_000)
    parser.add_argument("--times", type=int, default=25, help="how often each page is asked for")
    parser.add_argument("--only", choices=["pages", "duties", "judging", "preview"])
    parser.add_argument("--keep", type=Path, help="a folder in which the clinic stays")
    options = parser.parse_args()
    with folder_of(options.keep) as folder:
        world = open_world(demo_settings(folder, PORT))
        began = time.process_time()
        clinic = known(world) or found_clinic(
            world, options.patients, options.readings, seed=1, courses_each=COURSES
        )
        size = database_bytes(world.settings.database)
        _say(
            f"{options.patients:,} patients, {options.readings:,} readings, {size / 1e6:,.0f} MB:"
            f" {size / options.readings:,.0f} bytes a reading; made in"
            f" {time.process_time() - began:.0f} s"
        )
        _say(f"{'CPU time, ms':44}{'median':>9}{'most':>9}")
        with closing(world.connect()) as db:
            parts: dict[str, Callable[[], None]] = {
                "pages": lambda: _pages(world, clinic, options.times),
                "duties": lambda: _duties(world, db),
                "judging": lambda: _judging(world, db),
                "preview": lambda: _preview(world, db, clinic),
            }
            for name, measure in parts.items():
                if options.only in {None, name}:
                    measure()


def _pages(world: World, clinic: BigClinic, times: int) -> None:
    rng = random.Random(1)  # noqa: S311  (which pages are asked for)
    for name, (browser, paths) in asked_for(world, clinic).items():
        browser.read(paths[0])
        some = [rng.choice(paths) for _ in range(times)]
        _tell(name, [_spent(partial(browser.read, path)) for path in some])


def _duties(world: World, db: Database) -> None:
    """The second time in a row, when the first has done what was to be done."""
    protocols = world.renewed(db).protocols
    duties: dict[str, Callable[[], object]] = {
        "measuring, each second": lambda: measure_photos(db, world.files, Here(), NOW),
        "judging, each second": lambda: raise_alerts(db, protocols, NOW),
        "mail, each second": lambda: send_mails(db, world.send, world.envelope, lambda: NOW),
        "health page": lambda: show_health(db, world.settings, protocols, NOW),
    }
    others = {"5 s": pressing_duties(world), "30 s": [*daily_duties(world), *chores(world)]}
    for every, found in others.items():
        duties |= {f"{duty.sign}, each {every}": partial(duty.do, db, NOW) for duty in found}
    for name, duty in duties.items():
        first = _spent(duty)
        _tell(f"duty: {name}", [_spent(duty) for _ in range(5)], f"{first:9.0f} the first time")


def _judging(world: World, db: Database) -> None:
    protocols = world.renewed(db).protocols
    with writing(db):
        db.execute(
            "UPDATE treatments SET news = 2, judged = 1, judged_at = ? WHERE id IN"
            " (SELECT id FROM treatments ORDER BY performed_at DESC LIMIT ?)",
            [time_text(NOW - timedelta(hours=1)), JUDGED],
        )
    spent = _spent(lambda: raise_alerts(db, protocols, NOW))
    _tell(f"judging {JUDGED} courses, each", [spent / JUDGED])


def _preview(world: World, db: Database, clinic: BigClinic) -> None:
    protocols = world.renewed(db).protocols
    text = protocols.of("microneedling").text.replace(*LIMITS, 1)
    draft_protocol(db, protocols, "microneedling", text, clinic.practitioner, NOW)
    since = preview_since(NOW)
    heard = treatments.heard_since(db, "microneedling", since)
    finding = [_spent(lambda: treatments.heard_since(db, "microneedling", since)) for _ in range(3)]
    _tell(f"which courses a draft counts ({len(heard):,})", finding)
    with patch("tracker.actions.protocols.previewing.COURSES_AT_ONCE", 1):
        _tell("counting one of them", [_spent(lambda: preview_drafts(db, Here()))])


def _spent(what: Callable[[], object]) -> float:
    """Milliseconds of CPU time of all threads of this process."""
    began = time.process_time()
    what()
    return 1000 * (time.process_time() - began)


def _tell(name: str, spent: list[float], more: str = "") -> None:
    _say(f"{name:44}{median(spent):9.1f}{max(spent):9.1f}{more}")


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
