"""People who do not exist: an identity, and its head painted once, ready to be photographed."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from .face_plane import MM_PER_PIXEL, Map, blur, noise, ramp
from .head_eyes import Eyes, paint_brows, paint_eyes
from .head_hair import Hair, HairStyle, grow_hair
from .head_shape import HeadShape, Proportions, lip_lines, shape_head
from .head_skin import Complexion, SkinMaps, lay_skin, region_maps
from .regions import Region

Colour = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Person:
    """An invented person; colours are block reflectances (red, green, blue shares, 0..1)."""

    seed: int
    complexion: Complexion
    proportions: Proportions = Proportions()
    hair_style: HairStyle = HairStyle.PULLED_BACK
    hair_colour: Colour = (0.035, 0.022, 0.015)
    brow_density: float = 1.0
    iris: Colour = (0.09, 0.045, 0.02)
    clothing: Colour = (0.30, 0.36, 0.42)


@dataclass(frozen=True, slots=True)
class Head:
    """A painted head, all maps on the face plane.

    `skin_share` is the coverage of visible skin, `paint` (h, w, 3) the block reflectance of what is
    not skin, `coverage` of the whole person against the room, `height` in mm, `relief` the height
    with pores, `cavity` the light that reaches each point of its surroundings (0..1), `gloss` the
    strength of its surface reflection, `mirror` light mirrored from the window.
    """

    shape: HeadShape
    skin: SkinMaps
    skin_share: Map
    paint: Map
    coverage: Map
    height: Map
    relief: Map
    cavity: Map
    gloss: Map
    mirror: Map
    regions: dict[Region, Map]


@lru_cache(maxsize=4)
def paint_head(person: Person) -> Head:
    """Paint this person's head; always the same for the same person."""
    rng = np.random.default_rng(person.seed)
    p = person.proportions
    shape = shape_head(p, rng)
    skin = lay_skin(shape, p, person.complexion, rng)
    eyes = paint_eyes(shape, p, person.iris, rng)
    brows = paint_brows(p, person.brow_density, rng)
    hair = grow_hair(shape, p, person.hair_style, rng)
    cloth, cloth_fold = _clothing(shape, rng)

    person_share = np.clip(shape.head + shape.ears + shape.neck, 0.0, 1.0)
    coverage = np.maximum(np.maximum(person_share, hair.coverage), cloth)
    height = _surface(shape, hair, cloth, cloth_fold)
    opening = eyes.opening
    relief = height + skin.bumps * person_share * (1.0 - opening) * (1.0 - hair.coverage)
    relief = relief - 0.35 * eyes.crease + 0.25 * brows
    paint, skin_share = _overlay(person, eyes, brows, hair, cloth, cloth_fold)
    cavity = _cavity(shape, p, height, eyes)
    gloss = skin.oil * (1.0 - hair.coverage) * (1.0 - cloth) * (1.0 - 0.9 * brows) * (1.0 - opening)
    return Head(
        shape, skin, skin_share, paint, coverage.astype(np.float32), height, relief.astype(np.float32),
        cavity, gloss.astype(np.float32), eyes.catchlight, region_maps(shape, p),
    )  # fmt: skip


def _overlay(
    person: Person, eyes: Eyes, brows: Map, hair: Hair, cloth: Map, fold: Map
) -> tuple[Map, Map]:
    """What lies over the skin, premultiplied, and the share of skin that stays visible."""
    hair_colour = np.array(person.hair_colour, dtype=np.float32)
    layers: list[tuple[Map, Map]] = [
        (eyes.opening, eyes.paint * eyes.shade[..., np.newaxis]),
        (0.80 * brows, np.broadcast_to(hair_colour * 0.9, (*brows.shape, 3))),
        (0.92 * eyes.lashes, np.broadcast_to(hair_colour * 0.35, (*brows.shape, 3))),
        (cloth, np.array(person.clothing, dtype=np.float32) * fold[..., np.newaxis]),
        (hair.coverage, hair_colour * hair.value[..., np.newaxis]),
    ]
    paint = np.zeros((*brows.shape, 3), dtype=np.float32)
    visible = np.ones_like(brows)
    for coverage, colour in layers:
        paint = paint * (1.0 - coverage[..., np.newaxis]) + colour * coverage[..., np.newaxis]
        visible = visible * (1.0 - coverage)
    return paint.astype(np.float32), visible.astype(np.float32)


def _surface(shape: HeadShape, hair: Hair, cloth: Map, fold: Map) -> Map:
    height = shape.height * (1.0 - hair.coverage) + hair.height * hair.coverage
    height = height + cloth * (2.0 + 1.4 * (fold - 1.0) / 0.1)
    return height.astype(np.float32)


def _clothing(shape: HeadShape, rng: np.random.Generator) -> tuple[Map, Map]:
    """Coverage of a round-necked shirt and its brightness (folds and weave, mean 1)."""
    x, y, side = shape.x, shape.y, np.abs(shape.x)
    neckline = 182.0 - 30.0 * np.clip(side / 82.0, 0.0, 1.3) ** 2.4
    cloth = ramp(y - neckline, -0.4, 0.4) * ramp(shape.neck, 0.2, 0.8)
    hem = np.exp(-0.5 * ((y - neckline - 1.5) / 1.0) ** 2) + np.exp(
        -0.5 * ((y - neckline - 7.5) / 0.5) ** 2
    )
    folds = noise(rng, 26.0) * 0.06 + 0.03 * noise(rng, 10.0)
    weave = 0.05 * noise(rng, 0.6)
    return cloth, (1.0 + folds + weave - 0.12 * hem).astype(np.float32)


def _cavity(shape: HeadShape, p: Proportions, height: Map, eyes: Eyes) -> Map:
    """Ambient occlusion: a point lower than its surroundings sees less of the room."""
    cavity = np.ones_like(height)
    floor = np.maximum(height, -75.0)
    for radius, strength in ((1.5, 0.10), (4.0, 0.16), (10.0, 0.20), (26.0, 0.22)):
        depth = (blur(floor, radius) - floor) / radius
        cavity *= 1.0 - strength * np.clip(depth * 3.0, -0.25, 1.6)
    x, y, side = shape.x, shape.y, np.abs(shape.x)
    base, half = p.nose_length - 1.0, p.nose_width / 2.0
    angle = np.radians(-16.0)
    dx, dy = side - 0.40 * half, y - base - 0.3
    u, v = dx * np.cos(angle) + dy * np.sin(angle), dy * np.cos(angle) - dx * np.sin(angle)
    nostril = np.exp(-(((u / (0.20 * half)) ** 2 + (v / 1.75) ** 2) ** 1.6))
    _, line, _ = lip_lines(x, p)
    parting = np.exp(-0.5 * ((y - line) / 0.55) ** 2) * ramp(
        side, p.mouth_width / 2.0 + 1.0, p.mouth_width / 2.0 - 4.0
    )
    lash_line = blur(eyes.lashes, 0.4) * 0.35 + 0.40 * eyes.crease
    cavity *= (1.0 - 0.9 * nostril) * (1.0 - 0.72 * parting) * (1.0 - np.clip(lash_line, 0.0, 0.6))
    under_jaw = (1.0 - shape.head) * ramp(y, 150.0, 84.0) * ramp(side, 75.0, 30.0)
    cavity *= 1.0 - 0.42 * blur(under_jaw.astype(np.float32), 3.0) * (1.0 - shape.head)
    return np.clip(cavity, 0.05, 1.15).astype(np.float32)


def surface_normals(height: Map) -> Map:
    """Unit normals (h, w, 3) of a height field; z towards the camera."""
    dy, dx = np.gradient(height, MM_PER_PIXEL)
    normals = np.stack([-dx, -dy, np.ones_like(height)], axis=-1)
    normals /= np.linalg.norm(normals, axis=-1, keepdims=True)
    return normals.astype(np.float32)
