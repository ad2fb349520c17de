import os
import pickle
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from importlib.resources import files
from pathlib import Path

import pytest

from analysis.errors import Fault, Unmeasurable
from analysis.face.faces import find_face
from tracker.cli.console import measuring_on
from tracker.domain.course.photos import FileFault
from tracker.domain.course.readings import Reference
from tracker.domain.course.treatments import AREAS, Region
from tracker.settings import Settings, SettingsError
from tracker.wires.compute import (
    Analysed,
    FileLost,
    NotMeasurable,
    analyse_bytes,
    analyse_stored,
    choose_face_finder,
)
from tracker.wires.photo_files import PhotoFiles, Picture
from tracker.wires.processes import (
    MEBIBYTE,
    STATM,
    Busy,
    Limits,
    LocalProcesses,
    Sandbox,
    Stopped,
)

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
from tracker.wires.processes import LocalProcesses

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


def test_a_photo_that_is_read_from_the_store_gives_the_same_as_its_bytes(tmp_path: Path) -> None:
    photo, baseline = ((COURSE / name).read_bytes() for name in ("d06.jpg", "baseline-1.jpg"))
    files = PhotoFiles(str(tmp_path), b"k" * 32)
    files.save("photo", Picture.PHOTO, photo)
    files.save("baseline", Picture.PHOTO, baseline)
    both = files.one("photo"), files.one("baseline")
    areas = frozenset(AREAS)
    assert analyse_stored(*both, areas) == analyse_bytes(photo, baseline, areas)
    files.delete("photo")
    with pytest.raises(FileLost, match="the file of photo photo is missing") as lost:
        analyse_stored(*both, areas)
    there = pickle.loads(pickle.dumps(lost.value))  # noqa: S301 (ours)
    assert (there.photo_id, there.fault) == ("photo", FileFault.MISSING)


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


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(1, waiting=0, limits=Limits(memory=300, cpu_seconds=2)) as apart:
        apart(os.getpid)
        yield apart


def fill_memory() -> int:
    return len(bytearray(400 << 20))


def never_end() -> None:
    while True:
        pass


def write_a_file(path: Path) -> int:
    return path.write_bytes(b"a photo in clear")


def fail_to_decode() -> None:
    raise Unmeasurable(Fault.MOVING, "more than one frame")


def test_the_verdict_on_an_upload_comes_back_from_its_process(sandbox: Sandbox) -> None:
    assert sandbox(os.getpid) != os.getpid()
    with pytest.raises(Unmeasurable) as caught:
        sandbox(fail_to_decode)
    assert (caught.value.fault, caught.value.detail) == (Fault.MOVING, "more than one frame")


def read_environment() -> dict[str, str]:
    return dict(os.environ)


def test_a_process_that_opens_uploads_has_no_secret_in_its_environment(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("SECRET", "OLD_SECRET", "SMTP", "BACKUP_RECIPIENT"):
        for form in ("", "_FILE", "_COMMAND"):
            monkeypatch.setenv(f"AFTERGLOW_{name}{form}", "smtp://user:passphrase@host")
    with measuring_on(settings) as compute, Sandbox(1, waiting=0) as apart:
        for found in (apart(read_environment), compute.submit(read_environment).result()):
            assert "PATH" in found
            assert [name for name, text in found.items() if "passphrase" in text] == []


def test_an_upload_writes_no_file(sandbox: Sandbox, tmp_path: Path) -> None:
    with pytest.raises(OSError, match="too large"):
        sandbox(write_a_file, tmp_path / "photo")


@pytest.mark.parametrize(
    ("overstrain", "fault"),
    [(fill_memory, Fault.TOO_COSTLY), (never_end, Fault.UNREADABLE)],
)
def test_an_upload_that_overstrains_its_process_is_refused_and_the_next_is_judged(
    sandbox: Sandbox, overstrain: Callable[[], object], fault: Fault
) -> None:
    with pytest.raises(Unmeasurable) as caught:
        sandbox(overstrain)
    assert caught.value.fault is fault
    assert sandbox(os.getpid) != os.getpid()


def test_an_upload_that_only_waits_is_not_at_fault_and_one_more_is_sent_away_at_once() -> None:
    slow = Limits(wall_seconds=1)
    with Sandbox(1, waiting=0, limits=slow) as sandbox, ThreadPoolExecutor(1) as patient:
        waits = patient.submit(sandbox, time.sleep, 600)
        time.sleep(0.1)
        began = time.monotonic()
        with pytest.raises(Busy, match="too many uploads"):
            sandbox(os.getpid)
        assert time.monotonic() - began < 0.5
        with pytest.raises(Busy, match="too busy"):
            waits.result(timeout=60)


def test_processes_that_are_stopped_break_off_what_runs_and_what_waits() -> None:
    with LocalProcesses(workers=1) as compute:
        calls = [compute.submit(time.sleep, 600) for _ in range(4)]
        compute.shutdown(wait=False, cancel_futures=True)
        broken = [call.exception() for call in as_completed(calls, timeout=60)]
        assert [type(each) for each in broken] == [BrokenProcessPool] * 4
        with pytest.raises(Stopped):
            compute.submit(os.getpid)


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


PHOTOS_COME_AND_GO = """
import os, threading
from tracker.wires.processes import give_memory_back

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

def receive():
    for size in (3, 5, 4, 6):
        photo = b"x" * (size << 20)
        waiting.wait(timeout=60)
        del photo

give_memory_back()
waiting = threading.Barrier(12)
before = resident()
threads = [threading.Thread(target=receive) for _ in range(waiting.parties)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(resident() - before)
"""


@pytest.mark.skipif(not STATM.is_file(), reason="only Linux tells a process its size")
def test_photos_that_are_gone_leave_no_memory_behind() -> None:
    command = [sys.executable, "-c", PHOTOS_COME_AND_GO]  # no other thread is in that process
    told = subprocess.run(command, capture_output=True, text=True, check=True, timeout=100)
    assert int(told.stdout) < 4 * MEBIBYTE
