"""How long a photo, and the mail about an alert, waits when very many photos come.

`python -m tests.benchmarks.queues [--photos 10000 1000000] [--reminded 0]` simulates a day, event
by event, with the times of analysis/PERFORMANCE.md. It prints the least number of cores with which
the phone is answered and the photo read in time, and how long both and the mail take with them.

A clinic has one machine, of up to CLINIC_PHOTOS a day. With more photos there are many clinics, and
a cluster measures for CLUSTER_PHOTOS a day of them. Clusters share nothing, and a part of a cluster
with as few photos and cores waits longer than the whole. So four clinics are simulated, and counted
as often as they are there.
"""

import argparse
import random
import re
import sys
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from math import ceil
from pathlib import Path
from statistics import quantiles
from typing import Any, Final

import simpy

from tracker.domain.course.photos import CLAIM_LEASE, TROUBLE_DELAYS
from tracker.domain.mail.mails import RETRY_DELAYS
from tracker.worker import PAUSE_SECONDS

RATES: Final = (10_000, 1_000_000, 100_000_000)
CLINIC_PHOTOS: Final = 10_000
CLUSTER_PHOTOS: Final = 250_000  # one scheduler's
SLICE: Final = 40_000  # photos that are simulated; a small pool of cores waits longer than a large
ALIKE: Final = SLICE // CLINIC_PHOTOS  # clinics in it
PLENTY: Final = 200  # cores with which nothing waits for the cluster
PERFORMANCE: Final = Path("analysis/PERFORMANCE.md")

# What is assumed, because no clinic has been counted yet
A_DAY: Final = (1, 1, 1, 1, 1, 2, 5, 8, 8, 6, 5, 5, 6, 5, 5, 5, 6, 8, 14, 20, 22, 18, 11, 5)
REMINDED_AT: Final = 18 * 3600.0  # the hour that reminders have unless a patient changes it
REMINDED_WITHIN: Final = 600.0  # seconds in which those come who answer a reminder at once
SIDES_SHARE: Final = 0.25  # send both sides of the face with it, which are judged and not measured
KINDS: Final = {
    "12 MP JPEG": 0.60,
    "24 MP JPEG": 0.10,
    "12 MP JPEG, card in both": 0.10,
    "12 MP HEIC": 0.10,
    "blurred": 0.04,
    "too dark": 0.03,
    "no face": 0.03,
}
REFUSED_LIKE: Final = "12 MP JPEG"  # whose F the table of refused photos counts in
URGENT_SHARE: Final = 0.02  # of the photos that are read
JUDGING: Final = 0.06  # seconds a course
MAILING: Final = 1.0  # seconds until a mail server has accepted a mail
MAIL_AWAY: Final = (
    2 * 86400.0,
    1200.0,
)  # seconds between two failures of the mail server; it lasts
TROUBLED_SHARE: Final = 0.001  # of the photos, whose store does not answer at first
MACHINE_CORES: Final = 16
MACHINE_AWAY: Final = (86400.0, 120.0)  # seconds between two crashes of one machine; each lasts
RUN_AGAIN: Final = 4.0  # seconds until Dask gives the photo of a dead worker to another

Steps = Generator[Any, Any, None]


@dataclass(frozen=True, slots=True)
class Kind:
    """Seconds of a core that a photo takes; `measuring` is 0 if the gate refuses it."""

    gate: float
    measuring: float


def kinds_of(performance: str) -> dict[str, Kind]:
    """The kinds of photos in the tables of `analysis/PERFORMANCE.md`. Raises KeyError."""
    rows = re.findall(r"^\| ([^|]+) \| (\d+) \| ([\d.]+) \| ([\d.]+) \|", performance, re.MULTILINE)
    alone = {name: int(f) / 1000 for name, f, _, _ in reversed(rows)}  # the first table is today's
    read = {
        name: Kind(int(f) / 1000 * float(gate), int(f) / 1000 * float(measuring))
        for name, f, gate, measuring in reversed(rows)
    }
    refused = re.findall(r"^\| ([a-z ]+) \| ([\d.]+) \| [a-z_, ]+ \|$", performance, re.MULTILINE)
    seen = {name: Kind(alone[REFUSED_LIKE] * float(gate), 0.0) for name, gate in refused}
    return {name: (read | seen)[name] for name in KINDS}


@dataclass(slots=True)
class Waits:
    """Seconds from the moment a photo arrived: to the phone's answer, the reading, the mail."""

    answer: list[float] = field(default_factory=list)
    reading: list[float] = field(default_factory=list)
    mail: list[float] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Size:
    """How much is simulated: clinics with their cores, and the cores of a cluster, if any."""

    clinics: int
    photos: int
    clinic_cores: int
    cluster_cores: int = 0


class Clinic:
    """Where the photos of one clinic queue: its cores, those that measure, and its worker."""

    def __init__(self, env: Any, cores: Any, measurers: Any) -> None:
        self.cores, self.measurers = cores, measurers
        self.judge = simpy.Resource(env)
        self.mail = simpy.Resource(env)


class Day:
    """One day of arrivals, run until the last mail is out."""

    def __init__(self, size: Size, kinds: dict[str, Kind], reminded: float, seed: int) -> None:
        self.waits = Waits()
        self._env = simpy.Environment()
        self._rng = random.Random(seed)  # noqa: S311  (a simulation)
        self._kinds = list(kinds.values())
        self._running: dict[Any, list[Any]] = {}
        self._left = 0
        cluster = self._machines(size.cluster_cores)
        nodes = [self._machines(size.clinic_cores) for _ in range(size.clinics)]
        self._clinics = [Clinic(self._env, node, cluster or node) for node in nodes]
        self._rerun = RUN_AGAIN if cluster else CLAIM_LEASE.total_seconds()
        self._mail_fails = self._failures(*MAIL_AWAY)
        arrivals = sorted(self._arrivals(size.photos, reminded))
        self._left = len(arrivals)
        self._env.process(self._arrive(arrivals))

    def run(self) -> Waits:
        """Let the day pass."""
        while self._left:
            self._env.step()
        return self.waits

    def _machines(self, cores: int) -> Any:
        """Cores of machines that crash now and then; None for no core."""
        if not cores:
            return None
        pool = simpy.PriorityResource(self._env, cores)
        self._running[pool] = []
        for first in range(0, cores, MACHINE_CORES):
            self._env.process(self._crash(pool, min(MACHINE_CORES, cores - first)))
        return pool

    def _arrivals(self, photos: int, reminded: float) -> Iterator[tuple[float, bool]]:
        """When photos come, by the hour or after the reminder, and whether each is of the front."""
        rng, left = self._rng, photos
        while left > 0:
            (hour,) = rng.choices(range(24), A_DAY)
            at = 3600 * (hour + rng.random())
            if rng.random() < reminded:
                at = REMINDED_AT + rng.random() * REMINDED_WITHIN
            yield at, True
            left -= 1
            for nth in range(2 * (left > 1 and rng.random() < SIDES_SHARE)):
                yield at + 15 * (nth + 1), False
                left -= 1

    def _failures(self, between: float, lasting: float) -> list[tuple[float, float]]:
        found, at = [], self._rng.expovariate(1 / between)
        while at < 2 * 86400:
            found.append((at, at + lasting))
            at += lasting + self._rng.expovariate(1 / between)
        return found

    def _arrive(self, arrivals: Sequence[tuple[float, bool]]) -> Steps:
        for at, is_front in arrivals:
            yield self._env.timeout(max(0.0, at - self._env.now))
            clinic = self._rng.choice(self._clinics)
            self._env.process(self._photo(clinic, is_front=is_front))

    def _photo(self, clinic: Clinic, *, is_front: bool) -> Steps:
        began = self._env.now
        (kind,) = self._rng.choices(self._kinds, list(KINDS.values()))
        yield from self._on(clinic.cores, kind.gate, priority=0, patience=0.0)
        self.waits.answer.append(self._env.now - began)
        if is_front and kind.measuring:
            yield from self._look()
            for delay in TROUBLE_DELAYS:
                if self._rng.random() >= TROUBLED_SHARE:
                    break
                yield self._env.timeout(delay.total_seconds())
            yield from self._on(clinic.measurers, kind.measuring, priority=1, patience=self._rerun)
            self.waits.reading.append(self._env.now - began)
            if self._rng.random() < URGENT_SHARE:
                yield from self._tell(clinic)
                self.waits.mail.append(self._env.now - began)
        self._left -= 1

    def _on(self, pool: Any, seconds: float, *, priority: int, patience: float) -> Steps:
        """Hold a core so long; if its machine crashes, once more after `patience`."""
        me = self._env.active_process
        while True:
            with pool.request(priority=priority) as turn:
                yield turn
                self._running[pool].append(me)
                try:
                    yield self._env.timeout(seconds)
                except simpy.Interrupt:
                    continue_after = patience
                else:
                    return
                finally:
                    self._running[pool].remove(me)
            yield self._env.timeout(continue_after)

    def _crash(self, pool: Any, cores: int) -> Steps:
        """Take the cores of one machine away; what it was doing is lost."""
        between, lasting = MACHINE_AWAY
        while True:
            yield self._env.timeout(self._rng.expovariate(1 / between))
            running = self._running[pool]
            for process in self._rng.sample(running, min(cores, len(running))):
                process.interrupt()
            turns = [pool.request(priority=-1) for _ in range(cores)]
            yield self._env.all_of(turns)
            yield self._env.timeout(lasting)
            for turn in turns:
                pool.release(turn)

    def _look(self) -> Steps:
        """A loop of the worker looks again after its pause."""
        yield self._env.timeout(self._rng.uniform(0, PAUSE_SECONDS))

    def _tell(self, clinic: Clinic) -> Steps:
        """Judge the course, and send the mail as soon as the mail server is there."""
        yield from self._look()
        with clinic.judge.request() as turn:
            yield turn
            yield self._env.timeout(JUDGING)
        yield from self._look()
        for delay in RETRY_DELAYS:
            with clinic.mail.request() as turn:
                yield turn
                yield self._env.timeout(MAILING)
            if not any(first <= self._env.now < last for first, last in self._mail_fails):
                return
            yield self._env.timeout(delay.total_seconds())


def least(fits: Callable[[int], bool]) -> int:
    """The smallest number that fits, where every larger one does too."""
    high = 1
    while not fits(high):
        high *= 2
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if fits(middle) else (middle, high)
    return high


def percentiles(waits: Sequence[float]) -> tuple[float, float, float]:
    """The 50th, 95th and 99th."""
    cuts = quantiles(waits, n=100, method="inclusive")
    return cuts[49], cuts[94], cuts[98]


class Plan:
    """Finds the least cores; `bars` are seconds at the 99th percentile, of answer and reading."""

    def __init__(self, kinds: dict[str, Kind], reminded: float, bars: tuple[float, float]) -> None:
        self._kinds, self._reminded, self._bars = kinds, reminded, bars

    @cached_property
    def alone(self) -> Size:
        """Clinics whose own machines measure."""
        return Size(ALIKE, SLICE, least(lambda n: self._fits(Size(ALIKE, SLICE, n))))

    @cached_property
    def shared(self) -> Size:
        """Clinics with a cluster, which is sought once phones are answered in time."""
        own = least(lambda n: self._fits(Size(ALIKE, SLICE, n, PLENTY)))
        return Size(ALIKE, SLICE, own, least(lambda n: self._fits(Size(ALIKE, SLICE, own, n))))

    def row(self, photos: int) -> str:
        """A row of the table."""
        size = self.alone if photos <= CLINIC_PHOTOS else self.shared
        waits = self._simulate(size)
        clinics, clusters = ceil(photos / CLINIC_PHOTOS), ceil(photos / CLUSTER_PHOTOS)
        of_cluster = ceil(size.cluster_cores * min(photos, CLUSTER_PHOTOS) / SLICE)
        cores = clinics * size.clinic_cores + clusters * of_cluster
        cells = [
            f"{photos:,}",
            f"{clinics:,} × {size.clinic_cores}",
            f"{clusters:,} × {of_cluster:,}" if of_cluster else "–",
            f"{cores:,}",
            f"{photos * self.work() / 86400 / cores:.0%}",
        ]
        for each in (waits.answer, waits.reading, waits.mail):
            cells.append(", ".join(f"{wait:.1f}" for wait in percentiles(each)))
        return f"| {' | '.join(cells)} |"

    def work(self) -> float:
        """Seconds of a core that a photo takes on average; those of the sides are not measured."""
        front = 1 / (1 + 2 * SIDES_SHARE)
        return sum(
            share * (self._kinds[name].gate + front * self._kinds[name].measuring)
            for name, share in KINDS.items()
        )

    def _simulate(self, size: Size) -> Waits:
        return Day(size, self._kinds, self._reminded, seed=1).run()

    def _fits(self, size: Size) -> bool:
        """Whether phones are answered and photos read in time."""
        waits, (answer, reading) = self._simulate(size), self._bars
        return percentiles(waits.answer)[2] <= answer and percentiles(waits.reading)[2] <= reading


def main() -> None:
    """Simulate and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.queues")
    parser.add_argument("--photos", type=int, nargs="+", default=RATES, help="a day")
    parser.add_argument(
        "--reminded", type=float, default=0.2, help="share that comes within 10 minutes of a mail"
    )
    parser.add_argument("--answer", type=float, default=10.0, help="seconds, 99 of 100 phones")
    parser.add_argument("--reading", type=float, default=60.0, help="seconds, 99 of 100 photos")
    options = parser.parse_args()
    kinds = kinds_of(PERFORMANCE.read_text(encoding="utf-8"))
    plan = Plan(kinds, options.reminded, (options.answer, options.reading))
    sys.stdout.write(
        f"{plan.work():.2f} s of a core a photo, {3600 / plan.work():,.0f} a core-hour\n\n"
    )
    sys.stdout.write(
        "| photos a day | clinics × cores | clusters × cores | cores | busy | answer, s |"
        " reading, s | alert mail, s |\n|---|---|---|---|---|---|---|---|\n"
    )
    for photos in options.photos:
        sys.stdout.write(plan.row(photos) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
