"""The one robust measure of spread."""

import numpy as np
import pytest
from scipy.stats import median_abs_deviation

from analysis.robust import robust_sd


def test_it_is_the_standard_deviation_of_what_is_normal_however_wild_the_rest() -> None:
    deviations = np.random.default_rng(1).normal(0, 0.3, 10_000)
    assert float(robust_sd(deviations)) == pytest.approx(0.3, rel=0.03)
    deviations[:1_000] = 1e6
    assert float(robust_sd(deviations)) == pytest.approx(0.3, rel=0.2)


def test_about_the_median_it_is_scipys_along_the_first_axis() -> None:
    values = np.random.default_rng(2).normal(0, [1.0, 2.0, 4.0], (41, 3))
    ours = robust_sd(values - np.median(values, axis=0))
    assert ours == pytest.approx(median_abs_deviation(values, axis=0, scale="normal"), rel=1e-5)


def test_single_precision_stays_so() -> None:
    assert robust_sd(np.array([1, -1, 3], np.float32)).dtype == np.float32
