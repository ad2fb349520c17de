"""Pictures of the evidence, drawn afterwards from an `Analysis`.

Heat maps use one fixed scale for all people and days, −2 to +2 doublings, on a grey face, so that
the person's own colour does not mix with the scale's. Blue is less, orange is more: the pair that
people with any colour blindness tell apart.
"""

from collections.abc import Mapping
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from analysis.chromophores import Reference
from analysis.images import (
    LinearImage,
    SrgbImage,
    encode_photo,
    to_bytes,
    to_linear,
    to_srgb,
)
from analysis.pipeline import Analysis

SCALE: Final = 2.0
"""Doublings at both ends of the colour scale; beyond, the end colour stays."""

_CROP: Final = np.s_[30:650, :]  # of the grid: hair line to below the chin
_ENLARGED: Final = 2  # pixels of a picture per pixel of the grid
_THUMBNAIL_WIDTH: Final = 320
_MORE, _LESS = np.radians(55.0), np.radians(255.0)  # hues of Oklab: orange and blue
_CHROMA: Final = 0.155  # at the ends; grows evenly, so equal steps look equal
_END_LIGHTNESS: Final = 0.66
_OPACITY: Final = 0.80  # at the ends; the face must stay visible
_GREY_RANGE: Final = (0.30, 0.88)  # Oklab lightness between which every face is laid out

# Björn Ottosson, "A perceptual color space for image processing" (2020).
_OKLAB_TO_LMS: Final = np.array(
    [
        [1.0, 0.3963377774, 0.2158037573],
        [1.0, -0.1055613458, -0.0638541728],
        [1.0, -0.0894841775, -1.2914855480],
    ]
)
_LMS_TO_LINEAR: Final = np.array(
    [
        [4.0767416621, -3.3077115913, 0.2309699292],
        [-1.2684380046, 2.6097574011, -0.3413193965],
        [-0.0041960863, -0.7034186147, 1.7076147010],
    ]
)
_LUMINANCE: Final = np.array([0.2126, 0.7152, 0.0722], np.float32)
_Plane = NDArray[np.float32]


def draw_evidence(analysis: Analysis, photo: SrgbImage, baseline: SrgbImage) -> Mapping[str, bytes]:
    """JPEG pictures by name.

    `redness` and `pigment` are heat maps over today's face with their scale; `aligned` is today's
    photo laid onto the baseline, in the baseline's light where own skin or a card carried it;
    `baseline` is the same crop of the baseline; `thumbnail` is today's photo, at most 320 px wide.
    """
    today = _crop(photo, analysis.photo_positions)
    if analysis.reference is not Reference.HISTORY:
        light = to_linear(today).pixels * np.exp(-analysis.light).astype(np.float32)
        corrected = to_srgb(LinearImage(light))
    else:
        corrected = today
    return {
        "redness": _heat_map(today, analysis.redness_map, "Redness: doublings of blood"),
        "pigment": _heat_map(today, analysis.pigment_map, "Pigment: doublings of melanin"),
        "aligned": encode_photo(corrected),
        "baseline": encode_photo(_crop(baseline, analysis.baseline_positions)),
        "thumbnail": encode_photo(_thumbnail(photo)),
    }


def paint_scale(values: _Plane, lightness: _Plane) -> _Plane:
    """Display-encoded colours (h, w, 3) for doublings over a grey picture of Oklab `lightness`.

    NaN paints nothing. Chroma and opacity grow with the value, so 0 leaves the picture grey.
    """
    strength = np.clip(np.abs(np.nan_to_num(values)) / SCALE, 0, 1)
    chroma = _CHROMA * strength
    hue = np.where(np.nan_to_num(values) > 0, _MORE, _LESS)
    opacity = _OPACITY * np.sqrt(strength)
    mixed = lightness * (1 - opacity) + _END_LIGHTNESS * opacity
    oklab = np.stack([mixed, chroma * np.cos(hue), chroma * np.sin(hue)], axis=-1)
    linear = ((oklab @ _OKLAB_TO_LMS.T) ** 3) @ _LMS_TO_LINEAR.T
    return to_srgb(LinearImage(linear.astype(np.float32))).pixels


def _crop(photo: SrgbImage, positions: _Plane) -> SrgbImage:
    """The face as the grid sees it, taken from the photo itself at twice the grid's resolution."""
    height, width = positions[_CROP].shape[:2]
    larger = cv2.resize(positions[_CROP], (_ENLARGED * width, _ENLARGED * height))
    sampled = cv2.remap(photo.pixels, larger, np.empty(0), cv2.INTER_LINEAR)
    return SrgbImage(sampled.astype(np.float32))


def _heat_map(face: SrgbImage, values: _Plane, title: str) -> bytes:
    width, height = face.size
    known = np.isfinite(values[_CROP]).astype(np.float32)
    filled = np.nan_to_num(values[_CROP]).astype(np.float32)
    weight = cv2.GaussianBlur(known, (0, 0), 2.0)
    spread = cv2.GaussianBlur(filled * known, (0, 0), 2.0) / np.maximum(weight, 1e-3)
    enlarged = cv2.resize(np.dstack([spread, weight]), (width, height))
    grey = _grey(face)
    painted = paint_scale(enlarged[..., 0].astype(np.float32), grey)
    plain = paint_scale(np.zeros_like(grey), grey)
    edge = np.clip(2 * enlarged[..., 1:] - 0.5, 0, 1)  # a soft edge, the colours inside unchanged
    mixed = plain + (painted - plain) * edge
    return encode_photo(SrgbImage(np.vstack([mixed, _legend(width, title)]).astype(np.float32)))


def _grey(face: SrgbImage) -> _Plane:
    """Oklab lightness of the face, laid out over the same range for every skin tone."""
    lightness = np.cbrt(np.maximum(to_linear(face).pixels @ _LUMINANCE, 0))
    low, high = np.percentile(lightness, (2, 98))
    spread = np.clip((lightness - low) / max(float(high - low), 1e-3), 0, 1)
    darkest, lightest = _GREY_RANGE
    grey: _Plane = (darkest + (lightest - darkest) * spread).astype(np.float32)
    return grey


def _legend(width: int, title: str) -> _Plane:
    """The scale as a bar with ticks in doublings, and what they mean."""
    height, margin = 150, 60
    ramp = np.tile(np.linspace(-SCALE, SCALE, width - 2 * margin, dtype=np.float32), (28, 1))
    bar = paint_scale(ramp, np.full(ramp.shape, 0.93, np.float32))
    canvas = Image.new("RGB", (width, height), "white")
    canvas.paste(Image.fromarray(to_bytes(bar)), (margin, 52))
    draw = ImageDraw.Draw(canvas)
    draw.text((margin, 14), title, fill="black", font=ImageFont.load_default(26))
    for tick in range(-int(SCALE), int(SCALE) + 1):
        x = margin + (tick + SCALE) / (2 * SCALE) * (width - 2 * margin - 1)
        draw.line((x, 80, x, 88), fill="black", width=2)
        label = f"{tick:+d}" if tick else "0, as before"
        draw.text((x, 92), label, fill="black", font=ImageFont.load_default(22), anchor="ma")
        if abs(tick) == SCALE:
            factor = "4 times" if tick > 0 else "a quarter"
            draw.text(
                (x, 118), factor, fill="#444444", font=ImageFont.load_default(20), anchor="ma"
            )
    return (np.asarray(canvas, np.float32) / 255).astype(np.float32)


def _thumbnail(photo: SrgbImage) -> SrgbImage:
    scale = min(1.0, _THUMBNAIL_WIDTH / photo.size[0])
    small = cv2.resize(photo.pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return SrgbImage(small.astype(np.float32))
