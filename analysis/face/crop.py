"""The face of a photo as pictures show it, at their resolution and without any heat map."""

from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from analysis.images import SrgbImage

CROP: Final = np.s_[45:645, 60:500]
"""The part of the grid that pictures show: hair line to below the chin, ear to ear."""
ENLARGED: Final = 1.6
"""Pixels of a picture per pixel of the grid."""

_THUMBNAIL_WIDTH: Final = 320  # pixels

_Plane = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class FaceCrop:
    """A photo in the crop of all pictures, in 8 bits, and which pixels (h, w) the photo shows."""

    image: SrgbImage
    covered: NDArray[np.bool_]


def crop_to_face(photo: SrgbImage, positions: _Plane) -> FaceCrop:
    """The face as the grid sees it, taken from the photo itself at the pictures' resolution."""
    size = picture_size()
    larger = cv2.resize(positions[CROP], size).astype(np.float32, copy=False)
    middle = larger[size[1] // 2, size[0] // 2 - 50 : size[0] // 2 + 51]
    step = float(np.hypot(*(middle[-1] - middle[0]))) / (len(middle) - 1)
    width, height = photo.size
    x, y = larger[..., 0], larger[..., 1]
    covered = (x >= 0) & (y >= 0) & (x <= width - 1) & (y <= height - 1)
    rows, columns = _reach(larger, photo.size)
    source: NDArray[Any] = photo.part(rows, columns).samples
    larger -= np.array((columns.start, rows.start), np.float32)
    if step > 1.25:  # sampling a large photo so coarsely would turn its grain into noise
        whole = source.shape[1::-1]
        share = 1 / step
        source = cv2.resize(source, None, fx=share, fy=share, interpolation=cv2.INTER_AREA)
        shrink = np.divide(source.shape[1::-1], whole).astype(np.float32)
        larger = (larger + np.float32(0.5)) * shrink - np.float32(0.5)
    sampled: NDArray[Any] = cv2.remap(
        source, larger, np.empty(0), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return FaceCrop(SrgbImage(SrgbImage(sampled).codes), covered)


def _reach(positions: _Plane, size: tuple[int, int]) -> tuple[slice, slice]:
    """The rows and columns of a photo that hold all `positions` (h, w, 2), as far as it goes."""
    slices = []
    for axis, edge in ((1, size[1]), (0, size[0])):
        low, high = positions[..., axis].min(), positions[..., axis].max()
        start = int(np.clip(np.floor(low) - 2, 0, edge - 1))
        slices.append(slice(start, int(np.clip(np.ceil(high) + 3, start + 1, edge))))
    return slices[0], slices[1]


def picture_size() -> tuple[int, int]:
    """Width and height of the pictures without legends."""
    rows, columns = CROP
    return round(ENLARGED * (columns.stop - columns.start)), round(
        ENLARGED * (rows.stop - rows.start)
    )


def thumbnail(photo: SrgbImage) -> SrgbImage:
    """A copy of the whole photo in 8 bits, at most 320 pixels wide."""
    if photo.size[0] <= _THUMBNAIL_WIDTH:
        return SrgbImage(photo.codes)
    small = photo.reduced(_THUMBNAIL_WIDTH / photo.size[0]).codes
    return SrgbImage(small)


def thumbnail_pixels(size: tuple[int, int]) -> int:
    """The most pixels that the thumbnail of a photo of this size (width, height) has."""
    scale = min(1.0, _THUMBNAIL_WIDTH / size[0])
    return round(scale * size[0]) * (round(scale * size[1]) + 1)  # both edges were rounded twice
