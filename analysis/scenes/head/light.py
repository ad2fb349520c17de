"""Light on a head: what reaches every point of the skin, and what the surface mirrors back."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from analysis.scenes.head.heads import Head
from analysis.scenes.head.plane import MM_PER_PIXEL, Map, blur, ramp


@dataclass(frozen=True, slots=True)
class Room:
    """Where the light comes from, in head coordinates (x right, y down, z towards the camera).

    `key` is the window or lamp, `fill` the bright wall opposite, `ambient` what comes from all
    round.
    """

    key: tuple[float, float, float] = (-0.55, -0.62, 0.85)
    key_strength: float = 0.74
    fill: tuple[float, float, float] = (0.65, -0.10, 0.75)
    fill_strength: float = 0.20
    ambient: float = 0.22


@dataclass(frozen=True, slots=True)
class Lighting:
    """`irradiance` (h, w, 3): 1 is a matte white facing the whole room; `mirrored` (h, w): light
    returned by the surface unchanged, in the same unit."""

    irradiance: Map
    mirrored: Map


_SKIN_SCATTER_MM = (1.7, 0.75, 0.45)  # red light travels furthest inside the skin
_VIEW = np.array([0.0, 0.0, 1.0])


def light_head(head: Head, room: Room, yaw_degrees: float) -> Lighting:
    """Light this head, turned by `yaw_degrees`, in this room."""
    key = _unit(_turned(room.key, yaw_degrees))
    fill = _unit(_turned(room.fill, yaw_degrees))
    smooth, bumpy = head.normals, head.fine_normals
    shadow = cast_shadow(head.height, key)

    ambient = head.cavity * (0.78 - 0.22 * smooth[..., 1])
    diffuse = room.key_strength * shadow * _wrapped(smooth, key)
    diffuse += room.fill_strength * head.cavity * _wrapped(smooth, fill)
    diffuse += room.ambient * ambient
    detail = 0.8 * room.key_strength * shadow * ((bumpy - smooth) @ key)
    channels = []
    for scatter in _SKIN_SCATTER_MM:
        inside = 0.35 * diffuse + 0.65 * blur(diffuse.astype(np.float32), scatter)
        lit = inside + detail * (0.9 - 0.25 * scatter)
        channels.append(np.maximum(lit * (1.0 - head.holes), 0.004))
    mirrored = head.gloss * _mirrored(bumpy, key, fill, shadow, head.cavity, room)
    return Lighting(
        np.stack(channels, axis=-1).astype(np.float32),
        (mirrored + 1.6 * head.mirror * room.key_strength).astype(np.float32),
    )


def _mirrored(
    normals: Map, key: NDArray[np.float64], fill: NDArray[np.float64], shadow: Map, cavity: Map,
    room: Room,
) -> Map:  # fmt: skip
    """Blinn–Phong lobes of a wide window and a wider wall, with Schlick's Fresnel term."""
    result = np.zeros(normals.shape[:2], dtype=np.float32)
    for direction, strength, lit in (
        (key, room.key_strength, shadow),
        (fill, room.fill_strength, cavity),
    ):
        half = _unit(direction + _VIEW)
        fresnel = 0.028 + 0.972 * (1.0 - float(half @ direction)) ** 5
        cosine = np.clip(normals @ half.astype(np.float32), 0.0, 1.0)
        broad = 2.3 * cosine**11
        tight = 4.6 * cosine**34
        result += (strength * fresnel * lit * (0.55 * broad + 0.45 * tight)).astype(np.float32)
    rim = 0.30 * (1.0 - np.clip(normals[..., 2], 0.0, 1.0)) ** 5
    return (result + room.ambient * cavity * rim).astype(np.float32)


def _wrapped(normals: Map, direction: NDArray[np.float64]) -> Map:
    """Lambert's cosine for a source so wide that its light reaches a little past the edge."""
    cosine = normals @ direction.astype(np.float32)
    result: Map = np.clip((cosine + 0.22) / 1.22, 0.0, None) ** 1.25
    return result


def cast_shadow(height: Map, direction: NDArray[np.float64]) -> Map:
    """Share 0..1 of the source that each point sees past the rest of the head."""
    shrink = 3
    rows, columns = height.shape
    small = cv2.resize(height, (columns // shrink, rows // shrink), interpolation=cv2.INTER_AREA)
    pixel = MM_PER_PIXEL * shrink
    clearance = np.full(small.shape, 1e3, dtype=np.float32)
    slope = float(direction[2] / np.hypot(direction[0], direction[1]))
    unit = direction[:2] / np.hypot(direction[0], direction[1])
    for distance in np.geomspace(1.5, 70.0, 22):
        shift = np.array([[1, 0, unit[0] * distance / pixel], [0, 1, unit[1] * distance / pixel]])
        there = cv2.warpAffine(
            small, shift, (small.shape[1], small.shape[0]),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REPLICATE,
        )  # fmt: skip
        over = (small + distance * slope - there) / (0.30 * distance + 1.0)
        clearance = np.minimum(clearance, over.astype(np.float32))
    seen = cv2.GaussianBlur(ramp(clearance, -1.0, 1.0), (0, 0), 1.6)
    return cv2.resize(seen, (columns, rows), interpolation=cv2.INTER_LINEAR).astype(np.float32)


def _turned(direction: tuple[float, float, float], yaw_degrees: float) -> NDArray[np.float64]:
    cos, sin = np.cos(np.radians(yaw_degrees)), np.sin(np.radians(yaw_degrees))
    x, y, z = direction
    return np.array([x * cos - z * sin, y, x * sin + z * cos])


def _unit(vector: NDArray[np.float64]) -> NDArray[np.float64]:
    result: NDArray[np.float64] = vector / np.linalg.norm(vector)
    return result
