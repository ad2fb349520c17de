"""Proportions of people who do not exist, drawn as living people differ.

Means and standard deviations are those of young adults, women and men together: L. G. Farkas,
"Anthropometry of the Head and Face" (1994); L. G. Farkas, M. J. Katic and C. R. Forrest,
"International anthropometric study of facial morphology in various ethnic groups/races", J.
Craniofac. Surg. 16 (2005) 615–646; for the pupils N. A. Dodgson, "Variation and extrema of human
interpupillary distance", Proc. SPIE 5291 (2004). Each length is drawn by itself, cut at two
standard deviations.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import numpy as np

from analysis.scenes.head.features import Proportions

_REACH: Final = 2.0  # standard deviations
_SPREAD: Final[Mapping[str, tuple[float, float]]] = MappingProxyType(
    {
        "face_width": (0.98, 0.035),  # zy–zy
        "jaw_width": (0.97, 0.055),  # go–go
        "pupil_distance": (63.0, 3.4),
        "eye_height": (10.4, 0.9),  # ps–pi
        "eye_slant": (2.0, 1.6),  # degrees
        "eye_width": (1.0, 0.04),  # en–ex
        "nose_width": (36.5, 3.6),  # al–al; all groups together
        "nose_length": (46.0, 3.2),  # n–sn
        "nose_height": (17.0, 1.6),  # sn–prn
        "nose_to_mouth": (20.5, 2.0),  # sn–sto
        "mouth_width": (51.0, 3.3),  # ch–ch
        "upper_lip": (8.0, 1.3),  # ls–sto
        "lower_lip": (10.0, 1.4),  # sto–li
        "brow_height": (16.6, 2.4),
        "brow_arch": (5.0, 1.3),
        "brow_ridge": (1.0, 0.25),
        "cheekbones": (1.0, 0.25),
        "lid_space": (2.8, 0.8),
        "neck_width": (53.0, 2.0),
    }
)
_CHIN_SD: Final = 3.2  # sto–gn
_CHIN_LENGTHS: Final = (-12.0, 8.0)  # n–gn, the range of most people


def draw_proportions(rng: np.random.Generator) -> Proportions:
    """The bone structure of a new person."""
    drawn = {name: mean + sd * _deviation(rng) for name, (mean, sd) in _SPREAD.items()}
    mouth = drawn["nose_length"] + drawn["nose_to_mouth"]
    chin = mouth - Proportions().mouth - 2.0 + _CHIN_SD * _deviation(rng)  # it follows the mouth
    return Proportions(**drawn, chin_length=float(np.clip(chin, *_CHIN_LENGTHS)))


def _deviation(rng: np.random.Generator) -> float:
    """Standard normal, cut at `_REACH`."""
    while abs(deviation := float(rng.normal())) > _REACH:
        pass
    return deviation
