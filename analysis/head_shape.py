"""The shape of a head: a height field over the face plane, from anthropometric proportions.

Distances in mm follow the adult norms of L. G. Farkas, "Anthropometry of the Head and Face" (1994):
pupils 63 apart, face 138 wide, nose 34–44 wide, mouth 52 wide, hairline 68 above and chin 118 below
the pupils. An `Identity` moves them within the range of living people.
"""

from dataclasses import dataclass

import numpy as np

from .face_plane import Map, blur, bump, coordinates, line_distance, noise, profile, ramp


@dataclass(frozen=True, slots=True)
class Proportions:
    """What makes a face this person's; lengths in mm, the rest factors around 1."""

    face_width: float = 1.0
    jaw_width: float = 1.0
    chin_length: float = 0.0
    pupil_distance: float = 63.0
    eye_height: float = 10.0
    eye_slant: float = 2.0
    nose_width: float = 35.0
    nose_length: float = 46.0
    nose_height: float = 18.0
    mouth_width: float = 51.0
    upper_lip: float = 7.0
    lower_lip: float = 9.0
    brow_ridge: float = 1.0
    cheekbones: float = 1.0
    neck_width: float = 55.0


@dataclass(frozen=True, slots=True)
class HeadShape:
    """Maps on the face plane. `x`, `y` are the person's own coordinates (mm), slightly asymmetric.

    `height` is z (mm) of the front-most surface; `head`, `ears`, `neck` are coverages 0..1.
    """

    x: Map
    y: Map
    height: Map
    head: Map
    ears: Map
    neck: Map


def half_width(y: Map, p: Proportions) -> Map:
    """Half the width of the bare head at height `y`, mm."""
    jaw, face, chin = p.jaw_width, p.face_width, 118.0 + p.chin_length
    knots = [
        (-117.0, 0.0),
        (-115.0, 21.0),
        (-109.0, 40.0),
        (-98.0, 55.0),
        (-80.0, 66.5),
        (-55.0, 72.5 * face),
        (-25.0, 73.0 * face),
        (0.0, 71.5 * face),
        (22.0, 70.0 * face),
        (42.0, 66.5 * face),
        (60.0, 62.5 * jaw),
        (76.0, 56.5 * jaw),
        (90.0, 47.5 * jaw),
        (chin - 17.0, 37.5 * jaw),
        (chin - 9.0, 27.5 * jaw),
        (chin - 4.0, 18.5 * jaw),
        (chin - 1.2, 9.5 * jaw),
        (chin, 0.0),
    ]
    return profile(y, knots)


def shape_head(p: Proportions, rng: np.random.Generator) -> HeadShape:
    """Raise the height field of a head with these proportions; `rng` adds a natural asymmetry."""
    plane_x, plane_y = coordinates()
    x = (plane_x + 0.7 * noise(rng, 70.0) + 0.12 * noise(rng, 14.0)).astype(np.float32)
    y = (plane_y + 0.7 * noise(rng, 70.0) + 0.12 * noise(rng, 14.0)).astype(np.float32)
    side = np.abs(x)

    width = half_width(y, p)
    inside = width - side
    head = ramp(inside, -0.15, 0.15)
    height = _skull(side, y, width, p) + _face_relief(x, y, side, p)
    neck_height, neck = _neck(x, y, side, p)
    ear_height, ears = _ears(side, y, p)
    ears = ears * (1.0 - head)
    height = np.where(head > 0.5, height, np.where(ears > 0.5, ear_height, neck_height))
    return HeadShape(x, y, height.astype(np.float32), head, ears, neck * (1.0 - head))


def _skull(side: Map, y: Map, width: Map, p: Proportions) -> Map:
    chin = 118.0 + p.chin_length
    midline = profile(
        y,
        [
            (-117.0, -78.0),
            (-112.0, -54.0),
            (-100.0, -31.0),
            (-85.0, -14.0),
            (-65.0, -3.0),
            (-45.0, 1.0),
            (-25.0, 1.0),
            (-8.0, -1.0),
            (10.0, -1.0),
            (45.0, 2.0),
            (70.0, 2.5),
            (84.0, 0.5),
            (chin - 14.0, 1.5),
            (chin - 6.0, -3.0),
            (chin, -16.0),
        ],
    )
    depth = profile(
        y, [(-117.0, 12.0), (-95.0, 52.0), (-60.0, 72.0), (0.0, 80.0), (55.0, 74.0), (90.0, 52.0),
            (chin - 8.0, 30.0), (chin, 8.0)],
    )  # fmt: skip
    t = np.clip(side / np.maximum(width, 1.0), 0.0, 0.9995)
    skull: Map = midline - depth * (1.0 - np.sqrt(1.0 - t**2.35))
    return blur(skull.astype(np.float32), 1.2)


def _face_relief(x: Map, y: Map, side: Map, p: Proportions) -> Map:
    eye = p.pupil_distance / 2.0
    relief = 2.6 * p.brow_ridge * bump(side, y, (24.0, -17.0), (17.0, 6.5), -8.0)
    relief += 1.2 * p.brow_ridge * bump(side, y, (0.0, -17.0), (10.0, 7.0))
    relief -= 9.0 * bump(side, y, (eye - 2.0, 0.0), (14.0, 9.5))
    relief -= 4.5 * bump(side, y, (16.5, 0.0), (5.0, 8.0))
    relief += 3.2 * p.cheekbones * bump(side, y, (44.0, 24.0), (15.0, 10.0), 18.0)
    relief -= 2.6 * bump(side, y, (43.0, 60.0), (13.0, 16.0))
    relief += 2.2 * bump(side, y, (31.0, 48.0), (10.0, 12.0))
    relief += 3.6 * bump(side, y, (0.0, 103.0 + p.chin_length), (14.0, 9.5))
    relief -= 2.0 * bump(side, y, (0.0, 86.0), (17.0, 4.5))
    relief += _eyelids(side, y, p) + _nose(side, y, p) + _mouth(x, side, y, p)
    fold = 17.0 + (y - 38.0) * 0.42 + 4.0 * bump(side, y, (0.0, 55.0), (1e4, 9.0))
    reach = ramp(y, 36.0, 44.0) * ramp(y, 74.0, 58.0)
    across = side - fold
    relief += reach * (1.5 * ramp(across, -1.5, 3.5) * np.exp(-np.maximum(across, 0.0) / 14.0) - 0.35
                       * np.exp(-0.5 * (across / 1.3) ** 2))  # fmt: skip
    return relief.astype(np.float32)


def _eyelids(side: Map, y: Map, p: Proportions) -> Map:
    eye = p.pupil_distance / 2.0
    radius = np.sqrt(((side - eye) / 1.2) ** 2 + ((y + 0.3) / 0.98) ** 2)
    ball = np.sqrt(np.maximum(14.0**2 - radius**2, 0.0))
    lids: Map = 0.52 * blur(ball.astype(np.float32), 2.2)
    lids += 1.6 * bump(side, y, (eye + 4.0, -13.0), (15.0, 3.2), 6.0)
    lids -= 0.9 * bump(side, y, (eye - 4.0, 14.0), (12.0, 2.6), -12.0)
    return lids


def _nose(side: Map, y: Map, p: Proportions) -> Map:
    base, half = p.nose_length - 1.0, p.nose_width / 2.0
    tip = base - 8.0
    ridge = profile(
        y, [(-24.0, 0.0), (-12.0, 1.6), (-2.0, 3.8), (12.0, 0.45 * p.nose_height + 1.0),
            (tip - 8.0, 0.82 * p.nose_height), (tip, p.nose_height), (base - 3.0, 0.86 * p.nose_height),
            (base + 0.5, 0.35 * p.nose_height), (base + 3.5, 1.0), (base + 9.0, 0.0)],
    )  # fmt: skip
    spread = profile(
        y, [(-24.0, 9.0), (-4.0, 5.6), (10.0, 6.4), (tip - 12.0, 0.40 * half), (tip, 0.50 * half),
            (base, 0.50 * half), (base + 6.0, 0.4 * half)],
    )  # fmt: skip
    nose = ridge * np.exp(-((side / (1.42 * spread)) ** 2.0))
    ala = (half - 4.8, base - 4.2)
    wing = np.clip(1.0 - ((side - ala[0]) / 5.8) ** 2 - ((y - ala[1]) / 6.8) ** 2, 0.0, None)
    nose += 6.0 * np.sqrt(blur(wing.astype(np.float32), 0.8))
    nose -= 0.9 * bump(side, y, (half - 7.4, tip - 1.0), (1.8, 4.5), -18.0)
    nose -= (
        0.8
        * np.exp(-0.5 * ((side - half - 0.6) / 1.2) ** 2)
        * ramp(y, base - 12, base - 5)
        * (ramp(y, base + 4, base))
    )
    nose -= 5.0 * bump(side, y, (0.37 * half, base + 0.2), (2.6, 1.25), -20.0)
    result: Map = blur(nose.astype(np.float32), 0.5)
    return result


def lip_lines(x: Map, p: Proportions) -> tuple[Map, Map, Map]:
    """Heights y (mm) of the upper lip's upper edge, the mouth line and the lower lip's lower edge."""
    t = np.clip(np.abs(x) / (p.mouth_width / 2.0), 0.0, 1.0)
    centre = p.nose_length + 20.5
    line = centre + 0.9 * np.cos(np.pi * t * 2.1) * (1.0 - t) + 0.6 * t**3
    fall = (1.0 - t**1.9) ** 0.8
    bow = 1.0 - 0.26 * np.exp(-((t / 0.13) ** 2)) + 0.06 * np.exp(-(((t - 0.25) / 0.12) ** 2))
    upper = line - p.upper_lip * fall * bow
    lower = line + p.lower_lip * (1.0 - t**2.3) ** 0.75
    return upper.astype(np.float32), line.astype(np.float32), lower.astype(np.float32)


def _mouth(x: Map, side: Map, y: Map, p: Proportions) -> Map:
    upper, line, lower = lip_lines(x, p)
    inside = ramp(side, p.mouth_width / 2.0 + 3.0, p.mouth_width / 2.0 - 7.0)
    up = np.clip((line - y) / np.maximum(line - upper, 0.5), 0.0, 4.0)
    down = np.clip((y - line) / np.maximum(lower - line, 0.5), 0.0, 4.0)
    roll_up = np.where(
        up < 1.0,
        np.sqrt(np.clip(1.0 - (1.0 - up) ** 2, 0.0, 1.0)) * (1 - 0.25 * up),
        0.75 * np.exp(-(up - 1.0) * 1.2),
    )  # noqa: E501
    roll_down = np.where(
        down < 1.0,
        np.sin(np.pi * np.clip(down, 0, 1) * 0.78) + 0.0,
        0.63 * np.exp(-(down - 1.0) * 2.2),
    )  # noqa: E501
    roll = np.where(y < line, 3.4 * roll_up, 4.6 * roll_down)
    relief = inside * roll
    relief -= 0.8 * bump(side, y, (p.mouth_width / 2.0 + 0.5, p.nose_length + 21.0), (2.2, 2.0))
    philtrum = ramp(y, p.nose_length + 1.0, p.nose_length + 5.0) * ramp(
        y, p.nose_length + 16.0, p.nose_length + 12.0
    )  # noqa: E501
    relief += philtrum * (
        0.7 * bump(side, y, (4.2, 0.0), (1.4, 1e4)) - 0.5 * bump(side, y, (0.0, 0.0), (1.8, 1e4))
    )  # noqa: E501
    return blur(relief.astype(np.float32), 0.45)


def _neck(x: Map, y: Map, side: Map, p: Proportions) -> tuple[Map, Map]:
    width = profile(
        y, [(60.0, p.neck_width - 1.0), (110.0, p.neck_width), (136.0, p.neck_width + 3.0),
            (150.0, p.neck_width + 12.0), (162.0, p.neck_width + 30.0), (176.0, p.neck_width + 62.0),
            (192.0, p.neck_width + 92.0)],
    )  # fmt: skip
    t = np.clip(side / width, 0.0, 0.9995)
    front = profile(y, [(60.0, -52.0), (110.0, -52.0), (150.0, -42.0), (192.0, -22.0)])
    neck = front - 52.0 * (1.0 - np.sqrt(1.0 - t**2.2))
    muscle = side - (34.0 - (y - 110.0) * 0.42)
    neck += 2.2 * np.exp(-0.5 * (muscle / 7.0) ** 2) * ramp(y, 100.0, 130.0)
    neck -= 3.2 * bump(side, y, (0.0, 168.0), (7.0, 5.5))
    collar = y - (170.0 - 5.0 * np.sin(np.clip(side / 70.0, 0.0, 1.5) * 2.2))
    neck += 2.8 * np.exp(-0.5 * (collar / 4.0) ** 2) * ramp(side, 6.0, 18.0)
    return neck.astype(np.float32), ramp(width - side, -0.2, 0.2) * ramp(y, 40.0, 60.0)


def _ears(side: Map, y: Map, p: Proportions) -> tuple[Map, Map]:
    cx, cy = 70.0 * p.face_width + 2.0, 19.0
    tilt = np.radians(14.0)
    dx, dy = side - cx, y - cy
    u, v = dx * np.cos(tilt) + dy * np.sin(tilt), dy * np.cos(tilt) - dx * np.sin(tilt)
    wide = 11.5 * (1.0 - 0.28 * ramp(v, 4.0, 30.0))
    r = np.sqrt((u / wide) ** 2 + (v / 31.0) ** 2)
    ears = ramp(r, 1.02, 0.98)
    rim = 3.4 * np.exp(-(((r - 0.9) / 0.10) ** 2)) * ramp(v, 22.0, 8.0)
    inner = 2.4 * np.exp(-0.5 * ((r - 0.55) / 0.12) ** 2) * ramp(v, 16.0, 4.0) * ramp(u, -6.0, 1.0)
    concha = -5.5 * bump(u.astype(np.float32), v.astype(np.float32), (-2.5, 3.0), (4.5, 7.0))
    lobe = 2.0 * bump(u.astype(np.float32), v.astype(np.float32), (-2.0, 23.0), (5.0, 5.0))
    height = -84.0 + 0.22 * (cx + 12 - side) + rim + inner + concha + lobe
    return blur(height.astype(np.float32), 0.5), ears


def crease(points: list[tuple[float, float]], width_mm: float) -> Map:
    """A soft line of height 1 along `points`, for folds and wrinkles."""
    distance = line_distance(points)
    result: Map = np.exp(-0.5 * (distance / width_mm) ** 2).astype(np.float32)
    return result
