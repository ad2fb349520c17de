"""What a practitioner drew on the baseline photo: the treated area, and skin left untreated."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, pairwise, product
from math import isfinite
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from analysis.face.grid import GRID_SIZE, PhotoView
from analysis.images import Mask

Outline = tuple[tuple[float, float], ...]
"""Corners (x, y) in shares of a photo's width and height: (0, 0) is its upper left corner."""

_FEWEST_CORNERS: Final = 3
_COARSE: Final = 1024  # pixels across, on which overlaps are looked for
_SUBPIXEL_BITS: Final = 4  # in which `cv2.fillPoly` takes fractions of a pixel


@dataclass(frozen=True, slots=True)
class MarkedAreas:
    """Outlines on the upright baseline photo; if none, regions and the detected neck are used.

    `treated` is all that may have changed, and is measured as `Region.FACE` wherever it is;
    `untreated` is the skin that serves as reference. Raises ValueError that names the outline:
    fewer than three corners, a corner outside the photo, sides that cross, or skin that is declared
    as both.
    """

    treated: tuple[Outline, ...] = ()
    untreated: tuple[Outline, ...] = ()

    def __post_init__(self) -> None:
        for name, outline in self.named():
            if len(outline) < _FEWEST_CORNERS:
                raise ValueError(f"{name} needs at least three corners")
            if any(not isfinite(share) or not 0 <= share <= 1 for c in outline for share in c):
                raise ValueError(
                    f"{name} leaves the photo; corners are shares of its width and height, 0 to 1"
                )
            if _crosses_itself(outline):
                raise ValueError(f"{name} crosses itself; take a corner back, or draw two outlines")
        named = self.named()
        for (name, one), (other_name, other) in product(
            named[: len(self.treated)], named[len(self.treated) :]
        ):
            if _overlap(one, other):
                raise ValueError(f"{name} and {other_name} overlap; skin cannot be both")

    def named(self) -> tuple[tuple[str, Outline], ...]:
        """Every outline as people call it: `treated area 1`, `untreated skin 2`."""
        return (
            *((f"treated area {n}", outline) for n, outline in enumerate(self.treated, 1)),
            *((f"untreated skin {n}", outline) for n, outline in enumerate(self.untreated, 1)),
        )


@dataclass(frozen=True, slots=True, eq=False)
class MarkedSkin:
    """The same as pixels of the baseline's grid (h, w), or none where nothing was drawn."""

    treated: Mask | None = None
    untreated: Mask | None = None


def find_marked(areas: MarkedAreas, view: PhotoView, size: tuple[int, int]) -> MarkedSkin:
    """The outlines on the grid of a baseline of this width and height.

    Parts outside the grid, lower than the upper chest, are left out.
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
    for outline in outlines:
        placed = view.to_photo.inverse(np.array(outline) * size - 0.5)
        yield np.rint(placed * 2**_SUBPIXEL_BITS).astype(np.int32)


def _crosses_itself(outline: Outline) -> bool:
    """Whether two sides that are not neighbours meet, or a corner occurs twice."""
    count, sides = len(outline), _sides(outline)
    return len(set(outline)) < count or any(
        _meet(sides[first], sides[second])
        for first, second in combinations(range(count), 2)
        if second - first not in {1, count - 1}
    )


def _overlap(one: Outline, other: Outline) -> bool:
    """Whether two outlines share more than an edge or a corner."""
    first, second = _inside(one), _inside(other)
    return bool((first & second).any())


def _inside(outline: Outline) -> NDArray[np.bool_]:
    """The inside on a coarse picture of the photo, without the edge."""
    picture = np.zeros((_COARSE, _COARSE), np.uint8)
    cv2.fillPoly(picture, [np.rint(np.array(outline) * (_COARSE - 1)).astype(np.int32)], 1)
    edge = cv2.BORDER_CONSTANT
    return cv2.erode(picture, np.ones((3, 3)), borderType=edge, borderValue=1) > 0


_Corner = tuple[float, float]
_Side = tuple[_Corner, _Corner]


def _sides(outline: Outline) -> list[_Side]:
    return list(pairwise((*outline, outline[0])))


def _turn(side: _Side, corner: _Corner) -> float:
    """Twice the signed area of side and corner: on which side of the line the corner lies."""
    (ax, ay), (bx, by) = side
    return (bx - ax) * (corner[1] - ay) - (by - ay) * (corner[0] - ax)


def _cross(one: _Side, other: _Side) -> bool:
    """Whether two sides cross; touching is not crossing."""
    return (
        _turn(one, other[0]) * _turn(one, other[1]) < 0
        and _turn(other, one[0]) * _turn(other, one[1]) < 0
    )


def _meet(one: _Side, other: _Side) -> bool:
    """Whether two sides cross or touch."""
    return _cross(one, other) or any(
        _turn(side, corner) == 0 and _within(side, corner)
        for side, corners in ((one, other), (other, one))
        for corner in corners
    )


def _within(side: _Side, corner: _Corner) -> bool:
    """Whether a corner on the line of a side lies between its ends."""
    (ax, ay), (bx, by) = side
    x, y = corner
    return min(ax, bx) <= x <= max(ax, bx) and min(ay, by) <= y <= max(ay, by)
