"""Spectra of lamps by formula, and the matrix that turns a camera's colours into sRGB.

Everything lies over `WAVELENGTHS` (31). Source of Planck's law: CIE 15:2018, with the second
radiation constant of 1.4388e7 nm K.
"""

import numpy as np
from numpy.typing import NDArray

from analysis.light.skin_optics import WAVELENGTHS, linear_srgb

Floats = NDArray[np.float64]


def planck(kelvin: float) -> Floats:
    """Relative spectral power (31,) of a black body at this temperature, mean 1."""
    power: Floats = (560.0 / WAVELENGTHS) ** 5 / np.expm1(1.4388e7 / (kelvin * WAVELENGTHS))
    relative: Floats = power / power.mean()
    return relative


def bell(peak: float, below: float, above: float | None = None) -> Floats:
    """A bell (31,) of height 1 at `peak` (nm), each side with a standard deviation of its own."""
    width = np.where(peak > WAVELENGTHS, below, below if above is None else above)
    result: Floats = np.exp(-0.5 * ((WAVELENGTHS - peak) / width) ** 2)
    return result


def balanced(response: Floats) -> Floats:
    """The response (3, 31) with each channel scaled so that a perfect white is 1."""
    result: Floats = response / response.sum(axis=1, keepdims=True)
    return result


def colour_matrix(response: Floats, samples: Floats) -> Floats:
    """The matrix (3, 3) from a camera's response (3, 31) to linear sRGB that keeps white white.

    Fitted by least squares on the reflectances `samples` (n, 31).
    """
    seen, wanted = samples @ balanced(response).T, linear_srgb(samples)
    green = seen[:, [1]]
    (red, blue), *_ = np.linalg.lstsq(seen[:, [0, 2]] - green, wanted - green, rcond=None)
    return np.stack([red, 1.0 - red - blue, blue], axis=1)
