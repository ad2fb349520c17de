"""What `afterglow serve` holds after many photos of a phone's sensor were sent to it.

`python -m tests.benchmarks.memory` starts a clinic of its own, sends photos of 12 megapixels over
HTTP, some at once, waits until the worker has measured them, and prints the memory of the process
that serves the pages and of the processes that decode and measure.
"""

import argparse
import os
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from analysis import decode_photo
from tests.benchmarks.load import (
    BEFORE,
    FACE,
    PATIENTS,
    Phone,
    clinic,
    photo_of_its_own,
    resident,
    say,
    served,
)
from tests.benchmarks.speed import enlarged, jpeg
from tracker.world import World

MEGAPIXELS = 12
BAR_MB = 300


def main() -> None:
    """Send the photos, wait until they are measured, and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.memory")
    parser.add_argument("--photos", type=int, default=50)
    parser.add_argument("--at-once", type=int, default=2)
    options = parser.parse_args()
    before, face = (
        jpeg(enlarged(decode_photo(path.read_bytes()), MEGAPIXELS, seed))
        for seed, path in enumerate((BEFORE, FACE))
    )
    with tempfile.TemporaryDirectory() as folder:
        environment, world = clinic(Path(folder))
        port = world.settings.port
        with served(environment, port) as server:
            phones = [Phone(port, f"p{number}@home.example") for number in range(PATIENTS)]
            for phone in phones:
                assert phone.send_photo(before, "baseline")[0] == 303
            _say_memory("before", server.pid)
            numbers, lock = iter(range(options.photos)), threading.Lock()
            loads = [
                threading.Thread(target=_send, args=(phones, face, numbers, lock))
                for _ in range(options.at_once)
            ]
            for load in loads:
                load.start()
            peak = _watched(server.pid, loads)
            _say_memory(f"after {options.photos} photos of {len(face) / 1e6:.1f} MB", server.pid)
            measured = _wait_for_worker(world, server.pid)
            _say_memory(f"after {measured} were measured", server.pid)
            say(f"at most {peak:.0f} MB in the process that serves; the bar is {BAR_MB}")


def _send(phones: list[Phone], face: bytes, numbers: Iterator[int], lock: threading.Lock) -> None:
    """Send photos until none is left; one that is sent away comes again."""
    while True:
        with lock:
            number = next(numbers, None)
        if number is None:
            return
        photo = photo_of_its_own(face, number, 0)
        status, rest, page = 503, 0.0, b""
        while status == 503:
            time.sleep(rest)
            status, rest, page = phones[number % len(phones)].send_photo(photo, "follow_up")
        assert status == 303, page.decode()


def _watched(pid: int, loads: list[threading.Thread]) -> float:
    """The most that the process held while photos were sent, in MB."""
    peak = 0.0
    while any(load.is_alive() for load in loads):
        peak = max(peak, resident(pid))
        time.sleep(0.1)
    return peak


def _wait_for_worker(world: World, pid: int) -> int:
    """How many photos were measured once none waits any more."""
    sql = "SELECT status, count(*) AS n FROM photos GROUP BY status"
    with closing(world.connect()) as db:
        while True:
            counts = {row["status"]: row["n"] for row in db.query(sql)}
            if not {"waiting", "measuring"} & counts.keys():
                return int(counts.get("measured", 0))
            time.sleep(1)


def _say_memory(when: str, pid: int) -> None:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    each = ", ".join(f"{resident(int(child)):.0f}" for child in children)
    load = os.getloadavg()[0]
    say(f"{when}: {resident(pid):.0f} MB; its processes {each} MB (load {load:.1f})")


if __name__ == "__main__":
    main()
