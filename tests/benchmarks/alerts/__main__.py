"""`python -m tests.benchmarks.alerts`: draw the cohort, watch it, print the tables."""

import argparse
from multiprocessing import get_context
from pathlib import Path

from tqdm import tqdm

from tests.benchmarks.alerts import rendered
from tests.benchmarks.alerts.cohort import Split
from tests.benchmarks.alerts.rendered import rendered_cases
from tests.benchmarks.alerts.speed import time_engine
from tests.benchmarks.alerts.tables import lay_out
from tests.benchmarks.alerts.watching import watch
from tracker.storage.protocols import protocol_files
from tracker.wires.processes import LocalProcesses

_RECOVERY = Path("tracker/RECOVERY.md")
_BEGIN, _END = "<!-- bench-alerts: begin -->", "<!-- bench-alerts: end -->"

_BEGIN_PHOTOS = "<!-- bench-alerts --photos: begin -->"
_END_PHOTOS = "<!-- bench-alerts --photos: end -->"


def main() -> None:
    """Run the benchmark with the options of the command line."""
    options = _read_options()
    split = Split(options.split)
    if options.photos:
        _see_photos(split, options.photos, write=options.write)
    else:
        _watch(split, options.courses, options.processes, write=options.write)


def _watch(split: Split, courses: int, processes: int, *, write: bool) -> None:
    """Judge courses of readings, event by event."""
    tasks = [(split, number) for number in range(courses)]
    with get_context("spawn").Pool(processes) as pool:
        progress = tqdm(pool.imap(watch, tasks, chunksize=10), total=len(tasks), unit="course")
        watched = list(progress)
    command = f"python -m tests.benchmarks.alerts --write --courses {courses} --split {split}"
    heading = f"`{command}`. {time_engine()}\n"
    text = f"{heading}\n{lay_out(watched, protocol_files.load('microneedling'))}"
    print(text)
    if write:
        _write(text, _BEGIN, _END)


def _see_photos(split: Split, courses: int, *, write: bool) -> None:
    """Render some courses and run them through the whole system."""
    seen = []
    with LocalProcesses(1) as compute:
        for number, case in tqdm(rendered_cases(split, courses), unit="rendered course"):
            seen.append(rendered.see(number, case, compute))
    command = f"python -m tests.benchmarks.alerts --write --photos {courses} --split {split}"
    text = f"`{command}`; every photo rendered, measured and judged.\n\n{rendered.lay_out(seen)}"
    print(text)
    if write:
        _write(text, _BEGIN_PHOTOS, _END_PHOTOS)


def _read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.alerts")
    parser.add_argument("--courses", type=int, default=1500)
    parser.add_argument("--split", choices=[s.value for s in Split], default=Split.HELD_OUT.value)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument(
        "--photos",
        type=int,
        default=0,
        metavar="N",
        help="N courses as photos instead (half a minute each)",
    )
    parser.add_argument("--write", action="store_true", help=f"put the tables into {_RECOVERY}")
    return parser.parse_args()


def _write(text: str, begin: str, end: str) -> None:
    recovery = _RECOVERY.read_text(encoding="utf-8")
    before, _, rest = recovery.partition(begin)
    _, _, after = rest.partition(end)
    _RECOVERY.write_text(f"{before}{begin}\n{text}\n{end}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
