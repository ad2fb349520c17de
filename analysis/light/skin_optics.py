"""The forward model of skin: how much melanin and blood give which reflectance and which colour.

Light crosses a melanin-bearing epidermis twice, over a dermis that carries blood. Wavelengths are
in nm, absorption and scattering coefficients in cm⁻¹, layer thicknesses in cm, chromophores as
volume fractions (`melanin` of the epidermis, `blood` of the dermis).

Sources:
- melanosome, bloodless tissue, dermal scattering: S. L. Jacques, "Optical properties of biological
  tissues: a review", Phys. Med. Biol. 58 (2013) R37, and the Oregon Medical Laser Center notes.
- haemoglobin extinction: S. Prahl's compilation, Oregon Medical Laser Center (1999).
- vessel packaging: R. L. P. van Veen et al., Opt. Lett. 27 (2002) 246; W. Verkruysse et al. (1997).
- diffuse reflectance: P. Kubelka, F. Munk (1931), semi-infinite layer.
- surface and internal reflection: J. L. Saunderson, J. Opt. Soc. Am. 32 (1942) 727.
- observer and daylight: ISO/CIE 11664-1:2019 (CIE 1931 2° observer) and 11664-2:2022 (D65), every
  10 nm; the step from XYZ to linear sRGB: IEC 61966-2-1.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

WAVELENGTHS: Final[NDArray[np.float64]] = np.arange(400.0, 701.0, 10.0)
BASELINE_BLOOD: Final = 0.008
TYPICAL_GLARE: Final = 0.02  # share of light the surface of a face returns in an ordinary photo


@dataclass(frozen=True, slots=True)
class Tone:
    """A skin tone: melanin fraction of the epidermis, and its ITA (degrees, without glare)."""

    melanin: float
    ita: float


TONES: Final = (
    Tone(0.012, 55.0),
    Tone(0.020, 42.0),
    Tone(0.035, 22.0),
    Tone(0.050, 8.0),
    Tone(0.080, -10.0),
    Tone(0.120, -24.0),
    Tone(0.180, -37.0),
    Tone(0.250, -53.0),
)

_EPIDERMIS_CM = 0.006
_VESSEL_RADIUS_CM = 0.001
_INTERNAL_REFLECTANCE = 0.53
_HAEMOGLOBIN_MOLAR = 150.0 / 64500.0  # g/l of whole blood over g/mol

# fmt: off
_EXTINCTION_HBO2 = np.array([  # cm⁻¹/M
    266232, 466840, 480360, 246072, 102580, 62816, 44480, 33209, 26629, 23684, 20933, 20035, 24202,
    39957, 53236, 43016, 32613, 44496, 50104, 14401, 3200, 1506, 942, 610, 442, 368, 320, 294, 278,
    276, 290,
], dtype=np.float64)
_EXTINCTION_HB = np.array([  # cm⁻¹/M
    223296, 303956, 407560, 528600, 413280, 103292, 23389, 16156, 14550, 16684, 20862, 25774, 31590,
    39036, 46592, 53412, 53788, 45072, 37020, 28324, 14677, 9444, 6510, 5149, 4345, 3750, 3227,
    2795, 2408, 2052, 1794,
], dtype=np.float64)
OBSERVER_1931: Final = np.array([  # x̄, ȳ, z̄
    [0.014310, 0.000396, 0.067850], [0.043510, 0.001210, 0.207400], [0.134380, 0.004000, 0.645600],
    [0.283900, 0.011600, 1.385600], [0.348280, 0.023000, 1.747060], [0.336200, 0.038000, 1.772110],
    [0.290800, 0.060000, 1.669200], [0.195360, 0.090980, 1.287640], [0.095640, 0.139020, 0.812950],
    [0.032010, 0.208020, 0.465180], [0.004900, 0.323000, 0.272000], [0.009300, 0.503000, 0.158200],
    [0.063270, 0.710000, 0.078250], [0.165500, 0.862000, 0.042160], [0.290400, 0.954000, 0.020300],
    [0.433450, 0.994950, 0.008750], [0.594500, 0.995000, 0.003900], [0.762100, 0.952000, 0.002100],
    [0.916300, 0.870000, 0.001650], [1.026300, 0.757000, 0.001100], [1.062200, 0.631000, 0.000800],
    [1.002600, 0.503000, 0.000340], [0.854450, 0.381000, 0.000190], [0.642400, 0.265000, 0.000050],
    [0.447900, 0.175000, 0.000020], [0.283500, 0.107000, 0.000000], [0.164900, 0.061000, 0.000000],
    [0.087400, 0.032000, 0.000000], [0.046770, 0.017000, 0.000000], [0.022700, 0.008210, 0.000000],
    [0.011359, 0.004102, 0.000000],
])
DAYLIGHT_D65: Final = np.array([
    82.7549, 91.4860, 93.4318, 86.6823, 104.865, 117.008, 117.812, 114.861, 115.923, 108.811,
    109.354, 107.802, 104.790, 107.689, 104.405, 104.046, 100.000, 96.3342, 95.7880, 88.6856,
    90.0062, 89.5991, 87.6987, 83.2886, 83.6992, 80.0268, 80.2146, 82.2778, 78.2842, 69.7213,
    71.6091,
])
# fmt: on
_XYZ_TO_LINEAR_SRGB = np.array(
    [
        [3.2404542, -1.5371385, -0.4985314],
        [-0.9692660, 1.8760108, 0.0415560],
        [0.0556434, -0.2040259, 1.0572252],
    ]
)
_SRGB_RESPONSE = _XYZ_TO_LINEAR_SRGB @ (OBSERVER_1931 * DAYLIGHT_D65[:, np.newaxis]).T
SRGB_WEIGHTS: Final = _SRGB_RESPONSE / _SRGB_RESPONSE.sum(axis=1, keepdims=True)
"""From reflectance to linear sRGB (3, 31) under D65; a perfect white is (1, 1, 1)."""


def reflectance(
    melanin: ArrayLike,
    blood: ArrayLike,
    *,
    glare: ArrayLike = 0.0,
    saturation: float = 0.64,
    scattering: ArrayLike = 1.0,
    vessels: float = 1.0,
    epidermis: float = 1.0,
) -> NDArray[np.float64]:
    """Spectral reflectance factor of skin, 0..1, shape (..., 31) over `WAVELENGTHS`.

    `melanin` and `blood` are volume fractions and broadcast against each other; `glare` is the
    share of light returned by the surface unchanged (0..0.06 in photos of faces), `saturation` the
    oxygenated share of the blood, `scattering` scales the dermis (1 is the mean of the literature;
    people differ by a third), `vessels` their radius and `epidermis` its thickness.
    """
    melanin_column = np.asarray(melanin, dtype=np.float64)[..., np.newaxis]
    blood_column = np.asarray(blood, dtype=np.float64)[..., np.newaxis]
    glare_column = np.asarray(glare, dtype=np.float64)[..., np.newaxis]
    scale = np.asarray(scattering, dtype=np.float64)[..., np.newaxis]
    bloodless = 0.244 + 85.3 * np.exp(-(WAVELENGTHS - 154.0) / 66.2)

    dermis = (
        blood_column * _blood_absorption(saturation, vessels) + (1.0 - blood_column) * bloodless
    )
    mie_share = 0.35 * (WAVELENGTHS / 500.0) ** -0.1
    reduced_scattering = scale * 60.0 * (0.65 * (WAVELENGTHS / 500.0) ** -4.0 + mie_share)
    ratio = 2.0 * dermis / (0.75 * reduced_scattering - 0.25 * dermis)
    from_dermis = 1.0 + ratio - np.sqrt(ratio * ratio + 2.0 * ratio)

    melanosome = 6.6e11 * WAVELENGTHS**-3.33
    absorbing = melanin_column * melanosome + (1.0 - melanin_column) * bloodless
    # Diffuse light travels twice the thickness.
    crossing = np.exp(-2.0 * absorbing * epidermis * _EPIDERMIS_CM)
    beneath = crossing * crossing * from_dermis

    escaping = (1.0 - _INTERNAL_REFLECTANCE) * beneath / (1.0 - _INTERNAL_REFLECTANCE * beneath)
    result: NDArray[np.float64] = glare_column + (1.0 - glare_column) * escaping
    return result


def _blood_absorption(saturation: float, vessels: float) -> NDArray[np.float64]:
    """Absorption of blood in vessels, cm⁻¹: large vessels hide part of their haemoglobin."""
    extinction = saturation * _EXTINCTION_HBO2 + (1.0 - saturation) * _EXTINCTION_HB
    whole_blood = np.log(10.0) * _HAEMOGLOBIN_MOLAR * extinction
    optical_width = 2.0 * whole_blood * vessels * _VESSEL_RADIUS_CM
    packed: NDArray[np.float64] = whole_blood * -np.expm1(-optical_width) / optical_width
    return packed


def linear_srgb(spectral_reflectance: ArrayLike) -> NDArray[np.float64]:
    """Linear sRGB (..., 3) of a reflectance (..., 31) under D65; a perfect white is (1, 1, 1)."""
    rgb: NDArray[np.float64] = np.asarray(spectral_reflectance, dtype=np.float64) @ SRGB_WEIGHTS.T
    return rgb


# The table reaches beyond any living skin, so that a fit may wander without falling off; with a
# step of 1/16 doubling, linear interpolation stays within 0.001 of the formula.
_STEPS_PER_DOUBLING = 16
_LOG2_MELANIN_RANGE = (-9.0, -0.75)  # 0.002 .. 0.59
_LOG2_BLOOD_RANGE = (-11.0, -2.5)  # 0.0005 .. 0.18
_DARKEST = 1e-4  # matte, very dark skin lies outside the sRGB gamut in blue


def tabulate_log_rgb(weights: NDArray[np.float64], **build: float) -> NDArray[np.float64]:
    """Table of log RGB at `TYPICAL_GLARE` for a camera under a light, to read with `read_table`.

    `weights` is (3, 31): illuminant × sensitivity of each channel over `WAVELENGTHS`, each row
    summing to 1, so that a perfect white reads (1, 1, 1). `build` is handed to `reflectance`: how
    this skin differs from the typical one.
    """
    melanin = np.exp2(_grid(_LOG2_MELANIN_RANGE))[:, np.newaxis]
    blood = np.exp2(_grid(_LOG2_BLOOD_RANGE))[np.newaxis, :]
    rgb = reflectance(melanin, blood, glare=TYPICAL_GLARE, **build) @ weights.T
    return np.log(np.maximum(rgb, _DARKEST))


def read_table(
    table: NDArray[np.float64], melanin: ArrayLike, blood: ArrayLike
) -> NDArray[np.float64]:
    """Log RGB (..., 3) interpolated bilinearly in (log2 melanin, log2 blood).

    `melanin` and `blood` broadcast against each other. Fractions beyond the table (melanin
    0.002..0.59, blood 0.0005..0.18) are read at its edge.
    """
    row, row_share = _locate(melanin, _LOG2_MELANIN_RANGE)
    column, column_share = _locate(blood, _LOG2_BLOOD_RANGE)
    fewer = table[row, column] * (1.0 - column_share) + table[row, column + 1] * column_share
    more = table[row + 1, column] * (1.0 - column_share) + table[row + 1, column + 1] * column_share
    interpolated: NDArray[np.float64] = fewer * (1.0 - row_share) + more * row_share
    return interpolated


def log_rgb(
    melanin: ArrayLike, blood: ArrayLike, *, glare: float = TYPICAL_GLARE
) -> NDArray[np.float64]:
    """Natural logarithm of linear sRGB under D65, shape (..., 3); a perfect white is (0, 0, 0).

    Read from a table with the limits of `read_table`. `glare` is the share of surface reflection;
    without any (0.0) the blue of very dark skin leaves the gamut and is held at 1e-4.
    """
    log_typical = read_table(_D65_TABLE, melanin, blood)
    if glare == TYPICAL_GLARE:
        return log_typical
    matte = (np.exp(log_typical) - TYPICAL_GLARE) / (1.0 - TYPICAL_GLARE)
    result: NDArray[np.float64] = np.log(np.maximum(glare + (1.0 - glare) * matte, _DARKEST))
    return result


def _grid(bounds: tuple[float, float]) -> NDArray[np.float64]:
    low, high = bounds
    return np.linspace(low, high, round((high - low) * _STEPS_PER_DOUBLING) + 1)


def _locate(
    fraction: ArrayLike, bounds: tuple[float, float]
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Cell index (...) and position inside the cell (..., 1) of a fraction on its log2 axis."""
    low, high = bounds
    cells = round((high - low) * _STEPS_PER_DOUBLING)
    position = (np.log2(np.asarray(fraction, dtype=np.float64)) - low) * _STEPS_PER_DOUBLING
    position = np.clip(position, 0.0, cells)
    index = np.minimum(position.astype(np.intp), cells - 1)
    return index, (position - index)[..., np.newaxis]


_D65_TABLE: Final = tabulate_log_rgb(SRGB_WEIGHTS)
