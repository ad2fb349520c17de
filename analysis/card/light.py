"""What the card says about the light on skin: the shift of log RGB between two days."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.card.ensemble import DARKEST, ensemble
from analysis.card.layout import PATCHES
from analysis.card.locator import CardTrouble, Unusable
from analysis.card.reference import FEWEST_PATCHES, CardReading
from analysis.light.chromophores import Shift
from analysis.light.viewings import Floats

LARGEST_MISFIT: Final = 3.0  # mean squared surprise per reading; about 1 where all is as imagined
_READING_SD: Final = 0.022  # log units: noise, and how far real inks lie from the imagined ones
_UNEVEN_SD: Final = 0.15  # log units per 50 mm by which light may fall off across the card
DARK_SD: Final = 0.0015
"""Linear light: stray light and noise, which weigh in dark patches."""
_EXPOSURE_SD: Final = 1.0
_SURPRISING: Final = 16.0  # squared surprise of a patch's three readings; 11 is one in a hundred
_FEWEST_TOGETHER: Final = 0.6  # of the clean patches must change as one light would make them
_SHADED_SD: Final = 0.5  # log units: face and card may stand in different light
_NEAR_HUE: Final = 0.35  # log units of red and of blue against green
_NEAR_LIGHT: Final = 1.0  # log units
_LEAST_WEIGHT: Final = 0.02  # of a patch of any colour, against 1 for one of the skin's own
_FLAT: Final = 1.0  # patches' worth of belief that all colours change alike
_TERMS_SPENT: Final = 2.0  # the plane fits some of the scatter away
_SEEN_WELL: Final = -3.0  # mean log light of patches whose tint is read well


@dataclass(frozen=True, slots=True, eq=False)
class CardLight:
    """How the card changed between two days, and what that says of the light on anything else.

    `before` (n, 3) is the log RGB of the patches `used` (n,) in the baseline photo, `change` (n, 3)
    its change since then; `surprise` (n,) how far each patch is from what the others let expect,
    squared and scaled; `misfit` about 1 or less where all is as imagined.
    """

    used: NDArray[np.intp]
    before: Floats
    change: Floats
    surprise: Floats
    misfit: float

    @property
    def apart(self) -> float:
        """How far the patches disagree about the change of tint: root mean square, log units.

        In one light they differ by what is read wrongly; another lamp parts one ink from another.
        """
        tint = (self.change[:, (0, 2)] - self.change[:, 1:2])[self.before.mean(axis=1) > _SEEN_WELL]
        return float(np.sqrt(np.mean((tint - np.median(tint, axis=0)) ** 2)))

    def shift_on(self, colour: Floats) -> Shift:
        """The shift of log RGB of skin whose log RGB (3,) in the baseline photo is `colour`.

        A plane is laid through the change of the patches, those of nearly the skin's colour
        counting most: white balance, colour matrix, saturation and tone curve do to them what they
        do to skin. What the plane leaves of the patches is its noise; metamerism is not in it.
        """
        apart = self.before - colour
        hue = apart[:, (0, 2)] - apart[:, 1:2]
        distance = (hue**2).sum(axis=1) / _NEAR_HUE**2 + (apart.mean(axis=1) / _NEAR_LIGHT) ** 2
        weight = np.exp(-distance / 2) + _LEAST_WEIGHT
        terms = np.column_stack([np.ones(len(apart)), apart])
        weighted = terms * weight[:, np.newaxis]
        flat = np.diag([0.0, *[_FLAT] * 3])
        plane = np.linalg.solve(weighted.T @ terms + flat, weighted.T @ self.change)
        left = self.change - terms @ plane
        scatter = left.T @ (left * weight[:, np.newaxis]) / weight.sum()
        votes = weight.sum() ** 2 / (weight**2).sum()
        covariance = scatter * _TERMS_SPENT / votes + _SHADED_SD**2
        return Shift(plane[0], covariance)


def light_by_card(today: CardReading, baseline: CardReading) -> CardLight:
    """What the card says of the change of light and camera between two photos.

    The normal distribution of patches over `card.ensemble`, with light that falls unevenly over the
    card as a plane of log light and exposure left open, says how they change together. Patches that
    the others cannot explain (a finger, glare, a shadow) are dropped one by one. Raises `Unusable`.
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
    before, now = (np.log(colours).reshape(-1, 3) for colours in (light_before, light))
    return CardLight(used, before, now - before, surprise, float(change @ pulled / rows.size))


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
