"""Every rendered person has a different head, in the range of living people."""

from dataclasses import fields, replace

import numpy as np
import pytest

from analysis.errors import Fault
from analysis.images import SrgbImage
from analysis.quality import judge_photo
from analysis.scenes import Pose, Shot, photograph
from analysis.scenes.head.changes import SkinState
from analysis.scenes.head.features import Proportions
from analysis.scenes.head.heads import Person
from analysis.scenes.head.skin import Complexion
from tests.benchmarks.measurement.proportions import draw_proportions

PEOPLE = [draw_proportions(np.random.default_rng(seed)) for seed in range(300)]


def test_a_seed_draws_the_same_person_again() -> None:
    assert draw_proportions(np.random.default_rng(7)) == PEOPLE[7]
    assert len(set(PEOPLE)) == len(PEOPLE)


@pytest.mark.parametrize(
    ("length", "least", "most"),
    [("pupil_distance", 52, 74), ("nose_width", 28, 48), ("mouth_width", 42, 62)],
)
def test_lengths_lie_in_the_range_of_living_people(length: str, least: float, most: float) -> None:
    lengths = [getattr(person, length) for person in PEOPLE]
    assert least < min(lengths) < max(lengths) < most


def test_the_mean_of_many_people_is_near_the_default_face() -> None:
    """No drawn length differs from the default by more than the spread between people."""
    default = Proportions()
    for field in fields(Proportions):
        drawn = np.array([getattr(person, field.name) for person in PEOPLE])
        assert abs(drawn.mean() - getattr(default, field.name)) <= 1.3 * drawn.std() + 1e-9


def test_the_chin_stays_below_the_lips() -> None:
    assert all(118 + p.chin_length - p.mouth - p.lower_lip > 22 for p in PEOPLE)


@pytest.fixture(scope="module")
def photos() -> dict[str, SrgbImage]:
    """A person before treatment and again, and another person of the same tone and hair."""
    one = Person(seed=41, complexion=Complexion(0.12), proportions=PEOPLE[1])
    other = replace(one, seed=42, proportions=PEOPLE[2])
    pose = Pose(right_mm=4, tilt_degrees=3, yaw_degrees=-4, scale=0.93)
    return {
        "before": photograph(one, SkinState(), Shot(seed=1)).image,
        "again": photograph(one, SkinState(), Shot(pose=pose, exposure_ev=-0.3, seed=2)).image,
        "somebody else": photograph(other, SkinState(), Shot(pose=pose, seed=3)).image,
    }


def test_the_gate_names_a_stranger(photos: dict[str, SrgbImage]) -> None:
    assert judge_photo(photos["somebody else"], photos["before"]).faults == (
        Fault.DIFFERENT_PERSON,
    )


def test_the_gate_knows_the_patient_again(photos: dict[str, SrgbImage]) -> None:
    quality = judge_photo(photos["again"], photos["before"])
    assert quality.faults == ()
    assert Fault.DIFFERENT_PERSON not in quality.warnings
