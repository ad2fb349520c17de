"""How the benchmarks of the face run: one subject a core, a table at the end, kept in METHOD.md."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Final, TypeVar

import cv2

from tests.benchmarks.measurement.people import Split, Subject, invite

_METHOD: Final = Path("analysis/METHOD.md")
T = TypeVar("T")


def run_benchmark(
    name: str,
    judge: Callable[[Subject], T],
    table: Callable[[Sequence[Subject], Sequence[T]], str],
) -> None:
    """Judge people of every tone class on all cores and print the table, as the command line says.

    With `--write` the table goes between the markers of this benchmark in METHOD.md.
    """
    command = f"python -m tests.benchmarks.{name}"
    parser = argparse.ArgumentParser(prog=command)
    parser.add_argument("--people", type=int, default=1, help="of every tone class")
    parser.add_argument("--split", choices=[str(s) for s in Split], default=str(Split.HELD_OUT))
    parser.add_argument("--write", action="store_true", help=f"put the table into {_METHOD}")
    options = parser.parse_args()
    subjects = invite(Split(options.split), options.people)
    with ProcessPoolExecutor(
        os.cpu_count(),
        mp_context=get_context("spawn"),
        initializer=cv2.setNumThreads,
        initargs=(1,),
    ) as pool:
        text = table(subjects, list(pool.map(judge, subjects)))
    sys.stdout.write(text)
    if options.write:
        asked = f"`{command} --people {options.people} --split {options.split} --write`"
        _keep(name, f"{asked}\n\n{text}")


def _keep(name: str, text: str) -> None:
    begin, end = (f"<!-- bench-{name}: {edge} -->" for edge in ("begin", "end"))
    before, found, rest = _METHOD.read_text(encoding="utf-8").partition(begin)
    _, closed, after = rest.partition(end)
    if not found or not closed:
        raise SystemExit(f"{_METHOD} has no place for bench-{name}; add {begin} and {end}")
    _METHOD.write_text(f"{before}{begin}\n{text}{end}{after}", encoding="utf-8")
