"""The lights a photo is taken under, as relative spectral power over `WAVELENGTHS`.

Standard illuminants from CIE 15:2018 (D65 and D50 every 10 nm; FL2 and FL11 averaged from 5 nm
with weights ¼ ½ ¼ so that no mercury line falls between two samples; A by its formula). White LEDs
are a blue pump line and a broad phosphor band.
"""

from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.light.skin_optics import DAYLIGHT_D65, WAVELENGTHS

# fmt: off
_D50 = np.array([
    49.31, 56.51, 60.03, 57.82, 74.82, 87.25, 90.61, 91.37, 95.11, 91.96, 95.72, 96.61, 97.13,
    102.10, 100.75, 102.32, 100.00, 97.74, 98.92, 93.50, 97.69, 99.27, 99.04, 95.72, 98.86, 95.67,
    98.19, 103.00, 99.13, 87.38, 91.60,
])
_FL2_FROM_395_STEP_5 = np.array([
    2.15, 3.44, 15.69, 3.85, 3.74, 4.19, 4.62, 5.06, 34.98, 11.81, 6.27, 6.63, 6.93, 7.19, 7.40,
    7.54, 7.62, 7.65, 7.62, 7.62, 7.45, 7.28, 7.15, 7.05, 7.04, 7.16, 7.47, 8.04, 8.88, 10.01,
    24.88, 16.64, 14.59, 16.16, 17.56, 18.62, 21.47, 22.79, 19.29, 18.66, 17.73, 16.54, 15.21,
    13.80, 12.36, 10.95, 9.65, 8.40, 7.32, 6.31, 5.43, 4.68, 4.02, 3.45, 2.96, 2.55, 2.19, 1.89,
    1.64, 1.53, 1.27, 1.10, 0.99,
])
_FL11_FROM_395_STEP_5 = np.array([
    0.37, 1.29, 12.68, 1.59, 1.79, 2.46, 3.33, 4.49, 33.94, 12.13, 6.95, 7.19, 7.12, 6.72, 6.13,
    5.46, 4.79, 5.66, 14.29, 14.96, 8.97, 4.72, 2.33, 1.47, 1.10, 0.89, 0.83, 1.18, 4.90, 39.59,
    72.84, 32.61, 7.52, 2.83, 1.96, 1.67, 4.43, 11.28, 14.76, 12.73, 9.74, 7.33, 9.72, 55.27,
    42.58, 13.18, 13.16, 12.26, 5.11, 2.07, 2.34, 3.58, 3.01, 2.48, 2.14, 1.54, 1.33, 1.46, 1.94,
    2.00, 1.20, 1.35, 4.10,
])
# fmt: on


class Lamp(StrEnum):
    """A kind of light."""

    D65 = "D65"
    D50 = "D50"
    A = "A"
    FL2 = "FL2"
    FL11 = "FL11"
    LED_WARM = "LED_warm"
    LED_COLD = "LED_cold"


def _every_10_nm(from_395_step_5: NDArray[np.float64]) -> NDArray[np.float64]:
    values = from_395_step_5
    averaged: NDArray[np.float64] = (
        0.25 * values[:-2:2] + 0.5 * values[1:-1:2] + 0.25 * values[2::2]
    )
    return averaged


def _incandescent() -> NDArray[np.float64]:
    planck: NDArray[np.float64] = (560.0 / WAVELENGTHS) ** 5 / np.expm1(
        1.435e7 / (2848.0 * WAVELENGTHS)
    )
    return planck


def _white_led(pump_nm: float, pump: float, phosphor_nm: float) -> NDArray[np.float64]:
    line = pump * np.exp(-0.5 * ((WAVELENGTHS - pump_nm) / 10.0) ** 2)
    width = np.where(phosphor_nm > WAVELENGTHS, 46.0, 62.0)
    band: NDArray[np.float64] = np.exp(-0.5 * ((WAVELENGTHS - phosphor_nm) / width) ** 2)
    return line + band


_SPECTRA: Final = {
    Lamp.D65: DAYLIGHT_D65,
    Lamp.D50: _D50,
    Lamp.A: _incandescent(),
    Lamp.FL2: _every_10_nm(_FL2_FROM_395_STEP_5),
    Lamp.FL11: _every_10_nm(_FL11_FROM_395_STEP_5),
    Lamp.LED_WARM: _white_led(452.0, 0.45, 600.0),
    Lamp.LED_COLD: _white_led(450.0, 1.35, 555.0),
}


def spectral_power(lamp: Lamp) -> NDArray[np.float64]:
    """Relative spectral power (31,) of a lamp, mean 1."""
    spectrum = _SPECTRA[lamp]
    result: NDArray[np.float64] = spectrum / spectrum.mean()
    return result
