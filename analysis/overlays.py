"""Pictures of the evidence, drawn afterwards from an `Analysis`.

Heat maps use one fixed scale for all people and days, −2 to +2 doublings, on a grey face, so that
the person's own colour does not mix with the scale's. Blue and dark is less, orange and light is
more: people with any colour blindness can distinguish this pair, and its steps look equal.
"""

from collections.abc import Mapping
from functools import cache
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from analysis.face.crop import CROP, picture_size
from analysis.face.faces import FindFace, find_face
from analysis.images import (
    LinearImage,
    SrgbImage,
    encode_photo,
    encode_small,
    to_bytes,
    to_linear,
    to_srgb,
)
from analysis.known import remembering
from analysis.light.chromophores import Reference
from analysis.pipeline import Analysis
from analysis.spots import local_noise

SCALE: Final = 2.0
"""Doublings at both ends of the colour scale; beyond, the end colour stays."""
_MORE, _LESS = np.radians(58.0), np.radians(258.0)  # hues of Oklab: orange and blue
_LIGHTNESS_OF_MORE, _LIGHTNESS_OF_LESS = 0.76, 0.50
_CHROMA: Final = 0.16  # at the ends
_CHROMA_GROWTH: Final = 1.1  # its power: strong colours are harder to distinguish
_OPACITY: Final = 0.85  # at the ends; the face must stay visible
_SKIN_GREY: Final = 0.68  # Oklab lightness to which every person's skin is scaled
_GREY_RANGE: Final = (0.25, 0.92)
_NOISE_HIDDEN: Final = (2.0, 3.0)  # standard deviations: not painted below, fully painted above
_EDGE: Final = 2.0  # pixels of the grid by which a map's edge is softened
_BEYOND: Final = 0.90  # display grey where one of the two photos ends
_VALUE_STEPS, _GREY_STEPS = 161, 33  # of the table from which pictures are painted
_LEGEND_HEIGHT: Final = 150
_TITLE_SIZE, _TICK_SIZE = 46, 44  # legible when the picture is shown a quarter as wide

# The font that Pillow brings has no multiplication sign and no fractions
_TICKS: Final = {-2: "1/4 x", -1: "1/2 x", 0: "before", 1: "2 x", 2: "4 x"}

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


def draw_evidence(
    analysis: Analysis, photo: SrgbImage, baseline: SrgbImage, find: FindFace = find_face
) -> Mapping[str, bytes]:
    """JPEG pictures by name.

    `redness` and `pigment` are heat maps over today's face with their scale; `aligned` is today's
    photo aligned to the baseline, in the baseline's light, `as_taken` the same in its own light;
    `baseline` is the same crop of the baseline; `thumbnail` is today's photo, at most 320 px wide,
    in some 12 kB.
    """
    known = remembering(find)
    before = known.crop(baseline, baseline, analysis.baseline_positions)
    today = known.crop(photo, baseline, analysis.photo_positions)
    beyond = ~(today.covered & before.covered)
    grey = _grey(to_linear(today.image), _on_skin(analysis))
    grey[beyond] = _BEYOND
    return {
        "redness": _heat_map(grey, analysis.redness_map, "Redness, times before"),
        "pigment": _heat_map(grey, analysis.pigment_map, "Pigment, times before"),
        "aligned": _framed(in_light_of_baseline(today.image, before.image, analysis), beyond),
        "as_taken": _framed(today.image, beyond),
        "baseline": _framed(before.image, beyond),
        "thumbnail": encode_small(known.thumbnail(photo)),
    }


def paint_scale(values: _Plane, lightness: _Plane) -> _Plane:
    """Display-encoded colours (h, w, 3) for doublings over a grey picture of Oklab `lightness`.

    NaN paints nothing. Colour and opacity grow with the value, so 0 leaves the picture grey. Over
    any face a quarter of a doubling is a step of CIEDE2000 2 to 7, also for people with protanopia
    and deuteranopia.
    """
    known = np.nan_to_num(values)
    strength = np.clip(np.abs(known) / SCALE, 0, 1)
    chroma = _CHROMA * strength**_CHROMA_GROWTH
    hue = np.where(known > 0, _MORE, _LESS)
    end = np.where(known > 0, _LIGHTNESS_OF_MORE, _LIGHTNESS_OF_LESS)
    opacity = _OPACITY * strength
    mixed = lightness * (1 - opacity) + end * opacity
    oklab = np.stack([mixed, chroma * np.cos(hue), chroma * np.sin(hue)], axis=-1)
    linear = ((oklab @ _OKLAB_TO_LMS.T) ** 3) @ _LMS_TO_LINEAR.T
    return to_srgb(LinearImage(linear.astype(np.float32))).pixels


@cache
def _palette() -> NDArray[np.uint8]:
    """`paint_scale` tabulated: rows are lightness 0..1, columns doublings over the whole scale."""
    values, lightness = np.meshgrid(
        np.linspace(-SCALE, SCALE, _VALUE_STEPS, dtype=np.float32),
        np.linspace(0, 1, _GREY_STEPS, dtype=np.float32),
    )
    palette = to_bytes(paint_scale(values, lightness))
    palette.flags.writeable = False
    return palette


def _paint(values: _Plane, lightness: _Plane) -> NDArray[np.uint8]:
    """`paint_scale` of a whole picture, by table."""
    column = (np.clip(values, -SCALE, SCALE) + SCALE) * np.float32((_VALUE_STEPS - 1) / (2 * SCALE))
    row = lightness * np.float32(_GREY_STEPS - 1)
    return cv2.remap(_palette(), column, row, cv2.INTER_LINEAR).astype(np.uint8, copy=False)


def in_light_of_baseline(today: SrgbImage, before: SrgbImage, analysis: Analysis) -> SrgbImage:
    """Today's photo as the baseline's lamp and camera would have shown it; all in 8 bits.

    If neither a card nor the person's own skin served as reference, only brightness is matched to
    that of the baseline's skin: the frame shows the lamp too poorly to give the skin's colour.
    """
    if analysis.reference is Reference.HISTORY:
        skin = _on_skin(analysis)
        bright, bright_before = (
            _median_on(to_linear(image).pixels @ _LUMINANCE, skin) for image in (today, before)
        )
        gain = np.full(3, bright_before / max(bright, 1e-4))
    else:
        gain = np.exp(-analysis.light)
    codes = np.repeat(np.arange(256, dtype=np.uint8)[np.newaxis, :, np.newaxis], 3, axis=2)
    table = to_srgb(LinearImage(to_linear(SrgbImage(codes)).pixels * gain.astype(np.float32)))
    return SrgbImage(cv2.LUT(today.codes, table.codes).astype(np.uint8, copy=False))


def _on_skin(analysis: Analysis) -> NDArray[np.bool_]:
    """The pixels of the pictures that show skin which counted."""
    counted = analysis.counted.pixels[CROP].astype(np.uint8)
    enlarged = cv2.resize(counted, picture_size(), interpolation=cv2.INTER_NEAREST)
    on_skin: NDArray[np.bool_] = enlarged.astype(np.bool_)
    return on_skin


def _median_on(values: _Plane, skin: NDArray[np.bool_]) -> float:
    """The median on the skin, or of the whole picture if no counted skin is in it."""
    return float(np.median(values[skin] if skin.any() else values))


def _framed(image: SrgbImage, beyond: NDArray[np.bool_]) -> bytes:
    """The picture with a plain grey where either photo of the pair ends."""
    pixels = image.codes.copy()
    pixels[beyond] = round(255 * _BEYOND)
    return encode_photo(SrgbImage(pixels))


def _heat_map(grey: _Plane, values: _Plane, title: str) -> bytes:
    """The map over a grey face; possible noise is left grey."""
    shown = cv2.resize(_beyond_noise(values)[CROP], picture_size())
    painted = _paint(shown.astype(np.float32, copy=False), grey)
    return encode_photo(SrgbImage(np.vstack([painted, _legend(title)])))


def _beyond_noise(values: _Plane) -> _Plane:
    """The values (h, w), a little smoothed; 0 where nothing is known or the value may be noise.

    Between both limits of `_NOISE_HIDDEN` the values fade in, so that no edge appears there.
    """
    known = np.isfinite(values).astype(np.float32)
    weight = cv2.GaussianBlur(known, (0, 0), _EDGE)
    total = cv2.GaussianBlur(np.nan_to_num(values), (0, 0), _EDGE)
    filled = total / np.maximum(weight, np.float32(1e-3))
    noise = max(local_noise(values), 1e-6)
    hidden, full = _NOISE_HIDDEN
    certain = np.clip((np.abs(filled) / noise - hidden) / (full - hidden), 0, 1)
    edge = np.clip(2 * weight - 0.5, 0, 1)  # soft, the colours inside unchanged
    shown: _Plane = (filled * certain * edge).astype(np.float32)
    return shown


def _grey(light: LinearImage, skin: NDArray[np.bool_]) -> _Plane:
    """Oklab lightness of the picture, shifted so that every person's skin is the same grey."""
    lightness = cv2.pow(light.pixels @ _LUMINANCE, 1 / 3).astype(np.float32, copy=False)
    shift = np.float32(_SKIN_GREY - _median_on(lightness, skin))
    grey: _Plane = np.clip(lightness + shift, *_GREY_RANGE)
    return grey


@cache
def _legend(title: str) -> NDArray[np.uint8]:
    """The scale as a bar over the whole width, with a tick for each doubling as a multiple."""
    width, _ = picture_size()
    ramp = np.tile(np.linspace(-SCALE, SCALE, width, dtype=np.float32), (34, 1))
    bar = paint_scale(ramp, np.full(ramp.shape, 0.93, np.float32))
    canvas = Image.new("RGB", (width, _LEGEND_HEIGHT), "white")
    canvas.paste(Image.fromarray(to_bytes(bar)), (0, 60))
    draw = ImageDraw.Draw(canvas)
    draw.text((width / 2, 4), title, "black", ImageFont.load_default(_TITLE_SIZE), anchor="ma")
    for tick in range(-int(SCALE), int(SCALE) + 1):
        x = (tick + SCALE) / (2 * SCALE) * (width - 1)
        draw.line((x, 88, x, 98), fill="black", width=4)
        anchor = {-SCALE: "la", SCALE: "ra"}.get(tick, "ma")
        draw.text((x, 98), _TICKS[tick], "black", ImageFont.load_default(_TICK_SIZE), anchor=anchor)
    legend = np.array(canvas, np.uint8)
    legend.flags.writeable = False
    return legend
