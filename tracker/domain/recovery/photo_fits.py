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
class Groups:
    """Groups of photos: all that are `counted` (p,), or these without one span of photos each.

    `spans` (g, 2) are the first photo that is left out and the one after the last, in rising order;
    None: nothing is left out, and there is one group.
    """

    counted: NDArray[np.bool_]
    spans: NDArray[np.intp] | None = None

    @property
    def key(self) -> tuple[bytes, bytes]:
        """The same for the same groups."""
        return self.counted.tobytes(), b"" if self.spans is None else self.spans.tobytes()


@dataclass(frozen=True, slots=True, eq=False)
class Observation:
    """Places over time as every draw sees them, under any hypothesis.

    Draws come last, because sums over photos are then sums of rows. `values` (s, p, n) are the
    readings minus passing and light effects, and `sharpness` (s, p, n) by what they are divided.
    `offset` (s, p, n) is the score of a reading with residual 0, already by its `weight` (s, p, 1),
    which is 0 where nothing was seen.
    """

    places: Places
    days: Array
    draws: Draws
    protocol: Protocol
    values: Array
    sharpness: Array
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

    `scores` (s, p + 1, n): log likelihood of every photo under every draw, up to a constant; before
    the first photo 0, where sums begin. `log_weight` (n,) of the draws, their weights adding up to
    1. `onset` (n,): the day on which each draw departs from the usual course. `begun`: the chance
    that it would have departed by now.
    """

    scores: Array
    log_weight: Array
    onset: Array
    begun: float

    def evidence(self, groups: Groups) -> Array:
        """Log evidence (s, g) by each group of photos."""
        counted = np.insert(groups.counted, 0, False).astype(np.float32)
        every = counted @ self.scores + self.log_weight
        if groups.spans is None:
            return _log_sum(every[:, np.newaxis])
        until = np.zeros(self.scores.shape)  # what is counted up to each photo
        for photo in range(1, len(counted)):  # `cumsum` goes across the rows, and is slow
            held = counted[photo] * self.scores[:, photo]
            np.add(until[:, photo - 1], held, out=until[:, photo])
        first, end = groups.spans.T
        evidence = np.empty((len(until), len(first)))
        for place, sums in enumerate(until):  # one fits into the cache
            evidence[place] = _log_sum(every[place] - (sums[end] - sums[first]))
        return evidence

    def weights_at(self, place: int) -> Array:
        """The weight (n,) of each draw by how well it explains a place; together 1."""
        total = self.scores[place].sum(axis=0) + self.log_weight
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
    scale = draws.error_scale[:, 0]
    passes = _by_photo(what_passes(draws, passing, days, last))
    light = _by_photo(what_light_does(draws, days, last)) * scale
    values = np.where(seen, places.values, np.float32(0))[..., np.newaxis] - passes
    values -= places.shared_sd[:, np.newaxis, np.newaxis] * light
    variance = np.where(seen, places.variances, np.float32(1))[..., np.newaxis] * scale**2
    variance += np.float32(day_sd**2)
    counted = (seen * weight).astype(np.float32)[..., np.newaxis]
    offset = np.log(variance)
    offset *= np.float32(-0.5) * counted
    sharpness = np.sqrt(variance, out=variance)
    np.divide(1 / np.sqrt(_TAIL), sharpness, out=sharpness)
    values *= sharpness
    return Observation(
        places=places,
        days=days,
        draws=draws,
        protocol=protocol,
        values=values,
        sharpness=sharpness,
        offset=offset,
        weight=counted,
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
    return Fit(
        scores=_scores(observation, _by_photo(expect(observation.days))),
        log_weight=weight - np.logaddexp.reduce(weight),
        onset=onset[:, 0],
        begun=(until - first) / (end - first) if begins else 1.0,
    )


def _scores(observation: Observation, expected: Array) -> Array:
    """The scores (s, p, n) of what each draw expects of each photo (p, n), place by place.

    In place, because fresh memory costs more than the arithmetic.
    """
    places, photos, draws = observation.values.shape
    scores = np.zeros((places, photos + 1, draws), np.float32)
    for place in range(places):
        distance = scores[place, 1:]
        np.multiply(expected, observation.sharpness[place], out=distance)
        np.subtract(observation.values[place], distance, out=distance)
        np.multiply(distance, distance, out=distance)
        np.add(distance, 1, out=distance)
        np.log(distance, out=distance)
        np.multiply(distance, -_SLOPE * observation.weight[place], out=distance)
        np.add(distance, observation.offset[place], out=distance)
    return scores


def _log_sum(logs: Array) -> Array:
    """The log of the sum over the last axis of what these are the logs of."""
    top = logs.max(axis=-1, keepdims=True)
    shares = np.subtract(logs, top, dtype=np.float32)
    return np.asarray(top[..., 0] + np.log(np.exp(shares, out=shares).sum(axis=-1)))


def _by_photo(values: Array) -> Array:
    """Values of draws over photos (n, p) with the draws last."""
    return np.ascontiguousarray(values.T)
