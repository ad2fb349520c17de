import numpy as np
import pytest

from analysis.light.small_systems import factor, systems_last


def test_many_systems_are_solved_as_each_alone_however_alike_their_channels_are() -> None:
    rng = np.random.default_rng(3)
    slopes = rng.standard_normal((50, 3, 3))
    shared = 10.0 ** rng.uniform(-3, 1, (50, 1, 1))  # brightness that no one knows
    matrices = 1e-5 * slopes @ np.swapaxes(slopes, 1, 2) + 1e-6 * np.eye(3) + shared
    right = rng.standard_normal((50, 3))
    factors = factor(systems_last(matrices))
    solved = np.linalg.solve(matrices, right[..., np.newaxis])[..., 0]
    assert pytest.approx(solved, rel=1e-6) == factors.solve(right.T).T
    assert factors.log_determinant == pytest.approx(np.linalg.slogdet(matrices)[1], abs=1e-8)


def test_one_matrix_serves_all_right_sides() -> None:
    matrix = np.array([[2.0, 0.5, 0.1], [0.5, 1.0, 0.2], [0.1, 0.2, 3.0]])
    right = np.arange(12.0).reshape(3, 4)
    assert factor(systems_last(matrix)).solve(right) == pytest.approx(
        np.linalg.solve(matrix, right)
    )
