"""What a practitioner drew on the baseline photo: the treated area, and skin left untreated."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from analysis.images import Mask
from analysis.registration import GRID_SIZE, PhotoView

Outline = tuple[tuple[float, float], ...]
"""Corners (x, y) in shares of a photo's width and height: (0, 0) is its upper left corner."""

_FEWEST_CORNERS: Final = 3
_SUBPIXEL_BITS: Final = 4  # in which `cv2.fillPoly` takes fractions of a pixel


@dataclass(frozen=True, slots=True)
class MarkedAreas:
    """Outlines on the upright baseline photo; where none are drawn, regions and found neck rule.

    `treated` is all that may have changed, and is measured as `Region.FACE` wherever it lies;
    `untreated` is the skin that serves as reference. Raises ValueError for an outline with fewer
    than three corners or a corner beyond the photo.
    """

    treated: tuple[Outline, ...] = ()
    untreated: tuple[Outline, ...] = ()

    def __post_init__(self) -> None:
        for outline in (*self.treated, *self.untreated):
            if len(outline) < _FEWEST_CORNERS:
                raise ValueError("an outline needs at least three corners")
            if any(not 0 <= share <= 1 for corner in outline for share in corner):
                message = "corners are shares of the photo's width and height, from 0 to 1"
                raise ValueError(message)


@dataclass(frozen=True, slots=True, eq=False)
class MarkedSkin:
    """The same as pixels of the baseline's grid (h, w), or none where nothing was drawn."""

    treated: Mask | None = None
    untreated: Mask | None = None


def find_marked(areas: MarkedAreas, view: PhotoView, size: tuple[int, int]) -> MarkedSkin:
    """Where the outlines lie on the grid of a baseline of this width and height.

    What lies beyond the grid, lower than the upper chest, is left out.
    """
    treated, untreated = (
        _filled(outlines, view, size) if outlines else None
        for outlines in (areas.treated, areas.untreated)
    )
    return MarkedSkin(treated, untreated)


def _filled(outlines: tuple[Outline, ...], view: PhotoView, size: tuple[int, int]) -> Mask:
    mask = np.zeros((GRID_SIZE[1], GRID_SIZE[0]), np.uint8)
    cv2.fillPoly(mask, list(_on_grid(outlines, view, size)), 1, shift=_SUBPIXEL_BITS)
    return Mask(mask > 0)


def _on_grid(
    outlines: tuple[Outline, ...], view: PhotoView, size: tuple[int, int]
) -> Iterator[NDArray[np.int32]]:
    to_grid = cv2.invertAffineTransform(view.to_photo)
    for outline in outlines:
        corners = np.array(outline) * size - 0.5
        placed = corners @ to_grid[:, :2].T + to_grid[:, 2]
        yield np.rint(placed * 2**_SUBPIXEL_BITS).astype(np.int32)
