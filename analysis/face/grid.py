"""The grid on which faces are compared: upright, and the pupils always in the same two places.

There is room for forehead, neck and upper chest around the face.
"""

from dataclasses import dataclass
from functools import cache
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage.transform import AffineTransform, SimilarityTransform

from analysis.errors import Fault, Unmeasurable
from analysis.face.faces import Face
from analysis.images import LinearImage, Mask, SrgbImage, to_linear

EYE_DISTANCE: Final = 160
"""Pixels between the pupils on the grid."""
GRID_SIZE: Final = (560, 960)
"""Width and height of the grid."""
EYES: Final = ((200.0, 280.0), (360.0, 280.0))
"""Where the pupils lie on the grid, the one further left in the picture first."""
EYE_CENTRE: Final = (280.0, 280.0)


@dataclass(frozen=True, slots=True, eq=False)
class GridView:
    """Light on the face grid, and the pixels that the photo really covers."""

    light: LinearImage
    covered: Mask


@dataclass(frozen=True, slots=True, eq=False)
class PhotoView(GridView):
    """A photo resampled onto the grid by its own pupils; `to_photo` maps back to it."""

    to_photo: AffineTransform


def view_on_grid(photo: SrgbImage, face: Face) -> PhotoView:
    """The photo around `face` on the grid, in linear light, averaged down without aliasing.

    The light is rounded to half precision (1 part in 2,000), so that it is the same where it was
    kept. Raises `Unmeasurable` if the eyes coincide in one point, or the face is outside the photo.
    """
    if face.eye_distance < 1:
        raise Unmeasurable(Fault.NO_FACE, "both eyes in one point")
    to_grid = SimilarityTransform.from_estimate(np.array(face.eyes), np.array(EYES))
    from_grid = AffineTransform(to_grid.inverse.params)
    width, height = GRID_SIZE
    corners = from_grid([[0, 0], [width, 0], [0, height], [width, height]])
    left, top = np.maximum(np.floor(corners.min(axis=0)).astype(int) - 2, 0)
    right, bottom = np.minimum(np.ceil(corners.max(axis=0)).astype(int) + 2, photo.size)
    if left >= right or top >= bottom:
        raise Unmeasurable(Fault.NO_FACE, "the face lies beyond the photo")
    crop = to_linear(photo.part(slice(top, bottom), slice(left, right))).pixels
    reduced = crop
    if to_grid.scale < 0.8:
        ratio = 1.25 * to_grid.scale
        reduced = cv2.resize(crop, None, fx=ratio, fy=ratio, interpolation=cv2.INTER_AREA).astype(
            np.float32
        )
    enlarged = np.array(crop.shape[1::-1]) / reduced.shape[1::-1]
    to_photo = AffineTransform(
        scale=enlarged, translation=np.array([left, top]) + 0.5 * enlarged - 0.5
    )
    place = (to_photo + to_grid).params[:2]
    light = cv2.warpAffine(reduced, place, GRID_SIZE, borderMode=cv2.BORDER_REPLICATE)
    inside = np.ones(reduced.shape[:2], np.uint8)
    covered = cv2.warpAffine(inside, place, GRID_SIZE, flags=cv2.INTER_NEAREST)
    kept = in_half_precision(LinearImage(light.astype(np.float32, copy=False)))
    return PhotoView(in_single_precision(kept), Mask(covered > 0), from_grid)


def in_half_precision(light: LinearImage) -> NDArray[np.float16]:
    """The light in half precision, in which it is kept."""
    return cv2.convertFp16(light.pixels).view(np.float16)


def in_single_precision(kept: NDArray[np.float16]) -> LinearImage:
    """The light of half precision, (h, w, 3)."""
    return LinearImage(cv2.convertFp16(kept.view(np.int16)).astype(np.float32, copy=False))


def locate(view: PhotoView, points: NDArray[np.float32] | None = None) -> NDArray[np.float32]:
    """The places in its photo (x, y in pixels) of points (..., 2) of a view's grid; all if none."""
    return moved(grid_points() if points is None else points, view.to_photo.params[:2])


@cache
def grid_points() -> NDArray[np.float32]:
    """The coordinates (x, y) of every pixel of the grid, (h, w, 2)."""
    width, height = GRID_SIZE
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    points = np.dstack([x, y])
    points.flags.writeable = False
    return points


def moved(points: NDArray[np.float32], affine: NDArray[np.generic]) -> NDArray[np.float32]:
    """Points (..., 2) moved by a 2×3 affine."""
    rows = np.ascontiguousarray(points, np.float32).reshape(1, -1, 2)
    there = cv2.transform(rows, affine.astype(np.float32))
    return there.reshape(points.shape).astype(np.float32, copy=False)
