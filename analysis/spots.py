"""Focal lesions: connected areas of skin that changed more than the skin around them.

A papule, a patch or a stain differs from its surroundings in the maps of redness and pigment; a
face that has changed evenly has none. Everything is change against baseline: a mole that was always
there is not a spot.
"""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage.measure import label, regionprops_table

from analysis.face.grid import EYE_DISTANCE
from analysis.images import Mask
from analysis.robust import robust_sd

AFFECTED: Final = 0.5
"""Doublings of blood from which a pixel's skin counts as affected."""

_CERTAIN: Final = 3.0  # standard deviations of noise beyond which a single pixel counts
_NEIGHBOURHOOD: Final = 0.075  # eye distances: a pixel's surroundings for judging a map's noise
_SURROUNDINGS: Final = 0.22  # …and those from which a spot must differ; about 14 mm
_ROUNDS: Final = 3  # in each round, what differs is removed from the surroundings
_LEAST_REDDER: Final = 0.25  # doublings above the surroundings
_LEAST_DARKER: Final = 0.15
_NOISES: Final = 5.0  # …and standard deviations of the map's noise
_SMALLEST: Final = 0.0008  # of a squared eye distance; about 3 mm²
_SPOT_PEAK: Final = 1.3  # times the limit, somewhere in the spot: more than barely above it

_Plane = NDArray[np.float32]
_Pixels = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Lesions:
    """Spots of one kind in one region: their number, and their share (0..1) of its seen skin."""

    count: int
    share: float


@dataclass(frozen=True, slots=True)
class Spots:
    """The spots of one region on one day: redder or darker than the skin around them."""

    redder: Lesions
    darker: Lesions


@dataclass(frozen=True, slots=True, eq=False)
class SpotMap:
    """Where spots were found on the grid, and where skin was `seen` at all.

    `affected` is skin redder than before by `AFFECTED` doublings, or by more if there is noise.
    """

    redder: Mask
    darker: Mask
    affected: Mask
    seen: Mask


def find_spots(redness_map: _Plane, pigment_map: _Plane) -> SpotMap:
    """Where skin became redder, and where darker, than its surroundings.

    The maps (h, w) hold doublings against baseline, NaN where no skin counted.
    """
    noise = local_noise(redness_map)
    return SpotMap(
        redder=_standing_out(redness_map, _LEAST_REDDER, noise),
        darker=_standing_out(pigment_map, _LEAST_DARKER, local_noise(pigment_map)),
        affected=Mask(redness_map > max(AFFECTED, _CERTAIN * noise)),
        seen=Mask(np.isfinite(redness_map)),
    )


def count_spots(found: SpotMap, area: Mask) -> Spots:
    """The spots that are mostly within one region's `area`, and their share of it."""
    redder, darker = (_lesions(kind, area, found.seen) for kind in (found.redder, found.darker))
    return Spots(redder, darker)


def affected_share(found: SpotMap, area: Mask) -> float:
    """Share (0..1) of a region's seen skin that is redder than before by more than noise."""
    visible = area.pixels & found.seen.pixels
    return int(np.count_nonzero(found.affected.pixels & visible)) / max(int(visible.sum()), 1)


def local_noise(values: _Plane) -> float:
    """One standard deviation (robust) of a map (h, w) about its own local mean; NaN is left out.

    Focal lesions cover little of a face, so they hardly raise it.
    """
    known = np.isfinite(values)
    if not known.any():
        return 0.0
    mean = _local_mean(values, known, _NEIGHBOURHOOD)
    return float(robust_sd(values[known] - mean[known]))


def _standing_out(values: _Plane, least: float, noise: float) -> Mask:
    known = np.isfinite(values)
    limit = max(least, _NOISES * noise)
    plane = np.where(known, values, 0).astype(np.float32)
    above, around = np.zeros_like(plane), known
    for _ in range(_ROUNDS):
        above = plane - _local_mean(plane, around, _SURROUNDINGS)
        around = known & (np.abs(above) < limit / 2)
    labels = label(known & (above > limit), connectivity=2)
    patches = regionprops_table(labels, above, properties=("label", "area", "intensity_max"))
    large = patches["area"] >= _SMALLEST * EYE_DISTANCE**2
    high = patches["intensity_max"] > _SPOT_PEAK * limit
    return Mask(np.isin(labels, patches["label"][large & high]))


def _lesions(spots: Mask, area: Mask, seen: Mask) -> Lesions:
    number, labels = cv2.connectedComponents(spots.pixels.astype(np.uint8), connectivity=8)
    whole = np.bincount(labels.ravel(), minlength=number)[1:]
    inside = np.bincount(labels[area.pixels], minlength=number)[1:]
    visible = area.pixels & seen.pixels
    return Lesions(
        count=int(np.count_nonzero(inside > whole / 2)),
        share=int(np.count_nonzero(spots.pixels & visible)) / max(int(visible.sum()), 1),
    )


def _local_mean(values: _Plane, known: _Pixels, spread: float) -> _Plane:
    """Gaussian mean of `values` over the pixels `known`; `spread` in eye distances."""
    weighted = np.dstack([np.where(known, values, 0), known]).astype(np.float32)
    coarse = cv2.resize(weighted, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    blurred = cv2.GaussianBlur(coarse, (0, 0), 0.25 * spread * EYE_DISTANCE)
    mean = blurred[..., 0] / np.maximum(blurred[..., 1], np.float32(1e-4))
    return cv2.resize(mean, values.shape[::-1]).astype(np.float32)
