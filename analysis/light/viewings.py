"""The ways a photo may have come about: which light, which camera, unknown but plausible.

Skin looks redder under one lamp than under another even when white paper looks the same. No photo
says which lamp it was, so the inverse weighs all of these. They are generic kinds of lamps and
filters (D65 by the standard observer first), drawn by formula: real ones lie between them.

Sources: D65 and the standard observer as in `analysis.light.skin_optics`; incandescent light by
Planck; mercury lines at 405, 436, 546 and 578 nm (NIST Atomic Spectra Database); emission bands of
the halophosphate and of the rare-earth phosphors (W. M. Yen et al., "Phosphor Handbook", 2007);
white LEDs as a blue pump and one phosphor band; filters near the mean of 28 cameras (J. Jiang
et al., "What is the space of spectral sensitivity functions for digital color cameras?",
WACV 2013).
"""

from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.light.lamps import balanced, bell, colour_matrix, planck
from analysis.light.skin_optics import (
    BASELINE_BLOOD,
    DAYLIGHT_D65,
    SRGB_WEIGHTS,
    TONES,
    WAVELENGTHS,
    reflectance,
)

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]

STANDARD: Final = 0
"""The viewing of the standard observer under D65, without a camera."""

_STEPS_PER_DOUBLING: Final = 8
_LOG2_MELANIN: Final = (-9.0, -0.75)
_LOG2_BLOOD: Final = (-11.0, -2.5)

_MERCURY: Final = ((405.0, 0.35), (436.0, 1.0), (546.0, 0.95), (578.0, 0.30))
# Peaks and widths (nm) of red, green and blue filters.
_FILTERS: Final = (
    ((600.0, 532.0, 460.0), (35.0, 39.0, 29.0)),
    ((606.0, 538.0, 455.0), (38.0, 36.0, 26.0)),
    ((594.0, 526.0, 466.0), (33.0, 43.0, 32.0)),
    ((602.0, 540.0, 463.0), (44.0, 42.0, 24.0)),
)
_DAYLIGHTS: Final = 2  # of the lamps, the first
_COMMON_STANDARD: Final = 8.0
_COMMON_DAYLIGHT: Final = 2.0
_CUT_NM: Final = 675.0  # where the infrared filter has fallen to one half


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """How skins look: log RGB (n, 3) and its slopes per doubling of blood and of melanin, and per
    unit of glare."""

    log_rgb: Floats
    by_blood: Floats
    by_melanin: Floats
    by_glare: Floats


def count_viewings() -> int:
    """How many there are; `STANDARD` is the first."""
    return len(viewing_weights())


def commonness() -> Floats:
    """How common each viewing is among baseline photos, relative to one lamp with one camera.

    Phones are tuned towards the standard observer, most of all under daylight.
    """
    weight = np.ones(count_viewings())
    weight[STANDARD] = _COMMON_STANDARD
    lamp = (np.arange(1, len(weight)) - 1) % len(_lamps())
    weight[1:][lamp < _DAYLIGHTS] = _COMMON_DAYLIGHT
    return weight


def other_viewings(viewing: Indices, rng: np.random.Generator) -> tuple[Indices, Indices]:
    """Any lamp with the camera of each viewing (n,), and any lamp with any camera."""
    lamps, cameras = len(_lamps()), len(_FILTERS)
    lamp = rng.integers(lamps, size=viewing.shape)
    camera = rng.integers(cameras, size=viewing.shape)
    own = np.where(viewing == STANDARD, camera, (viewing - 1) // lamps)
    anew = rng.integers(lamps, size=viewing.shape)
    return 1 + own * lamps + lamp, 1 + camera * lamps + anew


def look_at_skin(viewing: Indices, melanin: Floats, blood: Floats, glare: Floats) -> Look:
    """Each skin (n,) as its viewing (n,) shows it; fractions beyond the table are read at its edge.

    `glare` is the share of light that the surface returns unchanged.
    """
    tables = _tables()
    row, down = _locate(melanin, _LOG2_MELANIN)
    column, along = _locate(blood, _LOG2_BLOOD)
    near, right = tables[viewing, row, column], tables[viewing, row, column + 1]
    below, across = tables[viewing, row + 1, column], tables[viewing, row + 1, column + 1]
    upper, lower = near + along * (right - near), below + along * (across - below)
    by_blood = (right - near) * (1 - down) + (across - below) * down
    share = glare[:, np.newaxis]
    matte = upper + down * (lower - upper)
    rgb = np.maximum(share + (1 - share) * matte, 5e-4)
    steps = _STEPS_PER_DOUBLING * (1 - share) / rgb
    return Look(np.log(rgb), by_blood * steps, (lower - upper) * steps, (1 - matte) / rgb)


def _locate(fraction: Floats, bounds: tuple[float, float]) -> tuple[Indices, Floats]:
    low, high = bounds
    cells = round((high - low) * _STEPS_PER_DOUBLING)
    position = np.clip((np.log2(fraction) - low) * _STEPS_PER_DOUBLING, 0, cells)
    index = np.minimum(position.astype(np.intp), cells - 1)
    return index, (position - index)[:, np.newaxis]


@cache
def viewing_weights() -> Floats:
    """From reflectance to linear RGB, (viewings, 3, 31); a perfect white is (1, 1, 1)."""
    weights = [SRGB_WEIGHTS]
    for filters in _FILTERS:
        sensitivity = _sensitivities(*filters)
        matrix = _colour_matrix(sensitivity)
        weights += [matrix @ balanced(sensitivity * lamp) for lamp in _lamps()]
    return np.stack(weights)


@cache
def _tables() -> Floats:
    """Linear RGB without glare, (viewings, melanin, blood, 3)."""
    melanin, blood = (
        np.exp2(np.linspace(low, high, round((high - low) * _STEPS_PER_DOUBLING) + 1))
        for low, high in (_LOG2_MELANIN, _LOG2_BLOOD)
    )
    spectra = reflectance(melanin[:, np.newaxis], blood)
    return np.stack([spectra @ weights.T for weights in viewing_weights()])


@cache
def _lamps() -> tuple[Floats, ...]:
    halophosphate = _band(480.0, 38.0, 0.30) + _band(580.0, 38.0, 1.0) + _mercury(1.1)
    lines = ((490.0, 6.0, 0.35), (544.0, 5.0, 1.6), (587.0, 7.0, 0.35), (611.0, 5.0, 1.5))
    rare_earth = np.sum([_band(*line) for line in lines], axis=0) + _mercury(0.5) + 0.03
    rare_earth += _band(450.0, 25.0, 0.25)
    return (
        DAYLIGHT_D65,
        DAYLIGHT_D65 * planck(5000.0) / planck(6500.0),
        planck(2800.0),
        halophosphate,
        rare_earth,
        _band(450.0, 9.0, 0.40) + _band(595.0, 55.0, 1.0),
        _band(452.0, 10.0, 0.85) + _band(572.0, 56.0, 1.0),
        _band(448.0, 10.0, 1.40) + _band(555.0, 54.0, 1.0),
    )


def _band(peak: float, width: float, height: float) -> Floats:
    return height * bell(peak, width)


def _mercury(strength: float) -> Floats:
    lines = [_band(wavelength, 6.0, strength * height) for wavelength, height in _MERCURY]
    spectrum: Floats = np.sum(lines, axis=0)
    return spectrum


def _sensitivities(peaks: tuple[float, ...], widths: tuple[float, ...]) -> Floats:
    cut = 1 / (1 + np.exp((WAVELENGTHS - _CUT_NM) / 8))
    return np.stack([_band(p, w, 1.0) for p, w in zip(peaks, widths, strict=True)]) * cut


def _colour_matrix(sensitivity: Floats) -> Floats:
    """3×3 to linear sRGB, fitted for daylight on skins and smooth paints; white stays white."""
    melanin = np.array([tone.melanin for tone in TONES])[:, np.newaxis]
    skins = reflectance(melanin, BASELINE_BLOOD * np.array([1.0, 2.0, 4.0]))
    edges = np.linspace(440.0, 640.0, 9)[:, np.newaxis]
    rising = 0.05 + 0.6 / (1 + np.exp(-(WAVELENGTHS - edges) / 20))
    paints = np.concatenate([skins.reshape(-1, WAVELENGTHS.size), rising, 0.7 - rising])
    return colour_matrix(sensitivity * DAYLIGHT_D65, paints)
