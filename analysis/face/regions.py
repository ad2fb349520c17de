"""Where the regions of a face are on the baseline, and which of its pixels count as skin.

Geometry is in eye distances from the middle between the pupils. Skin is judged relative to the
person's own skin in the same photo, never by an absolute brightness or colour.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, reduce
from math import ceil
from types import MappingProxyType
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from analysis.face.grid import EYE_CENTRE, EYE_DISTANCE, EYES, GRID_SIZE, GridView
from analysis.images import LinearImage, Mask
from analysis.robust import robust_sd


class Region(StrEnum):
    """A part of the face, left and right as the patient's own; `FACE` is all treated parts."""

    FOREHEAD = "forehead"
    LEFT_CHEEK = "left_cheek"
    RIGHT_CHEEK = "right_cheek"
    NOSE = "nose"
    CHIN = "chin"
    FACE = "face"


FACE_REGIONS: Final = frozenset(Region) - {Region.FACE}
"""Every part of the face that is measured on its own."""

_Outline = tuple[tuple[float, float], ...]
_LEFT_CHEEK: Final[_Outline] = (
    (0.34, 0.42), (0.62, 0.34), (0.88, 0.34), (0.97, 0.55),
    (0.92, 0.90), (0.74, 1.15), (0.52, 1.02), (0.40, 0.78),
)  # fmt: skip
# In an unmirrored photo the patient's left cheek is in the right half of the picture.
_OUTLINES: Final[Mapping[Region, _Outline]] = MappingProxyType(
    {
        Region.FOREHEAD: (
            (-0.78, -0.50), (-0.66, -0.85), (-0.40, -1.00), (0.40, -1.00), (0.66, -0.85),
            (0.78, -0.50), (0.45, -0.55), (0.14, -0.42), (-0.14, -0.42), (-0.45, -0.55),
        ),
        Region.LEFT_CHEEK: _LEFT_CHEEK,
        Region.RIGHT_CHEEK: tuple((-x, y) for x, y in _LEFT_CHEEK),
        Region.NOSE: (
            (-0.11, 0.10), (0.11, 0.10), (0.17, 0.40), (0.27, 0.58), (0.24, 0.72),
            (-0.24, 0.72), (-0.27, 0.58), (-0.17, 0.40),
        ),
        Region.CHIN: (
            (-0.30, 1.42), (0.30, 1.42), (0.46, 1.50), (0.36, 1.74), (0.15, 1.83),
            (-0.15, 1.83), (-0.36, 1.74), (-0.46, 1.50),
        ),
    }
)  # fmt: skip
_NECK: Final[_Outline] = (
    (-0.85, 2.05), (0.85, 2.05), (0.95, 2.80), (1.45, 3.40),
    (1.45, 4.15), (-1.45, 4.15), (-1.45, 3.40), (-0.95, 2.80),
)  # fmt: skip
_RARELY_HIDDEN: Final = (Region.LEFT_CHEEK, Region.RIGHT_CHEEK, Region.NOSE)
_EYE_AXES: Final = (0.36, 0.26)
_OPENING_AXES: Final = (0.24, 0.09)
_LIPS_CENTRE: Final = (0.0, 1.12)
_LIPS_AXES: Final = (0.50, 0.27)

_CHROMA_REACH: Final = 4.0  # robust standard deviations of the person's own skin
_NARROWEST_CHROMA_SD: Final = 0.05  # log units; even skin in even light varies by this much
_SHADOW: Final = -0.40  # log luminance against the skin around
_HIGHLIGHT: Final = 0.45
_GLOSS: Final = (
    0.15,
    0.18,
)  # brighter, and with less log(R/B), than the skin around: the lamp itself
_BROWNER: Final = 0.10
_REDDEST_CHANGE: Final = 0.45  # of log(R/G) against the rest of the face: far beyond 4 × the blood
_BROWNEST_CHANGE: Final = 0.80  # of log(G/B); two doublings of melanin in light skin
_SHADING_CHANGE: Final = 0.45  # of log brightness against the skin around
_NECK_LIGHT: Final = (-1.4, 0.5)  # log luminance against the face: it may lie in the chin's shadow
_HAIRY: Final = 2.8  # times the fine texture of the person's own cheeks and nose
_SMALLEST_PATCH: Final = 0.02  # of a squared eye distance; smaller islands are not trusted
_DARKEST: Final = 0.0008  # linear; below, an 8-bit code is useless
_BRIGHTEST: Final = 0.955  # linear; above, a channel may be clipped
_LUMINANCE: Final = np.array([0.2126, 0.7152, 0.0722], np.float32)

_TOUCHED: Final = 0.05  # share of an outline from which it counts as a treated part

_Plane = NDArray[np.float32]
_Pixels = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class SkinMap:
    """The baseline's skin: the pixels of each region, of the face, and which of all count.

    `areas` are filled outlines, the treated ones cut to the treated area; `face` is everything
    between them and anything else that was treated. `reference` is skin for comparing the light, as
    far as it was not treated: what was marked or, if nothing was, the outlines and the bare skin
    below the chin. `counted` is true wherever skin can be measured in the baseline.
    """

    areas: Mapping[Region, Mask]
    face: Mask
    reference: Mask
    counted: Mask


def map_skin(
    baseline: GridView,
    treated: Mask | None = None,
    untreated: Mask | None = None,
    counted: Mask | None = None,
) -> SkinMap:
    """Outline the regions on the baseline's grid and find the skin that counts.

    `treated` is all that may have changed; `untreated` is skin that was marked as reference.
    `counted` is the skin that counts, if it is known for the same light and no less of the face.
    """
    outlines = outlined_areas()
    face = _face_hull() | treated.pixels if treated else _face_hull()
    solid = counted.pixels if counted else _solid(baseline, face, untreated)
    reference = untreated.pixels if untreated else _face_and_neck()
    areas = _cut(outlines, treated) if treated else outlines
    return SkinMap(areas, Mask(face), Mask(reference & solid), Mask(solid))


def _solid(baseline: GridView, face: _Pixels, untreated: Mask | None) -> _Pixels:
    """The pixels of face and reference that can be measured."""
    outlines = outlined_areas()
    allowed = baseline.covered.pixels & ~_never_skin()
    core = allowed & np.logical_or.reduce([outlines[region].pixels for region in _RARELY_HIDDEN])
    own = _like_own_skin(baseline.light, core) & _as_smooth_as(baseline.light, core)
    on_face = is_evenly_lit(baseline.light, Mask(face & allowed & own)).pixels
    beside = untreated.pixels if untreated else _neck() & _as_bright_as(baseline.light, core)
    on_beside = is_evenly_lit(baseline.light, Mask(beside & allowed & own)).pixels
    thinned = cv2.erode((on_face | on_beside).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    return _without_islands(thinned)


@cache
def _face_hull() -> _Pixels:
    """All pixels of the grid between the outlines of the regions."""
    hull = _hull([area.pixels for area in outlined_areas().values()])
    hull.flags.writeable = False
    return hull


@cache
def _neck() -> _Pixels:
    return _filled(_NECK)


def _face_and_neck() -> _Pixels:
    """The outlines of the regions and the skin below the chin."""
    areas = [area.pixels for area in outlined_areas().values()]
    return np.asarray(np.logical_or.reduce([_neck(), *areas]))


def parts_within(treated: Mask) -> frozenset[Region]:
    """The parts of the face that a treated area touches."""
    return frozenset(
        region
        for region, area in outlined_areas().items()
        if np.count_nonzero(area.pixels & treated.pixels) >= _TOUCHED * area.pixels.sum()
    )


def _cut(outlines: Mapping[Region, Mask], treated: Mask) -> Mapping[Region, Mask]:
    """For parts that the area touches, the treated pixels; for the others the untreated ones."""
    touched = parts_within(treated)
    return MappingProxyType(
        {
            region: Mask(area.pixels & (treated.pixels == (region in touched)))
            for region, area in outlines.items()
        }
    )


@cache
def outlined_areas() -> Mapping[Region, Mask]:
    """All pixels of the grid within the outline of each region, skin or not."""
    return MappingProxyType(
        {region: Mask(_filled(outline)) for region, outline in _OUTLINES.items()}
    )


def region_corners(region: Region) -> NDArray[np.float64]:
    """The corners (n, 2) of a part's outline on the grid; KeyError for FACE, which has none."""
    return np.array([_on_grid(point) for point in _OUTLINES[region]])


def eye_openings() -> tuple[Mask, Mask]:
    """The openings between the lids on the grid, the one further left first."""
    openings = []
    for x, y in EYES:
        mask = np.zeros((GRID_SIZE[1], GRID_SIZE[0]), np.uint8)
        half = tuple(int(a * EYE_DISTANCE) for a in _OPENING_AXES)
        cv2.ellipse(mask, (int(x), int(y)), half, 0, 0, 360, 1, -1)
        openings.append(Mask(mask > 0))
    return openings[0], openings[1]


def is_evenly_lit(light: LinearImage, skin: Mask) -> Mask:
    """Pixels neither clipped nor in a hard shadow or highlight, against the skin around them."""
    smooth = np.maximum(cv2.GaussianBlur(light.pixels, (0, 0), 1.0), _DARKEST)
    usable = _is_exposed(light)
    luminance = np.log(smooth @ _LUMINANCE)
    warmth = np.log(smooth[..., 0] / smooth[..., 2])
    inside = skin.pixels & usable
    for _ in range(2):  # once more without what the first round found
        above = luminance - local_mean(luminance, inside)
        paler = local_mean(warmth, inside) - warmth
        shaded = (above < _SHADOW) & (paler > -_BROWNER)  # a dark spot is warmer than a shadow
        inside = skin.pixels & usable & (above < _HIGHLIGHT) & ~_is_glossy(above, paler) & ~shaded
    return Mask(inside)


def still_comparable(photo: GridView, baseline: GridView, skin: SkinMap) -> Mask:
    """Baseline skin that today's registered photo shows as skin too.

    Pixels drop out where today is clipped, or newly shiny or shaded. So does anything that skin
    cannot have turned into: a hand, hair, a mask, a collar. All is judged by its change relative to
    the skin around, so that what the baseline already showed does not count twice.
    """
    counted = skin.counted.pixels & photo.covered.pixels & _is_exposed(photo.light)
    change = _log_light(photo.light, 1.5) - _log_light(baseline.light, 1.5)
    channels = cv2.split(change)
    for first, second, reach in ((0, 1, _REDDEST_CHANGE), (1, 2, _BROWNEST_CHANGE)):
        if counted.any():
            ratio = channels[first] - channels[second]
            counted &= np.abs(ratio - np.median(ratio[counted])) < reach
    brightness, warmth = reduce(np.add, channels) / np.float32(3), channels[0] - channels[2]
    brighter = brightness - local_mean(brightness, counted, spread=0.3)
    paler = local_mean(warmth, counted, spread=0.3) - warmth
    counted &= (np.abs(brighter) < _SHADING_CHANGE) & ~_is_glossy(brighter, paler)
    return Mask(_without_islands(counted))


def local_mean(plane: _Plane, inside: _Pixels, *, spread: float = 0.12) -> _Plane:
    """Gaussian mean of `plane` (h, w) over the pixels `inside`; `spread` in eye distances."""
    weighted = np.dstack([np.where(inside, plane, 0), inside]).astype(np.float32)
    coarse = cv2.resize(weighted, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    blurred = cv2.GaussianBlur(coarse, (0, 0), 0.25 * spread * EYE_DISTANCE)
    mean = blurred[..., 0] / np.maximum(blurred[..., 1], 1e-4)
    height, width = plane.shape
    return cv2.resize(mean, (width, height)).astype(np.float32)


def _is_exposed(light: LinearImage) -> _Pixels:
    """Neither black nor clipped, in any channel."""
    smooth = cv2.split(cv2.GaussianBlur(light.pixels, (0, 0), 1.0))
    darkest, brightest = reduce(cv2.min, smooth), reduce(cv2.max, cv2.split(light.pixels))
    exposed: _Pixels = (darkest > _DARKEST) & (brightest < _BRIGHTEST)
    return exposed


def _is_glossy(brighter: _Plane, paler: _Plane) -> _Pixels:
    """Brighter than the surrounding skin and closer to the lamp's colour: a mirror image of it."""
    glossy: _Pixels = (brighter > _GLOSS[0]) & (paler > _GLOSS[1])
    return glossy


def _log_light(light: LinearImage, sigma: float) -> _Plane:
    """Log RGB of the light, averaged over a few pixels first."""
    smooth = cv2.GaussianBlur(light.pixels, (0, 0), sigma)
    return np.log(np.maximum(smooth, _DARKEST)).astype(np.float32)


def _like_own_skin(light: LinearImage, seed: _Pixels) -> _Pixels:
    """Pixels whose colour, brightness aside, is that of the person's own skin."""
    log_light = _log_light(light, 1.5)
    red, green, blue = cv2.split(log_light)
    chroma = red - green, green - blue
    near = np.ones_like(seed)
    for _ in range(3):  # hair and lips leave the sample with each round
        inside = seed & near
        if np.count_nonzero(inside) < 100:
            return np.zeros_like(seed)
        squared = np.zeros(seed.shape, np.float32)
        for ratio in chroma:
            centre = np.median(ratio[inside])
            spread = max(robust_sd(ratio[inside] - centre), np.float32(_NARROWEST_CHROMA_SD))
            squared += np.square((ratio - centre) / spread)
        near = squared < _CHROMA_REACH**2
    return near


def _as_smooth_as(light: LinearImage, core: _Pixels) -> _Pixels:
    """Pixels without strands of hair, beard or cloth: fine texture as on the cheeks."""
    luminance = np.log(np.maximum(light.pixels @ _LUMINANCE, _DARKEST))
    detail = luminance - cv2.GaussianBlur(luminance, (0, 0), 4.0)
    texture = np.sqrt(cv2.GaussianBlur(detail * detail, (0, 0), 4.0))
    if not core.any():
        return np.zeros_like(core)
    smooth: _Pixels = texture < _HAIRY * float(np.median(texture[core]))
    return smooth


def _as_bright_as(light: LinearImage, core: _Pixels) -> _Pixels:
    """Pixels lit about like the face; black cloth has the colour of noise, which can be any."""
    luminance = np.log(np.maximum(light.pixels @ _LUMINANCE, _DARKEST))
    if not core.any():
        return np.zeros_like(core)
    above = luminance - float(np.median(luminance[core]))
    lit: _Pixels = (above > _NECK_LIGHT[0]) & (above < _NECK_LIGHT[1])
    return lit


def _without_islands(mask: _Pixels) -> _Pixels:
    """The mask without specks too small to be trusted."""
    largest_speck = ceil(_SMALLEST_PATCH * EYE_DISTANCE**2) - 1
    _, patches, sizes, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=4)
    is_kept = sizes[:, cv2.CC_STAT_AREA] > largest_speck
    is_kept[0] = False  # what is outside the mask
    kept: _Pixels = is_kept[patches]
    return kept


def _never_skin() -> _Pixels:
    """Eyes and lips, generously."""
    mask = np.zeros((GRID_SIZE[1], GRID_SIZE[0]), np.uint8)
    for x, y, axes in ((-0.5, 0, _EYE_AXES), (0.5, 0, _EYE_AXES), (*_LIPS_CENTRE, _LIPS_AXES)):
        centre = tuple(int(c) for c in _on_grid((x, y)))
        half = tuple(int(a * EYE_DISTANCE) for a in axes)
        cv2.ellipse(mask, centre, half, 0, 0, 360, 1, -1)
    return mask > 0


def _hull(areas: list[_Pixels]) -> _Pixels:
    """The convex hull of several areas."""
    corners = cv2.findNonZero(np.logical_or.reduce(areas).astype(np.uint8))
    mask = np.zeros(areas[0].shape, np.uint8)
    cv2.fillConvexPoly(mask, cv2.convexHull(corners), 1)
    return mask > 0


def _filled(outline: _Outline) -> _Pixels:
    mask = np.zeros((GRID_SIZE[1], GRID_SIZE[0]), np.uint8)
    corners = np.array([_on_grid(point) for point in outline], np.int32)
    cv2.fillPoly(mask, [corners], 1)
    filled = mask > 0
    filled.flags.writeable = False
    return filled


def _on_grid(point: tuple[float, float]) -> tuple[float, float]:
    x, y = point
    return EYE_CENTRE[0] + x * EYE_DISTANCE, EYE_CENTRE[1] + y * EYE_DISTANCE
