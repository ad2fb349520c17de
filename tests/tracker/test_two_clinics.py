"""Two clinics as real processes, which share a cluster and an object store, and no photo."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from socket import create_connection

import pytest

from tests.benchmarks.load import BEFORE, FACE, Phone, clinic
from tests.post_office import free_port
from tests.tracker.object_store import ObjectStore, object_store
from tracker.environment import read_settings
from tracker.settings import Settings
from tracker.wires.photo_files import PhotoUnreadable, Picture, files_of
from tracker.world import World, open_world

__all__ = ["object_store"]
ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 200.0  # it takes fifteen seconds where nothing else runs


@dataclass(frozen=True)
class Opened:
    """A clinic that answers on its port; `world` looks into its folder from outside."""

    port: int
    world: World

    def photos(self) -> dict[str, str]:
        """The id of every photo with its status."""
        with closing(self.world.connect()) as db:
            return {row["id"]: row["status"] for row in db.query("SELECT id, status FROM photos")}

    def has_measured(self) -> bool:
        """Whether no photo waits."""
        return set(self.photos().values()) == {"measured"}

    def answers(self) -> bool:
        """Whether its pages are open."""
        try:
            create_connection(("127.0.0.1", self.port), 1).close()
        except OSError:
            return False
        return True

    def patient(self) -> str:
        """The id of its only patient."""
        with closing(self.world.connect()) as db:
            (row,) = db.query("SELECT id FROM people WHERE role = 'patient'")
            return str(row["id"])


@pytest.fixture
def clinics(tmp_path: Path, object_store: ObjectStore) -> Iterator[list[Opened]]:
    store, found = object_store.bucket(), []
    ports = {"CLUSTER_PORT": str(free_port())}
    for name in ("north", "south"):
        settings, _ = clinic(tmp_path / name, 1, name.encode().ljust(32))
        (tmp_path / f"{name}.secret").write_text(settings["AFTERGLOW_SECRET"])
        settings |= {"AFTERGLOW_PHOTOS": f"{store}/{name}"}
        found.append(Opened(free_port(), open_world(read_settings(settings))))
        ports[f"{name.upper()}_PORT"] = str(found[-1].port)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    script = subprocess.Popen(
        [ROOT / "tracker" / "deploy" / "two-clinics", tmp_path, store],
        env={**os.environ, **ports, "PATH": path, "AFTERGLOW_SECOND_STEP": "off"},
        cwd=ROOT,
        start_new_session=True,
    )
    try:
        yield found
    finally:
        script.terminate()
        try:
            script.wait(timeout=PATIENCE)
            until(lambda: not is_there(script.pid))
        finally:
            with suppress(ProcessLookupError):
                os.killpg(script.pid, signal.SIGKILL)


@pytest.mark.timeout(500)
def test_two_clinics_share_a_cluster_and_a_store_and_see_nothing_of_each_other(
    clinics: list[Opened],
) -> None:
    for each in clinics:
        until(each.answers)
        phone = Phone(each.port, "p0@home.example")  # one person may be a patient of both
        for photo, role in ((BEFORE, "baseline"), (FACE, "follow_up")):
            sent = partial(phone.send_photo, photo.read_bytes(), role)
            until(lambda sent=sent: sent()[0] == 303)  # type: ignore[misc]  # 503: come again
    for each in clinics:
        until(each.has_measured)
        assert len(each.photos()) == 2
    north, south = clinics
    dana = Phone(south.port, "dana@clinic.example")
    assert dana.read(f"/patients/{south.patient()}") == 200
    assert dana.read(f"/patients/{north.patient()}") == 404
    assert not north.photos().keys() & south.photos().keys()
    for other in (south.world.files, files_of(north_with_the_key_of(south, north))):
        with pytest.raises(PhotoUnreadable):
            other.load(next(iter(north.photos())), Picture.PHOTO)


def north_with_the_key_of(south: Opened, north: Opened) -> Settings:
    """What a person of the south would need: the place of the north, and a key they do not have."""
    return replace(north.world.settings, secret=south.world.settings.secret)


def is_there(group: int) -> bool:
    """Whether a process of the group is left over."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def until(is_so: Callable[[], bool]) -> None:
    """Wait until it is so."""
    end = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.1)
