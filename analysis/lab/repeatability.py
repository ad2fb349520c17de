"""How small a change can be seen in this person: from photos between which nothing happened."""

from collections.abc import Sequence
from math import sqrt
from typing import Final

from analysis.light.chromophores import Estimate

_BELIEF_IN_SPREADS: Final = 4.0  # the reported spreads count like this many readings
_INSIDE: Final = 1.96  # standard deviations; 95 % of normal errors are smaller


def smallest_detectable_change(readings: Sequence[Estimate]) -> float:
    """The change (doublings) that a reading must exceed to be more than chance, with 95 %.

    `readings` are those of further baseline photos measured against the first. Their truth is 0, so
    each reading is an error. A few readings alone say little about its size, so the spreads that
    they report count as four more (a scaled inverse χ² prior; Gelman et al., "Bayesian Data
    Analysis", 2013, §2.6). Raises `ValueError` without any reading.
    """
    if not readings:
        raise ValueError("at least one further baseline photo is needed")
    expected = sum(reading.sd**2 for reading in readings) / len(readings)
    seen = sum(reading.value**2 for reading in readings)
    variance = (_BELIEF_IN_SPREADS * expected + seen) / (_BELIEF_IN_SPREADS + len(readings))
    return _INSIDE * sqrt(variance)
