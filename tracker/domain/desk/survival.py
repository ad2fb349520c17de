"""How long something takes, when for some it is not over yet.

Leaving out what is not over would make every duration look shorter than it is; the product-limit
estimate counts it for as long as it was watched (Kaplan and Meier 1958,
doi:10.1080/01621459.1958.10501452).
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Span:
    """How long one was watched, in any unit, at least 0; `is_over` when it ended then."""

    length: float
    is_over: bool


def quantile(spans: Sequence[Span], share: float) -> float | None:
    """By when a share, 0 < share < 1, is over; None while the spans do not reach so far."""
    if not 0 < share < 1:
        raise ValueError("the share must lie between 0 and 1")
    ended = Counter(span.length for span in spans if span.is_over)
    lengths = sorted(span.length for span in spans)
    left = 1.0
    for length in sorted(ended):
        watched = len(lengths) - bisect_left(lengths, length)
        left *= 1 - ended[length] / watched
        if left <= 1 - share + 1e-12:  # products of fractions miss a half by a hair
            return length
    return None
