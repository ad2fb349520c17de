"""How well each hypothesis about the skin explains what the photos show.

Every hypothesis is a cloud of draws (`skin_curves`); each draw predicts every reading. Residuals
are scored with Student's t, so that a single distant reading cannot decide.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tracker.domain.protocols.protocols import Protocol
from tracker.domain.recovery.photo_series import Places
from tracker.domain.recovery.skin_curves import (
    EDGE,
    Draws,
    Shape,
    predicted,
    what_light_does,
    what_passes,
)

_TAIL: Final = np.float32(4)  # degrees of freedom of Student's t
_SLOPE: Final = np.float32(2.5)  # (tail + 1) / 2

Array = NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True, eq=False)
class Observation:
    """Places over time as every draw sees them, under any hypothesis.

    `values` (n, s, p) are the readings minus passing and light effects; `precision` (n, s, p) is 1
    / variance and `offset` (n, s, p) the score of a reading with residual 0. `weight` (s, p) is 0
    where nothing was seen.
    """

    places: Places
    days: Array
    draws: Draws
    protocol: Protocol
    values: Array
    precision: Array
    offset: Array
    weight: Array
    relative: bool

    @property
    def last(self) -> float:
        """The day of the newest photo."""
        return float(self.days[-1])


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """How well one hypothesis explains places.

    `scores` (n, s, p): log likelihood of every photo under every draw, up to a constant.
    `log_weight` (n,) of the draws, their weights adding up to 1. `onset` (n,): the day on which
    each draw departs from the usual course. `begun`: the chance that it would have departed by now.
    """

    scores: Array
    log_weight: Array
    onset: Array
    begun: float

    def evidence(self, groups: NDArray[np.bool_]) -> Array:
        """Log evidence (s, g) by each group (g, p) of photos."""
        scores = self.scores @ groups.T.astype(np.float32)
        weighted = scores + self.log_weight[:, np.newaxis, np.newaxis]
        top = weighted.max(axis=0)
        return np.asarray(top + np.log(np.exp(weighted - top).sum(axis=0)))

    def weights_at(self, place: int) -> Array:
        """The weight (n,) of each draw by how well it explains a place; together 1."""
        total = self.scores[:, place].sum(axis=1) + self.log_weight
        weights = np.exp(total - total.max())
        return np.asarray(weights / weights.sum())

    def onset_at(self, place: int) -> float:
        """The mean day of onset among draws, by how well they explain a place."""
        return float(self.onset @ self.weights_at(place))


def observe(
    days: Array,
    weight: Array,
    draws: Draws,
    protocol: Protocol,
    *,
    places: Places,
    passing: Array,
    day_sd: float,
    relative: bool,
) -> Observation:
    """The places (s, p) over `days` (p,), each photo counted by its `weight` (p,).

    `passing` (n, 1) is the size of the passing effect, `day_sd` the scatter of true skin around its
    curve.
    """
    last = float(days[-1])
    seen = np.isfinite(places.values)
    passes = what_passes(draws, passing, days, last)[:, np.newaxis]
    scale = draws.error_scale[:, np.newaxis]
    light = what_light_does(draws, days, last)[:, np.newaxis] * places.shared_sd[:, np.newaxis]
    light = light * scale
    variance = np.where(seen, places.variances, 1) * scale**2 + np.float32(day_sd**2)
    return Observation(
        places=places,
        days=days,
        draws=draws,
        protocol=protocol,
        values=np.where(seen, places.values, np.float32(0)) - passes - light,
        precision=np.float32(1) / (_TAIL * variance),
        offset=np.float32(-0.5) * np.log(variance),
        weight=(seen * weight).astype(np.float32),
        relative=relative,
    )


def fit(observation: Observation, shape: Shape, onset_days: tuple[float, float]) -> Fit:
    """Fit one hypothesis that may begin within `onset_days`."""
    first, end = onset_days
    begins = shape not in {Shape.FADES, Shape.STAYS, Shape.UNCHANGED}
    until = min(max(observation.last, first), end)
    onset = np.float32(first) + observation.draws.onset_time * np.float32(until - first)
    weight = observation.draws.log_weight

    def expect(days: Array) -> Array:
        return predicted(
            observation.draws,
            observation.protocol,
            shape,
            days,
            onset,
            relative=observation.relative,
        )

    if shape is Shape.STAYS:  # redness that can no longer be seen has not stayed
        today = expect(observation.days[-1:])[:, 0]
        weight = weight - np.logaddexp(0, (observation.protocol.redness.visible - today) / EDGE)
    distance = observation.values - expect(observation.days)[:, np.newaxis]
    tail = np.log(1 + distance * distance * observation.precision)
    return Fit(
        scores=(observation.offset - _SLOPE * tail) * observation.weight,
        log_weight=weight - np.logaddexp.reduce(weight),
        onset=onset[:, 0],
        begun=(until - first) / (end - first) if begins else 1.0,
    )
