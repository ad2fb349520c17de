"""The skin of a rendered head: the distribution of melanin and blood, its pores and regions."""

from dataclasses import dataclass

import numpy as np

from analysis.face.regions import Region
from analysis.scenes.head.features import Proportions, eye_coordinates, lid_lines, lip_lines
from analysis.scenes.head.plane import Map, bump, noise, ramp
from analysis.scenes.head.shape import HeadShape


@dataclass(frozen=True, slots=True)
class Complexion:
    """Skin of a person: melanin fraction, and how strongly each natural unevenness shows (0..2).

    The last four say how the skin is built, as `skin_optics.reflectance` takes them.
    """

    melanin: float
    freckles: float = 0.0
    mottling: float = 1.0
    flush: float = 1.0
    moles: int = 4
    oil: float = 1.0
    pores: float = 1.0
    stubble: float = 0.0
    saturation: float = 0.64
    scattering: float = 1.0
    vessels: float = 1.0
    epidermis: float = 1.0

    @property
    def build(self) -> dict[str, float]:
        """How this skin differs from the typical one, by name."""
        names = "saturation", "scattering", "vessels", "epidermis"
        return {name: getattr(self, name) for name in names}


@dataclass(frozen=True, slots=True)
class SkinMaps:
    """`melanin` and `blood` are doublings against the person's baseline fractions.

    `bumps` is relief (mm) too fine for the height field, `oil` scales the surface reflection,
    `lips` is the coverage of their red.
    """

    melanin: Map
    blood: Map
    bumps: Map
    oil: Map
    lips: Map


def lay_skin(
    shape: HeadShape, p: Proportions, skin: Complexion, rng: np.random.Generator
) -> SkinMaps:
    """Lay this complexion over the head."""
    x, y, side = shape.x, shape.y, np.abs(shape.x)
    lips = lip_coverage(x, y, p)
    melanin = _melanin(shape, p, skin, rng)
    blood = _blood(shape, p, skin, rng)
    darkness = np.clip(np.log2(skin.melanin / 0.02) / 3.5, 0.0, 1.0)
    streaks = noise(rng, 1.0) * 0.07
    lower_lip = ramp(y, p.mouth - 1.5, p.mouth + 4.5)
    lip_melanin = -0.30 + 0.25 * darkness - 0.75 * darkness * lower_lip
    melanin = melanin * (1.0 - lips) + (lip_melanin + streaks) * lips
    lip_blood = 2.5 + 0.2 * noise(rng, 2.0) + streaks
    blood = blood * (1.0 - lips) + lip_blood * lips
    oil = 0.75 + 0.6 * skin.oil * (
        bump(side, y, (0.0, -45.0), (26.0, 20.0)) + bump(side, y, (0.0, 30.0), (9.0, 22.0))
    )
    oil += 0.25 * skin.oil * bump(side, y, (42.0, 20.0), (14.0, 10.0)) + 0.9 * lips
    oil = oil * (1.0 + 0.2 * noise(rng, 6.0)) * (0.45 + 0.55 * ramp(y, 128.0, 100.0))
    return SkinMaps(
        melanin.astype(np.float32),
        blood.astype(np.float32),
        _relief(x, y, side, lips, p, skin, rng),
        np.clip(oil, 0.1, 3.0).astype(np.float32),
        lips,
    )


def lip_coverage(x: Map, y: Map, p: Proportions) -> Map:
    """Coverage 0..1 of the red of the lips."""
    upper, _, lower = lip_lines(x, p)
    inside = ramp(np.abs(x), p.mouth_width / 2.0 + 0.6, p.mouth_width / 2.0 - 2.5)
    return (ramp(y - upper, -0.7, 0.7) * ramp(lower - y, -0.9, 0.9) * inside).astype(np.float32)


def _melanin(shape: HeadShape, p: Proportions, skin: Complexion, rng: np.random.Generator) -> Map:
    x, y, side = shape.x, shape.y, np.abs(shape.x)
    uneven = skin.mottling * (
        0.045 * noise(rng, 30.0) + 0.035 * noise(rng, 9.0) + 0.04 * noise(rng, 2.5)
        + 0.055 * noise(rng, 0.8)
    )  # fmt: skip
    sun = 0.06 * bump(side, y, (0.0, -50.0), (45.0, 25.0)) + 0.05 * bump(
        side, y, (40.0, 18.0), (16.0, 10.0)
    )
    hollow = 0.22 * bump(side, y, (25.0, 11.0), (11.0, 4.0), 14.0)
    lids = 0.20 * bump(side, y, (p.pupil_distance / 2.0, -7.0), (15.0, 5.0))
    mouth = 0.14 * bump(side, y, (0.0, p.mouth - 0.5), (30.0, 14.0))
    melanin = uneven + sun + hollow + lids + mouth - 0.22 * ramp(y, 96.0, 124.0)
    melanin += _freckles(x, y, skin, rng) + _moles(x, y, skin, rng)
    if skin.stubble > 0.0:
        melanin += skin.stubble * _stubble(side, y, p, rng)
    result: Map = melanin.astype(np.float32)
    return result


def _freckles(x: Map, y: Map, skin: Complexion, rng: np.random.Generator) -> Map:
    if skin.freckles == 0.0:
        return np.zeros_like(x)
    spread = bump(np.abs(x), y, (24.0, 22.0), (24.0, 14.0)) + 0.35 * bump(
        x, y, (0.0, -40.0), (50.0, 30.0)
    )
    small = ramp(noise(rng, 1.6), 1.15, 2.3) * 0.8
    large = ramp(noise(rng, 3.0), 1.6, 2.6) * 0.6
    result: Map = (skin.freckles * spread * (small + large)).astype(np.float32)
    return result


def _moles(x: Map, y: Map, skin: Complexion, rng: np.random.Generator) -> Map:
    moles = np.zeros_like(x)
    for _ in range(skin.moles):
        centre = (rng.uniform(-55.0, 55.0), rng.uniform(-60.0, 100.0))
        size = rng.uniform(0.3, 0.8)
        moles += rng.uniform(0.5, 1.6) * ramp(bump(x, y, centre, (size, 1.2 * size)), 0.05, 0.95)
    return moles


def _stubble(side: Map, y: Map, p: Proportions, rng: np.random.Generator) -> Map:
    moustache = bump(side, y, (12.0, p.mouth - 11.5), (13.0, 4.5), 12.0)
    jaw = ramp(y, 40.0, 72.0) * ramp(side * 0.55 + y * 0.8, 58.0, 76.0) * ramp(y, 136.0, 118.0)
    beard = np.clip(moustache + jaw + bump(side, y, (0.0, 90.0), (8.0, 6.0)), 0.0, 1.0)
    hairs = ramp(noise(rng, 0.45), 0.7, 1.9)
    result: Map = (beard * (0.30 + 1.9 * hairs)).astype(np.float32)
    return result


def _blood(shape: HeadShape, p: Proportions, skin: Complexion, rng: np.random.Generator) -> Map:
    y, side = shape.y, np.abs(shape.x)
    flush = 0.62 * bump(side, y, (38.0, 30.0), (17.0, 16.0), 20.0)
    flush += 0.70 * bump(side, y, (0.0, p.nose_length - 9.0), (13.0, 10.0))
    flush += 0.55 * bump(side, y, (p.nose_width / 2.0 + 2.0, p.nose_length - 2.0), (4.0, 5.0))
    flush += 0.40 * bump(side, y, (0.0, 102.0), (14.0, 9.0))
    flush += 0.35 * bump(side, y, (p.pupil_distance / 2.0 - 4.0, 8.5), (12.0, 3.5))
    flush += 0.35 * bump(side, y, (p.pupil_distance / 2.0, -5.0), (14.0, 4.0))
    flush += 0.9 * shape.ears * 0.7
    uneven = 0.13 * noise(rng, 12.0) + 0.12 * noise(rng, 3.5) + 0.11 * noise(rng, 1.2)
    veins = (
        0.25 * ramp(np.abs(noise(rng, 5.0)), 0.10, 0.0) * bump(side, y, (22.0, 36.0), (10.0, 12.0))
    )
    result: Map = (skin.flush * (flush + veins) + uneven).astype(np.float32)
    return result


def _relief(
    x: Map, y: Map, side: Map, lips: Map, p: Proportions, skin: Complexion,
    rng: np.random.Generator,
) -> Map:  # fmt: skip
    coarse = bump(side, y, (20.0, 30.0), (16.0, 16.0)) + bump(side, y, (0.0, 30.0), (8.0, 12.0))
    pits = -ramp(noise(rng, 0.75), 0.7, 2.4)
    fine = noise(rng, 0.6)
    relief = skin.pores * (pits * (0.026 + 0.060 * coarse) + 0.013 * fine + 0.022 * noise(rng, 1.5))
    relief += 0.018 * noise(rng, 5.0)
    wave = 1.5 * noise(rng, 30.0)
    for level in (-34.0, -43.0, -52.0):
        line = y - level - wave + 0.0016 * x * x
        relief -= 0.05 * np.exp(-0.5 * (line / 0.7) ** 2) * ramp(side, 42.0, 18.0)
    lip_lines_texture = noise(rng, 0.8) * 0.030 + 0.05 * np.sin(x * 2.6 + 0.5 * noise(rng, 3.0))
    relief = relief * (1.0 - lips) + lip_lines_texture * lips
    u, v = eye_coordinates(x, y, p)
    _, lower = lid_lines(u, p)
    for drop, depth in ((2.6, 0.10), (5.5, 0.07)):
        line = v - lower - drop
        relief -= depth * np.exp(-0.5 * (line / 0.5) ** 2) * ramp(np.abs(u), 15.0, 6.0)
    result: Map = relief.astype(np.float32)
    return result


def region_maps(shape: HeadShape, p: Proportions) -> dict[Region, Map]:
    """Where each region of the face lies, coverage 0..1. Left is the person's own left: x > 0."""
    x, y, side = shape.x, shape.y, np.abs(shape.x)
    forehead = ramp(y, -66.0, -62.0) * ramp(y, -24.0, -27.0) * ramp(side, 50.0, 46.0)
    cheek_left, cheek_right = 17.0 + 0.12 * y, 58.0 - np.maximum(y - 20.0, 0.0) * 0.28
    cheek = (
        ramp(y, 15.0, 18.0)
        * ramp(y, 66.0, 62.0)
        * ramp(side, cheek_left, cheek_left + 2.0)
        * ramp(side, cheek_right, cheek_right - 2.0)
    )
    nose = (
        ramp(y, -4.0, 0.0)
        * ramp(y, p.nose_length - 2.0, p.nose_length - 5.0)
        * ramp(side, 6.0 + 0.24 * np.maximum(y, 0.0), 4.0 + 0.24 * np.maximum(y, 0.0))
    )
    chin = ramp(y, p.mouth + 13.5, p.mouth + 16.5) * ramp(y, 115.0, 111.0) * ramp(side, 24.0, 21.0)
    left = (x > 0).astype(np.float32)
    return {
        Region.FOREHEAD: forehead,
        Region.LEFT_CHEEK: cheek * left,
        Region.RIGHT_CHEEK: cheek * (1.0 - left),
        Region.NOSE: nose,
        Region.CHIN: chin,
    }
