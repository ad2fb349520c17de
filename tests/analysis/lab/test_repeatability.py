"""The smallest change in one person that can be distinguished from chance."""

import numpy as np
import pytest

from analysis.lab.repeatability import smallest_detectable_change
from analysis.light.chromophores import Estimate


def test_readings_as_scattered_as_they_say_confirm_their_spread() -> None:
    readings = [Estimate(0.1, 0.1), Estimate(-0.1, 0.1)]
    assert smallest_detectable_change(readings) == pytest.approx(0.196, abs=0.001)


def test_a_person_who_scatters_more_needs_a_larger_change() -> None:
    steady = smallest_detectable_change([Estimate(0.02, 0.1), Estimate(-0.03, 0.1)])
    restless = smallest_detectable_change([Estimate(0.4, 0.1), Estimate(-0.3, 0.1)])
    assert steady < 0.196 < restless


def test_many_readings_outweigh_the_spreads_that_they_report() -> None:
    rng = np.random.default_rng(3)
    readings = [Estimate(float(value), 0.05) for value in rng.normal(0, 0.2, 200)]
    assert smallest_detectable_change(readings) == pytest.approx(0.392, rel=0.1)


def test_without_a_second_baseline_nothing_can_be_said() -> None:
    with pytest.raises(ValueError, match="baseline"):
        smallest_detectable_change([])
