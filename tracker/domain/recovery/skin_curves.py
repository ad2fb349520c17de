"""How skin may recover after a treatment: draws from the protocol's priors, and their predictions.

A draw is one possible recovery of one skin. Redness is log2(1 + extra blood). The extra blood fades
exponentially, so that day-by-day shares of the peak follow from one half-life. Every draw also
contains harmless effects that every person's photos show: an offset, because all readings share one
baseline photo; a shift from some day on, because people change rooms and phones; and a flush, a
nick or a crust that appears at once and passes by itself.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from tracker.domain.protocols.protocols import Healing, Protocol, Spread

DRAWS = 512
SEED = 20260302  # the same course is judged the same way every time
_ROOM_CHANGES = 0.5  # share of courses in which the light changes for good
_PASSING_DRAWN = 0.5  # share of the draws with a passing effect; weighted by how often it happens
_ERROR_SCALE = (
    0.7  # of the stated errors of photos, which are rather too wide (METHOD.md, section 6)
)
_ERROR_LOG_SD = 0.5  # how far a person's own scatter may differ from that
_DIMENSIONS = 17
_STOPS = 0.5  # share of draws in which lasting redness stops falling instead of slowing down
EDGE = 0.06  # doublings over which the limit between clear and not clear is smoothed
_AT_FIRST = 0.5  # of the peak's extra blood, on the day of a treatment whose redness peaks late

Array = NDArray[np.floating[Any]]


class Shape(StrEnum):
    """How one quantity may develop in one place."""

    FADES = "fades"  # redness as usual: to none
    STAYS = "stays"  # redness that does not fade to none
    RISES = "rises"  # redness that fades, then rises again
    UNCHANGED = "unchanged"  # pigment as usual
    DARKENS = "darkens"
    LIGHTENS = "lightens"


@dataclass(frozen=True, slots=True, eq=False)
class Draws:
    """Possible courses; all arrays are (n, 1), so that days can be columns.

    `peak_blood` is the extra blood at its peak, on `peak_day`, in shares of the baseline's;
    `half_life` in days. For lasting redness, `plateau` is the share of the peak that never fades,
    and `slowness` how many times longer the rest takes; `rise` is in doublings a day, up to
    `full_rise`; `amount` and `loss` of pigment in doublings; `region` how much more blood a region
    gets than its neighbours. `offset` and `room_shift` are in standard deviations of what the
    readings of a course share. Times are between 0 and 1, from the first to the last day possible.
    `passing` (redness) and `crust` (pigment) are in doublings, 0 without one, and fade with
    `passing_half_life`. `error_scale` multiplies the readings' own errors. `log_weight` (n,) makes
    the draws a fair sample.
    """

    peak_blood: Array
    peak_day: Array
    half_life: Array
    plateau: Array
    slowness: Array
    region: Array
    offset: Array
    room_time: Array
    room_shift: Array
    passing_time: Array
    passing: Array
    crust: Array
    passing_half_life: Array
    onset_time: Array
    rise: Array
    full_rise: Array
    amount: Array
    loss: Array
    error_scale: Array
    log_weight: Array


def draw_curves(protocol: Protocol, healing: Healing) -> Draws:
    """Draws from the priors of a protocol, spread evenly over each of them."""
    even = _even_draws()
    normal = _normal_draws()
    red, dark = protocol.redness, protocol.pigment
    low, high = red.plateau_share
    stops = even[15] < _STOPS
    passes = even[12] < _PASSING_DRAWN
    share = red.passing_share
    weight = np.where(passes, share / _PASSING_DRAWN, (1 - share) / (1 - _PASSING_DRAWN))
    draws = Draws(
        peak_blood=np.exp2(_spread(healing.peak_doublings, normal[0])) - 1,
        peak_day=(
            np.zeros_like(normal[16])
            if healing.peak_days is None
            else _spread(healing.peak_days, normal[16])
        ),
        half_life=_spread(healing.half_life_hours, normal[1]) / 24,
        plateau=np.where(stops, low + (high - low) * even[2], np.float32(0)),
        slowness=np.where(stops, np.float32(1), _spread(red.slowness, normal[2])),
        region=np.exp(np.float32(red.region_log_sd) * normal[3]),
        offset=normal[4],
        room_time=even[5],
        room_shift=np.where(even[6] < _ROOM_CHANGES, normal[7], np.float32(0)),
        passing_time=even[8],
        passing=np.where(passes, _spread(red.passing, normal[9]), np.float32(0)),
        crust=np.where(passes, _spread(dark.crust, normal[9]), np.float32(0)),
        passing_half_life=_spread(red.passing_half_life_hours, normal[10]) / 24,
        onset_time=even[11],
        rise=_spread(red.rise_per_day, normal[13]),
        full_rise=_spread(red.full_rise, normal[15]),
        amount=_spread(dark.amount, normal[13]),
        loss=_spread(dark.loss, normal[13]),
        error_scale=np.float32(_ERROR_SCALE) * np.exp(np.float32(_ERROR_LOG_SD) * normal[14]),
        log_weight=np.log(weight[:, 0]),
    )
    # A course that is still red when 95 in 100 are clear is not normal: it "stays".
    limit = np.array([healing.clear_days_p95], np.float32)
    red_then = (_redness(draws, limit)[:, 0] - red.visible) / EDGE
    return replace(draws, log_weight=draws.log_weight - np.logaddexp(0, red_then))


def predicted(
    draws: Draws, protocol: Protocol, shape: Shape, days: Array, onset: Array, *, relative: bool
) -> Array:
    """What each draw of a hypothesis predicts for `days` (p,), in doublings (n, p).

    `onset` (n, 1) is the day on which it departs from the usual course. With `relative`: a region
    relative to its neighbours, which stay usual; otherwise the whole treated face.
    """
    match shape:
        case Shape.FADES:
            return _relative_redness(draws, days) if relative else _redness(draws, days)
        case Shape.STAYS:
            slow = replace(draws, half_life=draws.half_life * draws.slowness)
            stays = _redness(slow, days, draws.plateau)
            return stays - _redness(draws, days) if relative else stays
        case Shape.RISES:
            before = _relative_redness(draws, days) if relative else _redness(draws, days)
            return before + np.clip(draws.rise * (days - onset), 0, draws.full_rise)
        case Shape.UNCHANGED:
            return np.zeros((DRAWS, days.size), np.float32)
        case Shape.DARKENS:
            return draws.amount * _developed(days - onset, protocol.pigment.develops_days)
        case Shape.LIGHTENS:
            return -draws.loss * _developed(days - onset, protocol.pigment.develops_days)


def what_passes(draws: Draws, size: Array, days: Array, last: float) -> Array:
    """An effect that appears at once with its `size` (n, 1) and passes by itself (n, p)."""
    after = days - draws.passing_time * np.float32(last)
    fading = np.exp2(-np.clip(after, 0, None) / draws.passing_half_life)
    return np.where(after < 0, np.float32(0), size * fading)


def what_light_does(draws: Draws, days: Array, last: float) -> Array:
    """Offset and change of room (n, p), in standard deviations of what the readings share."""
    return draws.offset + np.where(
        days >= draws.room_time * np.float32(last), draws.room_shift, np.float32(0)
    )


def _redness(draws: Draws, days: Array, plateau: Array | float = 0.0) -> Array:
    """Redness (n, p) that fades to the share `plateau` of its peak."""
    faded = np.exp2(-np.clip(days - draws.peak_day, 0, None) / draws.half_life)
    if draws.peak_day.any():  # blood rises linearly until its late peak
        faded = faded * np.clip(_AT_FIRST + (1 - _AT_FIRST) * days / draws.peak_day, 0, 1)
    return np.log2(1 + draws.peak_blood * (plateau + (1 - plateau) * faded))


def _relative_redness(draws: Draws, days: Array) -> Array:
    """Redness (n, p) of a region above that of its neighbours, both fading as usual."""
    region = replace(draws, peak_blood=draws.region * draws.peak_blood)
    return _redness(region, days) - _redness(draws, days)


def _developed(after: Array, days: float) -> Array:
    """The share of a change of pigment that has developed that many days `after` its onset."""
    return np.asarray(1 - np.exp(-np.clip(after, 0, None) / np.float32(days)))


def _spread(spread: Spread, normal: Array) -> Array:
    return np.asarray(
        np.exp(np.float32(np.log(spread.median)) + np.float32(spread.log_sd) * normal)
    )


@lru_cache(maxsize=1)
def _even_draws() -> Array:
    """A Latin hypercube (dimensions, n, 1): every dimension is covered evenly (McKay 1979)."""
    rng = np.random.default_rng(SEED)
    strata = rng.permuted(np.tile(np.arange(DRAWS), (_DIMENSIONS, 1)), axis=1)
    even = (strata + rng.random((_DIMENSIONS, DRAWS))) / DRAWS
    return even.astype(np.float32)[:, :, np.newaxis]


@lru_cache(maxsize=1)
def _normal_draws() -> Array:
    return np.asarray(ndtri(_even_draws().astype(np.float64)), np.float32)
