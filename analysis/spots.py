"""Focal lesions: connected areas of skin that changed more than the skin around them.

A papule, a patch or a stain stands out of its region in the maps of redness and pigment; a face
that has changed evenly has none. All is change against baseline: a mole that was always there is
no spot.
"""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from analysis.registration import EYE_DISTANCE

_NEIGHBOURHOOD: Final = 0.075  # eye distances: the pixel's surroundings for the noise of a map

_Plane = NDArray[np.float32]
_Pixels = NDArray[np.bool_]


def local_noise(values: _Plane) -> float:
    """One standard deviation (robust) of a map (h, w) about its own local mean; NaN is left out.

    Focal lesions cover little of a face, so they hardly raise it.
    """
    known = np.isfinite(values)
    if not known.any():
        return 0.0
    mean = _local_mean(values, known, _NEIGHBOURHOOD * EYE_DISTANCE)
    return float(1.4826 * np.median(np.abs(values[known] - mean[known])))


def _local_mean(values: _Plane, known: _Pixels, sigma: float) -> _Plane:
    """Gaussian mean of `values` over the pixels `known`."""
    weight = cv2.GaussianBlur(known.astype(np.float32), (0, 0), sigma)
    total = cv2.GaussianBlur(np.where(known, values, 0).astype(np.float32), (0, 0), sigma)
    return (total / np.maximum(weight, 1e-4)).astype(np.float32)
