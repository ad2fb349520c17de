"""Whether outlines on a baseline can be measured, judged while the person is still drawing."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import cv2
import numpy as np

from analysis.card.comparison import see_card
from analysis.face.faces import FindFace, find_face
from analysis.face.grid import EYE_DISTANCE, PhotoView, locate, view_on_grid
from analysis.face.regions import Region, SkinMap, region_corners
from analysis.images import Mask, SrgbImage
from analysis.marked_areas import MarkedAreas, Outline, find_marked
from analysis.pipeline import map_treated, uncovered

_SMALLEST: Final = 0.04  # squared eye distances; the nose has about 0.25
_LEAST_IN_VIEW: Final = 0.5  # of an outline; the rest may be lower than the upper chest
_LEFT: Final = "the treated regions"
_LEAST_SKIN: Final = 0.3  # of an outline; follow-ups show less of it, and 0.08 still count there


class MarkFault(StrEnum):
    """What is wrong with one outline, each with one remedy."""

    TOO_SMALL = "too_small"
    OUTSIDE = "outside"
    NO_SKIN = "no_skin"


@dataclass(frozen=True, slots=True)
class MarkTrouble:
    """An outline, named as in `MarkedAreas.named`, and why it cannot be used."""

    outline: str
    fault: MarkFault


def judge_marked(
    baseline: SrgbImage,
    treated: frozenset[Region],
    marked: MarkedAreas,
    find: FindFace = find_face,
) -> tuple[MarkTrouble, ...]:
    """What is wrong with the outlines on this baseline photo; empty if all can be used.

    `treated` are the regions that were treated, as for `analyse_photo`. Raises `Unmeasurable` if
    the photo itself cannot be a baseline.
    """
    view = view_on_grid(baseline, find(baseline))
    free = see_card(baseline).leaves_free(locate(view))
    drawn = find_marked(marked, view, baseline.size)
    skin, area = map_treated(uncovered(view, free), treated, drawn)
    troubles = []
    for name, outline in marked.named():
        fault = _fault(outline, view, baseline.size, skin)
        if fault is not None:
            troubles.append(MarkTrouble(name, fault))
    if not marked.treated and _share(area, skin.counted) < _LEAST_SKIN:
        troubles.append(MarkTrouble(_LEFT, MarkFault.NO_SKIN))
    return tuple(troubles)


def outline_region(region: Region, baseline: SrgbImage, find: FindFace = find_face) -> Outline:
    """The outline of a part of the face on this baseline photo, as a starting point for drawing.

    Raises `Unmeasurable` if no face is found.
    """
    return _outline(region, view_on_grid(baseline, find(baseline)), baseline.size)


def outline_cheeks(photo: SrgbImage, find: FindFace = find_face) -> tuple[Outline, Outline]:
    """The cheek that is further left in the photo and the other one.

    Raises `Unmeasurable` if no face is found.
    """
    view = view_on_grid(photo, find(photo))
    return (
        _outline(Region.RIGHT_CHEEK, view, photo.size),
        _outline(Region.LEFT_CHEEK, view, photo.size),
    )


def _outline(region: Region, view: PhotoView, size: tuple[int, int]) -> Outline:
    corners = locate(view, region_corners(region).astype(np.float32))
    shares = np.clip((corners + 0.5) / size, 0, 1)
    return tuple((float(x), float(y)) for x, y in shares)


def _fault(
    outline: Outline, view: PhotoView, size: tuple[int, int], skin: SkinMap
) -> MarkFault | None:
    scale = abs(np.linalg.det(view.to_photo.inverse.params))
    in_photo = np.array(outline, np.float32) * np.array(size, np.float32)
    whole = cv2.contourArea(in_photo) * scale
    if whole < _SMALLEST * EYE_DISTANCE**2:
        return MarkFault.TOO_SMALL
    seen = find_marked(MarkedAreas(treated=(outline,)), view, size).treated
    if seen is None or np.count_nonzero(seen.pixels) < _LEAST_IN_VIEW * whole:
        return MarkFault.OUTSIDE
    return MarkFault.NO_SKIN if _share(seen, skin.counted) < _LEAST_SKIN else None


def _share(area: Mask, counted: Mask) -> float:
    return float(np.count_nonzero(area.pixels & counted.pixels) / max(area.pixels.sum(), 1))
