"""Colours that a file names: a profile, else code points (ITU-T H.273), gamma, Adobe RGB.

Every value becomes light with the primaries of sRGB, in which 1 is the white of a sheet of paper.
"""

from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

Corners = tuple[float, float, float, float, float, float, float, float]
"""CIE 1931 x and y of red, green, blue and white."""

_D65: Final = (0.3127, 0.3290)
_SRGB: Final[Corners] = (0.64, 0.33, 0.30, 0.60, 0.15, 0.06, *_D65)
_ADOBE: Final[Corners] = (0.64, 0.33, 0.21, 0.71, 0.15, 0.06, *_D65)
# H.273, table 2. 2 is "unspecified": such pictures are shown as sRGB everywhere.
_PRIMARIES: Final[dict[int, Corners]] = {
    1: _SRGB,
    2: _SRGB,
    4: (0.67, 0.33, 0.21, 0.71, 0.14, 0.08, 0.310, 0.316),
    5: (0.64, 0.33, 0.29, 0.60, 0.15, 0.06, *_D65),
    6: (0.630, 0.340, 0.310, 0.595, 0.155, 0.070, *_D65),
    7: (0.630, 0.340, 0.310, 0.595, 0.155, 0.070, *_D65),
    9: (0.708, 0.292, 0.170, 0.797, 0.131, 0.046, *_D65),
    11: (0.680, 0.320, 0.265, 0.690, 0.150, 0.060, 0.314, 0.351),
    12: (0.680, 0.320, 0.265, 0.690, 0.150, 0.060, *_D65),
    22: (0.630, 0.340, 0.295, 0.605, 0.155, 0.077, *_D65),
}
_PQ, _HLG = 16, 18
# Video curves (1, 6, 14, 15) are written for pictures that were made for an sRGB display.
_DISPLAY_CURVES: Final = frozenset({1, 2, 6, 13, 14, 15})
_POWERS: Final = {4: 2.2, 5: 2.8, 8: 1.0}
_SRGB_GAMMA: Final = 0.45455  # what the specification of PNG tells writers of sRGB to note
_GAMMAS: Final = (0.2, 1.5)  # beyond, a number is damage
_DISPLAY: Final = ImageCms.createProfile("sRGB")
_PAPER: Final = 203.0  # cd/m2 of diffuse white (ITU-R BT.2408)
_HLG_PEAK: Final = 1000.0  # cd/m2, with a system gamma of 1.2 (ITU-R BT.2100)
_BRADFORD: Final = np.array(
    [[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]]
)

Curve = Callable[[NDArray[np.float64]], NDArray[np.float64]]


@dataclass(frozen=True, slots=True)
class Colours:
    """Primaries, and the curve from a coded value 0..1 to linear light.

    `curve` None is the curve of sRGB. `is_system` tells that the light is that of the scene and
    is brightened by the HLG display (BT.2100). `is_unknown` names code points nobody here knows.
    """

    corners: Corners
    curve: Curve | None = None
    is_full_range: bool = True
    is_system: bool = False
    is_unknown: bool = False


def from_code_points(primaries: int, transfer: int, *, is_full_range: bool) -> Colours | None:
    """Colours by the code points of H.273; None for sRGB."""
    corners = _PRIMARIES.get(primaries)
    power = _POWERS.get(transfer)
    if corners is None or (
        power is None and transfer not in _DISPLAY_CURVES and transfer not in (_PQ, _HLG)
    ):
        return Colours(_SRGB, is_unknown=True)
    if transfer == _PQ:
        return Colours(corners, _pq, is_full_range)
    if transfer == _HLG:
        return Colours(corners, _hlg, is_full_range, is_system=True)
    if power is not None:
        return Colours(corners, _power(power), is_full_range)
    return None if corners == _SRGB and is_full_range else Colours(corners, None, is_full_range)


def from_gamma(gamma: float, corners: Corners | None) -> Colours | None:
    """Colours by PNG's gamma (coded = light ** gamma) and corners; None for sRGB or for damage."""
    if not _GAMMAS[0] < gamma < _GAMMAS[1]:
        return None
    near = corners is None or np.allclose(corners, _SRGB, atol=0.002)
    is_srgb = abs(gamma - _SRGB_GAMMA) < 1e-4
    if near and is_srgb:
        return None
    return Colours(_SRGB if corners is None else corners, None if is_srgb else _power(1 / gamma))


def adobe_rgb() -> Colours:
    """Adobe RGB (1998), which cameras note in EXIF and not by a profile."""
    return Colours(_ADOBE, _power(563 / 256))


def to_srgb_picture(picture: Image.Image, colours: Colours) -> Image.Image:
    """An RGB picture of 8 bits in sRGB; what is brighter than paper is white.

    Raises `ValueError` where the code points mean nothing here or the corners enclose no colour.
    """
    if colours.is_unknown or min(colours.corners[1::2]) <= 0:
        raise ValueError("these colours mean nothing here")
    coded = np.arange(256) / 255
    if not colours.is_full_range:
        coded = np.clip((np.arange(256) - 16) / 219, 0, 1)
    table = (colours.curve or _srgb)(coded).astype(np.float32)
    light = table[np.asarray(picture.convert("RGB"))]
    if colours.is_system:
        luminance = light @ _to_xyz(colours.corners)[1].astype(np.float32)
        bright = np.maximum(luminance, np.float32(1e-6)) ** np.float32(0.2)
        light = light * bright[..., None] * np.float32(_HLG_PEAK / _PAPER)
    light = np.clip(cv2.transform(light, _between(colours.corners)), 0, 1)
    return Image.fromarray(_srgb_codes()[np.rint(light * 65535).astype(np.uint16)])


def _srgb_codes() -> NDArray[np.uint8]:
    """The code of sRGB (0..255) of each of 65536 steps of light."""
    light = np.arange(65536) / 65535
    coded = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    codes: NDArray[np.uint8] = np.rint(255 * coded).astype(np.uint8)
    return codes


def _between(corners: Corners) -> NDArray[np.float32]:
    """From light with these primaries to that of sRGB, white to white (Bradford)."""
    source, target = _white(corners), _white(_SRGB)
    cones = np.diag((_BRADFORD @ target) / (_BRADFORD @ source))
    adapted = np.linalg.inv(_BRADFORD) @ cones @ _BRADFORD
    matrix: NDArray[np.float64] = np.linalg.inv(_to_xyz(_SRGB)) @ adapted @ _to_xyz(corners)
    return matrix.astype(np.float32)


def _to_xyz(corners: Corners) -> NDArray[np.float64]:
    """From linear RGB with these primaries to CIE XYZ, white at Y = 1."""
    pairs = np.array(corners[:6], np.float64).reshape(3, 2)
    directions = np.array([(x / y, 1, (1 - x - y) / y) for x, y in pairs]).T
    try:
        return directions * np.linalg.solve(directions, _white(corners))
    except np.linalg.LinAlgError as error:
        raise ValueError("corners on one line") from error


def _white(corners: Corners) -> NDArray[np.float64]:
    x, y = corners[6:]
    return np.array([x / y, 1, (1 - x - y) / y])


def _power(exponent: float) -> Curve:
    return lambda coded: coded**exponent


def _srgb(coded: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(coded <= 0.04045, coded / 12.92, ((coded + 0.055) / 1.055) ** 2.4)


def _pq(coded: NDArray[np.float64]) -> NDArray[np.float64]:
    """SMPTE ST 2084: cd/m2 of the display, here in units of paper."""
    m1, m2, c1, c2, c3 = 2610 / 16384, 2523 / 32, 3424 / 4096, 2413 / 128, 2392 / 128
    root = coded ** (1 / m2)
    return 10_000 / _PAPER * (np.maximum(root - c1, 0) / (c2 - c3 * root)) ** (1 / m1)


def _hlg(coded: NDArray[np.float64]) -> NDArray[np.float64]:
    """Light of the scene 0..1 (ITU-R BT.2100)."""
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    return np.where(coded <= 0.5, coded**2 / 3, (np.exp((coded - c) / a) + b) / 12)


def in_srgb(
    picture: Image.Image, profile: bytes | None, colours: Colours | None
) -> tuple[Image.Image, bool]:
    """The picture in sRGB, by its profile, else by the colours that its file names.

    The second value tells that what was declared is broken; then the next best counts, at last
    sRGB.
    """
    has_lost_colours = False
    if profile:
        try:
            converted = ImageCms.profileToProfile(
                picture,
                ImageCms.ImageCmsProfile(BytesIO(profile)),
                _DISPLAY,
                renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
                outputMode="RGB",
            )
        except (ImageCms.PyCMSError, OSError, ValueError):
            has_lost_colours = True  # broken, or for another kind of pixel
        else:
            if converted is not None:
                return converted, False
    if colours is not None:
        try:
            return to_srgb_picture(picture, colours), has_lost_colours
        except ValueError:
            has_lost_colours = True
    return (picture if picture.mode == "RGB" else picture.convert("RGB")), has_lost_colours
