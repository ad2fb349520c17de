"""The plane a rendered head is painted on: coordinates in mm, and the brushes used everywhere.

Origin midway between the pupils; x grows to the right of the picture (the person's own left), y
downwards, z towards the camera. Every map of a head is a float32 array of `SHAPE` on this plane.
"""

from typing import Final

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.interpolate import PchipInterpolator

Map = NDArray[np.float32]

MM_PER_PIXEL: Final = 0.25
LEFT, RIGHT, TOP, BOTTOM = -136.0, 136.0, -148.0, 208.0
SHAPE: Final = (round((BOTTOM - TOP) / MM_PER_PIXEL), round((RIGHT - LEFT) / MM_PER_PIXEL))


def coordinates() -> tuple[Map, Map]:
    """x and y (mm) of every pixel centre of the plane."""
    rows, columns = SHAPE
    x = LEFT + (np.arange(columns, dtype=np.float32) + 0.5) * MM_PER_PIXEL
    y = TOP + (np.arange(rows, dtype=np.float32) + 0.5) * MM_PER_PIXEL
    grid_x, grid_y = np.meshgrid(x, y)
    return grid_x.astype(np.float32), grid_y.astype(np.float32)


def to_pixels(points: ArrayLike) -> NDArray[np.float32]:
    """Points (..., 2) in mm as (column, row) positions on the plane."""
    origin = np.array([LEFT, TOP], dtype=np.float32)
    return (np.asarray(points, dtype=np.float32) - origin) / np.float32(MM_PER_PIXEL)


def blur(values: Map, sigma_mm: float) -> Map:
    """Gaussian blur; wide ones at a coarser resolution, where they cost nothing."""
    sigma = sigma_mm / MM_PER_PIXEL
    shrink = max(1, int(sigma // 4))
    if shrink == 1:
        return cv2.GaussianBlur(values, (0, 0), sigma).astype(np.float32)
    rows, columns = values.shape[:2]
    small = cv2.resize(values, (columns // shrink, rows // shrink), interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), sigma / shrink)
    return cv2.resize(small, (columns, rows), interpolation=cv2.INTER_CUBIC).astype(np.float32)


def noise(rng: np.random.Generator, scale_mm: float) -> Map:
    """Smooth noise of mean 0 and standard deviation 1 with grains of about `scale_mm`."""
    sigma = scale_mm / MM_PER_PIXEL / 2.0
    shrink = max(1, int(sigma // 2))
    rows, columns = SHAPE
    small = rng.standard_normal((rows // shrink + 2, columns // shrink + 2), dtype=np.float32)
    small = cv2.GaussianBlur(small, (0, 0), max(sigma / shrink, 0.3)).astype(np.float32)
    small = (small - small.mean()) / small.std()
    result: Map = cv2.resize(small, (columns, rows), interpolation=cv2.INTER_CUBIC).astype(
        np.float32
    )
    return result


def ramp(values: ArrayLike, start: ArrayLike, end: ArrayLike) -> Map:
    """Smooth step from 0 at `start` to 1 at `end`; the two may come in either order."""
    low, high = np.asarray(start, dtype=np.float32), np.asarray(end, dtype=np.float32)
    t = np.clip((np.asarray(values, dtype=np.float32) - low) / (high - low), 0.0, 1.0)
    result: Map = (t * t * (3.0 - 2.0 * t)).astype(np.float32)
    return result


def bump(
    x: Map, y: Map, centre: tuple[float, float], size: tuple[float, float], angle: float = 0.0
) -> Map:
    """Gaussian hill of height 1; `size` holds the standard deviations in mm, `angle` degrees."""
    cos, sin = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    dx, dy = x - centre[0], y - centre[1]
    along, across = (dx * cos + dy * sin) / size[0], (dy * cos - dx * sin) / size[1]
    result: Map = np.exp(-0.5 * (along * along + across * across)).astype(np.float32)
    return result


def profile(values: Map, knots: ArrayLike) -> Map:
    """A smooth curve through `knots` (n, 2), held constant beyond its ends."""
    points = np.asarray(knots, dtype=np.float64)
    curve = PchipInterpolator(points[:, 0], points[:, 1])
    fine = np.linspace(points[0, 0], points[-1, 0], 2048)
    result: Map = np.interp(values, fine, curve(fine)).astype(np.float32)
    return result
