"""Ordinary photos of the invented people, taken with a phone and under a lamp of their own."""

import numpy as np

from analysis.images import SrgbImage, decode_photo, encode_photo
from analysis.scenes import Pose, Shot, photograph
from analysis.scenes.head.changes import SkinState
from analysis.scenes.head.heads import Person
from tests.benchmarks.measurement.people import Subject


def aim(subject: Subject, pose: Pose, rng: np.random.Generator) -> Shot:
    """A shot in this pose by one of the subject's phones, from −0.4 to +0.3 EV."""
    return Shot(
        camera=subject.cameras[int(rng.integers(len(subject.cameras)))],
        lamp=subject.lamps[int(rng.integers(len(subject.lamps)))],
        pose=pose,
        exposure_ev=float(rng.uniform(-0.4, 0.3)),
        seed=int(rng.integers(1_000_000)),
    )


def take(person: Person, shot: Shot) -> SrgbImage:
    """The photo (h, w, 3) of a person whose skin is as at baseline, stored once as JPEG."""
    return decode_photo(encode_photo(photograph(person, SkinState(), shot).image))
