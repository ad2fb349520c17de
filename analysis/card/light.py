"""What the card says about the light on skin: the shift of log RGB between two days."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.card.ensemble import DARKEST, MELANIN, ensemble
from analysis.card.layout import PATCHES
from analysis.card.locator import CardTrouble, Unusable
from analysis.card.reference import FEWEST_PATCHES, CardReading
from analysis.light.chromophores import Shift
from analysis.light.skin_optics import BASELINE_BLOOD, TYPICAL_GLARE, log_rgb
from analysis.light.viewings import Floats

LARGEST_MISFIT: Final = 2.0  # mean squared surprise per reading; about 1 where all is as imagined
_READING_SD: Final = 0.022  # log units: noise, and how far real inks lie from the imagined ones
_UNEVEN_SD: Final = 0.15  # log units per 50 mm by which light may fall off across the card
DARK_SD: Final = 0.0015
"""Linear light: stray light and noise, which weigh in dark patches."""
_FREEDOM: Final = 12.0  # days differ in how much they differ; a t distribution says how much
_EXPOSURE_SD: Final = 1.0
_SURPRISING: Final = 16.0  # squared surprise of a patch's three readings; 11 is one in a hundred
_FEWEST_TOGETHER: Final = 0.6  # of the clean patches must change as one light would make them
_SHADED_SD: Final = 0.5  # log units: face and card may stand in different light


@dataclass(frozen=True, slots=True, eq=False)
class CardLight:
    """How the card changed between two days, and what that says of the light on anything else.

    `change` (3n,) is the change of log RGB of the patches `used` (n,) against the ensemble's mean,
    `inverse` that of its covariance; `surprise` (n,) how far each patch is from what the others let
    expect, squared and scaled; `misfit` about 1 or less where all is as imagined.
    """

    used: NDArray[np.intp]
    change: Floats
    inverse: Floats
    surprise: Floats
    misfit: float

    def shift_on(self, melanin: float, glare: float) -> Shift:
        """The shift of log RGB of skin with this melanin fraction and this share of glare.

        Glare has the colour of the lamp alone: it dilutes what lamps do to skin, most of all in
        dark skin, so it is taken out of the ensemble's skin and the person's own put in.
        """
        both = self._predict(melanin)
        change = both.value[:3] - both.value[3:]
        typical = np.exp(log_rgb(melanin, BASELINE_BLOOD))
        after = typical * np.exp(change)
        before_glare, after_glare = (
            np.maximum(colour + glare - TYPICAL_GLARE, DARKEST) for colour in (typical, after)
        )
        dilution = np.diag(np.clip(after / after_glare, 0.0, 1.5))
        slope = np.hstack([dilution, np.eye(3) - dilution])
        value = both.value[3:] + np.log(after_glare / before_glare)
        return Shift(value, slope @ both.covariance @ slope.T + _SHADED_SD**2)

    def _predict(self, melanin: float) -> Shift:
        """The shifts (6,) of the ensemble's skin with this melanin fraction and of a white."""
        world = ensemble()
        mix = _between(melanin)
        cross = world.cross_covariance[rows_of(self.used)] @ mix
        gain = self.inverse @ cross
        value = world.skin @ mix + self.change @ gain
        covariance = mix.T @ world.skin_covariance @ mix - cross.T @ gain
        # Of a multivariate t distribution: P. Ding, The American Statistician 70 (2016) 293.
        scale = (_FREEDOM + self.misfit * self.change.size) / (_FREEDOM + self.change.size)
        return Shift(value, scale * (covariance + covariance.T) / 2)


def light_by_card(today: CardReading, baseline: CardReading) -> CardLight:
    """What the card says of the change of light and camera between two photos.

    The joint normal distribution of patches and skin over `card.ensemble` is conditioned on the
    change of the patches that both photos show well; light that falls unevenly over the card is
    part of it as a plane of log light, exposure is left open. Patches that the others cannot
    explain (a finger, glare, a shadow) are dropped one by one. Raises `Unusable`.
    """
    clean = today.good & baseline.good
    used = clean.copy()
    while True:
        if np.count_nonzero(used) < FEWEST_PATCHES:
            raise Unusable(CardTrouble.TOO_FEW_PATCHES, f"{np.count_nonzero(used)} are clean")
        light = _condition(today, baseline, np.flatnonzero(used))
        worst = int(light.surprise.argmax())
        if light.surprise[worst] < _SURPRISING:
            break
        used[light.used[worst]] = False
    if np.count_nonzero(used) < _FEWEST_TOGETHER * np.count_nonzero(clean):
        raise Unusable(CardTrouble.HIGH_RESIDUAL, "its patches do not change together")
    if light.misfit > LARGEST_MISFIT:
        raise Unusable(CardTrouble.HIGH_RESIDUAL, f"misfit {light.misfit:.1f}")
    return light


def _condition(today: CardReading, baseline: CardReading, used: NDArray[np.intp]) -> CardLight:
    world = ensemble()
    rows = rows_of(used)
    light, light_before = (
        np.maximum(card.colours[used], DARKEST).ravel() for card in (today, baseline)
    )
    change = np.log(light) - np.log(light_before) - world.patches[rows]
    noise = _READING_SD**2 + DARK_SD**2 * (light**-2 + light_before**-2)
    covariance = world.patches_covariance[np.ix_(rows, rows)] + np.diag(noise)
    covariance += uneven_light(used)
    inverse = np.linalg.inv(covariance)
    pulled = inverse @ change
    # What a patch shows against what the others let expect: Rasmussen & Williams 2006, eq. 5.12.
    surprise = np.array(
        [
            pulled[block] @ np.linalg.solve(inverse[block, block], pulled[block])
            for block in (slice(3 * i, 3 * i + 3) for i in range(len(used)))
        ]
    )
    return CardLight(
        used, change, inverse.astype(np.float64), surprise, float(change @ pulled / rows.size)
    )


def uneven_light(used: NDArray[np.intp]) -> Floats:
    """Covariance (3n, 3n) of log RGB of these patches by exposure and light that falls off."""
    places = np.array([PATCHES[i].centre for i in used])
    planes = (places - places.mean(axis=0)) / 50.0
    covariance = np.full((3 * len(used), 3 * len(used)), _EXPOSURE_SD**2)
    for weight in planes.T:
        pattern = np.repeat(weight, 3)
        covariance += _UNEVEN_SD**2 * np.outer(pattern, pattern)
    return covariance


def rows_of(used: NDArray[np.intp]) -> NDArray[np.intp]:
    """The places of these patches' three channels in the ensemble."""
    return (3 * used[:, np.newaxis] + np.arange(3)).ravel()


def _between(melanin: float) -> Floats:
    """Weights (3m + 3, 6): the ensemble's skins interpolated at this melanin, and the white."""
    position = float(np.interp(np.log(melanin), np.log(MELANIN), np.arange(len(MELANIN))))
    share = np.maximum(0.0, 1.0 - np.abs(np.arange(len(MELANIN)) - position))
    weights = np.zeros((len(MELANIN) + 1, 2))
    weights[:-1, 0], weights[-1, 1] = share, 1.0
    return np.kron(weights, np.eye(3)).astype(np.float64)
