"""The white of the eyes: where it is looked for, and what it tells of the light."""

import numpy as np
import pytest

from analysis.face.grid import GRID_SIZE, GridView
from analysis.face.regions import eye_openings
from analysis.images import LinearImage, Mask
from analysis.light.eye_whites import compare_eyes, eye_whites

SHAPE = GRID_SIZE[::-1]


def face(left: tuple[float, ...], right: tuple[float, ...]) -> GridView:
    """Dark skin with two eyes of one colour each."""
    pixels = np.full((*SHAPE, 3), 0.05, np.float32)
    for opening, white in zip(eye_openings(), (left, right), strict=True):
        pixels[opening.pixels] = white
    return GridView(LinearImage(pixels), Mask(np.ones(SHAPE, np.bool_)))


def test_each_eye_is_read_by_itself() -> None:
    whites = eye_whites(face((0.4, 0.3, 0.2), (0.5, 0.5, 0.5)).light)
    assert whites == pytest.approx(np.array([[0.4, 0.3, 0.2], [0.5, 0.5, 0.5]]), rel=1e-5)


def test_a_lamp_that_tints_both_eyes_alike_is_told_and_believed() -> None:
    before, today = face((0.4,) * 3, (0.3,) * 3), face((0.5, 0.4, 0.3), (0.375, 0.3, 0.225))
    shift = compare_eyes(today, before)
    assert shift.value == pytest.approx(np.log([1.25, 1.0, 0.75]), abs=1e-4)
    assert np.abs(shift.covariance).max() < 1e-6


def test_one_red_eye_is_believed_less() -> None:
    before, today = face((0.4,) * 3, (0.4,) * 3), face((0.4, 0.3, 0.3), (0.4,) * 3)
    assert np.diag(compare_eyes(today, before).covariance).max() > 0.05**2


def test_closed_or_unlit_eyes_leave_finite_numbers() -> None:
    shift = compare_eyes(face((0.0,) * 3, (0.0,) * 3), face((0.4,) * 3, (0.4,) * 3))
    assert np.isfinite(shift.value).all()
    assert np.isfinite(shift.covariance).all()
