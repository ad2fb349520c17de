"""Whether chaos in a Dask cluster and in an object store loses photos, or measures one twice.

`python -m tests.benchmarks.cluster_chaos [--photos 300] [--versions] [--seed 1]` keeps photos in an
object store of this machine and measures them with two Dask workers. Meanwhile it kills workers and
the scheduler at random (SIGKILL), holds the scheduler up (SIGSTOP), lets one request of the store
in twenty fail, at times all of them, and starts again what died. It checks that each photo is
measured exactly once and that none is charged a failure. `--versions` adds a worker with another
version of the analysis, which must measure nothing.
"""

import argparse
import os
import random
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any

from analysis import VERSION
from tests.benchmarks.cluster import (
    START,
    Clinic,
    ClusterHere,
    Command,
    cluster_here,
    kill,
    running_cluster,
    started_by,
    store_here,
)
from tests.benchmarks.load import say
from tests.tracker.object_store import ObjectStore, Start, saying
from tracker.actions.course.measuring import measure_photos
from tracker.domain.course.photos import PhotoStatus
from tracker.replay import throw_away_world
from tracker.storage.course import readings
from tracker.wires.cluster import Cluster, ClusterGone
from tracker.wires.processes import at_once
from tracker.world import World

SMALL = Path(str(files("sample_images"))) / "infection_type_6"  # less than a megapixel
WORKERS = 2
BLOW_EVERY_SECONDS = (3.0, 20.0)
BLOWS = {
    "worker": 5,
    "worker and nanny": 2,
    "scheduler": 2,
    "scheduler held up": 1,
    "store away": 1,
}
SILENT_SECONDS = 12.0
STORE_AWAY_SECONDS = 20.0
STORE_FAILS = 0.05  # of its requests
STORE_FAULTS = (
    saying("500 Internal Server Error", "InternalError"),
    saying("503 Slow Down", "SlowDown"),
)
OTHER_VERSION = "import analysis\nanalysis.VERSION = 'other'\n"
LONGEST_SECONDS = 7200.0
WAITS = timedelta(seconds=20)  # what an idle round lets pass, so that tries fall due


def main() -> None:
    """Run it and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.cluster_chaos")
    parser.add_argument("--photos", type=int, default=300)
    parser.add_argument("--versions", action="store_true", help="with a worker of another version")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    luck = random.Random(options.seed)  # noqa: S311
    with throw_away_world(None) as world, cluster_here() as place:
        sys.exit(_survive_chaos(place, world, options.photos, luck, options.versions))


def _survive_chaos(
    place: ClusterHere, world: World, count: int, luck: random.Random, has_versions: bool
) -> int:
    """Measure all while cluster and store fail again and again; 0 when nothing was lost."""
    with store_here(world) as (store, photo_files):
        clinic = Clinic(photo_files, world.connect())
        clinic.keep("baseline", (SMALL / "baseline-1.jpg").read_bytes())
        clinic.keep_many(count, (SMALL / "d06.jpg").read_bytes())
        with running_cluster(place, WORKERS) as commands, Cluster(place.address) as compute:
            if has_versions:
                commands.append(place.worker(OTHER_VERSION))
            chaos = _Chaos(place, commands, compute, store, luck)
            with chaos.raging():
                done, blamed, seconds = _measure_meanwhile(clinic, compute)
    read = Counter(row["photo_id"] for row in clinic.db.query("SELECT photo_id FROM readings"))
    methods = {each.method for each in readings.of_treatment(clinic.db, clinic.course.id)}
    wrong = {photo.id for photo in clinic.all() if read[photo.id] != 1} | blamed
    say(f"{len(clinic.all())} photos in {seconds:.0f} s; {dict(chaos.blows)}")
    say(f"measured {done}; readings {read.total()}; by versions {sorted(methods)}")
    say(f"requests that failed {chaos.requests_failed} of {store.asked.total()}")
    say(f"strangers were {'seen' if chaos.saw_strangers else 'not seen'}")
    say(f"lost, measured twice or blamed: {sorted(wrong) or 'none'}")
    is_sound = done == len(clinic.all()) and methods == {VERSION}
    return 0 if is_sound and not wrong and chaos.saw_strangers == has_versions else 1


def _measure_meanwhile(clinic: Clinic, compute: Cluster) -> tuple[int, set[str], float]:
    """How many results came, the photos that were charged a failure, and the seconds it took."""
    blamed: set[str] = set()
    done, began, skipped = 0, time.monotonic(), timedelta(0)
    while any(photo.status is not PhotoStatus.MEASURED for photo in clinic.all()):
        lasted = timedelta(seconds=time.monotonic() - began)
        found = measure_photos(clinic.db, clinic.files, compute, START + lasted + skipped)
        done += len(found)
        blamed |= {photo.id for photo in clinic.all() if photo.failures}
        if not found:
            skipped += WAITS
            time.sleep(1)
        if lasted.total_seconds() > LONGEST_SECONDS:
            break
    return done, blamed, time.monotonic() - began


@dataclass
class _Chaos:
    """Kills, holds up, and starts again what died, as an operator's system does."""

    place: ClusterHere
    commands: list[Command]
    compute: Cluster
    store: ObjectStore
    luck: random.Random
    blows: Counter[str] = field(default_factory=Counter)
    requests_failed: int = 0
    saw_strangers: bool = False
    is_store_away: bool = False
    stop: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def raging(self) -> Iterator[None]:
        """Chaos in a thread of its own, and in the store."""
        rage = threading.Thread(target=self._rage)
        rage.start()
        try:
            with self.store.failing(self._answer_instead):
                yield
        finally:
            self.stop.set()
            rage.join()

    def _answer_instead(self, environ: dict[str, Any], start: Start) -> Iterable[bytes] | None:
        if not self.is_store_away and self.luck.random() > STORE_FAILS:
            return None
        self.requests_failed += 1
        return self.luck.choice(STORE_FAULTS)(environ, start)

    def _rage(self) -> None:
        """A while passes with workers at work before the next blow, however slow the machine is."""
        due = self._next()
        while not self.stop.wait(0.5):
            for index, command in enumerate(self.commands):
                if command.poll() is not None:
                    kill(command)  # what it started may live on
                    self.commands[index] = self._start(index)
            if not at_once(self.compute):
                due = self._next()
            else:
                with suppress(ClusterGone):
                    self.saw_strangers |= bool(self.compute.strangers())
            if time.monotonic() > due:
                self._strike()
                due = self._next()

    def _next(self) -> float:
        return time.monotonic() + self.luck.uniform(*BLOW_EVERY_SECONDS)

    def _start(self, index: int) -> Command:
        if index == 0:
            return self.place.scheduler()
        return self.place.worker(*([OTHER_VERSION] if index > WORKERS else []))

    def _strike(self) -> None:
        what = self.luck.choices(list(BLOWS), list(BLOWS.values()))[0]
        self.blows[what] += 1
        scheduler, *workers = self.commands
        match what:
            case "scheduler held up":
                os.killpg(scheduler.pid, signal.SIGSTOP)
                self.stop.wait(SILENT_SECONDS)
                os.killpg(scheduler.pid, signal.SIGCONT)
            case "store away":
                self.is_store_away = True
                self.stop.wait(STORE_AWAY_SECONDS)
                self.is_store_away = False
            case "worker":
                with suppress(ProcessLookupError, IndexError):
                    os.kill(
                        self.luck.choice(started_by(self.luck.choice(workers).pid)), signal.SIGKILL
                    )
            case _:
                kill(scheduler if what == "scheduler" else self.luck.choice(workers))


if __name__ == "__main__":
    main()
