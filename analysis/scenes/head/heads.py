"""People who do not exist: an identity, and its head painted once, ready to be photographed."""

from dataclasses import dataclass, field, replace
from functools import lru_cache

import numpy as np

from analysis.face.regions import Region
from analysis.scenes.head.eyes import Eyes, paint_brows, paint_eyes
from analysis.scenes.head.features import Proportions, lip_lines, nostril_shape
from analysis.scenes.head.hair import Hair, HairStyle, grow_hair
from analysis.scenes.head.plane import MM_PER_PIXEL, Map, blur, noise, ramp
from analysis.scenes.head.shape import HeadShape, shape_head
from analysis.scenes.head.skin import Complexion, SkinMaps, lay_skin, region_maps

Colour = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Person:
    """An invented person; colours are block reflectances (red, green, blue shares, 0..1)."""

    seed: int
    complexion: Complexion
    proportions: Proportions = field(default_factory=Proportions)
    hair_style: HairStyle = HairStyle.TUCKED
    hair_colour: Colour = (0.035, 0.022, 0.015)
    brow_density: float = 1.0
    iris: Colour = (0.09, 0.045, 0.02)
    clothing: Colour = (0.30, 0.36, 0.42)


@dataclass(frozen=True, slots=True, eq=False)
class Clothing:
    """`coverage` 0..1, `brightness` (folds and weave, mean 1), `thickness` in mm."""

    coverage: Map
    brightness: Map
    thickness: Map


@dataclass(frozen=True, slots=True, eq=False)
class Head:
    """A painted head, all maps on the face plane.

    `skin_share` is the coverage of visible skin, `paint` (h, w, 3) the premultiplied block
    reflectance of what is not skin, `coverage` of the whole person against the room, `height` in
    mm. `normals` (h, w, 3) are those of the shape, `fine_normals` those with pores and hairs.
    `cavity` is the light that reaches each point of its surroundings (0..1), `holes` the share of
    all light lost in nostrils, between the lips and among lashes, `gloss` the strength of its
    surface reflection, `mirror` the window mirrored in the eyes.
    """

    shape: HeadShape
    skin: SkinMaps
    skin_share: Map
    paint: Map
    coverage: Map
    height: Map
    normals: Map
    fine_normals: Map
    cavity: Map
    holes: Map
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
    cloth = _dress(shape, rng)

    body = np.clip(shape.head + shape.ears + shape.neck, 0.0, 1.0)
    behind = hair.behind * (1.0 - np.maximum(body, cloth.coverage))
    hair = replace(hair, coverage=np.maximum(hair.coverage, behind))
    coverage = np.maximum(np.maximum(body, hair.coverage), cloth.coverage)
    height = shape.height * (1.0 - hair.coverage) + hair.height * hair.coverage
    height = height + cloth.coverage * cloth.thickness
    bumps = skin.bumps * (1.0 - eyes.opening) - 0.35 * eyes.crease + 0.25 * brows
    no_bumps = np.zeros_like(bumps)
    paint, skin_share = _overlay(person, eyes, brows, hair, cloth)
    cavity, holes = _cavity(shape, p, height, eyes)
    gloss = skin.oil * (1.0 - hair.coverage) * (1.0 - cloth.coverage) * (1.0 - 0.9 * brows)
    gloss = gloss * (1.0 - eyes.opening) * np.clip(cavity * 1.3 - 0.25, 0.0, 1.0) * (1.0 - holes)
    return Head(
        shape=shape,
        skin=skin,
        skin_share=skin_share,
        paint=paint,
        coverage=coverage.astype(np.float32),
        height=height.astype(np.float32),
        normals=_normals(shape, hair, cloth, no_bumps, smoothing_mm=0.5),
        fine_normals=_normals(shape, hair, cloth, bumps, smoothing_mm=0.0),
        cavity=cavity,
        holes=holes,
        gloss=gloss.astype(np.float32),
        mirror=eyes.catchlight,
        regions=region_maps(shape, p),
    )


def _normals(shape: HeadShape, hair: Hair, cloth: Clothing, bumps: Map, smoothing_mm: float) -> Map:
    """Unit normals (h, w, 3), each part by its own height so that no outline is drawn around it."""
    normals = np.zeros((*bumps.shape, 3), dtype=np.float32)
    for height, coverage in (
        (shape.neck_height + cloth.coverage * cloth.thickness + bumps, np.ones_like(bumps)),
        (shape.ear_height + bumps, shape.ears),
        (shape.head_height + bumps, shape.head),
        (hair.height, hair.coverage),
    ):
        surface = blur(height, smoothing_mm) if smoothing_mm else height
        dy, dx = np.gradient(surface, MM_PER_PIXEL)
        length = np.sqrt(dx * dx + dy * dy + 1.0)
        facing = np.stack([-dx / length, -dy / length, 1.0 / length], axis=-1)
        normals += coverage[..., np.newaxis] * (facing - normals)
    return normals


def _overlay(
    person: Person, eyes: Eyes, brows: Map, hair: Hair, cloth: Clothing
) -> tuple[Map, Map]:
    """What lies over the skin, premultiplied, and the share of skin that stays visible."""
    hair_colour = np.array(person.hair_colour, dtype=np.float32)
    layers: list[tuple[Map, Map]] = [
        (eyes.opening, eyes.paint * eyes.shade[..., np.newaxis]),
        (0.85 * brows, np.broadcast_to(hair_colour * 0.55, (*brows.shape, 3))),
        (0.92 * eyes.lashes, np.broadcast_to(hair_colour * 0.35, (*brows.shape, 3))),
        (
            cloth.coverage,
            np.array(person.clothing, dtype=np.float32) * cloth.brightness[..., np.newaxis],
        ),
        (hair.coverage, hair_colour * hair.value[..., np.newaxis]),
    ]
    paint = np.zeros((*brows.shape, 3), dtype=np.float32)
    visible = np.ones_like(brows)
    for coverage, colour in layers:
        paint = paint * (1.0 - coverage[..., np.newaxis]) + colour * coverage[..., np.newaxis]
        visible = visible * (1.0 - coverage)
    return paint.astype(np.float32), visible.astype(np.float32)


def _dress(shape: HeadShape, rng: np.random.Generator) -> Clothing:
    """A round-necked shirt, low enough to show the upper chest."""
    y, side = shape.y, np.abs(shape.x)
    neckline = 182.0 - 30.0 * np.clip(side / 82.0, 0.0, 1.3) ** 2.4
    coverage = ramp(y - neckline, -0.4, 0.4) * ramp(shape.neck, 0.2, 0.8)
    hem = np.exp(-0.5 * ((y - neckline - 1.5) / 1.0) ** 2)
    hem = hem + np.exp(-0.5 * ((y - neckline - 7.5) / 0.5) ** 2)
    folds = noise(rng, 26.0) * 0.06 + 0.03 * noise(rng, 10.0)
    weave = 0.06 * noise(rng, 0.5)
    return Clothing(
        coverage.astype(np.float32),
        (1.0 + folds + weave - 0.12 * hem).astype(np.float32),
        (2.0 + 10.0 * blur((folds - 0.12 * hem).astype(np.float32), 1.5)).astype(np.float32),
    )


def _cavity(shape: HeadShape, p: Proportions, height: Map, eyes: Eyes) -> tuple[Map, Map]:
    """Ambient occlusion (a point lower than its surroundings sees less of the room), and holes."""
    cavity = np.ones_like(height)
    floor = np.maximum(height, -80.0)
    for radius, strength in ((1.5, 0.10), (4.0, 0.16), (10.0, 0.20), (26.0, 0.22)):
        depth = (blur(floor, radius) - floor) / radius
        cavity *= 1.0 - strength * np.clip(depth * 3.0, -0.25, 1.6)
    x, y, side = shape.x, shape.y, np.abs(shape.x)
    nostril = nostril_shape(side, y, p)
    _, line, _ = lip_lines(x, p)
    parting = np.exp(-0.5 * ((y - line) / 0.55) ** 2) * ramp(
        side, p.mouth_width / 2.0 + 1.0, p.mouth_width / 2.0 - 4.0
    )
    lash_line = blur(eyes.lashes, 0.5) * 0.40 + 0.42 * eyes.crease
    holes = 1.0 - (1.0 - 0.88 * nostril) * (1.0 - 0.72 * parting) * (
        1.0 - np.clip(lash_line, 0.0, 0.75)
    )
    under_jaw = (1.0 - shape.head) * ramp(y, 150.0, 84.0) * ramp(side, 75.0, 30.0)
    cavity *= 1.0 - 0.42 * blur(under_jaw.astype(np.float32), 3.0) * (1.0 - shape.head)
    return np.clip(cavity, 0.05, 1.15).astype(np.float32), holes.astype(np.float32)
