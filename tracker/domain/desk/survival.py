"""How long something takes, when for some it is not over yet.

Leaving those out would make every duration look shorter than it is. The product-limit estimate
counts each for as long as it was observed (Kaplan and Meier 1958,
doi:10.1080/01621459.1958.10501452).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import scipy  # its `stats` takes half a second to load, when first used


@dataclass(frozen=True, slots=True)
class Span:
    """How long one was observed, in any unit, at least 0; `is_over` when it ended then."""

    length: float
    is_over: bool


def quantile(spans: Sequence[Span], share: float) -> float | None:
    """The time by which a share, 0 < share < 1, is over; None if the spans are too short to say."""
    if not 0 < share < 1:
        raise ValueError("the share must lie between 0 and 1")
    if not spans:
        return None
    ended = [span.length for span in spans if span.is_over]
    going_on = [span.length for span in spans if not span.is_over]
    watched = scipy.stats.CensoredData(ended, right=going_on)
    left = scipy.stats.ecdf(watched).sf
    # A product of fractions can miss one half by rounding.
    reached = left.quantiles[left.probabilities <= 1 - share + 1e-12]
    return float(reached[0]) if len(reached) else None
