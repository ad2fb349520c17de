"""The hair of a rendered head: where it grows, its strands, and the light along them."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.scenes.head.features import Proportions
from analysis.scenes.head.plane import (
    LEFT,
    MM_PER_PIXEL,
    SHAPE,
    TOP,
    Map,
    blur,
    bump,
    noise,
    profile,
    ramp,
)
from analysis.scenes.head.shape import HeadShape, half_width
from analysis.scenes.head.strands import Strands, draw_strands


class HairStyle(StrEnum):
    """How the hair is worn; all leave face and neck free, as asked before a photo."""

    CROPPED = "cropped"
    TUCKED = "tucked"
    TOP_KNOT = "top_knot"
    SHORT = "short"


_LIFT_MM: Final = {
    HairStyle.CROPPED: 6.0,
    HairStyle.TUCKED: 7.0,
    HairStyle.TOP_KNOT: 4.0,
    HairStyle.SHORT: 10.0,
}


@dataclass(frozen=True, slots=True)
class Hair:
    """`coverage` 0..1, `value` the brightness of the strands (mean about 1), `height` z in mm;
    `behind` the coverage of hair that falls behind neck and shoulders."""

    coverage: Map
    value: Map
    height: Map
    behind: Map


def grow_hair(shape: HeadShape, p: Proportions, style: HairStyle, rng: np.random.Generator) -> Hair:
    """Grow hair of this style on the head."""
    x, y = shape.x, shape.y
    scalp = scalp_depth(x, y, p)
    lift = _LIFT_MM[style]
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
    coverage = coverage * (0.55 + 0.45 * thin)
    value = 0.8 + 0.55 * np.clip(coils, -1.2, 2.2) + 0.12 * noise(rng, 7.0)
    height = _hair_height(shape, outline, 3.0 * thin) + 0.5 * coils
    return Hair(
        np.clip(coverage, 0.0, 1.0).astype(np.float32),
        np.clip(value, 0.1, 3.0).astype(np.float32),
        height.astype(np.float32),
        np.zeros_like(coverage),
    )


def _hair_height(shape: HeadShape, outline: Map, lift: Map) -> Map:
    """z of the hair: over the skull, and rounding off towards its own outline beyond it."""
    rounding = -92.0 + 20.0 * np.clip(outline / 14.0, 0.0, 1.0) ** 0.7
    over = np.where(shape.head > 0.5, np.maximum(shape.height + lift, rounding), rounding)
    return blur(over.astype(np.float32), 3.0)


def _combed(
    shape: HeadShape, scalp: Map, outline: Map, style: HairStyle, rng: np.random.Generator
) -> Hair:
    strands, values = _comb(scalp, outline, style, rng)
    value, drawn = draw_strands(strands, values)
    outside = 2.5 if style is HairStyle.SHORT else 1.2
    inside = ramp(outline + 0.15 * noise(rng, 2.0), -outside, 0.3)
    solid = ramp(scalp + 1.5 * noise(rng, 2.0), 5.0, 13.0)
    thin = 0.30 + 0.70 * ramp(scalp, -1.0, 9.0)
    coverage = np.maximum(drawn * thin, solid) * inside
    fine = np.where(drawn > 0.05, value, 0.16)
    shine = 1.0 + 0.9 * bump(shape.x, shape.y, (-16.0, -98.0), (46.0, 6.5), -5.0)
    shine += 0.35 * bump(shape.x, shape.y, (0.0, -84.0), (60.0, 4.0))
    depth = (0.60 + 0.40 * ramp(scalp, 0.0, 16.0)) * (0.75 + 0.25 * ramp(outline, -1.0, 9.0))
    brightness = (0.25 + 1.5 * fine) * shine * depth
    height = _hair_height(shape, outline, np.full_like(scalp, 1.5))
    height = height + 0.7 * blur(fine.astype(np.float32), 0.3)
    behind = np.zeros_like(scalp)
    if style is HairStyle.TUCKED:
        behind, falling = _falling(shape, rng)
        brightness = np.where(coverage > 0.02, brightness, falling)
    return Hair(
        coverage.astype(np.float32),
        np.clip(brightness, 0.05, 4.0).astype(np.float32),
        height.astype(np.float32),
        behind,
    )


def _falling(shape: HeadShape, rng: np.random.Generator) -> tuple[Map, Map]:
    """Coverage and brightness of long hair that falls behind ears, neck and shoulders."""
    x, y, side = shape.x, shape.y, np.abs(shape.x)
    width = profile(
        y, [(-10.0, 60.0), (20.0, 74.0), (60.0, 79.0), (100.0, 86.0), (150.0, 92.0), (200.0, 94.0)]
    )
    wave = 2.0 * np.sin(y / 17.0 + 1.5 * np.sign(x)) + 1.2 * noise(rng, 25.0)
    behind = ramp(width + wave - side, -0.5, 1.5) * ramp(y, -12.0, 0.0)
    count = 5000
    start = rng.uniform(-1.0, 1.0, count)
    s = np.linspace(0.0, 1.0, 16)
    ys = rng.uniform(-5.0, 110.0, count)[:, np.newaxis] + 75.0 * s
    sway = 2.4 * np.sin(ys / 17.0 + 1.5 * np.sign(start)[:, np.newaxis])
    xs = start[:, np.newaxis] * (66.0 + 0.17 * ys) + sway + rng.normal(0.0, 1.0, (count, 1)) * s
    strands = np.stack([xs, ys], axis=-1).astype(np.float32)
    value, drawn = draw_strands(strands, rng.gamma(4.0, 0.10, count).astype(np.float32))
    fine = np.where(drawn > 0.05, value, 0.15)
    shadow = 0.30 + 0.45 * ramp(side, 52.0, 84.0)
    wild = np.maximum(
        behind, 0.7 * drawn * ramp(width + wave + 2.5 - side, 0.0, 1.0) * ramp(y, 0.0, 20.0)
    )
    return wild.astype(np.float32), ((0.25 + 1.5 * fine) * shadow).astype(np.float32)


def _comb(
    scalp: Map, outline: Map, style: HairStyle, rng: np.random.Generator
) -> tuple[Strands, NDArray[np.float32]]:
    """Hairs from their roots along the way they are combed, deepest first."""
    density = ramp(scalp, -3.0, 6.0) * (outline > -1.0) * (scalp < 60.0)
    rows, columns = np.nonzero(density > rng.uniform(0.0, 1.0, SHAPE).astype(np.float32))
    chosen = rng.choice(len(rows), size=30000)
    rows, columns = rows[chosen], columns[chosen]
    order = np.argsort(-scalp[rows, columns] + rng.normal(0.0, 4.0, len(rows)))
    rows, columns = rows[order], columns[order]

    smooth = blur(np.clip(scalp, -20.0, 60.0), 7.0)
    down, across = np.gradient(smooth)
    short = style is HairStyle.SHORT
    lift = 0.020 if short else 0.006
    heading = np.stack([across, down - lift], axis=-1)
    heading /= np.linalg.norm(heading, axis=-1, keepdims=True) + 1e-6
    wander = rng.normal(0.0, 0.55 if short else 0.10, len(rows)).astype(np.float32)
    wander += (0.5 if short else 0.16) * noise(rng, 7.0)[rows, columns]
    length = rng.uniform(7.0, 17.0, len(rows)) if short else rng.uniform(12.0, 32.0, len(rows))

    position = np.stack([columns, rows], axis=-1).astype(np.float32) + 0.5
    path = [position]
    points = 9
    for _ in range(points - 1):
        row = np.clip(position[:, 1].astype(int), 0, SHAPE[0] - 1)
        column = np.clip(position[:, 0].astype(int), 0, SHAPE[1] - 1)
        ahead = heading[row, column]
        cos, sin = np.cos(wander), np.sin(wander)
        turned = np.stack(
            [ahead[:, 0] * cos - ahead[:, 1] * sin, ahead[:, 0] * sin + ahead[:, 1] * cos], axis=-1
        )
        step = (length / MM_PER_PIXEL / (points - 1))[:, np.newaxis]
        position = (position + turned * step).astype(np.float32)
        path.append(position)
    strands = np.stack(path, axis=1) * MM_PER_PIXEL + np.array([LEFT, TOP], dtype=np.float32)
    locks = 1.0 + 0.30 * noise(rng, 3.0)[rows, columns]
    values = np.clip(rng.gamma(5.0, 0.10, len(rows)) * locks, 0.04, 1.0)
    return strands.astype(np.float32), values.astype(np.float32)
