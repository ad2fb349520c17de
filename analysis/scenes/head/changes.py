"""How treated skin changes: diffuse redness, patches, papules, pigment in spots, flakes."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from analysis.face.regions import Region
from analysis.scenes.head.heads import Head
from analysis.scenes.head.plane import Map, blur, bump, noise, ramp


@dataclass(frozen=True, slots=True)
class Patch:
    """A focal change with an irregular edge: centre and radius in mm on the face plane."""

    centre: tuple[float, float]
    radius: float
    redness: float = 0.0
    pigment: float = 0.0
    edge_mm: float = 4.0


@dataclass(frozen=True, slots=True)
class Papules:
    """Red bumps in one region; `pustules` of them carry a pale yellow head."""

    region: Region
    count: int
    redness: float = 1.2
    pustules: int = 0


@dataclass(frozen=True, slots=True)
class SpottedPigment:
    """Darker (or, if negative, lighter) spots in one region after inflammation.

    `pigment` is the mean over the region in melanin doublings.
    """

    region: Region
    pigment: float


@dataclass(frozen=True, slots=True)
class SkinState:
    """All differences from baseline, in doublings of blood (redness) and melanin (pigment).

    `redness` and `pigment` are even over a region; `flaking` 0..1. `seed` fixes where spots are, so
    that the same person keeps the same spots from day to day.
    """

    redness: Mapping[Region, float] = field(default_factory=dict)
    pigment: Mapping[Region, float] = field(default_factory=dict)
    patches: tuple[Patch, ...] = ()
    papules: tuple[Papules, ...] = ()
    spots: tuple[SpottedPigment, ...] = ()
    flaking: float = 0.0
    seed: int = 0


def changed_maps(head: Head, state: SkinState) -> tuple[Map, Map, Map]:
    """Melanin and blood (doublings against the person's fractions) and flakes (0..1)."""
    melanin, blood = head.skin.melanin.copy(), head.skin.blood.copy()
    treated = _treated(head)
    blood += _even(head, state.redness) * treated
    melanin += _even(head, state.pigment) * treated
    x, y = head.shape.x, head.shape.y
    if state.patches:
        ragged = noise(np.random.default_rng([state.seed, 1]), 9.0)
        for patch in state.patches:
            distance = (
                np.hypot(x - patch.centre[0], y - patch.centre[1]) + 0.22 * patch.radius * ragged
            )
            shape = ramp(distance, patch.radius + patch.edge_mm, patch.radius - patch.edge_mm)
            blood += patch.redness * shape * treated
            melanin += patch.pigment * shape * treated
    for papules in state.papules:
        red, yellow = _papules(head, papules, state.seed)
        blood += red - 1.5 * yellow
        melanin -= 0.8 * yellow
    for spots in state.spots:
        melanin += _spotted(head, spots, state.seed) * treated
    flakes = np.zeros_like(blood)
    if state.flaking > 0.0:
        rng = np.random.default_rng([state.seed, 2])
        flakes = state.flaking * treated * ramp(noise(rng, 1.1) + 0.7 * noise(rng, 8.0), 0.9, 3.2)
    return melanin.astype(np.float32), blood.astype(np.float32), flakes.astype(np.float32)


def _treated(head: Head) -> Map:
    """Where needles go: the face up to hairline and jaw, without lips, lids and ears."""
    y, side = head.shape.y, np.abs(head.shape.x)
    face = head.shape.head * ramp(y, -76.0, -66.0) * ramp(side, 68.0, 60.0) * ramp(y, 120.0, 112.0)
    eyes = np.clip(bump(side, y, (31.0, -2.0), (15.0, 8.5)) * 1.7, 0.0, 1.0)
    result: Map = (face * (1.0 - eyes) * (1.0 - head.skin.lips)).astype(np.float32)
    return result


def _even(head: Head, amounts: Mapping[Region, float]) -> Map:
    """Each region's amount, flowing smoothly into its neighbours'."""
    if not amounts:
        return np.zeros_like(head.height)
    weighted = np.zeros_like(head.height)
    total = np.full_like(head.height, 1e-6)
    for region, coverage in head.regions.items():
        reach = blur(coverage, 5.0) + 0.02 * blur(coverage, 22.0)
        weighted += reach * amounts.get(region, 0.0)
        total += reach
    return (weighted / total).astype(np.float32)


def _papules(head: Head, papules: Papules, seed: int) -> tuple[Map, Map]:
    rng = np.random.default_rng([seed, 3, list(Region).index(papules.region)])
    x, y = head.shape.x, head.shape.y
    rows, columns = np.nonzero(head.regions[papules.region] > 0.8)
    red, yellow = np.zeros_like(x), np.zeros_like(x)
    for number in range(papules.count):
        at = rng.integers(len(rows))
        centre = (float(x[rows[at], columns[at]]), float(y[rows[at], columns[at]]))
        size = rng.uniform(1.0, 2.0)
        red = np.maximum(
            red, papules.redness * rng.uniform(0.6, 1.0) * bump(x, y, centre, (size, size))
        )
        if number < papules.pustules:
            yellow = np.maximum(
                yellow, ramp(bump(x, y, centre, (0.55 * size, 0.55 * size)), 0.3, 0.7)
            )
    return red.astype(np.float32), yellow.astype(np.float32)


def _spotted(head: Head, spots: SpottedPigment, seed: int) -> Map:
    """Cloudy, with small darker spots: as after inflammation around the needle's channels."""
    rng = np.random.default_rng([seed, 4])
    clouds = np.exp(0.25 * noise(rng, 4.0) + 0.25 * noise(rng, 10.0))
    pattern = clouds * (0.75 + 0.25 * noise(rng, 1.2).clip(-1.0, 1.0))
    pattern = pattern + 0.6 * ramp(noise(rng, 2.6), 0.8, 2.2)
    coverage = head.regions[spots.region]
    pattern = pattern / float(pattern[coverage > 0.5].mean())
    return (spots.pigment * pattern * blur(coverage, 3.5)).astype(np.float32)
