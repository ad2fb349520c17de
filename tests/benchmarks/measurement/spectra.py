"""The forward model held against measured spectra, and the inverse against people unlike it."""

import csv
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares
from skimage.color import deltaE_ciede2000

from analysis.skin_optics import DAYLIGHT_D65, OBSERVER_1931, WAVELENGTHS, reflectance

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
        newer = deltaE_ciede2000(first, second)  # type: ignore[no-untyped-call]
        older = np.linalg.norm(first - second, axis=1)
        fitted = ", ".join(names[:count])
        table.append(
            f"| {fitted} | {np.median(newer):.2f} | {np.median(older):.2f} "
            f"| {np.quantile(older, 0.9):.2f} |"
        )
    return "\n".join(table) + f"\n\n{len(spectra)} people.\n"


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
