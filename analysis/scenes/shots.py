"""Photos with known truth: an invented person, skin changed by a known amount, a real-life shot.

`photograph(person, state, shot)` renders spectrally: melanin and blood of every point give its
reflectance, lamp and camera turn it into colour, and the camera's faults follow. `change_photo`
changes the skin of a real photo. Used by tests, the demo, the sample courses and the benchmarks;
never by the measurement.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

import cv2
import numpy as np

from analysis.face.regions import Region
from analysis.images import LinearImage, SrgbImage
from analysis.light.skin_optics import (
    BASELINE_BLOOD,
    TYPICAL_GLARE,
    log_rgb,
    read_table,
    reflectance,
    tabulate_log_rgb,
)
from analysis.scenes.cameras import Camera, channel_weights, paint_matrix
from analysis.scenes.cards import CardInHand, show_card
from analysis.scenes.head.changes import SkinState, changed_maps
from analysis.scenes.head.heads import Head, Person, paint_head
from analysis.scenes.head.light import Lighting, Room, light_head
from analysis.scenes.head.plane import LEFT, MM_PER_PIXEL, TOP, Map
from analysis.scenes.lamps import Lamp
from analysis.scenes.room_background import paint_room


@dataclass(frozen=True, slots=True)
class Pose:
    """How the head sits in the frame: shift (mm), tilt and turn (degrees), scale around 1."""

    right_mm: float = 0.0
    down_mm: float = 0.0
    tilt_degrees: float = 0.0
    yaw_degrees: float = 0.0
    scale: float = 1.0


@dataclass(frozen=True, slots=True)
class Shot:
    """One press of the shutter.

    `white_balance` multiplies red and blue (1 is perfect); `exposure_ev` shifts auto-exposure;
    `glare` is the share of light the skin's surface returns unchanged; `veil` the stray light in
    the lens as a share of the mean; `vignetting` the loss in the corners; `blur_mm` camera shake;
    `noise` the grain (1 is a phone indoors). What the phone makes of it: `contrast` its tone curve
    (0 is plain sRGB), `chroma` how much more colourful it shows everything, `evening` how far it
    lifts shadows and lowers lights locally (0..0.3), `smoothing` how far it smooths skin (0..1).
    `card` is a reference card in the frame; a pose of scale 0.75 leaves it room.
    """

    camera: Camera = Camera.AMBER
    lamp: Lamp = Lamp.D65
    room: Room = field(default_factory=Room)
    pose: Pose = field(default_factory=Pose)
    exposure_ev: float = 0.0
    white_balance: tuple[float, float] = (1.0, 1.0)
    glare: float = 0.02
    veil: float = 0.01
    vignetting: float = 0.12
    contrast: float = 0.0
    chroma: float = 1.0
    evening: float = 0.0
    smoothing: float = 0.0
    blur_mm: float = 0.0
    noise: float = 1.0
    seed: int = 0
    size: tuple[int, int] = (960, 1248)
    card: CardInHand | None = None


@dataclass(frozen=True, slots=True)
class RegionTruth:
    """Median doublings of blood and melanin over a region, against the person's baseline."""

    redness: float
    pigment: float


@dataclass(frozen=True, slots=True)
class Photograph:
    """A photo before JPEG, and what is true of the skin in it."""

    image: SrgbImage
    truth: Mapping[Region, RegionTruth]


FRAME_HEIGHT_MM: Final = 276.0
_FRAME_CENTRE_MM = (0.0, 37.0)
_VIEWING_DISTANCE_MM = 900.0
_LUMINANCE: Final = np.array([0.2126, 0.7152, 0.0722], np.float32)


def photograph(person: Person, state: SkinState, shot: Shot) -> Photograph:
    """Photograph this person, whose skin has changed as `state` says."""
    head = paint_head(person)
    melanin, blood, flakes = changed_maps(head, state)
    lighting = light_head(head, shot.room, shot.pose.yaw_degrees)
    linear = _render(person, head, melanin, blood, flakes, lighting, shot)
    person_rgb, coverage = _into_frame(linear, head, shot)
    room = paint_room(person.seed, shot.size) @ paint_matrix(shot.camera, shot.lamp).T
    scene = person_rgb + room * (1.0 - coverage[..., np.newaxis])
    shown = scene.astype(np.float32)
    if shot.card:
        shown = _with_card(shown, shot.card, person, shot)
    pixels = _develop(shown, shot)
    return Photograph(SrgbImage(pixels, captured_at=None), _truth(head, state))


def _render(
    person: Person,
    head: Head,
    melanin: Map,
    blood: Map,
    flakes: Map,
    lighting: Lighting,
    shot: Shot,
) -> Map:
    """Linear camera RGB of the head on the face plane."""
    table = tabulate_log_rgb(channel_weights(shot.camera, shot.lamp), **person.complexion.build)
    typical = np.exp(
        read_table(
            table, person.complexion.melanin * np.exp2(melanin), BASELINE_BLOOD * np.exp2(blood)
        )
    )
    matte = (typical - TYPICAL_GLARE) / (1.0 - TYPICAL_GLARE)
    surface = (shot.glare + 0.045 * flakes)[..., np.newaxis]
    skin = surface + (1.0 - surface) * np.maximum(matte, 0.0)
    paint = head.paint @ paint_matrix(shot.camera, shot.lamp).T
    reflected = skin * head.skin_share[..., np.newaxis] + paint
    linear = reflected * lighting.irradiance + lighting.mirrored[..., np.newaxis]
    result: Map = linear.astype(np.float32)
    return result


def _into_frame(linear: Map, head: Head, shot: Shot) -> tuple[Map, Map]:
    """The head as the camera sees it: premultiplied RGB (h, w, 3) and coverage (h, w)."""
    columns, rows = shot.size
    pixels_per_mm = rows / FRAME_HEIGHT_MM * shot.pose.scale
    u, v = np.meshgrid(
        (np.arange(columns, dtype=np.float32) + 0.5 - columns / 2) / pixels_per_mm,
        (np.arange(rows, dtype=np.float32) + 0.5 - rows / 2) / pixels_per_mm,
    )
    cos, sin = (
        np.cos(np.radians(shot.pose.tilt_degrees)),
        np.sin(np.radians(shot.pose.tilt_degrees)),
    )
    u, v = u - shot.pose.right_mm, v - shot.pose.down_mm
    u, v = u * cos + v * sin + _FRAME_CENTRE_MM[0], v * cos - u * sin + _FRAME_CENTRE_MM[1]

    depth = cv2.GaussianBlur(np.clip(head.height, -85.0, 40.0), (0, 0), 2.0 / MM_PER_PIXEL)
    turn = np.radians(shot.pose.yaw_degrees)
    x, y = u, v
    for _ in range(5):
        z = cv2.remap(
            depth, *_plane_pixels(x, y), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        nearer = 1.0 + z / _VIEWING_DISTANCE_MM
        x = ((u / nearer - z * np.sin(turn)) / np.cos(turn)).astype(np.float32)
        y = (v / nearer).astype(np.float32)
    premultiplied = np.dstack([linear * head.coverage[..., np.newaxis], head.coverage])
    seen = cv2.remap(
        premultiplied, *_plane_pixels(x, y), cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    return np.maximum(seen[..., :3], 0.0), np.clip(seen[..., 3], 0.0, 1.0)


def _with_card(scene: Map, card: CardInHand, person: Person, shot: Shot) -> Map:
    """The card moves with the head, as a hand at the jaw does, but stays upright."""
    skin = person.complexion
    hand = reflectance(skin.melanin, 1.2 * BASELINE_BLOOD, glare=shot.glare, **skin.build)
    return show_card(
        scene,
        card,
        shot.camera,
        shot.lamp,
        shot.room,
        pixels_per_mm=shot.size[1] / FRAME_HEIGHT_MM * shot.pose.scale,
        centre_mm=(
            _FRAME_CENTRE_MM[0] - shot.pose.right_mm,
            _FRAME_CENTRE_MM[1] - shot.pose.down_mm,
        ),
        viewing_distance_mm=_VIEWING_DISTANCE_MM,
        skin=hand @ channel_weights(shot.camera, shot.lamp).T,
    )


def _plane_pixels(x: Map, y: Map) -> tuple[Map, Map]:
    column = ((x - LEFT) / MM_PER_PIXEL - 0.5).astype(np.float32)
    row = ((y - TOP) / MM_PER_PIXEL - 0.5).astype(np.float32)
    return column, row


def _develop(scene: Map, shot: Shot) -> Map:
    """From light in the scene to display-encoded pixels: lens, exposure, noise, tone curve."""
    rng = np.random.default_rng(shot.seed)
    rows, columns = scene.shape[:2]
    light = cv2.GaussianBlur(scene, (0, 0), 0.55)
    if shot.blur_mm > 0.0:
        light = cv2.GaussianBlur(light, (0, 0), shot.blur_mm * rows / FRAME_HEIGHT_MM)
    v, u = np.mgrid[-1.0 : 1.0 : rows * 1j, -1.0 : 1.0 : columns * 1j].astype(np.float32)
    light = light * (1.0 - shot.vignetting * 0.5 * (u * u + v * v))[..., np.newaxis]
    light = light + shot.veil * light.mean(axis=(0, 1))
    light = light * _auto_exposure(light) * np.float32(2.0**shot.exposure_ev)
    light = light * np.array([shot.white_balance[0], 1.0, shot.white_balance[1]], dtype=np.float32)
    light = light + 0.45 * (light - cv2.GaussianBlur(light, (0, 0), 1.6))  # as phones sharpen
    grain = np.sqrt(5e-5 * np.maximum(light, 0.0) + 3e-7) * shot.noise
    light = light + grain * _chip_noise(rng, scene.shape)
    return _as_the_phone_likes_it(light, shot)


def _as_the_phone_likes_it(light: Map, shot: Shot) -> Map:
    """Display-encoded pixels: local tones, tone curve, colourfulness and smooth skin."""
    if shot.evening:
        near = cv2.GaussianBlur(light @ _LUMINANCE, (0, 0), 0.08 * light.shape[0])
        light = light * ((near + 0.02) / 0.25)[..., np.newaxis] ** np.float32(-shot.evening)
    encoded = _encode(np.clip(light, 0.0, 1.0))
    if shot.contrast:
        encoded = encoded + shot.contrast * encoded * (1.0 - encoded) * (2.0 * encoded - 1.0)
    if shot.chroma != 1.0:
        grey = (encoded @ _LUMINANCE)[..., np.newaxis]
        encoded = (grey + np.float32(shot.chroma) * (encoded - grey)).astype(np.float32)
    if shot.smoothing:
        smooth = cv2.bilateralFilter(encoded.astype(np.float32), 9, 0.05, 3.0)
        encoded = encoded + np.float32(shot.smoothing) * (smooth - encoded)
    return np.clip(encoded, 0.0, 1.0).astype(np.float32)


def _chip_noise(rng: np.random.Generator, shape: tuple[int, ...]) -> Map:
    """Unit noise, a little smooth in space as after a phone's demosaicing."""
    raw = rng.standard_normal(shape, dtype=np.float32)
    smooth = cv2.GaussianBlur(raw, (0, 0), 0.6)
    result: Map = (smooth / smooth.std()).astype(np.float32)
    return result


def _auto_exposure(light: Map) -> np.float32:
    """Gain of a phone: goes half of the way to a middle grey, never burning out the face."""
    rows, columns = light.shape[:2]
    middle = light[rows // 5 : rows * 7 // 10, columns // 4 : columns * 3 // 4, 1]
    metered = 0.5 * float(np.mean(middle)) + 0.5 * float(light[..., 1].mean())
    brightest = float(np.percentile(middle, 99.7))
    return np.float32(min(1.02 * (0.25 / metered) ** 0.5, 0.94 / brightest))


def _encode(linear: Map) -> Map:
    encoded = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return encoded.astype(np.float32)


def _truth(head: Head, state: SkinState) -> dict[Region, RegionTruth]:
    base_melanin, base_blood, _ = changed_maps(head, SkinState())
    melanin, blood, _ = changed_maps(head, replace(state, flaking=0.0))
    visible = head.skin_share > 0.9
    truth = {}
    for region, coverage in head.regions.items():
        inside = (coverage > 0.5) & visible
        truth[region] = RegionTruth(
            redness=float(np.median((blood - base_blood)[inside])),
            pigment=float(np.median((melanin - base_melanin)[inside])),
        )
    return truth


def change_photo(
    light: LinearImage, coverage: Map, skin: tuple[float, float], *, redness: float, pigment: float
) -> LinearImage:
    """A real photo whose skin changed by known doublings where `coverage` (h, w) is 1.

    `skin` holds the melanin and blood fractions taken for the skin in the photo. Every pixel is
    multiplied by what the optics say the change does to its colour, so shading and texture stay.
    """
    melanin, blood = skin
    changed = log_rgb(melanin * np.exp2(pigment * coverage), blood * np.exp2(redness * coverage))
    factor = np.exp(changed - log_rgb(melanin, blood))
    return LinearImage(np.clip(light.pixels * factor, 0.0, 1.0).astype(np.float32))
