"""Cameras with known spectral sensitivities, and what they do to light on its way to a JPEG.

None of them is the standard observer that the measurement assumes: a phone sees other colours, and
its colour matrix, fitted for daylight, is a little wrong under every other lamp.
"""

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.light.skin_optics import BASELINE_BLOOD, TONES, WAVELENGTHS, linear_srgb, reflectance
from analysis.scenes.lamps import Lamp, spectral_power


class Camera(StrEnum):
    """Phones that differ in their filters, and one camera whose filters were measured."""

    AMBER = "amber"
    BIRCH = "birch"
    CEDAR = "cedar"
    DELTA = "delta"
    ECHO = "echo"
    FJORD = "fjord"
    NIKON = "nikon"


@dataclass(frozen=True, slots=True)
class _Filters:
    """Peaks and widths (nm) of the red, green, blue sensitivities, and how far red sees blue."""

    peaks: tuple[float, float, float]
    widths: tuple[float, float, float]
    red_in_blue: float


_FILTERS: Final = {
    Camera.AMBER: _Filters((602.0, 533.0, 459.0), (34.0, 37.0, 27.0), 0.05),
    Camera.BIRCH: _Filters((596.0, 528.0, 464.0), (38.0, 40.0, 30.0), 0.08),
    Camera.CEDAR: _Filters((610.0, 540.0, 452.0), (31.0, 35.0, 24.0), 0.03),
    Camera.DELTA: _Filters((605.0, 525.0, 468.0), (42.0, 44.0, 32.0), 0.02),
    Camera.ECHO: _Filters((599.0, 537.0, 456.0), (36.0, 41.0, 28.0), 0.06),
    Camera.FJORD: _Filters((607.0, 530.0, 461.0), (40.0, 38.0, 25.0), 0.01),
}

# Nikon D5100, measured: M. M. Darrodi, G. Finlayson, T. Goodman, M. Mackiewicz, "Reference data set
# for camera spectral sensitivity estimation", J. Opt. Soc. Am. A 32 (2015) 381.
# fmt: off
_NIKON_D5100: Final = np.array([
    [0.0000, 0.0029, 0.0496, 0.0766, 0.0613, 0.0489, 0.0402, 0.0476, 0.0528, 0.0479, 0.0502, 0.0637,
     0.1004, 0.1236, 0.0763, 0.0412, 0.0425, 0.1118, 0.5645, 0.9810, 0.9631, 0.8343, 0.7037, 0.5708,
     0.4383, 0.3430, 0.2377, 0.0913, 0.0206, 0.0054, 0.0013],
    [0.0000, 0.0013, 0.0650, 0.1371, 0.1686, 0.1960, 0.2542, 0.3735, 0.4597, 0.4889, 0.6165, 0.8010,
     0.9389, 1.0000, 0.9615, 0.8891, 0.7763, 0.6358, 0.4928, 0.3518, 0.2117, 0.1180, 0.0701, 0.0473,
     0.0353, 0.0268, 0.0203, 0.0094, 0.0029, 0.0009, 0.0004],
    [0.0015, 0.0166, 0.3617, 0.7553, 0.8749, 0.9631, 1.0000, 0.9890, 0.9050, 0.7515, 0.5671, 0.3941,
     0.2498, 0.1616, 0.1100, 0.0653, 0.0341, 0.0198, 0.0138, 0.0100, 0.0065, 0.0037, 0.0040, 0.0040,
     0.0055, 0.0060, 0.0061, 0.0030, 0.0008, 0.0003, 0.0002],
])
# fmt: on


def sensitivities(camera: Camera) -> NDArray[np.float64]:
    """Spectral sensitivities (3, 31) of red, green, blue; the infrared filter falls near 680 nm."""
    if camera is Camera.NIKON:
        return _NIKON_D5100
    filters = _FILTERS[camera]
    infrared_filter = 1.0 / (1.0 + np.exp((WAVELENGTHS - 672.0) / 9.0))
    curves = [
        np.exp(-0.5 * ((WAVELENGTHS - peak) / width) ** 2)
        for peak, width in zip(filters.peaks, filters.widths, strict=True)
    ]
    curves[0] = curves[0] + filters.red_in_blue * np.exp(-0.5 * ((WAVELENGTHS - 445.0) / 25.0) ** 2)
    return np.stack(curves) * infrared_filter


@lru_cache(maxsize=32)
def channel_weights(camera: Camera, lamp: Lamp) -> NDArray[np.float64]:
    """Weights (3, 31) from reflectance to the camera's linear sRGB; a white reads (1, 1, 1).

    White balance is perfect for the lamp; the 3×3 matrix is the one fitted for D65, as in a phone.
    """
    response = sensitivities(camera) * spectral_power(lamp)
    balanced = response / response.sum(axis=1, keepdims=True)
    result: NDArray[np.float64] = _colour_matrix(camera) @ balanced
    return result


def colour_cast(camera: Camera, lamp: Lamp) -> tuple[float, float]:
    """By how much red and blue exceed green under a lamp, against D65, before white balance."""
    red, green, blue = (sensitivities(camera) * spectral_power(lamp)).sum(axis=1)
    red_d65, green_d65, blue_d65 = (sensitivities(camera) * spectral_power(Lamp.D65)).sum(axis=1)
    return (
        float(red / green / (red_d65 / green_d65)),
        float(blue / green / (blue_d65 / green_d65)),
    )


@lru_cache(maxsize=8)
def _colour_matrix(camera: Camera) -> NDArray[np.float64]:
    """3×3 from white-balanced camera RGB to linear sRGB, least squares over skins and paints."""
    response = sensitivities(camera) * spectral_power(Lamp.D65)
    balanced = response / response.sum(axis=1, keepdims=True)
    samples = _calibration_reflectances()
    seen, wanted = samples @ balanced.T, linear_srgb(samples)
    # White stays white when each row sums to 1: fit the differences from green.
    differences = seen[:, [0, 2]] - seen[:, [1]]
    solution, *_ = np.linalg.lstsq(differences, wanted - seen[:, [1]], rcond=None)
    red, blue = solution
    return np.stack([red, 1.0 - red - blue, blue], axis=1)


def _calibration_reflectances() -> NDArray[np.float64]:
    melanin = np.array([tone.melanin for tone in TONES])[:, np.newaxis]
    blood = BASELINE_BLOOD * np.array([0.7, 1.0, 2.0, 4.0])
    skins = reflectance(melanin, blood).reshape(-1, WAVELENGTHS.size)
    edges = np.linspace(430.0, 650.0, 12)
    rising = 0.06 + 0.6 / (1.0 + np.exp(-(WAVELENGTHS - edges[:, np.newaxis]) / 18.0))
    bands = 0.06 + 0.5 * np.exp(-0.5 * ((WAVELENGTHS - edges[:, np.newaxis]) / 35.0) ** 2)
    return np.concatenate([skins, rising, 0.72 - rising, bands])


def paint_matrix(camera: Camera, lamp: Lamp) -> NDArray[np.float64]:
    """3×3 from block reflectances (red, green, blue shares of a paint) to the camera's linear sRGB.

    A paint is a smooth spectrum mixed from three overlapping bands that sum to 1 everywhere.
    """
    red = 1.0 / (1.0 + np.exp(-(WAVELENGTHS - 585.0) / 12.0))
    blue = 1.0 / (1.0 + np.exp((WAVELENGTHS - 495.0) / 12.0))
    bands = np.stack([red, 1.0 - red - blue, blue])
    matrix: NDArray[np.float64] = channel_weights(camera, lamp) @ bands.T
    return matrix
