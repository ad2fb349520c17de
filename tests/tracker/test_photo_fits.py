import numpy as np
import pytest

from tests.tracker.courses_of_readings import (
    Doublings,
    course,
    fading,
    reading,
    rising_again,
    treatment,
)
from tracker.domain.recovery.photo_fits import Fit, Groups, Observation, fit, observe
from tracker.domain.recovery.photo_series import Places, redness, series_of
from tracker.domain.recovery.recovery import assess, conclude
from tracker.domain.recovery.skin_curves import Shape, draw_curves
from tracker.storage.protocols import protocol_files

PROTOCOL = protocol_files.load("microneedling")
HEALING = PROTOCOL.healing_for(1.5, None)


def seen(days: list[float]) -> Observation:
    """Each region of a course that reddens again, over these days."""
    readings = [reading(day, rising_again, seed=seed) for seed, day in enumerate(days)]
    series = series_of(treatment(), readings, redness, PROTOCOL.redness.state_sd)
    assert series.relative is not None
    return observed(series.days, series.weight, series.relative)


def observed(days: np.ndarray, weight: np.ndarray, places: Places) -> Observation:
    draws = draw_curves(PROTOCOL, HEALING)
    return observe(
        days,
        weight,
        draws,
        PROTOCOL,
        places=places,
        passing=draws.passing,
        day_sd=PROTOCOL.redness.region_day_sd,
        relative=True,
    )


def risen(days: list[float]) -> Fit:
    return fit(seen(days), Shape.RISES, (2.0, 9.0))


def test_leaving_a_span_of_photos_out_is_fitting_the_others_alone() -> None:
    days = [0.2, 1.1, 1.3, 2.0, 2.0, 3.4, 5.1, 6.6, 6.7, 8.0]
    spans = np.array([[0, 1], [1, 3], [3, 5], [5, 6], [6, 10], [9, 10]])
    counted = np.array([True] * 7 + [False] + [True] * 2)
    fitted = risen(days)
    at_once = fitted.evidence(Groups(counted, spans))
    for group, (first, end) in enumerate(spans):
        others = counted.copy()
        others[first:end] = False
        alone = fitted.evidence(Groups(others))[:, 0]
        assert at_once[:, group] == pytest.approx(alone, abs=1e-4)


def test_a_fit_to_some_photos_is_the_fit_of_a_course_without_the_others() -> None:
    days = [0.2, 1.1, 2.0, 3.4, 5.1, 6.6, 8.0]
    whole = seen(days)
    kept = np.array([0, 1, 3, 6])
    places = Places(
        whole.places.regions,
        whole.places.values[:, kept],
        whole.places.variances[:, kept],
        whole.places.shared_sd,
    )
    weight = np.ones(len(kept), np.float32)
    fewer = fit(observed(whole.days[kept], weight, places), Shape.RISES, (2.0, 9.0))
    counted = np.isin(np.arange(len(days)), kept)
    of_some = fit(whole, Shape.RISES, (2.0, 9.0)).evidence(Groups(counted))
    assert of_some == pytest.approx(fewer.evidence(Groups(np.ones(len(kept), np.bool_))), abs=1e-4)


@pytest.mark.parametrize("shape", [fading, rising_again])
def test_what_is_concluded_does_not_depend_on_what_pages_show(shape: Doublings) -> None:
    for count in (0, 1, 4, 9):
        rows = [reading(day + 0.05, shape, seed=day) for day in range(count)]
        assert conclude(course(rows), PROTOCOL, 9.5) == assess(course(rows), PROTOCOL, 9.5).findings
