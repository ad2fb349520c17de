"""How many photos a Dask cluster on this machine measures, and whether chaos loses any.

`python -m tests.benchmarks.cluster [--photos 24] [--workers 1 2 4]` starts a real scheduler and as
many real workers over TLS, as README.md says, and measures the same photos with 1 and 2 processes
of this machine and with each number of workers. It prints photos a minute, the CPU time that a
photo costs the workers, the scheduler and the clinic, and whether all readings are the same to the
byte.
`--chaos --photos 300` kills workers and the scheduler at random instead (SIGKILL), holds the
scheduler up for a while (SIGSTOP), starts again what died, and checks that each photo is measured
exactly once and that none is charged a failure. Photos have 12 megapixels, in chaos less than one.
"""

import argparse
import hashlib
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, wait
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from importlib.resources import files
from pathlib import Path

from distributed import Security
from sqlite_utils import Database

from tests.benchmarks.load import photo_of_its_own, say
from tests.benchmarks.speed import good_pairs
from tests.conftest import cast_of
from tests.post_office import free_port
from tracker.actions.course.measuring import measure_photos
from tracker.domain.course.photos import Photo, PhotoRole, PhotoStatus, SkinState
from tracker.domain.course.readings import Reading
from tracker.replay import throw_away_world
from tracker.settings import ClusterAddress
from tracker.storage.connection import writing
from tracker.storage.course import photos, readings
from tracker.wires.cluster import Cluster
from tracker.wires.compute import analyse_bytes
from tracker.wires.photo_files import PhotoUnreadable, Picture
from tracker.wires.processes import LocalProcesses, at_once
from tracker.world import World

Command = subprocess.Popen[bytes]
OWN = os.getpid()
START = datetime(2026, 3, 3, 9, tzinfo=UTC)
DASK = (sys.executable, "-m", "dask")
SMALL = Path(str(files("sample_images"))) / "infection_type_6"
STARTS_SECONDS = 120.0
KILL_EVERY_SECONDS = (3.0, 12.0)
SILENT_SECONDS = 12.0
CHAOS_WORKERS = 2
LONGEST_CHAOS_SECONDS = 3600.0
WAITS = timedelta(seconds=20)  # what an idle round of chaos lets pass, so that tries fall due


def main() -> None:
    """Run it and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.cluster")
    parser.add_argument("--photos", type=int, default=24)
    parser.add_argument("--workers", type=int, nargs="*", default=[1, 2, 4])
    parser.add_argument("--chaos", action="store_true")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with throw_away_world(None) as world, tempfile.TemporaryDirectory() as folder:
        clinic = _Clinic(world, world.connect())
        place = _Place(Path(folder), f"tls://127.0.0.1:{free_port()}")
        if options.chaos:
            clinic.keep("baseline", (SMALL / "baseline-1.jpg").read_bytes())
            clinic.keep_many(options.photos, (SMALL / "d06.jpg").read_bytes())
            sys.exit(_survive_chaos(place, clinic, random.Random(options.seed)))  # noqa: S311
        pair = next(good_pairs(quick=True))
        clinic.keep("baseline", pair.baseline)
        with LocalProcesses(1) as compute:  # what is computed of it is kept for all
            clinic.measure(compute)
        clinic.keep_many(options.photos, pair.photo)
        sys.exit(_compare(place, clinic, options.workers))


class _Clinic:
    """One course with photos that wait."""

    def __init__(self, world: World, db: Database) -> None:
        self.files, self.db, self.course = world.files, db, cast_of(db).treatment
        self.shown: dict[str, bytes] = {}

    def keep(self, name: str, data: bytes) -> None:
        role = PhotoRole.BASELINE if name == "baseline" else PhotoRole.FOLLOW_UP
        photo = Photo(
            id=name,
            treatment_id=self.course.id,
            patient_id=self.course.patient_id,
            role=role,
            status=PhotoStatus.WAITING,
            taken_at=START,
            received_at=START,
            skin_state=SkinState.CLEAN,
        )
        self.files.save(name, Picture.PHOTO, data)
        with writing(self.db):
            photos.insert(self.db, photo, digest=name)

    def keep_many(self, count: int, face: bytes) -> None:
        for number in range(count):
            self.keep(f"photo-{number:04}", photo_of_its_own(face, number, 0))

    def all(self) -> list[Photo]:
        return photos.of_treatment(self.db, self.course.id)

    def measure(self, compute: Executor) -> int:
        """Measure every photo once more; how many."""
        with writing(self.db):
            photos.measure_again(self.db, self.course.id)
        count = 0
        while any(photo.status is PhotoStatus.WAITING for photo in self.all()):
            count += len(measure_photos(self.db, self.files, compute, START))
        return count

    def result(self) -> tuple[list[Reading], str]:
        """All readings, and a digest of all pictures drawn with them."""
        digest = hashlib.sha256()
        for photo in self.all():
            for picture in sorted(set(Picture) - {Picture.PHOTO}):
                with suppress(PhotoUnreadable):
                    digest.update(self.files.load(photo.id, picture))
        return readings.of_treatment(self.db, self.course.id), digest.hexdigest()

    def warm(self, compute: Executor, processes: int) -> None:
        """What a process computes once, it computes before it is timed."""
        face = self.files.load("baseline", Picture.PHOTO)
        calls = [
            compute.submit(analyse_bytes, face, face, self.course.areas)
            for _ in range(2 * processes)
        ]
        wait(calls)


@dataclass
class _Place:
    """Where the cluster of a run is: its certificates and logs."""

    folder: Path
    url: str
    started: int = 0

    def __post_init__(self) -> None:
        security = Security.temporary()
        for name, text in (
            ("ca.pem", security.tls_ca_file),
            ("cert.pem", security.tls_client_cert),
            ("key.pem", security.tls_client_key),
        ):
            (self.folder / name).write_text(text)

    @property
    def address(self) -> ClusterAddress:
        return ClusterAddress(self.url, self.folder)

    def scheduler(self) -> Command:
        port = self.url.rpartition(":")[2]
        return self._dask("scheduler", "--host", "127.0.0.1", "--port", port, "--no-dashboard")

    def worker(self) -> Command:
        loaded = ("--preload", "tracker.wires.cluster", "--local-directory", str(self.folder))
        return self._dask("worker", self.url, "--nthreads", "1", "--no-dashboard", *loaded)

    def _dask(self, *words: str) -> Command:
        tls = [
            word
            for option, name in (("ca-file", "ca"), ("cert", "cert"), ("key", "key"))
            for word in (f"--tls-{option}", str(self.folder / f"{name}.pem"))
        ]
        self.started += 1
        with (self.folder / f"{words[0]}-{self.started}.log").open("wb") as log:
            given = [*DASK, *words, *tls]
            return subprocess.Popen(
                given, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
            )


@contextmanager
def _cluster(place: _Place, workers: int) -> Iterator[list[Command]]:
    """The scheduler first, then the workers. The list may be changed while they run."""
    running = [place.scheduler(), *(place.worker() for _ in range(workers))]
    try:
        yield running
    finally:
        for command in running:
            _kill(command)


def _kill(command: Command) -> None:
    """A command and what it started."""
    with suppress(ProcessLookupError):
        os.killpg(command.pid, signal.SIGKILL)
    command.wait()


def _compare(place: _Place, clinic: _Clinic, workers: Sequence[int]) -> int:
    say(f"{len(clinic.all())} photos of 12 megapixels, {os.cpu_count()} cores")
    say("| measured by | photos a minute | to one | CPU s a photo: processes, scheduler, clinic |")
    say("|---|---|---|---|")
    results, first = [], 0.0
    for count in (1, 2):
        with LocalProcesses(count) as compute:
            clinic.warm(compute, count)
            pace, spent = _pace(clinic, compute, [_below(OWN), [OWN]])
        first = first or pace
        costs = f"{spent[0]:.2f}, -, {spent[1]:.2f}"
        say(f"| {count} processes | {pace:.1f} | {pace / first:.2f} | {costs} |")
        results.append(clinic.result())
    first = 0.0
    for count in workers:
        with _cluster(place, count) as commands, Cluster(place.address) as compute:
            _await_workers(compute, count)
            clinic.warm(compute, count)
            head, *others = (command.pid for command in commands)
            measuring = [pid for other in others for pid in (other, *_below(other))]
            pace, spent = _pace(clinic, compute, [measuring, [head], [OWN]])
        first = first or pace
        costs = ", ".join(f"{each:.2f}" for each in spent)
        say(f"| {count} Dask workers | {pace:.1f} | {pace / first:.2f} | {costs} |")
        results.append(clinic.result())
    is_same = all(each == results[0] for each in results)
    say(f"readings and pictures {'are' if is_same else 'ARE NOT'} the same to the byte")
    return 0 if is_same else 1


def _await_workers(compute: Cluster, count: int) -> None:
    until = time.monotonic() + STARTS_SECONDS
    while at_once(compute) < 2 * count:
        if time.monotonic() > until:
            raise TimeoutError("the workers did not come")
        time.sleep(0.2)


def _pace(
    clinic: _Clinic, compute: Executor, groups: Sequence[Sequence[int]]
) -> tuple[float, list[float]]:
    """Photos a minute, and the CPU seconds that a photo costs each group of processes."""
    before, began = [_cpu(group) for group in groups], time.monotonic()
    count = clinic.measure(compute)
    seconds = time.monotonic() - began
    after = [_cpu(group) for group in groups]
    return 60 * count / seconds, [
        (new - old) / count for old, new in zip(before, after, strict=True)
    ]


def _below(pid: int) -> list[int]:
    """What a process has started, and what that has started."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, task.read_text(encoding="ascii").split()):
            found += [child, *_below(child)]
    return found


def _cpu(group: Sequence[int]) -> float:
    """Seconds that these processes have used."""
    ticks = 0
    for pid in group:
        told = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        ticks += int(told[11]) + int(told[12])  # user, system
    return ticks / os.sysconf("SC_CLK_TCK")


def _survive_chaos(place: _Place, clinic: _Clinic, luck: random.Random) -> int:
    """Measure all while the cluster is killed again and again; 0 when nothing was lost."""
    killed: Counter[str] = Counter()
    blamed: set[str] = set()
    done = troubles = 0
    began, skipped, stop = time.monotonic(), timedelta(0), threading.Event()
    with _cluster(place, CHAOS_WORKERS) as commands, Cluster(place.address) as compute:
        rage = partial(_rage, place, commands, compute, luck, killed, stop)
        chaos = threading.Thread(target=rage)
        chaos.start()
        try:
            while any(photo.status is not PhotoStatus.MEASURED for photo in clinic.all()):
                lasted = timedelta(seconds=time.monotonic() - began)
                found = measure_photos(clinic.db, clinic.files, compute, START + lasted + skipped)
                done += len(found)
                blamed |= {photo.id for photo in clinic.all() if photo.failures}
                troubles = max([troubles, *(photo.troubles for photo in clinic.all())])
                if not found:
                    skipped += WAITS
                    time.sleep(1)
                if lasted.total_seconds() > LONGEST_CHAOS_SECONDS:
                    break
        finally:
            stop.set()
            chaos.join()
    read = Counter(row["photo_id"] for row in clinic.db.query("SELECT photo_id FROM readings"))
    wrong = {photo.id for photo in clinic.all() if read[photo.id] != 1} | blamed
    say(f"{len(clinic.all())} photos in {time.monotonic() - began:.0f} s; {dict(killed)}")
    say(f"measured {done}; readings {read.total()}; most troubles of a photo {troubles}")
    say(f"lost, measured twice or blamed: {sorted(wrong) or 'none'}")
    return 1 if wrong or done != len(clinic.all()) else 0


def _rage(
    place: _Place,
    commands: list[Command],
    compute: Cluster,
    luck: random.Random,
    killed: Counter[str],
    stop: threading.Event,
) -> None:
    """Kill, hold up, and start again what died, as an operator's system does.

    A while passes with workers at work before the next blow, however slow the machine is.
    """
    due = time.monotonic() + luck.uniform(*KILL_EVERY_SECONDS)
    while not stop.wait(0.5):
        for place_of, command in enumerate(commands):
            if command.poll() is not None:
                _kill(command)  # what it started may live on
                commands[place_of] = place.worker() if place_of else place.scheduler()
        if not at_once(compute):
            due = time.monotonic() + luck.uniform(*KILL_EVERY_SECONDS)
        if time.monotonic() < due:
            continue
        what = luck.choices(("worker", "worker and nanny", "scheduler", "silence"), (5, 2, 2, 1))[0]
        killed[what] += 1
        if what == "silence":
            os.killpg(commands[0].pid, signal.SIGSTOP)
            stop.wait(SILENT_SECONDS)
            os.killpg(commands[0].pid, signal.SIGCONT)
        elif what == "worker":
            with suppress(ProcessLookupError, IndexError):
                os.kill(luck.choice(_below(luck.choice(commands[1:]).pid)), signal.SIGKILL)
        else:
            _kill(commands[0] if what == "scheduler" else luck.choice(commands[1:]))
        due = time.monotonic() + luck.uniform(*KILL_EVERY_SECONDS)


if __name__ == "__main__":
    main()
