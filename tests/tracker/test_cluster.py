"""A real Dask scheduler and a real worker, over TLS."""

import os
import time
from collections.abc import Iterator
from concurrent.futures import TimeoutError as TooLate
from importlib.resources import files
from pathlib import Path
from threading import active_count

import dask
import numpy as np
import pytest
from distributed import LocalCluster, Security
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
from tracker.wires.cluster import Cluster, ClusterGone
from tracker.wires.compute import analyse_bytes
from tracker.wires.photo_files import Picture
from tracker.wires.processes import Stopped, at_once
from tracker.world import World

COURSE = Path(str(files("sample_images"))) / "infection_type_6"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClusterAddress]:
    """A scheduler on this machine with one worker, which loads what the documentation says."""
    folder, security = tmp_path_factory.mktemp("certificates"), Security.temporary()
    for name, text in (
        ("ca.pem", security.tls_ca_file),
        ("cert.pem", security.tls_client_cert),
        ("key.pem", security.tls_client_key),
    ):
        (folder / name).write_text(text)
    once = dask.config.set({"distributed.scheduler.allowed-failures": 0})  # as fast as can be
    with (
        once,
        LocalCluster(
            n_workers=1,
            threads_per_worker=1,
            host="127.0.0.1",
            protocol="tls",
            dashboard_address=None,
            security=security,
            silence_logs=False,
            preload=["tracker.wires.cluster"],
        ) as cluster,
    ):
        yield ClusterAddress(cluster.scheduler_address, folder)


@pytest.fixture
def compute(address: ClusterAddress) -> Iterator[Cluster]:
    with Cluster(address) as cluster:
        yield cluster


def test_a_cluster_measures_what_this_machine_measures(compute: Cluster) -> None:
    photo, baseline = ((COURSE / name).read_bytes() for name in ("d06.jpg", "baseline-1.jpg"))
    there = compute.submit(analyse_bytes, photo, baseline, frozenset(AREAS))
    here = analyse_bytes(photo, baseline, frozenset(AREAS))
    assert there.result(timeout=90) == here
    assert at_once(compute) == 2


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


def test_a_worker_of_another_kind_gets_no_photo_and_is_named(
    address: ClusterAddress,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tracker.wires.cluster.RESTART_SECONDS", 0)
    model = tmp_path / "other.onnx"
    model.write_bytes(b"another face model")
    with Cluster(address, model) as compute:
        assert at_once(compute) == 0
        (stranger,) = compute.strangers()
        with pytest.raises(ClusterGone, match="no worker of the kind afterglow-"):
            compute.submit(os.getpid)
        assert at_once(compute) == 0
    assert caplog.text.count(f"worker {stranger} gets no photo") == 1
    assert caplog.text.count("photos wait: no worker") == 1


def test_what_is_left_unfinished_is_handed_back(address: ClusterAddress) -> None:
    with Cluster(address) as compute:
        slow = compute.submit(time.sleep, 60)
        with pytest.raises(TooLate):
            slow.result(timeout=0.5)
        compute.shutdown()
        with pytest.raises(Stopped):
            slow.result(timeout=5)
        with pytest.raises(Stopped):
            compute.submit(os.getpid)
        assert at_once(compute) == 0


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


def test_a_scheduler_that_stays_away_costs_no_thread_and_no_file() -> None:
    with Cluster(ClusterAddress("tcp://127.0.0.1:1")) as compute:
        assert at_once(compute) == 0
        before = active_count(), len(list(Path("/proc/self/fd").iterdir()))
        for _ in range(20):
            assert at_once(compute) == 0
        assert (active_count(), len(list(Path("/proc/self/fd").iterdir()))) <= before
