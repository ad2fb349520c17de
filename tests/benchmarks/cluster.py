"""How many photos a Dask cluster on this machine measures, and what each costs.

`python -m tests.benchmarks.cluster [--photos 24] [--workers 1 2 4] [--store]` starts a real
scheduler and as many real workers over TLS, as OPERATING.md says, and measures the same photos with
1 and 2 processes of this machine and with each number of workers. It prints photos a minute, the
CPU time that a photo costs the workers, the scheduler and the clinic, and whether all readings are
the same to the byte. Photos have 12 megapixels. With `--store` they are in an object store, whose
server is part of the clinic's process here.
"""

import argparse
import hashlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, wait
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from distributed import Security
from sqlite_utils import Database

from tests.benchmarks.load import photo_of_its_own, say
from tests.benchmarks.speed import good_pairs
from tests.conftest import cast_of
from tests.post_office import free_port
from tests.tracker.object_store import ObjectStore, keyed
from tracker.actions.course.measuring import measure_photos
from tracker.domain.course.photos import Photo, PhotoRole, PhotoStatus, SkinState
from tracker.domain.course.readings import Reading
from tracker.replay import throw_away_world
from tracker.settings import ClusterAddress
from tracker.storage.connection import writing
from tracker.storage.course import photos, readings
from tracker.wires.cluster import Cluster
from tracker.wires.compute import analyse_bytes
from tracker.wires.photo_files import PhotoFiles, PhotoUnreadable, Picture, files_of
from tracker.wires.processes import LocalProcesses, at_once
from tracker.world import World

Command = subprocess.Popen[bytes]
OWN = os.getpid()
START = datetime(2026, 3, 3, 9, tzinfo=UTC)
DASK = (sys.executable, "-m", "dask")
STARTS_SECONDS = 120.0


def main() -> None:
    """Run it and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.cluster")
    parser.add_argument("--photos", type=int, default=24)
    parser.add_argument("--workers", type=int, nargs="*", default=[1, 2, 4])
    parser.add_argument("--store", action="store_true", help="photos are in an object store")
    options = parser.parse_args()
    with ExitStack() as stack:
        world = stack.enter_context(throw_away_world(None))
        place = stack.enter_context(cluster_here())
        in_store = stack.enter_context(store_here(world))[1] if options.store else world.files
        clinic = Clinic(in_store, world.connect())
        pair = next(good_pairs(quick=True))
        clinic.keep("baseline", pair.baseline)
        with LocalProcesses(1) as compute:  # what is computed of it is kept for all
            clinic.measure(compute)
        clinic.keep_many(options.photos, pair.photo)
        sys.exit(_compare(place, clinic, options.workers))


class Clinic:
    """One course with photos that wait."""

    def __init__(self, files: PhotoFiles, db: Database) -> None:
        self.files, self.db, self.course = files, db, cast_of(db).treatment

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
class ClusterHere:
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

    def worker(self, *before: str) -> Command:
        """A worker that loads `before` first: names of modules, or their text."""
        loaded = [
            word for name in (*before, "tracker.wires.cluster") for word in ("--preload", name)
        ]
        kept = ("--local-directory", str(self.folder))
        return self._dask("worker", self.url, "--nthreads", "1", "--no-dashboard", *kept, *loaded)

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
def cluster_here() -> Iterator[ClusterHere]:
    """A place for a cluster on this machine, which is deleted in the end."""
    with tempfile.TemporaryDirectory() as folder:
        yield ClusterHere(Path(folder), f"tls://127.0.0.1:{free_port()}")


@contextmanager
def store_here(world: World) -> Iterator[tuple[ObjectStore, PhotoFiles]]:
    """An object store of this machine, and the photos of a clinic in it."""
    with pytest.MonkeyPatch.context() as patch:
        store = ObjectStore()
        keyed(patch)
        patch.setenv("AWS_ENDPOINT_URL", store.endpoint)
        yield store, files_of(replace(world.settings, photos_at=store.bucket()))


@contextmanager
def running_cluster(place: ClusterHere, workers: int) -> Iterator[list[Command]]:
    """The scheduler first, then the workers. The list may be changed while they run."""
    running = [place.scheduler(), *(place.worker() for _ in range(workers))]
    try:
        yield running
    finally:
        for command in running:
            kill(command)


def kill(command: Command) -> None:
    """A command and what it started."""
    with suppress(ProcessLookupError):
        os.killpg(command.pid, signal.SIGKILL)
    command.wait()


def _compare(place: ClusterHere, clinic: Clinic, workers: Sequence[int]) -> int:
    say(f"{len(clinic.all())} photos of 12 megapixels, {os.cpu_count()} cores")
    say("| measured by | photos a minute | to one | CPU ms a photo: processes, scheduler, clinic |")
    say("|---|---|---|---|")
    results, first = [], 0.0
    for count in (1, 2):
        with LocalProcesses(count) as compute:
            clinic.warm(compute, count)
            pace, spent = _pace(clinic, compute, [started_by(OWN), [OWN]])
        first = first or pace
        costs = f"{1000 * spent[0]:.0f}, -, {1000 * spent[1]:.0f}"
        say(f"| {count} processes | {pace:.1f} | {pace / first:.2f} | {costs} |")
        results.append(clinic.result())
    first = 0.0
    for count in workers:
        with running_cluster(place, count) as commands, Cluster(place.address) as compute:
            _await_workers(compute, count)
            clinic.warm(compute, count)
            head, *others = (command.pid for command in commands)
            measuring = [pid for other in others for pid in (other, *started_by(other))]
            pace, spent = _pace(clinic, compute, [measuring, [head], [OWN]])
        first = first or pace
        costs = ", ".join(f"{1000 * each:.0f}" for each in spent)
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
    clinic: Clinic, compute: Executor, groups: Sequence[Sequence[int]]
) -> tuple[float, list[float]]:
    """Photos a minute, and the CPU seconds that a photo costs each group of processes."""
    before, began = [_cpu(group) for group in groups], time.monotonic()
    count = clinic.measure(compute)
    seconds = time.monotonic() - began
    after = [_cpu(group) for group in groups]
    return 60 * count / seconds, [
        (new - old) / count for old, new in zip(before, after, strict=True)
    ]


def started_by(pid: int) -> list[int]:
    """What a process has started, and what that has started."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, task.read_text(encoding="ascii").split()):
            found += [child, *started_by(child)]
    return found


def _cpu(group: Sequence[int]) -> float:
    """Seconds that these processes have used."""
    ticks = 0
    for pid in group:
        told = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        ticks += int(told[11]) + int(told[12])  # user, system
    return ticks / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
