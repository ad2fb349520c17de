"""What carries the comparison of two days' light and camera: own untreated skin, or the frame."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from analysis.chromophores import (
    CHANGE_PRIORS,
    Floats,
    Priors,
    Reference,
    Shift,
    SkinState,
    blood_slope,
    median_shift,
    patch_medians,
)
from analysis.faces import Face
from analysis.images import Mask, SrgbImage, to_linear
from analysis.regions import Region, SkinMap

_FRAME_EDGE: Final = 160  # long edge of the copy from which the frame's colour is taken
_HEAD_AXES: Final = (1.7, 2.5)  # of the oval left out, in eye distances; it holds head and neck
_HEAD_BELOW: Final = 0.6
_QUANTILES: Final = np.linspace(0.1, 0.9, 17)
_FEWEST_PIXELS: Final = 200
_CLIPPED: Final = (0.003, 0.90)
_FEWEST_LEVELS: Final = 5

_PHONE_SD: Final = 0.10  # of each log channel: how far a phone's white balance wanders day by day
_FRAME_SD: Final = 0.03  # of each log channel, even where the frame seems not to have changed
_SKIN_SD: Final = 0.008  # of each log channel: light differs a little between face and neck
_OWN_BLOOD_SD: Final = 0.06  # doublings by which untreated skin itself varies from day to day
_UNKNOWN_EXPOSURE: Final = 1.0  # log units; cameras expose for the frame, not for the skin
_SHADING: Final = 1.2  # shading of face against reference, per unevenness within the reference
_EVEN_LIGHT: Final = 0.05  # log units of shading that remain however still the light stood


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """The shift of log RGB that the light and camera made, what it rests on, and fitting priors."""

    reference: Reference
    shift: Shift
    priors: Priors


def compare_by_skin(
    change: NDArray[np.float32], untreated: Mask, state: SkinState
) -> Comparison | None:
    """The light's shift as untreated skin of the same frame shows it; none where it is too little.

    Shading between face and reference is believed to have stayed as far as brightness changed
    evenly all over the reference.
    """
    shift = median_shift(change, untreated)
    if shift is None:
        return None
    drift = _OWN_BLOOD_SD * blood_slope(state)
    covariance = shift.covariance + np.eye(3) * _SKIN_SD**2 + np.outer(drift, drift)
    brightness = patch_medians(change, untreated.pixels).mean(axis=1)
    unevenness = 1.4826 * float(np.median(np.abs(brightness - np.median(brightness))))
    exposure = min(max(_SHADING * unevenness, _EVEN_LIGHT), CHANGE_PRIORS.exposure)
    priors = Priors(CHANGE_PRIORS.blood, CHANGE_PRIORS.melanin, exposure)
    return Comparison(Reference.SKIN, Shift(shift.value, covariance), priors)


def compare_by_frame(
    photo: SrgbImage, photo_face: Face, baseline: SrgbImage, baseline_face: Face
) -> Comparison:
    """The light's shift from everything in the frame but the head: never from skin.

    The same scene under another light moves all quantiles of its log channels alike; where they
    disagree the scene has changed, the spread grows and the habit of phones takes over.
    """
    today, before = _surroundings(photo, photo_face), _surroundings(baseline, baseline_face)
    if min(len(today), len(before)) < _FEWEST_PIXELS:
        return _frame_comparison(np.zeros(3), np.full(3, np.inf))
    today_levels, levels_before = (
        np.quantile(surroundings, _QUANTILES, axis=0) for surroundings in (today, before)
    )
    seen = np.all(_is_seen(today_levels) & _is_seen(levels_before), axis=1)
    if np.count_nonzero(seen) < _FEWEST_LEVELS:
        return _frame_comparison(np.zeros(3), np.full(3, np.inf))
    moved = (today_levels - levels_before)[seen]
    tint = moved - moved.mean(axis=1, keepdims=True)
    disagreement = 1.4826 * np.median(np.abs(tint - np.median(tint, axis=0)), axis=0)
    return _frame_comparison(np.median(moved, axis=0), disagreement)


def untreated_skin(
    skin: SkinMap, comparable: Mask, treated: frozenset[Region], *, besides: Region
) -> Mask:
    """Skin that may serve as reference for a region: neck and untreated parts, never itself."""
    allowed = skin.neck.pixels.copy()
    for region, area in skin.areas.items():
        if region not in treated and region is not besides:
            allowed |= area.pixels
    return Mask(allowed & comparable.pixels)


def _frame_comparison(moved: Floats, disagreement: Floats) -> Comparison:
    seen = 1 / (_FRAME_SD**2 + disagreement**2)  # 0 where nothing could be seen
    precision = seen + _PHONE_SD**-2.0
    exposure = moved.mean()
    value = exposure + (seen / precision) * (moved - exposure)
    priors = Priors(CHANGE_PRIORS.blood, CHANGE_PRIORS.melanin, _UNKNOWN_EXPOSURE)
    return Comparison(Reference.HISTORY, Shift(value, np.diag(1 / precision)), priors)


def _surroundings(photo: SrgbImage, face: Face) -> Floats:
    """Log RGB (n, 3) of a reduced frame without head and neck."""
    scale = min(1.0, _FRAME_EDGE / max(photo.size))
    small = cv2.resize(photo.pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    light = to_linear(SrgbImage(small.astype(np.float32))).pixels
    rows, columns = np.mgrid[: light.shape[0], : light.shape[1]]
    reach = face.eye_distance * scale
    across = (columns - face.centre[0] * scale) / (_HEAD_AXES[0] * reach)
    down = (rows - (face.centre[1] * scale + _HEAD_BELOW * reach)) / (_HEAD_AXES[1] * reach)
    outside = across**2 + down**2 > 1
    surroundings: Floats = np.log(np.maximum(light[outside], 1e-5)).astype(np.float64)
    return surroundings


def _is_seen(levels: Floats) -> NDArray[np.bool_]:
    """Levels of log light that the camera neither drowned in black nor clipped."""
    low, high = _CLIPPED
    seen: NDArray[np.bool_] = (levels > np.log(low)) & (levels < np.log(high))
    return seen
