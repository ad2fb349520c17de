"""Key points of a picture and which of two pictures belong together."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from analysis.images import Mask

_RIM: Final = 24  # pixels around the searched area that descriptors can reach
MOST_FEATURES: Final = 1000
"""More key points are not found, where those of one strength count as one."""
_MOST: Final = 700
_TURNED: Final = 35.0  # degrees by which two views of one key point may differ
_GROWN: Final = 0.6  # natural log of their sizes
_TWIN: Final = 4.0  # pixels; key points closer than this are one
_FAR: Final = 400.0  # distance between unrelated descriptors
_CLEARLY: Final = 0.9  # of the distance to the next best


@dataclass(frozen=True, slots=True, eq=False)
class Features:
    """Key points: positions (n, 2), angles in degrees, sizes, SIFT descriptors (n, 128)."""

    points: NDArray[np.float32]
    angles: NDArray[np.float32]
    sizes: NDArray[np.float32]
    descriptors: NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Matches:
    """Key points that show the same skin, (n, 2) on either grid: the baseline's and the photo's.

    The photo was flipped left to right first when `mirrored`.
    """

    ours: NDArray[np.float32]
    theirs: NDArray[np.float32]
    mirrored: bool


def find_features(picture: NDArray[np.uint8], within: Mask) -> Features:
    """The key points (Lowe's SIFT) of a grey picture (h, w) inside an area."""
    x, y, width, height = cv2.boundingRect(within.pixels.astype(np.uint8))
    left, top = max(x - _RIM, 0), max(y - _RIM, 0)
    around = np.s_[top : y + height + _RIM, left : x + width + _RIM]
    sift = cv2.SIFT.create(nfeatures=_MOST, contrastThreshold=0.02, edgeThreshold=12)
    mask = within.pixels[around].astype(np.uint8)
    points, descriptors = sift.detectAndCompute(picture[around], mask)
    return Features(
        np.array([p.pt for p in points], np.float32).reshape(-1, 2)
        + np.array((left, top), np.float32),
        np.array([p.angle for p in points], np.float32),
        np.array([p.size for p in points], np.float32),
        np.zeros((0, 128), np.float32) if descriptors is None else descriptors.astype(np.float32),
    )


def match_features(
    ours: Features, theirs: Features, reach: float
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Mutually best pairs of features, positions (n, 2) each.

    Both pictures show about the same place, size and orientation, so only features at most `reach`
    pixels apart that agree in these compete; the best must clearly beat the next that is not its
    own neighbour (Lowe's ratio).
    """
    if not len(ours.points) or not len(theirs.points):
        return np.zeros((0, 2), np.float32), np.zeros((0, 2), np.float32)
    distance = _distances(ours.descriptors, theirs.descriptors)
    angle = np.abs((ours.angles[:, None] - theirs.angles[None] + 180) % 360 - 180)
    growth = np.abs(np.log(ours.sizes[:, None] / theirs.sizes[None]))
    elsewhere = _distances(ours.points, theirs.points) > reach
    distance[elsewhere | (angle > _TURNED) | (growth > _GROWN)] = np.inf
    best = distance.argmin(axis=1)
    rows = np.arange(len(best))
    twins = _distances(theirs.points, theirs.points) < _TWIN
    runner_up = np.where(twins[best], np.inf, distance).min(axis=1)
    nearest = distance[rows, best]
    mutual = distance.argmin(axis=0)[best] == rows
    good = mutual & (nearest < _FAR) & (nearest < _CLEARLY * runner_up)
    return ours.points[good], theirs.points[best[good]]


def _distances(a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.float32]:
    """Euclidean distances between the rows of two arrays, (len(a), len(b))."""
    squared = a @ b.T
    squared *= -2
    squared += (a * a).sum(axis=1)[:, None]
    squared += (b * b).sum(axis=1)[None]
    np.maximum(squared, 0, out=squared)
    distances: NDArray[np.float32] = np.sqrt(squared, out=squared)
    return distances
