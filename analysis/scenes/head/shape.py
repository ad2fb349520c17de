"""The shape of a head: a height field over the face plane, from anthropometric proportions.

Distances in mm follow the adult norms of L. G. Farkas, "Anthropometry of the Head and Face" (1994):
pupils 63 apart, face 138 wide, nose 34–44 wide, mouth 52 wide, hairline 68 above and chin 118 below
the pupils. An `Identity` moves them within the range of living people.
"""

from dataclasses import dataclass

import numpy as np

from analysis.scenes.head.features import Proportions, raise_eyelids, raise_mouth, raise_nose
from analysis.scenes.head.plane import Map, blur, bump, coordinates, noise, profile, ramp


@dataclass(frozen=True, slots=True, eq=False)
class HeadShape:
    """Maps on the face plane. `x`, `y` are the person's own coordinates (mm), slightly asymmetric.

    `head`, `ears`, `neck` are coverages 0..1 of what is visible; the `_height` maps are z (mm) of
    each part, also where another part hides it; `height` is z of the front-most one.
    """

    x: Map
    y: Map
    head: Map
    ears: Map
    neck: Map
    head_height: Map
    ear_height: Map
    neck_height: Map
    height: Map


def half_width(y: Map, p: Proportions) -> Map:
    """Half the width of the bare head at height `y`, mm."""
    jaw, face, chin = p.jaw_width, p.face_width, 118.0 + p.chin_length
    knots = [
        (-117.0, 0.0),
        (-115.5, 14.5),
        (-109.0, 32.5),
        (-98.0, 48.0),
        (-80.0, 62.0),
        (-55.0, 71.0 * face),
        (-25.0, 73.0 * face),
        (0.0, 71.5 * face),
        (22.0, 70.0 * face),
        (42.0, 66.5 * face),
        (min(60.0, chin - 49.0), 62.5 * jaw),
        (min(76.0, chin - 34.0), 56.5 * jaw),
        (min(90.0, chin - 21.0), 47.5 * jaw),
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
    head = ramp(inside, -0.15, 0.15) * (width > 0.0)
    head_height = _skull(side, y, width, p) + _face_relief(x, y, side, p)
    neck_height, neck = _neck(y, side, p)
    ear_height, ears = _ears(side, y, p)
    ears = ears * (1.0 - head)
    behind = np.where(ears > 0.5, ear_height, neck_height)
    height = np.where(head > 0.5, head_height, behind).astype(np.float32)
    neck = neck * (1.0 - head)
    return HeadShape(x, y, head, ears, neck, head_height, ear_height, neck_height, height)


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
    return blur((midline - depth * _falling_back(side, width, 2.35)).astype(np.float32), 1.2)


def _falling_back(side: Map, width: Map, power: float) -> Map:
    """Share 0..1 by which a rounded body falls back from its front, by the distance from midline.

    Near its outline it goes on straight, so that no dark rim is drawn around it.
    """
    t = np.clip(side / np.maximum(width, 1.0), 0.0, 1.2)
    bent = np.minimum(t, 0.965)
    flank = np.sqrt(1.0 - bent**power)
    slope = 0.5 * power * bent ** (power - 1.0) / flank
    back: Map = (1.0 - flank + slope * (t - bent)).astype(np.float32)
    return back


def _face_relief(x: Map, y: Map, side: Map, p: Proportions) -> Map:
    eye, ridge = p.pupil_distance / 2.0, -(p.brow_height + 0.4)
    relief = 2.4 * p.brow_ridge * bump(side, y, (24.0, ridge), (17.0, 6.5), -8.0)
    relief += 1.2 * p.brow_ridge * bump(side, y, (0.0, ridge), (10.0, 7.0))
    relief -= 8.0 * bump(side, y, (eye - 1.0, 0.0), (15.5, 10.0))
    relief -= 4.0 * bump(side, y, (16.0, -1.0), (4.5, 8.0))
    relief += 4.0 * p.cheekbones * bump(side, y, (43.0, 25.0), (15.0, 10.0), 18.0)
    relief -= 3.4 * bump(side, y, (45.0, 60.0), (12.0, 17.0))
    relief += 2.6 * bump(side, y, (30.0, 46.0), (10.0, 13.0))
    relief += 4.2 * bump(side, y, (0.0, 104.0 + p.chin_length), (13.0, 9.0))
    relief -= 2.4 * bump(side, y, (0.0, p.mouth + 19.5), (15.0, 4.0))
    relief += raise_eyelids(x, y, p) + raise_nose(side, y, p) + raise_mouth(x, y, p)
    fold = p.nose_width / 2.0 + 1.0 + (y - p.nose_length + 8.0) * 0.42
    reach = ramp(y, p.nose_length - 8.0, p.nose_length + 2.0) * ramp(y, 74.0, 54.0)
    across = side - fold
    relief += reach * 1.1 * ramp(across, -2.5, 4.5) * np.exp(-np.maximum(across, 0.0) / 14.0)
    return relief.astype(np.float32)


def _neck(y: Map, side: Map, p: Proportions) -> tuple[Map, Map]:
    width = profile(
        y, [(60.0, p.neck_width - 1.0), (110.0, p.neck_width), (136.0, p.neck_width + 3.0),
            (150.0, p.neck_width + 12.0), (162.0, p.neck_width + 30.0),
            (176.0, p.neck_width + 62.0),            (192.0, p.neck_width + 92.0)],
    )  # fmt: skip
    front = profile(y, [(60.0, -52.0), (110.0, -52.0), (150.0, -42.0), (192.0, -22.0)])
    neck = front - 52.0 * _falling_back(side, width, 2.2)
    muscle = side - np.maximum(34.0 - (y - 110.0) * 0.42, 17.0)
    neck += 2.2 * np.exp(-0.5 * (muscle / 6.0) ** 2) * ramp(y, 100.0, 130.0)
    neck -= 3.4 * bump(side, y, (0.0, 173.0), (8.0, 5.0))
    collar = y - (174.0 - 7.0 * np.sin(np.clip(side / 80.0, 0.0, 1.5) * 2.0))
    neck += 2.6 * np.exp(-0.5 * (collar / 3.6) ** 2) * ramp(side, 7.0, 22.0)
    neck -= 1.6 * np.exp(-0.5 * ((collar + 9.0) / 5.0) ** 2) * ramp(side, 14.0, 34.0)
    return neck.astype(np.float32), ramp(width - side, -0.2, 0.2) * ramp(y, 40.0, 60.0)


def _ears(side: Map, y: Map, p: Proportions) -> tuple[Map, Map]:
    cx, cy = 69.5 * p.face_width, 18.0
    tilt = np.radians(12.0)
    dx, dy = side - cx, y - cy
    u = (dx * np.cos(tilt) + dy * np.sin(tilt)).astype(np.float32)
    v = (dy * np.cos(tilt) - dx * np.sin(tilt)).astype(np.float32)
    wide = 11.5 * (1.0 - 0.34 * ramp(v, 2.0, 30.0))
    r = np.sqrt((u / wide) ** 2 + (v / 30.0) ** 2)
    helix = 4.0 * np.exp(-(((r - 0.90) / 0.085) ** 2)) * ramp(v, 24.0, 8.0)
    scapha = -2.6 * np.exp(-(((r - 0.72) / 0.09) ** 2)) * ramp(v, 20.0, 4.0) * ramp(u, -4.0, 2.0)
    antihelix = 2.4 * np.exp(-(((r - 0.50) / 0.11) ** 2)) * ramp(v, 18.0, 4.0) * ramp(u, -6.0, 1.0)
    concha = -7.0 * bump(u, v, (-3.0, 3.0), (4.2, 7.5))
    tragus = 3.0 * bump(u, v, (-7.5, 3.5), (2.2, 4.0))
    lobe = 1.8 * bump(u, v, (-2.5, 23.0), (4.5, 5.0))
    height = -86.0 - 0.20 * (side - cx) + helix + scapha + antihelix + concha + tragus + lobe
    return blur(height.astype(np.float32), 0.5), ramp(r, 1.015, 0.985)
