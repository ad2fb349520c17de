"""Lamps, cameras and prints as they may be met: how the card's patches change together.

A patch that changes as no lamp or camera would let it is covered, shines or lies in a shadow. What
they would let it do is learned here from a thousand and more imagined pairs of days, each with its
own lamps, camera and printer. Nothing is fitted to photos; shapes and ranges are the literature's:
- lamps: Planck's law; daylight; white LEDs as a pump line and a phosphor band; fluorescent lamps as
  mercury lines with broad or three narrow phosphor bands (CIE 15:2018, FL series);
- cameras: J. Jiang et al., "What is the space of spectral sensitivity functions for digital color
  cameras?", WACV 2013, with a 3×3 matrix for daylight, for tungsten, or between;
- inks: Beer–Lambert layers, softened from continuous tone to halftone by one exponent.
"""

from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.card.layout import PATCHES
from analysis.light.lamps import bell, colour_matrix, planck
from analysis.light.skin_optics import (
    BASELINE_BLOOD,
    DAYLIGHT_D65,
    WAVELENGTHS,
    linear_srgb,
    reflectance,
)

Floats = NDArray[np.float64]

DARKEST: Final = 2e-3
"""Linear light below which a reading is held, here as in photos."""

_PAIRS: Final = 2400
_PRINTS: Final = 60
_CAMERAS: Final = 150
_SAME_CAMERA: Final = 0.6  # of the pairs of days
_SEED: Final = 20150
_TARGET: Final = np.array([patch.colour for patch in PATCHES])


@dataclass(frozen=True, slots=True, eq=False)
class Ensemble:
    """Mean (3n,) and covariance (3n, 3n) of the change of log RGB of the card's n patches.

    It is between two days and up to a common exposure.
    """

    patches: Floats
    patches_covariance: Floats


@cache
def ensemble() -> Ensemble:
    """Imagine the pairs of days; always the same, a fraction of a second once a process."""
    rng = np.random.default_rng(_SEED)
    prints = _prints(rng)
    cameras = [_camera(rng) for _ in range(_CAMERAS)]
    patches = np.empty((_PAIRS, 3 * len(PATCHES)))
    for pair in range(_PAIRS):
        seen = prints[rng.integers(_PRINTS)]
        first = int(rng.integers(_CAMERAS))
        second = first if rng.random() < _SAME_CAMERA else int(rng.integers(_CAMERAS))
        days = [log_colour(seen, _weights(rng, cameras[camera])) for camera in (first, second)]
        patches[pair] = (days[1] - days[0] + rng.normal(0.0, 0.14, 3)).ravel()
    centred = patches - patches.mean(axis=0)
    return Ensemble(patches.mean(axis=0), centred.T @ centred / _PAIRS)


def _prints(rng: np.random.Generator) -> Floats:
    return np.stack([_print(rng) for _ in range(_PRINTS)])


def log_colour(reflectances: Floats, weights: Floats) -> Floats:
    """Log linear RGB (..., n, 3) of reflectances (..., n, 31), held at `DARKEST`."""
    logarithm: Floats = np.log(np.maximum(reflectances @ weights.T, DARKEST))
    return logarithm


def _step(edge: float, width: float) -> Floats:
    """A smooth step from 0 to 1."""
    result: Floats = 1.0 / (1.0 + np.exp(-(WAVELENGTHS - edge) / width))
    return result


def _lamp(rng: np.random.Generator) -> Floats:
    """The spectral power of one lamp of any kind, mean 1."""
    kind = rng.integers(5)
    if kind == 0:
        spectrum = planck(rng.uniform(2300, 3400))
    elif kind == 1:
        spectrum = DAYLIGHT_D65 * planck(rng.uniform(4300, 9000)) / planck(6500)
    elif kind == 2:
        pump = rng.uniform(0.2, 1.6) * bell(rng.uniform(442, 462), rng.uniform(8, 13))
        phosphor = bell(rng.uniform(545, 615), rng.uniform(38, 60), rng.uniform(50, 75))
        spectrum = pump + phosphor
    elif kind == 3:
        spectrum = rng.uniform(0.3, 0.9) * bell(rng.uniform(475, 490), 35, 40)
        spectrum += bell(rng.uniform(572, 592), rng.uniform(32, 42), rng.uniform(38, 50))
        mercury = rng.uniform(0.5, 1.3)
        for line, power in ((405, 0.8), (435, 1.7), (545, 1.0), (578, 0.35)):
            spectrum += mercury * power * bell(line, 4.5)
    else:
        spectrum = 0.08 + 0.1 * bell(480, 40) + rng.uniform(0.1, 0.5) * bell(450, 18)
        bands = ((435, 0.6, 5), (489, 0.25, 7), (544, 1.3, 5.5), (586, 0.25, 8), (611, 1.3, 6))
        for line, power, width in (*bands, (628, 0.2, 8)):
            strength = rng.uniform(0.6, 1.4) * power
            spectrum += strength * bell(line + rng.normal(0, 0.8), width)
    result: Floats = spectrum / spectrum.mean()
    return result


def _light(rng: np.random.Generator) -> Floats:
    """One lamp, or now and then two at once: a window and a ceiling light."""
    light = _lamp(rng)
    if rng.random() < 0.25:
        share = rng.uniform(0.1, 0.5)
        light = (1 - share) * light + share * _lamp(rng)
    return light


@dataclass(frozen=True, slots=True, eq=False)
class _Phone:
    """Sensitivities (3, 31), and its matrices to linear sRGB for daylight and for tungsten."""

    sensitivities: Floats
    for_daylight: Floats
    for_tungsten: Floats


def _camera(rng: np.random.Generator) -> _Phone:
    peaks = (rng.uniform(592, 614), rng.uniform(522, 544), rng.uniform(448, 470))
    widths = (rng.uniform(28, 45), rng.uniform(32, 46), rng.uniform(22, 34))
    curves = np.stack([bell(peak, width) for peak, width in zip(peaks, widths, strict=True)])
    curves[0] += rng.uniform(0, 0.08) * bell(445, 25)
    curves *= 1.0 - _step(rng.uniform(655, 685), rng.uniform(6, 12))
    samples = _things(rng)
    return _Phone(
        curves,
        colour_matrix(curves * DAYLIGHT_D65, samples),
        colour_matrix(curves * planck(2856), samples),
    )


def _things(rng: np.random.Generator) -> Floats:
    """Reflectances (n, 31) of what a maker tunes a camera's matrix on: things and faces."""
    things = []
    for _ in range(40):
        rising = _step(rng.uniform(410, 670), rng.uniform(8, 40))
        spectrum = rising if rng.random() < 0.5 else 1.0 - rising
        if rng.random() < 0.5:
            spectrum = spectrum * bell(rng.uniform(420, 680), rng.uniform(40, 100))
        things.append(0.04 + rng.uniform(0.2, 0.8) * spectrum)
    blood = BASELINE_BLOOD * np.array([0.7, 1.5, 3.0])
    faces = reflectance(np.array([0.012, 0.03, 0.08, 0.2])[:, np.newaxis], blood)
    return np.concatenate([things, *2 * [faces.reshape(-1, WAVELENGTHS.size)]])


def _weights(rng: np.random.Generator, phone: _Phone) -> Floats:
    """From reflectance to linear RGB (3, 31) under some light, white balanced."""
    response = phone.sensitivities * _light(rng)
    tungsten = rng.random() if rng.random() < 0.4 else 0.0
    matrix = (1 - tungsten) * phone.for_daylight + tungsten * phone.for_tungsten
    weights: Floats = matrix @ (response / response.sum(axis=1, keepdims=True))
    return weights


def _print(rng: np.random.Generator) -> Floats:
    """Reflectances (n, 31) of the patches as some printer makes them: about the colours asked."""
    cyan = bell(rng.normal(635, 10), rng.uniform(45, 65), rng.uniform(45, 75))
    magenta = bell(rng.normal(545, 8), rng.uniform(32, 50), rng.uniform(20, 34))
    magenta += rng.uniform(0.1, 0.25) * bell(430, 40, 50)
    yellow = 1.0 - _step(rng.normal(490, 8), rng.uniform(8, 16)) + 0.02
    densities = np.stack([cyan + rng.uniform(0.05, 0.15), magenta, yellow, np.ones_like(yellow)])
    densities *= np.array([1.5, 1.4, 1.3, 1.6])[:, np.newaxis] * rng.uniform(0.85, 1.1, (4, 1))
    paper = rng.uniform(0.82, 0.92) * (0.7 + 0.3 * _step(rng.uniform(405, 418), 7.0))
    paper *= 1.0 + rng.uniform(0, 0.1) * bell(442, 14)
    softness = rng.uniform(1.2, 3.0)
    wanted = np.log(np.maximum(_TARGET * linear_srgb(paper), 0.012))
    wanted += rng.normal(0, 0.025, wanted.shape)
    black = rng.uniform(0, 0.8) * np.clip(1 - 1.6 * np.sqrt(_TARGET.max(axis=1)), 0, 1)
    return _inked(densities / softness, paper, softness, wanted, black)


def _inked(
    densities: Floats, paper: Floats, softness: float, wanted: Floats, black: Floats
) -> Floats:
    """Reflectances (n, 31) for the amounts of ink that come nearest to the log colours wanted."""
    absorbed = 1.0 - 10.0**-densities

    def printed(amounts: Floats) -> Floats:
        layers = 1.0 - np.clip(amounts, 0.0, 1.0)[..., np.newaxis] * absorbed
        result: Floats = 0.012 + 0.988 * paper * np.prod(layers, axis=-2) ** softness
        return result

    amounts = np.column_stack([np.clip(1 - np.sqrt(_TARGET), 0, 1), black])
    steps = 1e-3 * np.eye(4)[:3]
    for _ in range(8):  # Gauss–Newton, a little damped
        tried = np.concatenate([amounts[np.newaxis], amounts + steps[:, np.newaxis]])
        colour = np.log(np.maximum(linear_srgb(printed(tried)), 0.004))
        slope = np.moveaxis((colour[1:] - colour[0]) / 1e-3, 0, -1)
        turned = np.swapaxes(slope, 1, 2)
        pull = turned @ (wanted - colour[0])[..., np.newaxis]
        step = np.linalg.solve(turned @ slope + 0.02 * np.eye(3), pull)[..., 0]
        amounts[:, :3] = np.clip(amounts[:, :3] + np.clip(step, -0.2, 0.2), 0, 0.999)
    return printed(amounts)
