"""The hair of a rendered head: where it grows, its strands, and the light along them."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from .face_plane import Map, blur, bump, noise, profile, ramp
from .head_eyes import draw_strands
from .head_shape import HeadShape, Proportions, half_width


class HairStyle(StrEnum):
    """How the hair is worn; all leave face and neck free, as asked before a photo."""

    CROPPED = "cropped"
    PULLED_BACK = "pulled_back"
    TOP_KNOT = "top_knot"
    SHORT = "short"


@dataclass(frozen=True, slots=True)
class Hair:
    """`coverage` 0..1, `value` the brightness of the strands (mean about 1), `height` z in mm."""

    coverage: Map
    value: Map
    height: Map


def grow_hair(shape: HeadShape, p: Proportions, style: HairStyle, rng: np.random.Generator) -> Hair:
    """Grow hair of this style on the head."""
    x, y = shape.x, shape.y
    scalp = scalp_depth(x, y, p)
    lift = {"cropped": 5.0, "pulled_back": 3.5, "top_knot": 3.5, "short": 9.0}[style]
    outline = _outline_depth(x, y, p, lift)
    if style is HairStyle.TOP_KNOT:
        knot = 1.0 - np.sqrt((x / 27.0) ** 2 + ((y + 126.0) / 19.0) ** 2)
        outline = np.maximum(outline, (knot * 20.0).astype(np.float32))
    if style is HairStyle.CROPPED:
        return _cropped(shape, scalp, outline, rng)
    return _combed(shape, scalp, outline, style, rng)


def scalp_depth(x: Map, y: Map, p: Proportions) -> Map:
    """Signed distance-like depth (mm) behind the hairline: positive where hair grows."""
    side = np.abs(x)
    line = profile(
        side,
        [(0.0, -70.0), (18.0, -70.5), (34.0, -67.0), (46.0, -60.0), (54.0, -48.0), (58.5, -34.0),
         (61.5, -18.0), (65.0, -2.0), (68.0, 10.0), (70.0, 16.0), (80.0, 22.0)],
    )  # fmt: skip
    above = line - y
    face = 63.0 * p.face_width
    beside = (side - face) * 0.8
    sideburn = np.where(y > -30.0, np.minimum(above, 30.0), 1e3)
    result: Map = np.maximum(np.minimum(above, 60.0) * 0.75, np.minimum(beside, sideburn))
    return result.astype(np.float32)


def _outline_depth(x: Map, y: Map, p: Proportions, lift: float) -> Map:
    """Depth (mm) inside the hair's outer outline, positive inside."""
    grown = half_width((y * 0.985 + 0.0).astype(np.float32), p)
    side = np.abs(x)
    top = -115.0 - lift
    lifted = ((y + 30.0) * (85.0 / (85.0 + lift)) - 30.0).astype(np.float32)
    width = np.where(y < -30.0, half_width(lifted, p), grown) + lift * ramp(y, 8.0, -40.0)
    depth = np.minimum(width - side, (y - top) * 1.5)
    return np.where(y > 22.0, -5.0, depth).astype(np.float32)


def _cropped(shape: HeadShape, scalp: Map, outline: Map, rng: np.random.Generator) -> Hair:
    coils = noise(rng, 0.9) * 0.6 + noise(rng, 1.8) * 0.7
    edge = outline + 0.9 * coils
    hairline = scalp + 1.6 * noise(rng, 3.0) + 1.2 * coils
    coverage = ramp(edge, -0.5, 0.6) * ramp(hairline, -1.0, 3.5)
    thin = ramp(scalp, -1.5, 9.0)
    coverage = coverage * (0.55 + 0.45 * thin) * (1.0 - 0.28 * (1.0 - thin) * (coils > 0.4))
    value = 0.8 + 0.55 * np.clip(coils, -1.2, 2.2) + 0.12 * noise(rng, 7.0)
    height = shape.height + 3.0 * thin + 0.5 * coils
    behind = -78.0 - 2.0 * (3.0 - np.clip(outline, -3, 3)) + 0.6 * coils
    height = np.where(shape.head > 0.5, height, behind)
    return Hair(
        np.clip(coverage, 0.0, 1.0).astype(np.float32),
        np.clip(value, 0.1, 3.0).astype(np.float32),
        height.astype(np.float32),
    )


def _combed(
    shape: HeadShape, scalp: Map, outline: Map, style: HairStyle, rng: np.random.Generator
) -> Hair:
    value, strands = draw_strands(*_strands(style, rng))
    grown = ramp(scalp, 1.5, 8.0)
    wisps = strands * ramp(scalp, -3.0, 4.0)
    inside = ramp(outline + 0.8 * noise(rng, 5.0), -0.4, 0.8)
    fringe = strands * ramp(outline, -4.0, -0.5) * ramp(scalp, 4.0, 8.0) * 0.8
    coverage = np.maximum(np.maximum(grown, wisps) * inside, fringe)
    fine = np.where(strands > 0.02, value, 0.35)
    clumps = 1.0 + 0.25 * noise(rng, 9.0)
    shine = 1.0 + 0.9 * bump(shape.x, shape.y, (-14.0, -97.0), (48.0, 6.5), -4.0)
    rooted = 0.55 + 0.45 * ramp(scalp, 0.0, 14.0)
    result = (0.35 + 1.3 * fine) * clumps * shine * rooted
    height = np.where(shape.head > 0.5, shape.height + 2.0 + 0.8 * fine, -76.0 + 0.8 * fine)
    return Hair(
        coverage.astype(np.float32),
        np.clip(result, 0.05, 4.0).astype(np.float32),
        blur(height.astype(np.float32), 0.4),
    )


def _strands(
    style: HairStyle, rng: np.random.Generator
) -> tuple[list[np.ndarray[tuple[int, ...], np.dtype[np.float32]]], Map]:
    count = 9000
    roots_angle = rng.uniform(
        np.pi * 0.97, np.pi * 2.03, count
    )  # over the top, picture left to right
    start = rng.uniform(0.70, 1.16, count) * 1.0
    centre = np.array([0.0, -8.0])
    s = np.linspace(0.0, 1.0, 9)
    length = rng.uniform(14.0, 34.0, count)
    if style is HairStyle.SHORT:
        length = rng.uniform(9.0, 22.0, count)
    wander = rng.normal(0.0, 0.05 if style is not HairStyle.SHORT else 0.28, count)
    strands = []
    for angle, radius, reach, drift in zip(roots_angle, start, length, wander, strict=True):
        direction = np.array([np.cos(angle), np.sin(angle)])
        root = centre + direction * radius * np.array([72.0, 84.0])
        pull = np.array([-direction[0] * 0.55 * np.abs(direction[1]), 0.0])
        if style is HairStyle.SHORT:
            pull = np.array([0.45, 0.0])
        heading = (
            direction + pull * s[:, np.newaxis] + drift * np.array([-direction[1], direction[0]])
        )
        strands.append((root + reach * s[:, np.newaxis] * heading).astype(np.float32))
    values = np.clip(rng.gamma(4.0, 0.11, count), 0.05, 1.0).astype(np.float32)
    return strands, values
