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
    places = positions[CROP]
    middle = places[places.shape[0] // 2, places.shape[1] // 2 - 30 : places.shape[1] // 2 + 31]
    step = float(np.hypot(*(middle[-1] - middle[0]))) / (len(middle) - 1) / ENLARGED
    rows, columns = _reach(places, photo.size)
    source: NDArray[Any] = photo.part(rows, columns).samples
    covered = _shown(places, photo.size)
    places = places - np.array((columns.start, rows.start), np.float32)
    if step > 1.25:  # sampling a large photo so coarsely would turn its grain into noise
        whole = source.shape[1::-1]
        share = 1 / step
        source = cv2.resize(source, None, fx=share, fy=share, interpolation=cv2.INTER_AREA)
        shrink = np.divide(source.shape[1::-1], whole).astype(np.float32)
        places = (places + np.float32(0.5)) * shrink - np.float32(0.5)
    larger = cv2.resize(places, size)
    sampled: NDArray[Any] = cv2.remap(
        source, larger, np.empty(0), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return FaceCrop(SrgbImage(SrgbImage(sampled).codes), covered)


def _shown(places: _Plane, size: tuple[int, int]) -> NDArray[np.bool_]:
    """Which pixels of a picture the photo of this size shows; `places` are those of the grid."""
    edges = np.subtract(size, 1).astype(np.float32)
    if places.min() >= 0 and places[..., 0].max() <= edges[0] and places[..., 1].max() <= edges[1]:
        return np.ones(picture_size()[::-1], np.bool_)
    x, y = cv2.split(cv2.resize(places, picture_size()))
    shown: NDArray[np.bool_] = (x >= 0) & (y >= 0) & (x <= edges[0]) & (y <= edges[1])
    return shown


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
    return SrgbImage(photo.sketched(_THUMBNAIL_WIDTH / photo.size[0]).codes)


def thumbnail_pixels(size: tuple[int, int]) -> int:
    """The most pixels that the thumbnail of a photo of this size (width, height) has."""
    scale = min(1.0, _THUMBNAIL_WIDTH / size[0])
    return (round(scale * size[0]) + 1) * (
        round(scale * size[1]) + 1
    )  # both edges are rounded often
