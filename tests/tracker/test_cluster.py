"""A real Dask scheduler and a real worker, over TLS."""

import asyncio
import gc
import os
import resource
import time
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import TimeoutError as TooLate
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from threading import active_count
from types import SimpleNamespace
from unittest.mock import Mock

import dask
import numpy as np
import pytest
from distributed import LocalCluster, Security, get_worker
from distributed.spill import SpillBuffer
from sqlite_utils import Database

from analysis import encode_photo
from analysis.images import SrgbImage
from tests.conftest import Cast
from tests.tracker.actions.test_killed_process import white_kills
from tests.tracker.actions.test_measure_photos import NOW, keep, status
from tracker.actions.course.measuring import measure_photos
from tracker.domain.course.photos import PhotoRole, PhotoStatus
from tracker.domain.course.treatments import AREAS
from tracker.settings import ClusterAddress
from tracker.storage.course import photos
from tracker.wires.cluster import Cluster, ClusterGone, PhotosSpill, dask_setup
from tracker.wires.compute import analyse_bytes
from tracker.wires.photo_files import Picture
from tracker.wires.processes import MEBIBYTE, MOST_BY_VALUE, Stopped, at_once
from tracker.world import World

COURSE = Path(str(files("sample_images"))) / "infection_type_6"


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Security]:
    return written(tmp_path_factory.mktemp("certificates"))


def written(folder: Path) -> tuple[Path, Security]:
    """Certificates of an authority of their own."""
    security = Security.temporary()
    for name, text in (
        ("ca.pem", security.tls_ca_file),
        ("cert.pem", security.tls_client_cert),
        ("key.pem", security.tls_client_key),
    ):
        (folder / name).write_text(text)
    return folder, security


@pytest.fixture(scope="module")
def cluster(swept: None, certificates: tuple[Path, Security]) -> Iterator[LocalCluster]:
    """A scheduler on this machine with one worker, which loads what the documentation says."""
    settings = {
        "distributed.scheduler.allowed-failures": 0,  # as fast as can be
        "distributed.deploy.lost-worker-timeout": "10 minutes",  # not given up on a busy machine
        "distributed.worker.memory.target": 0.6,  # what Dask does of itself
        "distributed.worker.memory.spill": 0.7,
    }
    with (
        dask.config.set(settings),
        LocalCluster(
            n_workers=1,
            threads_per_worker=1,
            host="127.0.0.1",
            protocol="tls",
            dashboard_address="127.0.0.1:0",  # its own port is taken where another cluster runs
            security=certificates[1],
            silence_logs=False,
            preload=["tracker.wires.cluster"],
        ) as cluster,
    ):
        yield cluster


@pytest.fixture
def address(cluster: LocalCluster, certificates: tuple[Path, Security]) -> ClusterAddress:
    return ClusterAddress(cluster.scheduler_address, certificates[0])


@pytest.fixture
def compute(address: ClusterAddress) -> Iterator[Cluster]:
    with Cluster(address) as compute:
        wait_until(lambda: at_once(compute) > 0)  # another test may have ended its worker
        yield compute


def wait_until(is_so: Callable[[], bool], seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.05)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What takes seconds takes a moment."""
    for name, seconds in (("LOOK", 0.05), ("CONNECT", 0.5), ("RESTART", 0.2)):
        monkeypatch.setattr(f"tracker.wires.cluster.{name}_SECONDS", seconds)


def test_a_cluster_measures_what_this_machine_measures(compute: Cluster) -> None:
    photo, baseline = ((COURSE / name).read_bytes() for name in ("d06.jpg", "baseline-1.jpg"))
    there = compute.submit(analyse_bytes, photo, baseline, frozenset(AREAS))
    here = analyse_bytes(photo, baseline, frozenset(AREAS))
    assert there.result(timeout=90) == here
    assert at_once(compute) == 2


def test_photos_that_travel_are_fewer_at_once_than_those_that_workers_read() -> None:
    many = Mock(at_once=256, is_elsewhere=True)
    assert at_once(many, "s3://bucket/clinic") == 256
    assert at_once(many, "/srv/photos") == MOST_BY_VALUE
    assert at_once(Mock(at_once=64, is_elsewhere=False), "/srv/photos") == 64


def test_a_photo_that_kills_its_workers_costs_no_other_a_try(
    compute: Cluster,
    db: Database,
    world: World,
    cast: Cast,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, level in (("baseline", 0.5), ("day-1", 1.0), ("day-2", 0.8)):
        role = PhotoRole.BASELINE if name == "baseline" else PhotoRole.FOLLOW_UP
        keep(db, world, cast, name, role)
        flat = SrgbImage(np.full((100, 100, 3), level, np.float32))
        world.files.save(name, Picture.PHOTO, encode_photo(flat))
    monkeypatch.setattr("tracker.wires.cluster.A_WORKER_AT_ONCE", 3)
    found = measure_photos(db, world.files, compute, NOW, find=white_kills)
    killer = photos.get(db, "day-1")
    assert killer is not None
    assert (killer.status, killer.failures) == (PhotoStatus.WAITING, 1)
    assert {each.photo.id for each in found} == {"baseline", "day-2"}


@pytest.mark.usefixtures("impatient")
def test_a_worker_of_another_kind_gets_no_photo_and_is_named(
    address: ClusterAddress,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    model = tmp_path / "other.onnx"
    model.write_bytes(b"another face model")
    with Cluster(address, model) as compute:
        assert at_once(compute) == 0
        (stranger,) = compute.strangers()
        with pytest.raises(ClusterGone, match="no worker of the kind afterglow-"):
            compute.submit(os.getpid).result(timeout=20)
        assert at_once(compute) == 0
    assert caplog.text.count(f"worker {stranger} gets no photo") == 1
    assert caplog.text.count("photos wait: no worker") == 1


def test_what_is_left_unfinished_is_handed_back(address: ClusterAddress) -> None:
    with Cluster(address) as compute:
        slow = compute.submit(time.sleep, 2)
        with pytest.raises(TooLate):
            slow.result(timeout=0.5)
        compute.shutdown()
        with pytest.raises(Stopped):
            slow.result(timeout=5)
        with pytest.raises(Stopped):
            compute.submit(os.getpid)
        assert at_once(compute) == 1  # so that its next call says so


@pytest.mark.usefixtures("impatient")
def test_without_a_scheduler_photos_wait_and_lose_no_try(
    db: Database, world: World, cast: Cast, caplog: pytest.LogCaptureFixture
) -> None:
    keep(db, world, cast, "baseline", PhotoRole.BASELINE)
    with Cluster(ClusterAddress("tcp://127.0.0.1:1")) as compute:
        assert measure_photos(db, world.files, compute, NOW) == []
    waiting = photos.get(db, "baseline")
    assert waiting is not None
    assert (waiting.attempts, status(db, "baseline")) == (0, PhotoStatus.WAITING)
    assert "the scheduler tcp://127.0.0.1:1 cannot be reached" in caplog.text


# Dask leaves the socket of a handshake that fails to the garbage collector.
@pytest.mark.filterwarnings("ignore:unclosed <ssl:ResourceWarning")
@pytest.mark.usefixtures("impatient")
def test_neither_an_absent_scheduler_nor_wrong_certificates_cost_threads_or_files(
    address: ClusterAddress, tmp_path: Path
) -> None:
    strange, _ = written(tmp_path)
    for away in (ClusterAddress("tcp://127.0.0.1:1"), ClusterAddress(address.url, strange)):
        with Cluster(away) as compute:
            tried(compute, 4)
            before = active_count(), open_files()
            tried(compute, 12)
            assert active_count() <= before[0] + 1
            assert open_files() <= before[1] + 4
    gc.collect()


def tried(compute: Cluster, times: int) -> None:
    for _ in range(times):
        assert at_once(compute) == 0
        time.sleep(0.1)


def open_files() -> int:
    gc.collect()
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


@pytest.mark.usefixtures("impatient")
def test_a_scheduler_that_falls_silent_keeps_no_one_waiting(
    cluster: LocalCluster, compute: Cluster, caplog: pytest.LogCaptureFixture
) -> None:
    def silent(**_: object) -> Awaitable[None]:
        return asyncio.sleep(3600)

    with answering(cluster, silent):
        wait_until(lambda: at_once(compute) == 0, 10)
        with pytest.raises(ClusterGone, match="cannot be reached: TimeoutError"):
            compute.submit(os.getpid).result(timeout=10)
    wait_until(lambda: at_once(compute) == 2, 10)
    assert caplog.text.count("photos wait") == 1


@pytest.mark.usefixtures("impatient")
def test_a_call_ends_when_no_worker_comes_back_for_it(
    cluster: LocalCluster, compute: Cluster
) -> None:
    slow = compute.submit(time.sleep, 2)
    gone = pytest.raises(ClusterGone, match="no worker of the kind")
    with answering(cluster, lambda **_: {"workers": {}}), gone:
        slow.result(timeout=1.5)


@contextmanager
def answering(cluster: LocalCluster, answer: Callable[..., object]) -> Iterator[None]:
    """Let the scheduler answer in another way which workers it has."""
    handlers = cluster.scheduler.handlers
    earlier, handlers["identity"] = handlers["identity"], answer
    try:
        yield
    finally:
        handlers["identity"] = earlier


def test_an_error_of_a_call_comes_back_and_its_words_reach_no_log(compute: Cluster) -> None:
    with pytest.raises(ValueError, match="a face in words"):
        compute.submit(fail_in_words).result(timeout=60)
    told = compute.submit(logged_by_worker).result(timeout=60)
    assert "Start worker at" in told
    assert "in words" not in told
    with pytest.raises(RuntimeError, match="UnportableError"):
        compute.submit(fail_unportably).result(timeout=60)
    assert "in words" not in compute.submit(logged_by_worker).result(timeout=60)


class UnportableError(Exception):
    """One that cannot be unpacked."""

    def __init__(self, words: str, number: int) -> None:
        super().__init__(f"{words} {number}")


def fail_in_words() -> None:
    raise ValueError("a face in words")


def fail_unportably() -> None:
    raise UnportableError("a nose in words", 1)


def logged_by_worker() -> str:
    return str(get_worker().get_logs())


def test_a_worker_keeps_photos_in_memory_whatever_dask_is_set_to(
    compute: Cluster, tmp_path: Path
) -> None:
    assert compute.submit(keeps_data_in).result(timeout=60) == "dict"
    spilling = SimpleNamespace(data=SpillBuffer(str(tmp_path), target=1))
    with pytest.raises(PhotosSpill):
        asyncio.run(dask_setup(spilling))


def keeps_data_in() -> str:
    return type(get_worker().data).__name__


def test_a_look_that_dask_cancels_is_not_the_last(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = []

    async def cancelled(_: object) -> None:
        looks.append(1)
        raise asyncio.CancelledError

    monkeypatch.setattr("tracker.wires.cluster.LOOK_SECONDS", 0.01)
    monkeypatch.setattr("tracker.wires.cluster._Link._look", cancelled)
    with Cluster(ClusterAddress("tcp://127.0.0.1:1")) as compute:
        while len(looks) < 3:
            time.sleep(0.01)
        with pytest.raises(ClusterGone, match="CancelledError"):
            compute.workers()


def test_a_worker_reuses_the_memory_of_an_image(compute: Cluster) -> None:
    pages = MEBIBYTE // resource.getpagesize()
    assert compute.submit(page_faults_of_images).result(timeout=60) < 20 * pages


def page_faults_of_images() -> int:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(200):
        np.ones(MEBIBYTE, np.uint8)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
