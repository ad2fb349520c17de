"""The eyes of a rendered head: opening between the lids, eyeball, iris, lashes and brows.

Each eye is painted in its own coordinates: u from the inner to the outer corner, v downwards, mm.
"""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from .face_plane import MM_PER_PIXEL, SHAPE, Map, blur, bump, noise, ramp, to_pixels
from .head_shape import HeadShape, Proportions

_INNER, _OUTER = -14.6, 14.9
_IRIS_RADIUS: Final = 5.9


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


def eye_coordinates(shape: HeadShape, p: Proportions) -> tuple[Map, Map]:
    """u (mm, from the pupil towards the temple) and v (mm, downwards) of the nearer eye."""
    u0 = np.abs(shape.x) - p.pupil_distance / 2.0
    slant = np.radians(p.eye_slant * 1.6)
    u = u0 * np.cos(slant) - shape.y * np.sin(slant)
    v = u0 * np.sin(slant) + shape.y * np.cos(slant)
    return u.astype(np.float32), v.astype(np.float32)


def lid_lines(u: Map, p: Proportions) -> tuple[Map, Map]:
    """v of the upper and of the lower lid's edge at u, mm; they meet at the corners."""
    t = np.clip((u - _INNER) / (_OUTER - _INNER), 0.0, 1.0)
    base = 1.3 - 1.6 * t
    high, low = p.eye_height * 0.60, p.eye_height * 0.42
    upper = base - high * _arch(t**0.86, 0.74) + 0.5 * np.exp(-(((t - 0.06) / 0.07) ** 2))
    lower = base + low * _arch(t**1.12, 0.80)
    return upper.astype(np.float32), lower.astype(np.float32)


def _arch(t: Map, power: float) -> Map:
    result: Map = np.clip(np.sin(np.pi * t), 0.0, 1.0) ** power
    return result


def paint_eyes(
    shape: HeadShape, p: Proportions, iris: tuple[float, float, float], rng: np.random.Generator
) -> Eyes:
    """Paint both eyes; `iris` is the block reflectance of the iris (red, green, blue)."""
    u, v = eye_coordinates(shape, p)
    upper, lower = lid_lines(u, p)
    within = ramp(u, _INNER - 0.1, _INNER + 0.4) * ramp(u, _OUTER + 0.1, _OUTER - 0.4)
    opening = ramp(v - upper, -0.18, 0.18) * ramp(lower - v, -0.18, 0.18) * within
    gaze_u, gaze_v = u, v + 0.35
    radius = np.sqrt(gaze_u**2 + gaze_v**2)

    paint = _sclera(u, v, radius, rng)
    disc = ramp(radius, _IRIS_RADIUS + 0.28, _IRIS_RADIUS - 0.28)[..., np.newaxis]
    paint = paint * (1.0 - disc) + _iris(gaze_u, gaze_v, radius, iris, rng) * disc
    pupil = ramp(radius, 2.15, 1.75)[..., np.newaxis]
    paint = paint * (1.0 - pupil) + 0.006 * pupil
    rim = np.exp(-0.5 * ((lower - v - 0.25) / 0.35) ** 2)[..., np.newaxis] * 0.55
    paint = paint * (1.0 - rim) + np.array([0.46, 0.27, 0.24], dtype=np.float32) * rim

    under_lid = 1.0 - 0.72 * np.exp(-np.clip(v - upper, 0.0, None) / 1.5)
    corner = (
        1.0 - 0.45 * np.exp(-np.abs(u - _OUTER) / 3.0) - 0.3 * np.exp(-np.abs(u - _INNER) / 2.5)
    )
    round_ball = 1.0 - 0.30 * np.clip(np.abs(u) / 15.0, 0.0, 1.0) ** 2
    shade = (under_lid * corner * round_ball).astype(np.float32)
    catchlight = _catchlight(shape, u, v, p) * opening
    crease = _crease(u, v, upper)
    return Eyes(
        opening.astype(np.float32), paint.astype(np.float32), shade, catchlight,
        _lashes(p, rng), crease,
    )  # fmt: skip


def _sclera(u: Map, v: Map, radius: Map, rng: np.random.Generator) -> Map:
    white = np.array([0.56, 0.50, 0.46], dtype=np.float32)
    flesh = np.array([0.50, 0.27, 0.24], dtype=np.float32)
    redness = 0.25 * ramp(np.abs(u), 7.0, 14.0) + 0.05 * np.abs(noise(rng, 1.2))
    caruncle = bump(u, v, (_INNER + 2.2, 1.0), (1.5, 1.3))
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
    lit_below = 1.0 + 0.35 * np.clip(v / _IRIS_RADIUS, -0.6, 1.0)
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
    window = ramp(np.abs(across + 2.0), 1.15, 0.85) * ramp(np.abs(v + 2.3), 1.45, 1.1)
    cross = 1.0 - 0.5 * np.exp(-0.5 * ((across + 2.0) / 0.13) ** 2)
    soft = 0.10 * bump(across.astype(np.float32), v, (2.0, 2.6), (1.4, 0.9))
    wet = 0.18 * np.exp(-0.5 * ((v - lid_lines(u, p)[1] + 0.55) / 0.16) ** 2)
    wet = wet * ramp(np.abs(u), 12.0, 6.0)
    return blur((window * cross * 0.9 + soft + wet).astype(np.float32), 0.12)


def _crease(u: Map, v: Map, upper: Map) -> Map:
    fold = upper - 2.7 - 0.9 * np.clip((u + 4.0) / 16.0, -0.4, 1.0)
    along = ramp(u, _INNER - 1.0, _INNER + 5.0) * ramp(u, _OUTER + 6.0, _OUTER - 3.0)
    above = v - fold
    line = np.exp(-0.5 * (np.where(above < 0, above / 0.9, above / 0.45)) ** 2)
    result: Map = (line * along).astype(np.float32)
    return result


def draw_strands(
    strands: list[NDArray[np.float32]], values: NDArray[np.float32], thickness: int = 1
) -> tuple[Map, Map]:
    """Draw polylines (n, 2) in mm with anti-aliasing, later ones on top; returns value, coverage."""
    canvas = np.zeros((*SHAPE, 3), dtype=np.uint8)
    for strand, value in zip(strands, values, strict=True):
        pixels = np.round(to_pixels(strand) * 16).astype(np.int32)
        level = int(np.clip(value, 0.0, 1.0) * 255)
        cv2.polylines(canvas, [pixels], False, (level, 255, 0), thickness, cv2.LINE_AA, 4)
    coverage = canvas[..., 1].astype(np.float32) / 255.0
    value_map = canvas[..., 0].astype(np.float32) / 255.0 / np.maximum(coverage, 1e-3)
    return np.minimum(value_map, 1.0).astype(np.float32), coverage


def _lashes(p: Proportions, rng: np.random.Generator) -> Map:
    strands = []
    slant = np.radians(p.eye_slant * 1.6)
    for side in (-1.0, 1.0):
        for lid, count, longest in ((0, 95, 6.0), (1, 60, 2.8)):
            us = np.sort(rng.uniform(_INNER + 3.5, _OUTER - 0.2, count)).astype(np.float32)
            vs = lid_lines(us, p)[lid]
            t = (us - _INNER) / (_OUTER - _INNER)
            length = longest * (0.45 + 0.55 * t) * rng.uniform(0.6, 1.05, count)
            lean = (us / 15.0) * 0.85 + 0.25 + rng.normal(0.0, 0.16, count)
            s = np.linspace(0.0, 1.0, 7)
            for u0, v0, reach, tilt in zip(us, vs, length, lean, strict=True):
                bend = s**1.5 if lid == 0 else s
                u = u0 + reach * (s * tilt * 0.75)
                rise = -0.55 * bend + 0.25 * s * (1 - s) if lid == 0 else 0.75 * s
                v = v0 + reach * rise
                x = side * (u * np.cos(slant) + v * np.sin(slant) + p.pupil_distance / 2.0)
                y = v * np.cos(slant) - u * np.sin(slant)
                strands.append(np.stack([x, y], axis=-1).astype(np.float32))
    _, coverage = draw_strands(strands, np.ones(len(strands), dtype=np.float32))
    return coverage


def paint_brows(p: Proportions, density: float, rng: np.random.Generator) -> Map:
    """Coverage of the brows' hairs, 0..1; `density` 0.5 (sparse) .. 1.5 (bushy)."""
    strands = []
    centre = p.pupil_distance / 2.0
    for side in (-1.0, 1.0):
        count = int(420 * density)
        t = rng.beta(1.15, 1.25, count)
        spine_x = centre - 18.5 + 42.0 * t
        spine_y = -17.0 - p.eye_slant * 0.5 - 5.2 * np.sin(np.pi * (t**1.25) * 0.92) + 5.4 * t**3
        thick = (
            3.4 * density**0.35 * (1.0 - 0.72 * t**1.6) * (0.6 + 0.4 * np.minimum(t / 0.15, 1.0))
        )
        spine_y = spine_y + thick * rng.uniform(-1.0, 1.0, count)
        angle = np.radians(-72.0 + 78.0 * np.minimum(t * 1.9, 1.0) + 22.0 * t) + rng.normal(
            0, 0.16, count
        )
        length = (4.2 + 3.8 * np.sin(np.pi * t)) * rng.uniform(0.65, 1.1, count)
        s = np.linspace(0.0, 1.0, 5)
        for x0, y0, a, reach in zip(spine_x, spine_y, angle, length, strict=True):
            turn = a + 0.35 * s
            x = side * (x0 + reach * s * np.cos(turn))
            y = y0 + reach * s * np.sin(turn)
            strands.append(np.stack([x, y], axis=-1).astype(np.float32))
    _, coverage = draw_strands(strands, np.ones(len(strands), dtype=np.float32))
    return blur(coverage, 0.6 * MM_PER_PIXEL)
