"""Readings as series over time, with the effects of light removed as far as possible.

The regions of one photo share lamp, camera and reference, and all photos share one baseline. A
course is therefore viewed in two ways: the *level* of the treated face, which contains all these
errors, and each region relative to the others (`relative`), in which shared errors cancel.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tracker.domain.course.photos import SkinState
from tracker.domain.course.readings import Estimate, Reading, RegionReading
from tracker.domain.course.treatments import AREAS, Region, Treatment, days_since

# How the variance of a reading splits (RECOVERY.md, section 5): what the baseline photo and the
# assumed skin leave in all readings of a course, what the light leaves in all regions of a photo,
# what they leave in all readings of a region, and what is its own in one photo.
_OF_COURSE: Final = 0.40
_OF_PHOTO: Final = 0.50
_OF_REGION: Final = 0.05
_OWN: Final = 0.05
# Untreated regions lie elsewhere in the light; no course with known truth says how far they differ.
_BETWEEN: Final = 0.25
_MEDIAN: Final = 1.57  # variance of a median against that of a mean
_LIGHT: Final = 1.5  # standard deviations of a reading
HALF_DAY: Final = 0.4  # days within which photos show the same skin in much the same light
_SAME_DAY_CORRELATION: Final = 0.8

Array = NDArray[np.floating[Any]]
Quantity = Callable[[RegionReading], Estimate]


def redness(reading: RegionReading) -> Estimate:
    """The quantity `redness` of a region."""
    return reading.redness


def pigment(reading: RegionReading) -> Estimate:
    """The quantity `pigment` of a region."""
    return reading.pigment


@dataclass(frozen=True, slots=True, eq=False)
class Places:
    """One quantity in some places over the photos: values and variances (s, p), NaN where unseen.

    `shared_sd` (s,) is the standard deviation of the error that all readings of a place share.
    """

    regions: tuple[Region, ...]
    values: Array
    variances: Array
    shared_sd: Array


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """One quantity over the photos of a course in time order.

    `days` (p,) since treatment; `weight` (p,) is below 1 for photos of the same half-day, which
    together count little more than one. `level` is the treated face as a whole, `relative` each
    treated region relative to the others; None where no value was seen.
    """

    days: Array
    weight: Array
    level: Places
    relative: Places | None


def series_of(
    treatment: Treatment,
    readings: Sequence[Reading],
    quantity: Quantity,
    flush_sd: Mapping[SkinState, float],
) -> Series:
    """The readings, in time order, of one quantity; `flush_sd` widens photos of such a skin."""
    days = np.array([days_since(treatment, r.taken_at) for r in readings], np.float32)
    treated = tuple(region for region in AREAS if region in treatment.areas)
    untreated = tuple(region for region in AREAS if region not in treatment.areas)
    values, sds = _table(readings, treated, quantity)
    beyond, beyond_sds = _table(readings, untreated, quantity)
    whole, whole_sds = _table(readings, (Region.FACE,), quantity)
    flush = np.array([flush_sd.get(r.skin_state, 0.0) for r in readings], np.float32)
    carrying = np.array([r.carries_alerts for r in readings])
    near = np.abs(days[:, np.newaxis] - days) < HALF_DAY
    near &= carrying | ~carrying[:, np.newaxis]  # a photo that may not alert takes no weight
    return Series(
        days=days,
        weight=(1 / (1 + _SAME_DAY_CORRELATION * (near.sum(axis=1) - 1))).astype(np.float32),
        level=_level((values, sds), (beyond, beyond_sds), (whole, whole_sds), flush),
        relative=_relative(treated, values, sds, steady=quantity is pigment),
    )


def _table(
    readings: Sequence[Reading], regions: Sequence[Region], quantity: Quantity
) -> tuple[Array, Array]:
    """Values and sds (s, p) of regions over readings, NaN where a region was not measured."""
    unseen = Estimate(np.nan, np.nan)
    rows = [
        [quantity(r.regions[region]) if region in r.regions else unseen for r in readings]
        for region in regions
    ]
    shape = (len(regions), len(readings))
    values = np.array([[e.value for e in row] for row in rows], np.float32).reshape(shape)
    sds = np.array([[e.sd for e in row] for row in rows], np.float32).reshape(shape)
    return values, sds


def _level(
    treated: tuple[Array, Array],
    untreated: tuple[Array, Array],
    whole: tuple[Array, Array],
    flush: Array,
) -> Places:
    """The median of the treated regions, minus what untreated skin of the same photo shows.

    If no single region was measured, the reading of the whole treated face is used.
    """
    middle, middle_variance, seen = _middle(*treated)
    alone = seen == 0
    values = np.where(alone, whole[0][0], middle)
    variance = np.where(alone, whole[1][0] ** 2, middle_variance)
    seen = np.where(alone, 1, seen)
    beyond, beyond_variance, beyond_seen = _middle(*untreated)
    has_beyond = beyond_seen > 0
    own = _OWN * variance * _of_middle(seen)
    light = _OF_PHOTO * variance + flush**2
    light = np.where(has_beyond, _BETWEEN * beyond_variance * _of_middle(beyond_seen), light)
    typical = np.nanmedian(variance) if np.isfinite(variance).any() else np.float32(0)
    return Places(
        regions=(Region.FACE,),
        values=(values - np.where(has_beyond, beyond, 0))[np.newaxis],
        variances=(own + light)[np.newaxis],
        shared_sd=np.sqrt(np.array([_OF_COURSE * typical], np.float32)),
    )


def _relative(
    regions: tuple[Region, ...], values: Array, sds: Array, *, steady: bool
) -> Places | None:
    """Each region relative to the median of the other treated ones in the same photo.

    For a `steady` quantity, which does not change by itself, a median beyond `_LIGHT` of its own
    errors is skin and not light: a region is not darker because its neighbours became lighter.
    """
    count = len(regions)
    if count < 2:
        return None
    others = np.array([[k for k in range(count) if k != row] for row in range(count)])
    middle, variance, seen = _middle(
        values[others].transpose(1, 0, 2), sds[others].transpose(1, 0, 2)
    )
    if steady:
        most = _LIGHT * np.sqrt(variance)
        middle = np.clip(middle, -most, most)
    relative = np.where(seen > 0, values - middle, np.nan)
    both = sds**2 + variance * _of_middle(seen)
    typical = np.array(
        [np.median(row[np.isfinite(row)]) if np.isfinite(row).any() else 0.0 for row in both]
    )
    return Places(regions, relative, _OWN * both, np.sqrt(_OF_REGION * typical).astype(np.float32))


def _middle(values: Array, sds: Array) -> tuple[Array, Array, NDArray[np.int64]]:
    """Median over the first axis, mean variance, and how many were seen; NaN where none was."""
    seen = np.isfinite(values).sum(axis=0)
    if values.shape[0] == 0:
        empty = np.full(values.shape[1:], np.nan, np.float32)
        return empty, empty, seen
    ranked = np.sort(values, axis=0)  # NaN last
    last = max(values.shape[0] - 1, 0)
    low = np.clip((seen - 1) // 2, 0, last)[np.newaxis]
    high = np.clip(seen // 2, 0, last)[np.newaxis]
    pair = np.take_along_axis(ranked, low, 0), np.take_along_axis(ranked, high, 0)
    total = np.nansum(sds**2, axis=0)
    variance = np.where(seen > 0, total / np.maximum(seen, 1), np.nan)
    return ((pair[0] + pair[1]) / 2)[0], variance.astype(np.float32), seen


def _of_middle(seen: NDArray[np.int64]) -> Array:
    """The share of the variance of one value that remains after averaging `seen` of them."""
    factor = np.where(seen > 2, _MEDIAN, 1.0) / np.maximum(seen, 1)
    return np.asarray(factor, np.float32)
