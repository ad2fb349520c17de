"""Which lamp and camera a photo may have come from, by the colours of the card in it.

White balance hides the colour of a lamp but not how it parts one ink from another. Printers differ
too, so each viewing of `analysis.light.viewings` is judged over all prints of `card.ensemble`.
"""

from functools import cache
from typing import Final

import numpy as np

from analysis.card.ensemble import DARKEST, imagined_prints, log_colour
from analysis.card.light import DARK_SD, rows_of, uneven_light
from analysis.card.reference import CardReading
from analysis.light.viewings import Floats, count_viewings, viewing_weights

_READING_SD: Final = 0.03  # log units: noise, and how far real inks lie from the imagined ones
_WHITE_BALANCE_SD: Final = 0.08  # of each log channel
# Inks unlike the imagined ones mislead many patches alike, so it is not taken at its word.
_BELIEVED: Final = 0.15


def weigh_viewings(card: CardReading | None) -> Floats:
    """Log likelihood (viewings,) of every viewing by one photo's card; zeros without a card."""
    if card is None:
        return np.zeros(count_viewings())
    used = np.flatnonzero(card.good)
    rows = rows_of(used)
    expected, spread = _looks_of_the_card()
    light = np.maximum(card.colours[used], DARKEST).ravel()
    tint = np.tile(np.eye(3), (len(used), 1))
    covariance = (
        spread[np.ix_(rows, rows)]
        + np.diag(_READING_SD**2 + (DARK_SD / light) ** 2)
        + uneven_light(used)
        + _WHITE_BALANCE_SD**2 * tint @ tint.T
    )
    gap = np.log(light) - expected[:, rows]
    squared = np.einsum("vi,iv->v", gap, np.linalg.solve(covariance, gap.T))
    likelihood: Floats = -0.5 * _BELIEVED * (squared - squared.min())
    return likelihood


@cache
def _looks_of_the_card() -> tuple[Floats, Floats]:
    """Mean log RGB (viewings, 3n) over the prints, and their covariance (3n, 3n) about it."""
    prints = imagined_prints()
    looks = np.stack(
        [log_colour(prints, weights).reshape(len(prints), -1) for weights in viewing_weights()]
    )
    mean = looks.mean(axis=1, keepdims=True)
    centred = (looks - mean).reshape(-1, looks.shape[-1])
    return mean[:, 0], centred.T @ centred / len(centred)
