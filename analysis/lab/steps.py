"""Pictures of every step between a photo and its readings, for people who want to check one.

All but the first are on the grid of the baseline; the pictures that patients and practitioners see
are drawn in `analysis.overlays`.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from analysis.face.faces import Face, FindFace, find_face
from analysis.face.grid import GRID_SIZE, view_on_grid
from analysis.face.regions import Region, map_skin
from analysis.images import LinearImage, SrgbImage, encode_photo, to_linear, to_srgb
from analysis.pipeline import Analysis

_LONGEST_EDGE: Final = 1600  # of the picture of the whole photo
_TILE: Final = 70  # pixels of the grid, of the checkerboard
_WIDTH_BELOW_EYES: Final = 0.62  # of the face's width that its square extends below the eyes
_SEEN: Final = (0.10, 0.85, 0.35)
_NOT_SEEN: Final = (0.95, 0.15, 0.55)
_REDDER: Final = (1.0, 0.85, 0.0)
_DARKER: Final = (0.0, 0.9, 1.0)
_BEYOND: Final = 0.90  # display grey where a photo ends
# Okabe and Ito's colours, which everyone can distinguish.
_OUTLINES: Final[Mapping[Region, tuple[float, float, float]]] = MappingProxyType(
    {
        Region.FOREHEAD: (0.90, 0.62, 0.00),
        Region.LEFT_CHEEK: (0.34, 0.71, 0.91),
        Region.RIGHT_CHEEK: (0.94, 0.89, 0.26),
        Region.NOSE: (0.80, 0.47, 0.65),
        Region.CHIN: (0.00, 0.62, 0.45),
    }
)

_Colour = tuple[float, float, float]
_Plane = NDArray[np.float32]
_Pixels = NDArray[np.bool_]


def draw_steps(
    analysis: Analysis, photo: SrgbImage, baseline: SrgbImage, find: FindFace = find_face
) -> Mapping[str, bytes]:
    """JPEG pictures by name, in the order of the steps.

    `photo-face` is the upright photo with the face's square and the pupils (filled if found, open
    if placed by proportion); `baseline-skin` the regions on the baseline with what counts in green
    and what does not in pink; `photo-skin` the same for today's photo, aligned to it;
    `checkerboard` both photos alternating, in the baseline's light, whose edges meet if
    registration is right; `spots` the lesions found, yellow for redder and blue for darker ones.
    """
    view = view_on_grid(baseline, find(baseline))
    before = _framed(to_srgb(view.light), baseline.size, analysis.baseline_positions)
    laid = to_linear(_laid(photo, analysis.photo_positions)).pixels
    in_its_light = to_srgb(LinearImage(laid * np.exp(-analysis.light).astype(np.float32)))
    corrected = _framed(in_its_light, photo.size, analysis.photo_positions)
    counted = map_skin(view).counted.pixels
    redder, darker = analysis.spot_map.redder, analysis.spot_map.darker
    lesions = _outlined(corrected, redder.pixels, _REDDER)
    return {
        "photo-face": encode_photo(_face_marked(photo, find(photo))),
        "baseline-skin": _skin_marked(before, analysis, counted),
        "photo-skin": _skin_marked(corrected, analysis, analysis.counted.pixels),
        "checkerboard": encode_photo(SrgbImage(_checkerboard(before, corrected))),
        "spots": encode_photo(SrgbImage(_outlined(lesions, darker.pixels, _DARKER))),
    }


def _laid(photo: SrgbImage, positions: _Plane) -> SrgbImage:
    laid = cv2.remap(
        photo.pixels, positions, np.empty(0), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return SrgbImage(laid.astype(np.float32, copy=False))


def _framed(picture: SrgbImage, size: tuple[int, int], positions: _Plane) -> _Plane:
    """The picture, plain grey where the photo of this width and height had ended."""
    inside = (positions >= 0) & (positions <= np.array(size) - 1)
    whole = np.all(inside, axis=-1, keepdims=True)
    return np.where(whole, picture.pixels, np.float32(_BEYOND))


def _face_marked(photo: SrgbImage, face: Face) -> SrgbImage:
    scale = min(1.0, _LONGEST_EDGE / max(photo.size))
    marked = cv2.resize(photo.pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    thickness = max(2, round(0.004 * max(marked.shape)))
    for eye, seen in zip(face.eyes, (face.eyes_seen > 0, face.eyes_seen > 1), strict=True):
        centre = tuple(round(scale * c) for c in eye)
        radius = max(3, round(0.04 * scale * face.eye_distance))
        cv2.circle(marked, centre, radius, _SEEN, -1 if seen else thickness, cv2.LINE_AA)
    half, below = face.width / 2, _WIDTH_BELOW_EYES * face.width
    corners = [(-half, below - face.width), (half, below - face.width), (half, below)]
    turn = np.radians(face.tilt)
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    square = np.array([*corners, (-half, below)]) @ rotation.T + np.array(face.centre)
    outline = np.rint(scale * square).astype(np.int32)
    cv2.polylines(marked, [outline], isClosed=True, color=_SEEN, thickness=thickness)
    return SrgbImage(marked.astype(np.float32, copy=False))


def _skin_marked(picture: _Plane, analysis: Analysis, counted: _Pixels) -> bytes:
    """Regions outlined; within them what counts is tinted green, the rest pink."""
    marked = picture
    for region, area in analysis.areas.items():
        inside = area.pixels
        marked = _tinted(marked, inside & counted, _SEEN)
        marked = _tinted(marked, inside & ~counted, _NOT_SEEN)
        marked = _outlined(marked, inside, _OUTLINES[region])
    others = counted & ~np.logical_or.reduce([area.pixels for area in analysis.areas.values()])
    return encode_photo(SrgbImage(_outlined(marked, others, _SEEN)))


def _tinted(picture: _Plane, where: _Pixels, colour: _Colour) -> _Plane:
    tint = np.array(colour, np.float32)
    return np.where(where[..., np.newaxis], 0.75 * picture + 0.25 * tint, picture).astype(
        np.float32
    )


def _outlined(picture: _Plane, where: _Pixels, colour: _Colour) -> _Plane:
    outlines, _ = cv2.findContours(where.astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    drawn = cv2.drawContours(picture.copy(), outlines, -1, colour, 2, cv2.LINE_AA)
    return drawn.astype(np.float32, copy=False)


def _checkerboard(one: _Plane, other: _Plane) -> _Plane:
    columns, rows = (np.arange(length) // _TILE for length in GRID_SIZE)
    first = (rows[:, np.newaxis] + columns) % 2 == 0
    return np.where(first[..., np.newaxis], one, other).astype(np.float32)
