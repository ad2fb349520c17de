"""A real process that is killed while it measures."""

import os
import signal

import numpy as np
from sqlite_utils import Database

from analysis import encode_photo
from analysis.errors import Fault, Unmeasurable
from analysis.face.faces import Face
from analysis.images import SrgbImage
from tests.conftest import Cast
from tests.tracker.actions.test_measure_photos import NOW, keep
from tracker.actions.course.measuring import measure_photos
from tracker.domain.course.photos import PhotoRole, PhotoStatus
from tracker.storage.course import photos
from tracker.wires.photo_files import Picture
from tracker.wires.processes import LocalProcesses
from tracker.world import World


def white_kills(photo: SrgbImage) -> Face:
    """A face finder that one photo kills, like one that needs more memory than there is."""
    if photo.pixels.min() > 0.99:
        os.kill(os.getpid(), signal.SIGKILL)
    if photo.pixels.max() < 0.7:
        return Face(eyes=((30, 40), (70, 40)), eyes_seen=2)
    raise Unmeasurable(Fault.NO_FACE)


def test_a_process_that_is_really_killed_costs_only_its_own_photo_a_try(
    db: Database, world: World, cast: Cast
) -> None:
    for name, level in (("baseline", 0.5), ("day-0", 0.4), ("day-1", 1.0), ("day-2", 0.8)):
        role = PhotoRole.BASELINE if name == "baseline" else PhotoRole.FOLLOW_UP
        keep(db, world, cast, name, role)
        flat = SrgbImage(np.full((100, 100, 3), level, np.float32))
        world.files.save(name, Picture.PHOTO, encode_photo(flat))
    with LocalProcesses(workers=2) as compute:
        outcomes = measure_photos(db, world.files, compute, NOW, find=white_kills)
    assert {outcome.photo.id for outcome in outcomes} == {"baseline", "day-0", "day-2"}
    killer = photos.get(db, "day-1")
    assert killer is not None
    assert (killer.status, killer.failures) == (PhotoStatus.WAITING, 1)
