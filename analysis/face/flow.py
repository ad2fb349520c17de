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


def coarse_flow(before: NDArray[np.uint8], now: NDArray[np.uint8], kind: Flowing) -> Flow:
    """A smooth flow for the motion from `before` to `now`, (h, w) each, on a quarter of both."""
    search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
    search.setFinestScale(kind.finest_scale)
    flow = search.calc(before, now, np.empty(0)).astype(np.float32, copy=False)
    smooth = _coarsely_blurred(flow, kind.smoothing)
    length = cv2.magnitude(smooth[..., 0], smooth[..., 1])
    share = np.minimum(1, np.float32(kind.longest) / np.maximum(length, np.float32(1e-6)))
    limited: Flow = smooth * share[..., np.newaxis]
    return limited


def full_flow(coarse: Flow, trust: NDArray[np.float32]) -> Flow:
    """That flow for every pixel, weighted by `trust` (h, w)."""
    flow = cv2.resize(coarse, trust.shape[::-1]).astype(np.float32, copy=False)
    flow *= trust[..., np.newaxis]
    return flow


def widely_blurred(plane: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    """Gaussian blur of many pixels, done on a quarter of the width and height."""
    blurred = _coarsely_blurred(plane, sigma)
    return cv2.resize(blurred, plane.shape[1::-1]).astype(np.float32, copy=False)


def _coarsely_blurred(plane: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    coarse = cv2.resize(plane, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    return cv2.GaussianBlur(coarse, (0, 0), 0.25 * sigma).astype(np.float32, copy=False)
