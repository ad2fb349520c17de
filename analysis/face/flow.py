"""The smooth, dense motion that is left between two pictures of one face."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Flow = NDArray[np.float32]
"""Where each pixel has moved to, (h, w, 2): x and y in pixels."""


@dataclass(frozen=True, slots=True)
class Flowing:
    """Parameters of a dense flow: `finest_scale` in halvings, the others in pixels."""

    finest_scale: int
    smoothing: float
    longest: float


def dense_flow(
    before: NDArray[np.uint8], now: NDArray[np.uint8], kind: Flowing, trust: NDArray[np.float32]
) -> Flow:
    """A smooth flow for the motion from `before` to `now`, (h, w) each, weighted by `trust`."""
    search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
    search.setFinestScale(kind.finest_scale)
    flow = search.calc(before, now, np.empty(0))
    smooth = widely_blurred(flow.astype(np.float32, copy=False), kind.smoothing)
    length = np.hypot(smooth[..., 0], smooth[..., 1])
    share = np.minimum(1, np.float32(kind.longest) / np.maximum(length, np.float32(1e-6)))
    return smooth * (share * trust)[..., np.newaxis]


def widely_blurred(plane: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    """Gaussian blur of many pixels, done on a quarter of the width and height."""
    coarse = cv2.resize(plane, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    blurred = cv2.GaussianBlur(coarse, (0, 0), 0.25 * sigma)
    return cv2.resize(blurred, plane.shape[1::-1]).astype(np.float32, copy=False)
