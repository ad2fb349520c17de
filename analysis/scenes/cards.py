"""A printed reference card in a hand: inks on paper, its pose, and the light on it.

Colours come from a model of printing that shares nothing with the optics of skin: halftoned cyan,
magenta, yellow and black by Demichel's coverages and the Yule–Nielsen modified spectral Neugebauer
equations (J. A. C. Yule, W. J. Nielsen, TAGA 1951; J. A. S. Viggiano, TAGA 1985), with inks, paper
and dot gain that differ from printer to printer.
"""

from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from analysis.card.layout import CARD_SIZE_MM, printed_fields
from analysis.light.skin_optics import WAVELENGTHS, linear_srgb
from analysis.scenes.cameras import Camera, channel_weights
from analysis.scenes.head.light import Room
from analysis.scenes.head.plane import Map
from analysis.scenes.lamps import Lamp

Floats = NDArray[np.float64]

_EDGE_MM: Final = 2.0  # white paper around the card, as cut out
_PIXELS_PER_MM: Final = 8
_COVERAGES: Final = np.array(list(product((0.0, 1.0), repeat=4)))  # of the 16 overprints
_SLOPE_STEP: Final = 1e-3  # of a dot area


@dataclass(frozen=True, slots=True)
class CardInHand:
    """One printed card as it is held.

    `printer` says which printer made it; `middle_mm` is its middle (right, down) from between the
    pupils of an upright head; `turn_degrees` turns it in the picture, `tilt_degrees` and
    `lean_degrees` about its own long and short side. `scale` is above 1
    where it is nearer to the camera than the face. `gloss` is the share of the window that its
    surface mirrors where it would shine most; `fingers` (0..1) how far fingers reach over an edge;
    `shadow` the share of light that a shadow over its lower corner takes.
    """

    printer: int = 1
    middle_mm: tuple[float, float] = (102.0, 62.0)
    turn_degrees: float = 90.0
    tilt_degrees: float = 0.0
    lean_degrees: float = 0.0
    scale: float = 1.0
    gloss: float = 0.02
    fingers: float = 0.0
    shadow: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class _Printer:
    """`solids` (16, 31): reflectance of paper under every overprint of C, M, Y, K."""

    solids: Floats
    dot_gain: Floats
    yule_nielsen: float


def _printer(seed: int) -> _Printer:
    rng = np.random.default_rng([seed, 4242])
    nm = WAVELENGTHS

    def near(value: float, spread: float) -> float:
        return float(value + spread * rng.normal())

    def band(peak: float, below: float, above: float) -> Floats:
        width = np.where(nm < peak, below, above)
        result: Floats = np.exp(-0.5 * ((nm - peak) / width) ** 2)
        return result

    # Optical densities of solid ink; every ink absorbs a little where it should not.
    cyan = 1.5 * band(near(632, 8), near(55, 4), near(60, 6)) + near(0.14, 0.03) * band(430, 40, 60)
    magenta = 1.45 * band(near(545, 6), near(36, 3), near(24, 3)) + near(0.35, 0.06) * band(
        near(505, 5), 40, 20
    )
    magenta += near(0.22, 0.05) * band(420, 30, 45)
    yellow = near(1.35, 0.1) / (1.0 + np.exp((nm - near(492, 5)) / near(11, 1.5))) + 0.03
    black = np.full(nm.size, near(1.55, 0.1)) * (1.0 + near(0.0, 0.04) * (nm - 550.0) / 150.0)
    densities = np.stack([cyan, magenta, yellow, black]) * rng.uniform(0.88, 1.1, (4, 1))
    paper = near(0.88, 0.015) * (1.0 - 0.35 / (1.0 + np.exp((nm - 412) / 7.0)))
    paper = paper * (1.0 + near(0.05, 0.03) * band(442, 14, 22))  # brightener
    surface = 0.012  # matt paper returns a little light above any ink
    solids = surface + (1.0 - surface) * paper * 10.0 ** -(_COVERAGES @ densities)
    return _Printer(solids, rng.uniform(0.10, 0.24, 4), float(rng.uniform(1.6, 2.3)))


def _printed(printer: _Printer, dots: Floats) -> Floats:
    """Reflectance (n, 31) of nominal dot areas (n, 4)."""
    grown = dots + 4.0 * printer.dot_gain * dots * (1.0 - dots) / 2.0
    grown = np.clip(grown, 0.0, 1.0)[:, np.newaxis]
    shares = np.prod(np.where(_COVERAGES > 0, grown, 1.0 - grown), axis=2)
    n = printer.yule_nielsen
    mixed: Floats = (shares @ printer.solids ** (1.0 / n)) ** n
    return mixed


@lru_cache(maxsize=16)
def patch_reflectances(seed: int) -> Floats:
    """Reflectances (1 + n, 31) of the paper and of every printed field, as this printer makes them.

    The driver seeks the dots whose colour under D65 is the one asked for, knowing another
    printer of its kind: what comes out is near, as it is at home.
    """
    fields = printed_fields()
    wanted = np.array([field.colour for field in fields])
    known, real = _printer(seed + 1000), _printer(seed)
    unique, inverse = np.unique(wanted, axis=0, return_inverse=True)
    dots = _separated(known, unique)
    paper = np.zeros((1, 4))
    return np.concatenate([_printed(real, paper), _printed(real, dots)[inverse.ravel()]])


def _separated(printer: _Printer, wanted: Floats) -> Floats:
    """Dot areas (n, 4) whose log colour comes nearest to the one asked for (Gauss–Newton)."""
    white = linear_srgb(_printed(printer, np.zeros((1, 4))))
    target = np.log(np.maximum(wanted * white, 0.012))
    black = 0.6 * np.clip(1.0 - 1.6 * np.sqrt(wanted.max(axis=1)), 0.0, 1.0)
    dots = np.column_stack([np.clip(1.0 - np.sqrt(wanted), 0.0, 1.0), black])
    for _ in range(25):
        here = _log_colour(printer, dots)
        slopes = []
        for ink in range(3):
            step = np.zeros(4)
            step[ink] = _SLOPE_STEP
            slopes.append((_log_colour(printer, dots + step) - here) / _SLOPE_STEP)
        slope = np.stack(slopes, axis=-1)
        normal = np.swapaxes(slope, 1, 2) @ slope + 0.02 * np.eye(3)
        pull = np.swapaxes(slope, 1, 2) @ (target - here)[..., np.newaxis]
        step_by = np.clip(np.linalg.solve(normal, pull)[..., 0], -0.2, 0.2)
        dots = np.column_stack([np.clip(dots[:, :3] + step_by, 0.0, 0.999), black])
    return dots


def _log_colour(printer: _Printer, dots: Floats) -> Floats:
    colour: Floats = np.log(np.maximum(linear_srgb(_printed(printer, dots)), 0.004))
    return colour


def show_card(
    scene: Map,
    card: CardInHand,
    camera: Camera,
    lamp: Lamp,
    room: Room,
    *,
    pixels_per_mm: float,
    centre_mm: tuple[float, float],
    viewing_distance_mm: float,
    skin: Floats,
) -> Map:
    """The scene (h, w, 3, linear camera RGB) with the card in front of it.

    `centre_mm` is what the frame's middle shows; `skin` the linear RGB of the fingers.
    """
    painted = _paint(card, camera, lamp, skin)
    rotation = _rotation(card)
    height, width = painted.shape[:2]
    reach = np.array([width, height]) / (2.0 * _PIXELS_PER_MM)
    corners = np.array([[-1, -1, 0], [1, -1, 0], [1, 1, 0], [-1, 1, 0]]) * np.append(reach, 0.0)
    placed = corners @ rotation.T
    middle = np.array(card.middle_mm) - np.array(centre_mm)
    nearer = card.scale / (1.0 - placed[:, 2:] / viewing_distance_mm)
    frame_middle = np.array([scene.shape[1], scene.shape[0]]) / 2.0
    seen = (middle + placed[:, :2] * nearer) * pixels_per_mm + frame_middle - 0.5
    source = np.array([[0, 0], [width, 0], [width, height], [0, height]]) - 0.5
    lit = painted * _light_on(card, room, rotation, (height, width))
    return _composed(scene, lit, source, seen)


def _paint(card: CardInHand, camera: Camera, lamp: Lamp, skin: Floats) -> Map:
    """Reflected linear RGB of the card under even light, fingers over its edge included."""
    colours = patch_reflectances(card.printer) @ channel_weights(camera, lamp).T
    width, height = (round((side + 2 * _EDGE_MM) * _PIXELS_PER_MM) for side in CARD_SIZE_MM)
    painted = np.empty((height, width, 3), np.float32)
    painted[:] = colours[0]
    for field, colour in zip(printed_fields(), colours[1:], strict=True):
        left, top = (round((edge + _EDGE_MM) * _PIXELS_PER_MM) for edge in (field.left, field.top))
        right = left + round(field.width * _PIXELS_PER_MM)
        painted[top : top + round(field.height * _PIXELS_PER_MM), left:right] = colour
    if card.fingers:
        for down in (0.30, 0.52, 0.74):
            tip = (width - round(card.fingers * 0.5 * width), round(down * height))
            thick = round(15 * _PIXELS_PER_MM)
            cv2.line(painted, tip, (width + thick, tip[1]), [float(c) for c in skin], thick)
    return painted


def _light_on(
    card: CardInHand, room: Room, rotation: Floats, shape: tuple[int, int]
) -> NDArray[np.float32]:
    """Light on the card (h, w, 1) in the unit in which a white facing the room receives 1."""
    facing = rotation @ np.array([0.0, 0.0, 1.0])
    total = room.ambient * (0.78 - 0.22 * facing[1])
    for direction, strength in ((room.key, room.key_strength), (room.fill, room.fill_strength)):
        unit = np.array(direction) / np.linalg.norm(direction)
        total += strength * max(0.0, (float(facing @ unit) + 0.22) / 1.22) ** 1.25
    key = np.array(room.key) / np.linalg.norm(room.key)
    across = rotation.T @ key  # nearer the window it is brighter
    y, x = np.mgrid[-1.0 : 1.0 : shape[0] * 1j, -1.0 : 1.0 : shape[1] * 1j].astype(np.float32)
    light = total * np.exp(0.06 * (across[0] * x * 1.5 + across[1] * y))
    half = key + np.array([0.0, 0.0, 1.0])
    shine = float(np.clip(facing @ half / np.linalg.norm(half), 0.0, 1.0)) ** 30
    spot = np.exp(-((x - across[0]) ** 2 + (y - across[1]) ** 2))
    light = light + card.gloss * shine * spot
    if card.shadow:
        edge = 1.0 / (1.0 + np.exp(-(x + 0.8 * y - 0.7) / 0.06))
        light = light * (1.0 - card.shadow * edge)
    result: NDArray[np.float32] = light[..., np.newaxis].astype(np.float32)
    return result


def _rotation(card: CardInHand) -> Floats:
    """From the card's own axes to the picture's (x right, y down, z towards the camera)."""
    turn, tilt, lean = np.radians([card.turn_degrees, card.tilt_degrees, card.lean_degrees])
    in_picture = np.array(
        [[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1]]
    )
    about_long = np.array(
        [[1, 0, 0], [0, np.cos(tilt), -np.sin(tilt)], [0, np.sin(tilt), np.cos(tilt)]]
    )
    about_short = np.array(
        [[np.cos(lean), 0, np.sin(lean)], [0, 1, 0], [-np.sin(lean), 0, np.cos(lean)]]
    )
    rotation: Floats = in_picture @ about_long @ about_short
    return rotation


def _composed(scene: Map, lit: Map, source: Floats, seen: Floats) -> Map:
    """The card laid over the scene, averaged down without aliasing."""
    size = float(np.linalg.norm(seen - np.roll(seen, 1, axis=0), axis=1).max())
    shrink = min(1.0, 2.0 * size / max(lit.shape))
    small = cv2.resize(lit, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
    ratio = np.array([small.shape[1] / lit.shape[1], small.shape[0] / lit.shape[0]])
    corners = ((source + 0.5) * ratio - 0.5) * 2.0 + 0.5
    # Twice as fine as the photo, then averaged: 4 × 4 samples for every pixel in all.
    small = cv2.resize(small, None, fx=2, fy=2, interpolation=cv2.INTER_LINEAR)
    fine = seen * 2.0 + 0.5
    left, top = np.floor(fine.min(axis=0)).astype(int) // 2 * 2 - 2
    right, bottom = np.ceil(fine.max(axis=0)).astype(int) // 2 * 2 + 4
    towards = cv2.getPerspectiveTransform(
        corners.astype(np.float32), (fine - [left, top]).astype(np.float32)
    )
    premultiplied = np.dstack([small, np.ones(small.shape[:2], np.float32)])
    warped = cv2.warpPerspective(premultiplied, towards, (int(right - left), int(bottom - top)))
    warped = cv2.resize(warped, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    result = scene.copy()
    x0, y0 = left // 2, top // 2
    target = result[max(y0, 0) : max(y0 + warped.shape[0], 0), max(x0, 0) :]
    part = warped[max(-y0, 0) :, max(-x0, 0) :][: target.shape[0], : target.shape[1]]
    target = target[:, : part.shape[1]]
    target[:] = target * (1.0 - part[..., 3:]) + part[..., :3]  # a view into the result
    return result
