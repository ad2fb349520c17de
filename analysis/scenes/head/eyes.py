"""The eyes of a rendered head: opening between the lids, eyeball, iris, lashes and brows.

Each eye is painted in its own coordinates: u from the inner to the outer corner, v downwards, mm.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from analysis.scenes.head.features import (
    Proportions,
    eye_coordinates,
    lid_fold,
    lid_lines,
)
from analysis.scenes.head.plane import Map, blur, bump, noise, ramp
from analysis.scenes.head.shape import HeadShape
from analysis.scenes.head.strands import draw_fine_strands

_IRIS_RADIUS: Final = 6.1


@dataclass(frozen=True, slots=True)
class Eyes:
    """Maps of both eyes: `opening` coverage, `paint` block reflectance (h, w, 3) inside it,
    `shade` the light that reaches it (0..1), `catchlight` the mirror image of the window,
    `lashes` coverage over everything, `crease` the fold of the upper lid (0..1)."""

    opening: Map
    paint: Map
    shade: Map
    catchlight: Map
    lashes: Map
    crease: Map


def paint_eyes(
    shape: HeadShape, p: Proportions, iris: tuple[float, float, float], rng: np.random.Generator
) -> Eyes:
    """Paint both eyes; `iris` is the block reflectance of the iris (red, green, blue)."""
    u, v = eye_coordinates(shape.x, shape.y, p)
    upper, lower = lid_lines(u, p)
    within = ramp(u, p.inner_corner - 0.1, p.inner_corner + 0.4) * ramp(
        u, p.outer_corner + 0.1, p.outer_corner - 0.4
    )
    opening = ramp(v - upper, -0.18, 0.18) * ramp(lower - v, -0.18, 0.18) * within
    gaze_u, gaze_v = u, v + 0.35
    radius = np.sqrt(gaze_u**2 + gaze_v**2)

    paint = _sclera(u, v, radius, p, rng)
    disc = ramp(radius, _IRIS_RADIUS + 0.28, _IRIS_RADIUS - 0.28)[..., np.newaxis]
    paint = paint * (1.0 - disc) + _iris(gaze_u, gaze_v, radius, iris, rng) * disc
    pupil = ramp(radius, 2.15, 1.75)[..., np.newaxis]
    paint = paint * (1.0 - pupil) + 0.006 * pupil
    rim = np.exp(-0.5 * ((lower - v - 0.25) / 0.35) ** 2)[..., np.newaxis] * 0.55
    paint = paint * (1.0 - rim) + np.array([0.46, 0.27, 0.24], dtype=np.float32) * rim

    under_lid = 1.0 - 0.80 * np.exp(-np.clip(v - upper, 0.0, None) / 1.9)
    corner = (
        1.0
        - 0.45 * np.exp(-np.abs(u - p.outer_corner) / 3.0)
        - 0.3 * np.exp(-np.abs(u - p.inner_corner) / 2.5)
    )
    round_ball = 1.0 - 0.38 * np.clip(np.abs(u) / 15.0, 0.0, 1.0) ** 2
    shade = (under_lid * corner * round_ball).astype(np.float32)
    catchlight = _catchlight(shape, u, v, p) * opening
    crease = _crease(u, v, p)
    return Eyes(
        opening.astype(np.float32), paint.astype(np.float32), shade, catchlight,
        _lashes(p, rng), crease,
    )  # fmt: skip


def _sclera(u: Map, v: Map, radius: Map, p: Proportions, rng: np.random.Generator) -> Map:
    white = np.array([0.37, 0.33, 0.30], dtype=np.float32)
    flesh = np.array([0.50, 0.27, 0.24], dtype=np.float32)
    redness = 0.38 * ramp(np.abs(u), 6.0, 15.0) + 0.05 * np.abs(noise(rng, 1.2))
    caruncle = bump(u, v, (p.inner_corner + 2.2, 1.0), (1.5, 1.3))
    share = np.clip(redness + caruncle, 0.0, 1.0)[..., np.newaxis]
    shadow = 0.82 + 0.18 * ramp(radius, _IRIS_RADIUS, _IRIS_RADIUS + 1.5)
    result: Map = ((white * (1.0 - share) + flesh * share) * shadow[..., np.newaxis]).astype(
        np.float32
    )
    return result


def _iris(
    u: Map, v: Map, radius: Map, colour: tuple[float, float, float], rng: np.random.Generator
) -> Map:
    angle = np.arctan2(v, u)
    fibres = np.zeros_like(u)
    for count in (17, 29, 47, 71):
        phase, drift = rng.uniform(0, 2 * np.pi, 2)
        fibres += np.sin(count * angle + phase + 1.5 * np.sin(radius * 0.7 + drift))
    limbus = 1.0 - 0.72 * ramp(radius, _IRIS_RADIUS - 1.3, _IRIS_RADIUS)
    collarette = 1.0 + 0.28 * np.exp(-0.5 * ((radius - 3.0) / 0.7) ** 2)
    lit_below = 1.0 + 0.20 * np.clip(v / _IRIS_RADIUS, -0.6, 1.0)
    value = (1.0 + 0.12 * fibres) * limbus * collarette * lit_below
    warm = np.array([1.25, 1.0, 0.7], dtype=np.float32)
    ring = np.exp(-0.5 * ((radius - 2.6) / 0.8) ** 2)[..., np.newaxis]
    tint = np.array(colour, dtype=np.float32) * (1.0 + (warm - 1.0) * ring)
    result: Map = (value[..., np.newaxis] * tint).astype(np.float32)
    return result


def _catchlight(shape: HeadShape, u: Map, v: Map, p: Proportions) -> Map:
    """The window mirrored in the cornea: same side of the picture in both eyes."""
    side = np.sign(shape.x)
    across = u * side  # to the right of the picture
    window = ramp(np.abs(across + 2.0), 1.0, 0.7) * ramp(np.abs(v + 2.2), 1.25, 0.9)
    cross = 1.0 - 0.5 * np.exp(-0.5 * ((across + 2.0) / 0.13) ** 2)
    soft = 0.025 * bump(across.astype(np.float32), v, (2.0, 2.6), (1.4, 0.9))
    wet = 0.07 * np.exp(-0.5 * ((v - lid_lines(u, p)[1] + 0.55) / 0.16) ** 2)
    wet = wet * ramp(np.abs(u), 12.0, 6.0)
    return blur((window * cross * 0.6 + soft + wet).astype(np.float32), 0.12)


def _crease(u: Map, v: Map, p: Proportions) -> Map:
    along = ramp(u, p.inner_corner - 1.0, p.inner_corner + 6.0) * ramp(
        u, p.outer_corner + 7.0, p.outer_corner - 3.0
    )
    below = v - lid_fold(u, p)
    line = np.exp(-0.5 * (np.where(below < 0, below / 0.45, below / 1.1)) ** 2)
    result: Map = (line * along).astype(np.float32)
    return result


def _lashes(p: Proportions, rng: np.random.Generator) -> Map:
    strands = []
    slant = np.radians(p.eye_slant * 1.6)
    s = np.linspace(0.0, 1.0, 8)
    for side in (-1.0, 1.0):
        for lid, count, longest in ((0, 270, 5.4), (1, 110, 2.4)):
            us = np.sort(rng.uniform(p.inner_corner + 3.0, p.outer_corner, count)).astype(
                np.float32
            )
            vs = lid_lines(us, p)[lid]
            t = (us - p.inner_corner) / (p.outer_corner - p.inner_corner)
            length = longest * (0.35 + 0.65 * t) * rng.uniform(0.5, 1.0, count)
            clump = 0.14 * np.sin(us * 3.1 + rng.uniform(0, 6)) + rng.normal(0.0, 0.12, count)
            lean = us / 15.0 * 0.8 + 0.22 + clump
            for u0, v0, reach, tilt in zip(us, vs, length, lean, strict=True):
                u = u0 + reach * s * tilt * 0.8
                rise = 0.30 * s - 0.85 * s**2.0 if lid == 0 else 0.8 * s - 0.2 * s * s
                v = v0 + reach * rise
                x = side * (u * np.cos(slant) + v * np.sin(slant) + p.pupil_distance / 2.0)
                y = v * np.cos(slant) - u * np.sin(slant)
                strands.append(np.stack([x, y], axis=-1).astype(np.float32))
    _, coverage = draw_fine_strands(np.stack(strands), np.ones(len(strands), dtype=np.float32))
    result: Map = np.clip(coverage * 1.15, 0.0, 1.0).astype(np.float32)
    return result


def paint_brows(p: Proportions, density: float, rng: np.random.Generator) -> Map:
    """Coverage of the brows' hairs, 0..1; `density` 0.5 (sparse) .. 1.5 (bushy)."""
    strands = []
    centre = p.pupil_distance / 2.0
    s = np.linspace(0.0, 1.0, 6)
    for side in (-1.0, 1.0):
        count = int(760 * density)
        t = rng.beta(1.1, 1.2, count)
        spine_x = centre - 19.5 + 44.0 * t
        spine_y = (
            -p.brow_height
            - p.eye_slant * 0.5
            - p.brow_arch * np.sin(np.pi * (t**1.2) * 0.92)
            + 5.6 * t**3
        )
        thick = (
            3.6 * density**0.35 * (1.0 - 0.70 * t**1.5) * (0.55 + 0.45 * np.minimum(t / 0.2, 1.0))
        )
        across = np.clip(rng.normal(0.0, 0.5, count), -1.1, 1.1)
        spine_y = spine_y + thick * across
        angle = np.radians(-74.0 + 76.0 * np.minimum(t * 1.8, 1.0) + 24.0 * t - 16.0 * across)
        angle = angle + rng.normal(0, 0.20, count) + np.radians(14.0) * (across < 0)
        length = (3.6 + 4.6 * np.sin(np.pi * t**0.8)) * rng.uniform(0.5, 1.1, count)
        for x0, y0, a, reach in zip(spine_x, spine_y, angle, length, strict=True):
            turn = a + 0.45 * s
            x = side * (x0 + reach * s * np.cos(turn))
            y = y0 + reach * s * np.sin(turn)
            strands.append(np.stack([x, y], axis=-1).astype(np.float32))
    _, coverage = draw_fine_strands(np.stack(strands), np.ones(len(strands), dtype=np.float32))
    root = blur(coverage, 1.2) * 0.20
    result: Map = np.clip(coverage * 1.1 + root * (1.0 - coverage), 0.0, 1.0).astype(np.float32)
    return result
