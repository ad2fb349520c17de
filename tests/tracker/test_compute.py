import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures.process import BrokenProcessPool
from importlib.resources import files
from pathlib import Path

import pytest

from analysis.face.faces import find_face
from tracker.domain.course.readings import Reference
from tracker.domain.course.treatments import AREAS, Region
from tracker.settings import SettingsError
from tracker.wires.compute import (
    Analysed,
    LocalProcesses,
    NotMeasurable,
    analyse_bytes,
    choose_face_finder,
)
from tracker.wires.photo_files import Picture

COURSE = Path(str(files("sample_images"))) / "infection_type_6"


@pytest.fixture(scope="module")
def processes() -> Iterator[LocalProcesses]:
    with LocalProcesses(workers=1) as compute:
        yield compute


def kill_this_process() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_killed_process_breaks_its_photo_and_no_other(processes: LocalProcesses) -> None:
    with pytest.raises(BrokenProcessPool):
        processes.submit(kill_this_process).result(timeout=60)
    assert processes.submit(os.getpid).result(timeout=60) != os.getpid()


CLINIC_THAT_WORKS = """
import os, time
from tracker.wires.compute import LocalProcesses

if __name__ == "__main__":
    with LocalProcesses(workers=1) as compute:
        compute.submit(os.getpid).result()
        busy = compute.submit(time.sleep, 600)
        print("working", flush=True)
        busy.result()
"""


def test_processes_end_with_a_server_that_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "clinic.py"
    script.write_text(CLINIC_THAT_WORKS)
    with subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True) as clinic:
        assert clinic.stdout is not None
        assert clinic.stdout.readline() == "working\n"
        clinic.kill()
        clinic.communicate(timeout=60)  # the pipe closes when the last process that has it ends


def test_a_photo_becomes_numbers_and_pictures_in_another_process(
    processes: LocalProcesses,
) -> None:
    photo, baseline = ((COURSE / name).read_bytes() for name in ("d06.jpg", "baseline-1.jpg"))
    result = processes.submit(analyse_bytes, photo, baseline, frozenset(AREAS)).result(timeout=60)
    assert isinstance(result, Analysed)
    assert result.reference is Reference.SKIN
    assert set(result.regions) == set(Region)
    assert set(result.pictures) == set(Picture) - {Picture.PHOTO}
    left, right = result.regions[Region.LEFT_CHEEK], result.regions[Region.RIGHT_CHEEK]
    assert left.redness.value > right.redness.value + 0.5
    assert result.asymmetry is not None
    assert result.asymmetry.value > 0.5
    assert left.focal is not None
    assert right.focal is not None
    assert left.focal.affected > right.focal.affected


def test_a_photo_that_cannot_be_measured_comes_back_with_its_fault() -> None:
    baseline = (COURSE / "baseline-1.jpg").read_bytes()
    assert analyse_bytes(b"no photo", baseline, frozenset(AREAS)) == NotMeasurable("unreadable")


def test_without_a_face_model_opencvs_own_finds_faces() -> None:
    assert choose_face_finder(None) is find_face


def test_a_face_model_that_cannot_be_loaded_stops_the_start(tmp_path: Path) -> None:
    broken = tmp_path / "model.onnx"
    broken.write_bytes(b"no model")
    for path, words in (
        (tmp_path / "absent.onnx", "there is no file"),
        (broken, "no face detector"),
    ):
        with pytest.raises(SettingsError, match=f"AFTERGLOW_FACE_MODEL: .*{words}.*leave"):
            choose_face_finder(path)
