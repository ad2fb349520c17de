"""What a person's skin was before treatment: not one guess, but every plausible one.

A photo shows neither the lamp nor how much of its light the skin merely mirrored, and dark skin
hides how dark it is. So the skin is held as a few hundred equally honest guesses, which the
reference and each region then weigh.
"""

from dataclasses import dataclass, fields, replace
from typing import Final

import numpy as np
import scipy  # its `stats` takes half a second to load, when first used
from numpy.typing import NDArray

from analysis.light.skin_optics import BASELINE_BLOOD, TYPICAL_GLARE
from analysis.light.viewings import (
    STANDARD,
    Floats,
    Indices,
    commonness,
    count_viewings,
    look_at_skin,
)

LEAST_GLARE: Final = 0.001
MOST_GLARE: Final = 0.12

_WHITE_BALANCE_SD: Final = 0.07  # of each log channel of a baseline photo taken by a phone
_DARK_SD: Final = 0.001  # linear light: black is cut off, and few codes are left above it
# Skins that may be met before treatment, and how common they are (doublings about the middle).
_MELANIN: Final = np.linspace(np.log2(0.007), np.log2(0.42), 46)
_MELANIN_SPREAD: Final = (np.log2(0.045), 1.7)
_BLOOD: Final = np.log2(BASELINE_BLOOD) + np.array([-0.5, 0.0, 0.5])
_BLOOD_SPREAD: Final = (np.log2(BASELINE_BLOOD), 0.4)
# With the stray light of the lens and shine, which dilute colour as glare does.
_GLARE: Final = np.array([0.003, 0.009, 0.018, 0.028, 0.04, 0.055])
_GLARE_SPREAD: Final = (0.028, 0.015)
_FREEDOM: Final = 2.0  # of a t distribution: the white of an eye may mislead altogether
_LUMINANCE: Final = np.array([0.2126, 0.7152, 0.0722])
_GUESSES: Final = 1200


@dataclass(frozen=True, slots=True, eq=False)
class SkinState:
    """Plausible skins, (k,) each, and the circumstances under which each would look as it does.

    `melanin` and `blood` are volume fractions before treatment; `glare` is the share of light that
    the surface returned then, `glare_after` today; `before` and `after` are the viewings of the two
    photos; `weight` is the probability, summing to 1.
    """

    melanin: Floats
    blood: Floats
    glare: Floats
    weight: Floats
    before: Indices
    after: Indices
    glare_after: Floats

    @property
    def typical(self) -> "SkinState":
        """The weighted mean skin as the only one, seen by the standard observer both times.

        For maps, which need speed.
        """
        melanin, blood = (
            np.exp2(self.weight @ np.log2(fraction)) for fraction in (self.melanin, self.blood)
        )
        return known_skin(float(melanin), float(blood), float(self.weight @ self.glare))

    @property
    def unchanged(self) -> Floats:
        """How far log RGB (k, 3) moves by lamp, camera and glare while the skin does not change."""
        today = look_at_skin(self.after, self.melanin, self.blood, self.glare_after)
        moved: Floats = today.log_rgb - self.appearance
        return moved

    @property
    def appearance(self) -> Floats:
        """Log RGB (k, 3) in the baseline photo."""
        return look_at_skin(self.before, self.melanin, self.blood, self.glare).log_rgb

    def pick(self, index: NDArray[np.intp]) -> "SkinState":
        """The guesses at `index`, all of one weight."""
        picked = {field.name: getattr(self, field.name)[index] for field in fields(self)}
        return SkinState(**{**picked, "weight": np.full(len(index), 1 / max(len(index), 1))})

    def reweighed(self, log_likelihood: Floats) -> "SkinState":
        """The same guesses in the light of new evidence (k,), however much it contradicts them."""
        with np.errstate(divide="ignore"):
            both = np.log(self.weight) + log_likelihood
        weight = np.exp(both - both.max())
        return replace(self, weight=weight / weight.sum())


def known_skin(melanin: float, blood: float, glare: float = TYPICAL_GLARE) -> SkinState:
    """A skin about which nothing is in doubt, seen by the standard observer under D65."""
    viewing, shine = np.array([STANDARD], np.intp), np.array([glare])
    skin = np.array([melanin]), np.array([blood])
    return SkinState(*skin, shine, np.ones(1), viewing, viewing, shine)


def estimate_state(log_colour: Floats, brightness: float, brightness_sd: float) -> SkinState:
    """A person's plausible skins, from the log RGB (3,) of their skin in the baseline photo.

    Its hue is known up to lamp, camera and white balance. `brightness` is the log of its luminance
    against a perfect white under the same light, with one standard deviation: dark skin's hue alone
    cannot tell glare from melanin.
    """
    axes = np.meshgrid(_MELANIN, _BLOOD, _GLARE, np.arange(count_viewings()), indexing="ij")
    melanin, blood, glare, viewing = (axis.ravel() for axis in axes)
    look = look_at_skin(viewing, np.exp2(melanin), np.exp2(blood), glare).log_rgb
    hue_gap = np.diff(log_colour - look, axis=-1)
    apart = np.array([[-1.0, 1.0, 0.0], [0.0, -1.0, 1.0]])
    tint_variance = _WHITE_BALANCE_SD**2 + (_DARK_SD * np.exp(-log_colour)) ** 2
    hue_covariance = apart @ np.diag(tint_variance) @ apart.T
    bright_gap = brightness - np.log(np.exp(look) @ _LUMINANCE)
    mismatch = (
        np.einsum("ki,ij,kj->k", hue_gap, np.linalg.inv(hue_covariance), hue_gap)
        + (_FREEDOM + 1) * np.log1p((bright_gap / brightness_sd) ** 2 / _FREEDOM)
        + _squared(melanin, _MELANIN_SPREAD)
        + _squared(blood, _BLOOD_SPREAD)
        + _squared(glare, _GLARE_SPREAD)
        - 2 * np.log(commonness())[viewing]
    )
    kept = draw_evenly(np.exp(-0.5 * (mismatch - mismatch.min())), _GUESSES)
    # Between the points of the grid: even, not random, so that one photo has one reading.
    spread = scipy.stats.qmc.Halton(3, scramble=False)
    spread.fast_forward(1)  # its first point is the corner of the cube
    between = spread.random(len(kept)).T - 0.5
    steps = np.array([[_MELANIN[1] - _MELANIN[0]], [0.5], [0.009]])
    melanin, blood, glare = np.stack([melanin, blood, glare])[:, kept] + between * steps
    glare = np.clip(glare, 2 * LEAST_GLARE, MOST_GLARE)
    return SkinState(
        np.exp2(melanin),
        np.exp2(blood),
        glare,
        np.full(len(kept), 1 / len(kept)),
        viewing[kept],
        viewing[kept],
        glare,
    )


def draw_evenly(weight: Floats, count: int) -> NDArray[np.intp]:
    """`count` indices in proportion to their weight, without chance (systematic resampling)."""
    shares = np.cumsum(weight) / np.sum(weight)
    places = (np.arange(count) + 0.5) / count
    return np.minimum(np.searchsorted(shares, places), len(weight) - 1).astype(np.intp)


def _squared(values: Floats, spread: tuple[float, float]) -> Floats:
    mean, sd = spread
    squared: Floats = ((values - mean) / sd) ** 2
    return squared
