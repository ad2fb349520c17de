"""What the card says about the light on skin: the shift of log RGB between two days."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.card_layout import PATCHES
from analysis.card_locator import CardTrouble, Unusable
from analysis.chromophores import Floats, Shift
from analysis.light_ensemble import DARKEST, MELANIN, ensemble
from analysis.reference_card import FEWEST_PATCHES, CardReading

LARGEST_MISFIT: Final = 3.0  # mean squared surprise per reading; about 1 where all is as imagined
_READING_SD: Final = 0.022  # log units: noise, and how far real inks lie from the imagined ones
_UNEVEN_SD: Final = 0.15  # log units per 50 mm by which light may fall off across the card
_DARK_SD: Final = 0.0015  # linear light: stray light and noise, which weigh in dark patches
_FREEDOM: Final = 12.0  # days differ in how much they differ; a t distribution says how much
_EXPOSURE_SD: Final = 1.0
_SURPRISING: Final = 16.0  # squared surprise of a patch's three readings; 11 is one in a hundred
_SHADED_SD: Final = 0.5  # log units: face and card may stand in different light


@dataclass(frozen=True, slots=True, eq=False)
class _Conditioned:
    """The ensemble, seen by some of the patches: how far each of them surprises, and the misfit."""

    inverse: Floats
    change: Floats
    surprise: Floats
    misfit: float


def shift_by_card(today: CardReading, baseline: CardReading, melanin: float) -> Shift:
    """How light and camera moved the log RGB of skin with this melanin fraction.

    The joint normal distribution of patches and skin over `light_ensemble` is conditioned on the
    change of the patches that both photos show well; light that falls unevenly over the card is
    part of it as a plane of log light, exposure is left open. Patches that the others cannot
    explain (a finger, glare, a shadow) are dropped one by one. Raises `Unusable`.
    """
    used = today.good & baseline.good
    while True:
        if np.count_nonzero(used) < FEWEST_PATCHES:
            raise Unusable(CardTrouble.TOO_FEW_PATCHES, f"{np.count_nonzero(used)} are clean")
        seen = _condition(today, baseline, np.flatnonzero(used))
        worst = int(seen.surprise.argmax())
        if seen.surprise[worst] < _SURPRISING:
            break
        used[np.flatnonzero(used)[worst]] = False
    if np.count_nonzero(used) < 0.6 * np.count_nonzero(today.good & baseline.good):
        raise Unusable(CardTrouble.HIGH_RESIDUAL, "its patches do not change together")
    if seen.misfit > LARGEST_MISFIT:
        raise Unusable(CardTrouble.HIGH_RESIDUAL, f"misfit {seen.misfit:.1f}")
    return _predict(seen, np.flatnonzero(used), melanin)


def _condition(today: CardReading, baseline: CardReading, used: NDArray[np.intp]) -> _Conditioned:
    world = ensemble()
    rows = (3 * used[:, np.newaxis] + np.arange(3)).ravel()
    light, light_before = (
        np.maximum(card.colours[used], DARKEST).ravel() for card in (today, baseline)
    )
    change = np.log(light) - np.log(light_before) - world.patches[rows]
    noise = _READING_SD**2 + _DARK_SD**2 * (light**-2 + light_before**-2)
    covariance = world.patches_covariance[np.ix_(rows, rows)] + np.diag(noise)
    places = np.array([PATCHES[i].centre for i in used])
    planes = (places - places.mean(axis=0)) / 50.0
    for weight, spread in (
        (np.ones(len(used)), _EXPOSURE_SD),
        (planes[:, 0], _UNEVEN_SD),
        (planes[:, 1], _UNEVEN_SD),
    ):
        pattern = np.repeat(weight, 3)
        covariance += spread**2 * np.outer(pattern, pattern)
    inverse = np.linalg.inv(covariance)
    pulled = inverse @ change
    # What a patch shows against what the others let expect: Rasmussen & Williams 2006, eq. 5.12.
    surprise = np.array(
        [
            pulled[block] @ np.linalg.solve(inverse[block, block], pulled[block])
            for block in (slice(3 * i, 3 * i + 3) for i in range(len(used)))
        ]
    )
    return _Conditioned(inverse, change, surprise, float(change @ pulled / rows.size))


def _predict(seen: _Conditioned, used: NDArray[np.intp], melanin: float) -> Shift:
    world = ensemble()
    rows = (3 * used[:, np.newaxis] + np.arange(3)).ravel()
    mix = _between(melanin)
    cross = world.cross_covariance[rows] @ mix
    gain = seen.inverse @ cross
    value = world.skin @ mix + seen.change @ gain
    covariance = mix.T @ world.skin_covariance @ mix - cross.T @ gain
    # Of a multivariate t distribution: P. Ding, The American Statistician 70 (2016) 293.
    scale = (_FREEDOM + seen.misfit * rows.size) / (_FREEDOM + rows.size)
    return Shift(value, scale * (covariance + covariance.T) / 2 + _SHADED_SD**2)


def _between(melanin: float) -> Floats:
    """Weights (3m, 3) that interpolate the ensemble's skins at this melanin."""
    position = float(np.interp(np.log(melanin), np.log(MELANIN), np.arange(len(MELANIN))))
    share = np.maximum(0.0, 1.0 - np.abs(np.arange(len(MELANIN)) - position))
    return np.kron(share[:, np.newaxis], np.eye(3)).astype(np.float64)
