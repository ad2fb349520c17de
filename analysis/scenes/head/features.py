"""Eyelids, nose and mouth of a rendered head: their lines on the face and the relief they raise.

Distances in mm; `side` is the distance from the midline. Proportions follow the adult norms of
L. G. Farkas, "Anthropometry of the Head and Face" (1994).
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from analysis.scenes.head.plane import Map, blur, bump, profile, ramp

_INNER_CORNER: Final = -16.0  # mm from the pupil, in an eye of usual width
_OUTER_CORNER: Final = 16.6


@dataclass(frozen=True, slots=True)
class Proportions:
    """What makes a face this person's; lengths in mm, the rest factors around 1.

    Lengths and heights are counted from the line of the pupils, `nose_to_mouth` from below the nose
    to the line of the mouth. The defaults are the mean face.
    """

    face_width: float = 1.0
    jaw_width: float = 1.0
    chin_length: float = 0.0
    pupil_distance: float = 63.0
    eye_height: float = 10.0
    eye_slant: float = 2.0
    eye_width: float = 1.0
    nose_width: float = 35.0
    nose_length: float = 46.0
    nose_height: float = 18.0
    nose_to_mouth: float = 20.5
    mouth_width: float = 51.0
    upper_lip: float = 7.0
    lower_lip: float = 9.0
    lid_space: float = 2.8
    smile: float = 1.2
    brow_height: float = 16.6
    brow_arch: float = 5.0
    brow_ridge: float = 1.0
    cheekbones: float = 1.0
    neck_width: float = 55.0

    @property
    def inner_corner(self) -> float:
        """Where the eye ends towards the nose, mm from the pupil towards the temple."""
        return _INNER_CORNER * self.eye_width

    @property
    def outer_corner(self) -> float:
        """Where the eye ends towards the temple, mm from the pupil."""
        return _OUTER_CORNER * self.eye_width

    @property
    def mouth(self) -> float:
        """The line of the mouth, mm below that of the pupils."""
        return self.nose_length + self.nose_to_mouth


def eye_coordinates(x: Map, y: Map, p: Proportions) -> tuple[Map, Map]:
    """u (mm, from the pupil towards the temple) and v (mm, downwards) of the nearer eye."""
    u0 = np.abs(x) - p.pupil_distance / 2.0
    slant = np.radians(p.eye_slant * 1.6)
    u = u0 * np.cos(slant) - y * np.sin(slant)
    v = u0 * np.sin(slant) + y * np.cos(slant)
    return u.astype(np.float32), v.astype(np.float32)


def lid_lines(u: Map, p: Proportions) -> tuple[Map, Map]:
    """v of the upper and of the lower lid's edge at u, mm; they meet at the corners."""
    t = np.clip((u - p.inner_corner) / (p.outer_corner - p.inner_corner), 0.0, 1.0)
    base = 1.4 - 1.7 * t
    upper = base - 0.60 * p.eye_height * _arch(t**0.84, 0.72)
    upper = upper + 0.5 * np.exp(-(((t - 0.06) / 0.07) ** 2))
    lower = base + 0.42 * p.eye_height * _arch(t**1.14, 0.82)
    return upper.astype(np.float32), lower.astype(np.float32)


def lid_fold(u: Map, p: Proportions) -> Map:
    """v of the fold above the upper lid, mm."""
    upper, _ = lid_lines(u, p)
    fold: Map = upper - p.lid_space - 0.9 * np.clip((u + 2.0) / 14.0, -0.6, 1.0)
    return fold.astype(np.float32)


def _arch(t: Map, power: float) -> Map:
    result: Map = np.clip(np.sin(np.pi * t), 0.0, 1.0) ** power
    return result


def raise_eyelids(x: Map, y: Map, p: Proportions) -> Map:
    """Relief of the lids over the eyeballs, the fold above and the bag below, mm."""
    u, v = eye_coordinates(x, y, p)
    radius = np.sqrt((u / 1.24) ** 2 + ((v + 0.2) / 0.98) ** 2)
    ball = np.sqrt(np.maximum(14.0**2 - radius**2, 0.0)).astype(np.float32)
    lids: Map = 0.50 * blur(ball, 2.0)
    along = ramp(u, p.inner_corner - 1.0, p.inner_corner + 7.0) * ramp(
        u, p.outer_corner + 8.0, p.outer_corner - 2.0
    )
    above = lid_fold(u, p) - v
    lids += along * 1.25 * ramp(above, -0.5, 0.9) * np.exp(-np.maximum(above, 0.0) / 5.0)
    _, lower = lid_lines(u, p)
    below = v - lower
    lids += 0.7 * np.exp(-0.5 * ((below - 2.0) / 1.5) ** 2) * ramp(np.abs(u), 16.0, 8.0)
    lids -= 0.8 * bump(u, v, (-4.0, 12.5), (11.0, 2.4), -10.0)
    return lids.astype(np.float32)


def _dome(across: ArrayLike, along: ArrayLike) -> Map:
    """Half an ellipsoid of height 1 over the unit circle."""
    height = 1.0 - np.square(across) - np.square(along)
    result: Map = np.sqrt(np.clip(height, 0.0, None)).astype(np.float32)
    return result


def raise_nose(side: Map, y: Map, p: Proportions) -> Map:
    """Relief of the nose, mm: bridge, tip, columella, wings and nostrils, blended."""
    base, half, height = p.nose_length - 0.5, p.nose_width / 2.0, p.nose_height
    tip = base - 9.0
    bridge = profile(
        y, [(-26.0, 0.0), (-13.0, 1.3), (-3.0, 3.4), (10.0, 0.40 * height + 1.0),
            (tip - 9.0, 0.72 * height), (tip - 1.0, 0.84 * height), (tip + 4.0, 0.55 * height),
            (base, 0.15 * height), (base + 4.0, 0.0)],
    )  # fmt: skip
    spread = profile(
        y, [(-26.0, 11.0), (-4.0, 6.6), (8.0, 7.4), (tip - 12.0, 0.52 * half), (tip, 0.60 * half),
            (base, 0.5 * half)],
    )  # fmt: skip
    bridge = bridge * np.exp(-((side / spread) ** 2.2))
    reach = np.where(y > tip, 8.4, 15.0)
    lobule = height * _dome(side / (0.62 * half), ((y - tip) / reach).astype(np.float32))
    columella = 0.66 * height * _dome(side / (0.27 * half), (y - base + 3.0) / 5.6)
    ala_x, ala_y = half - 6.4, base - 5.6
    wing = 0.52 * height * _dome((side - ala_x) / 6.9, (y - ala_y) / np.where(y > ala_y, 6.4, 8.6))
    power = 2.6
    parts = [blur(part.astype(np.float32), 0.7) for part in (bridge, lobule, columella, wing)]
    nose = sum(np.maximum(part, 0.0) ** power for part in parts) ** (1.0 / power)
    rim = np.hypot((side - ala_x) / 7.4, (y - ala_y) / 8.4)
    nose = nose - 0.5 * np.exp(-0.5 * ((rim - 1.02) / 0.10) ** 2) * ramp(side, ala_x, half)
    nostril = nostril_shape(side, y, p)
    result: Map = blur((nose - 3.2 * nostril).astype(np.float32), 0.45)
    return result


def nostril_shape(side: Map, y: Map, p: Proportions) -> Map:
    """Darkness 0..1 of the nostrils as seen from the front, a little from below."""
    half = p.nose_width / 2.0
    angle = np.radians(-20.0)
    dx, dy = side - 0.43 * half, y - p.nose_length + 1.9
    u, v = dx * np.cos(angle) + dy * np.sin(angle), dy * np.cos(angle) - dx * np.sin(angle)
    v = v + 0.05 * u * u
    result: Map = np.exp(-(((u / (0.215 * half)) ** 2 + (v / 1.35) ** 2) ** 1.5)).astype(np.float32)
    return result


def lip_lines(x: Map, p: Proportions) -> tuple[Map, Map, Map]:
    """y (mm) of the upper lip's upper edge, the mouth line and the lower lip's lower edge."""
    t = np.clip(np.abs(x) / (p.mouth_width / 2.0), 0.0, 1.0)
    line = p.mouth + 0.8 * np.exp(-((t / 0.20) ** 2)) - p.smile * t**2.2
    line = line + 0.5 * np.exp(-(((t - 0.5) / 0.25) ** 2))
    fall = (1.0 - t**1.7) ** 0.95
    bow = 1.0 - 0.22 * np.exp(-((t / 0.13) ** 2)) + 0.05 * np.exp(-(((t - 0.24) / 0.12) ** 2))
    upper = line - p.upper_lip * fall * bow
    lower = line + p.lower_lip * (1.0 - t**2.2) ** 0.9
    return upper.astype(np.float32), line.astype(np.float32), lower.astype(np.float32)


def raise_mouth(x: Map, y: Map, p: Proportions) -> Map:
    """Relief of the lips, the corners of the mouth and the groove below the nose, mm."""
    side = np.abs(x)
    upper, line, lower = lip_lines(x, p)
    inside = ramp(side, p.mouth_width / 2.0 + 4.0, p.mouth_width / 2.0 - 10.0)
    up = np.clip((line - y) / np.maximum(line - upper, 1.5), 0.0, 5.0)
    down = np.clip((y - line) / np.maximum(lower - line, 1.5), 0.0, 5.0)
    swell_up = np.where(up < 1.0, np.sqrt(1.0 - (1.0 - np.minimum(up, 1.0)) ** 2), 1.0)
    swell_up = (
        swell_up * (1.0 - 0.2 * np.minimum(up, 1.0)) * np.exp(-np.maximum(up - 1.0, 0.0) * 0.8)
    )
    swell_down = np.sin(np.pi * (0.08 + 0.78 * np.minimum(down, 1.0)))
    swell_down = swell_down * np.exp(-np.maximum(down - 1.0, 0.0) * 1.6)
    relief = inside * np.where(y < line, 2.6 * swell_up, 3.9 * swell_down)
    corner = (p.mouth_width / 2.0 + 0.5, p.mouth - p.smile)
    relief -= 1.1 * bump(side, y, corner, (2.4, 2.4))
    relief += 0.8 * bump(side, y, (corner[0] + 5.0, corner[1] + 1.0), (3.5, 6.0))
    groove = ramp(y, p.nose_length, p.nose_length + 4.0) * ramp(y, p.mouth - 5.5, p.mouth - 9.5)
    ridges = 0.6 * np.exp(-0.5 * ((side - 4.4) / 1.6) ** 2) - 0.5 * np.exp(-0.5 * (side / 2.0) ** 2)
    return blur((relief + groove * ridges).astype(np.float32), 0.5)
