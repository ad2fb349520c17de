"""The white of the eyes: the only part of a face that is white in every person."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.face.grid import GridView
from analysis.face.regions import Region, SkinMap, eye_openings
from analysis.images import LinearImage
from analysis.light.chromophores import Shift
from analysis.light.viewings import Floats

_WHITES: Final = (0.75, 0.95)  # quantiles of luminance between the lids, without glints
_BLACK: Final = 6.5e-4  # linear light: a tenth of the 20th code of 8 bits
_SCLERA: Final = 0.40  # luminance of the brightest of an eye's white, lids shading it
_SCLERA_SD: Final = 0.25  # log units
_SCLERA_SD_FAR: Final = 0.40  # likewise, if the skin is further from the eyes
_DARKEST: Final = 5e-4  # linear; a quarter of the first code of 8 bits
_LUMINANCE: Final = np.array([0.2126, 0.7152, 0.0722], np.float32)


def eye_whites(light: LinearImage) -> Floats:
    """Linear RGB (2, 3) of the bright quarter of what lies between the lids of either eye."""
    whites = []
    for opening in eye_openings():
        pixels = light.pixels[opening.pixels]
        luminance = pixels @ _LUMINANCE
        low, high = np.quantile(luminance, _WHITES)
        whites.append(np.median(pixels[(luminance >= low) & (luminance <= high)], axis=0))
    return np.maximum(np.array(whites, np.float64), _BLACK)


def compare_eyes(today: GridView, before: GridView) -> Shift:
    """The light's shift of log RGB by the whites of both eyes; less certain where they disagree."""
    moved = np.log(eye_whites(today.light)) - np.log(eye_whites(before.light))
    tint = moved - moved.mean(axis=1, keepdims=True)
    return Shift(moved.mean(axis=0), np.diag(((tint[0] - tint[1]) / 2) ** 2))


def brightness_by_eyes(before: GridView, skin: SkinMap) -> tuple[float, float]:
    """Log luminance of the skin around the eyes relative to a perfect white, and its spread.

    If neither cheeks nor nose count, the rest of the face is used, less reliably. Some of the face
    must count.
    """
    counted = skin.counted.pixels & skin.face.pixels
    cheeks = (Region.LEFT_CHEEK, Region.RIGHT_CHEEK, Region.NOSE)
    around: NDArray[np.bool_] = (
        np.logical_or.reduce([skin.areas[region].pixels for region in cheeks]) & counted
    )
    luminance = np.maximum(before.light.pixels @ _LUMINANCE, _DARKEST)
    seen, sd = (around, _SCLERA_SD) if around.any() else (counted, _SCLERA_SD_FAR)
    white = float(np.mean([np.quantile(luminance[eye.pixels], 0.95) for eye in eye_openings()]))
    return float(np.log(_SCLERA * np.median(luminance[seen]) / white)), sd
