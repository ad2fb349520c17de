"""The forward model compared with measured spectra, and the inverse with people unlike it."""

import csv
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares
from skimage.color import deltaE_ciede2000

from analysis.light.chromophores import Shift, explain
from analysis.light.plausible_skin import estimate_state
from analysis.light.skin_optics import (
    BASELINE_BLOOD,
    DAYLIGHT_D65,
    OBSERVER_1931,
    TONES,
    WAVELENGTHS,
    linear_srgb,
    reflectance,
)

Floats = NDArray[np.float64]

# Which properties of the skin are free in each fit: start, lower and upper bound.
_FREE: Final[Mapping[str, tuple[float, float, float]]] = MappingProxyType(
    {
        "log2 melanin": (-5.0, -9.0, -1.0),
        "log2 blood": (-7.0, -11.0, -3.0),
        "glare": (0.02, 0.0, 0.10),
        "log2 scattering": (0.0, -1.5, 1.5),
        "saturation": (0.64, 0.2, 1.0),
    }
)
_FITS: Final = (2, 3, 4, 5)
_SCATTERINGS: Final = (0.8, 1.0, 1.2, 1.4, 1.6, 1.8)
_STRAY_SKINS: Final[Mapping[str, Mapping[str, float]]] = MappingProxyType(
    {
        "as the model": {},
        "scattering ×0.7": {"scattering": 0.7},
        "scattering ×1.5": {"scattering": 1.5},
        "saturation 0.45": {"saturation": 0.45},
        "saturation 0.85": {"saturation": 0.85},
    }
)


def fit_spectra(file: Path) -> str:
    """A table of median colour differences between measured and modelled skin."""
    with file.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    spectra = np.array([[float(row[f"{nm:.0f}"]) for nm in WAVELENGTHS] for row in rows])
    names = list(_FREE)
    table = ["#### The forward model against measured spectra\n"]
    table += ["| fitted for every person | median ΔE00 | median ΔE*ab | 90 % below (ΔE*ab) |"]
    table += ["|---|---|---|---|"]
    for count in _FITS:
        modelled = np.stack([_best(spectrum, names[:count]) for spectrum in spectra])
        first, second = cielab(spectra), cielab(modelled)
        newer = deltaE_ciede2000(first, second)
        older = np.linalg.norm(first - second, axis=1)
        fitted = ", ".join(names[:count])
        table.append(
            f"| {fitted} | {np.median(newer):.2f} | {np.median(older):.2f} "
            f"| {np.quantile(older, 0.9):.2f} |"
        )
    scattering, newer, older = _share_one_scattering(spectra)
    table.append(
        f"| log2 melanin, log2 blood, by colour; scattering ×{scattering:.2f} for all, chosen on "
        f"every other person | {np.median(newer):.2f} | {np.median(older):.2f} "
        f"| {np.quantile(older, 0.9):.2f} |"
    )
    return "\n".join(table) + f"\n\n{len(spectra)} people.\n"


def _share_one_scattering(spectra: Floats) -> tuple[float, Floats, Floats]:
    """One scattering for everyone, chosen on half of the people, judged on the others.

    Returns it and the colour differences of the others, ΔE00 and ΔE*ab.
    """
    wanted = cielab(spectra)
    chosen = min(
        _SCATTERINGS,
        key=lambda s: float(np.median([_colour_gap(lab, s)[0] for lab in wanted[::2]])),
    )
    judged = np.array([_colour_gap(lab, chosen) for lab in wanted[1::2]])
    return chosen, judged[:, 0], judged[:, 1]


def _colour_gap(lab: Floats, scattering: float) -> tuple[float, float]:
    """ΔE00 and ΔE*ab between a colour and the nearest that melanin and blood can make."""

    def modelled(values: Floats) -> Floats:
        return cielab(reflectance(2.0 ** values[0], 2.0 ** values[1], scattering=scattering))

    def gap(values: Floats) -> Floats:
        missed: Floats = modelled(values) - lab
        return missed

    bounds = np.array([_FREE["log2 melanin"], _FREE["log2 blood"]])
    fitted = least_squares(gap, bounds[:, 0], bounds=(bounds[:, 1], bounds[:, 2]))
    nearest = modelled(fitted.x)
    newer = float(deltaE_ciede2000(nearest, lab))
    return newer, float(np.linalg.norm(nearest - lab))


def stray_from_the_model() -> str:
    """How a doubling of blood and half as much melanin again read in skin unlike the model."""
    names = list(_STRAY_SKINS)
    lines = ["#### Skin unlike the model: blood ×2 read as redness / melanin ×1.5 as redness\n"]
    lines += ["| ITA | " + " | ".join(names) + " |", "|" + "---|" * (len(names) + 1)]
    for tone in TONES:
        cells = [f"{tone.ita:.0f}°"]
        for skin in _STRAY_SKINS.values():
            redder, darker = (
                _read_stray(tone.melanin, skin, blood, melanin)
                for blood, melanin in ((1.0, 0.0), (0.0, float(np.log2(1.5))))
            )
            cells.append(f"{redder:.2f} / {darker:+.2f}")
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _read_stray(melanin: float, skin: Mapping[str, float], blood: float, more: float) -> float:
    """Redness read under one unchanged light, seen by the standard observer."""
    before, after = (
        np.log(
            linear_srgb(reflectance(melanin * 2.0**m, BASELINE_BLOOD * 2.0**b, glare=0.02, **skin))
        )
        for b, m in ((0.0, 0.0), (blood, more))
    )
    brightness = float(np.log(np.exp(before) @ np.array([0.2126, 0.7152, 0.0722])))
    state = estimate_state(before, brightness, 0.25)
    shift = Shift(after - before, np.eye(3) * 0.003**2 + 0.05**2)
    return explain(shift, np.zeros(3), state).redness.value


def _best(spectrum: Floats, free: list[str]) -> Floats:
    """The modelled spectrum nearest in colour-weighted reflectance."""
    bounds = np.array([_FREE[name] for name in free])
    importance = np.sqrt(OBSERVER_1931.sum(axis=1) * DAYLIGHT_D65)
    importance = importance / importance.mean() + 0.1

    def gap(values: Floats) -> Floats:
        missed: Floats = (_modelled(values) - spectrum) * importance
        return missed

    fitted = least_squares(gap, bounds[:, 0], bounds=(bounds[:, 1], bounds[:, 2]), x_scale=0.1)
    return _modelled(fitted.x)


def _modelled(values: Floats) -> Floats:
    defaults = np.array([start for start, _, _ in _FREE.values()])
    melanin, blood, glare, scattering, saturation = [*values, *defaults[len(values) :]]
    return reflectance(
        2.0**melanin,
        2.0**blood,
        glare=glare if len(values) > 2 else 0.0,
        scattering=2.0**scattering,
        saturation=float(saturation),
    )


def cielab(spectra: Floats) -> Floats:
    """CIELAB (n, 3) of reflectances (n, 31) under D65, 2° observer."""
    weights = OBSERVER_1931 * DAYLIGHT_D65[:, np.newaxis]
    ratio = spectra @ weights / weights.sum(axis=0)
    f = np.where(ratio > 216 / 24389, np.cbrt(ratio), (24389 / 27 * ratio + 16) / 116)
    return np.stack(
        [116 * f[..., 1] - 16, 500 * (f[..., 0] - f[..., 1]), 200 * (f[..., 1] - f[..., 2])],
        axis=-1,
    )
