"""`serve` and `worker` are started together, on an empty folder."""

import multiprocessing
from dataclasses import replace
from multiprocessing.synchronize import Barrier

from tracker.settings import Settings
from tracker.world import open_world

STARTS = 3
PROCESSES = multiprocessing.get_context("spawn")


def open_empty_folders(settings: Settings, together: Barrier) -> None:
    for number in range(STARTS):
        together.wait(timeout=20)
        open_world(replace(settings, data=settings.data / str(number))).connect().close()


def test_two_processes_that_start_at_once_on_an_empty_folder_both_open_it(
    settings: Settings,
) -> None:
    together = PROCESSES.Barrier(2)
    starting = [
        PROCESSES.Process(target=open_empty_folders, args=(settings, together)) for _ in range(2)
    ]
    for process in starting:
        process.start()
    for process in starting:
        process.join(timeout=100)
    assert [process.exitcode for process in starting] == [0, 0]
