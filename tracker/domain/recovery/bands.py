"""What is normal after a treatment: the range of redness of normal courses, day by day."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tracker.domain.course.treatments import Treatment
from tracker.domain.protocols.care import LAST_DAY
from tracker.domain.protocols.protocols import Healing, Protocol
from tracker.domain.recovery.skin_curves import Shape, draw_curves, predicted

LONGEST_BAND = float(LAST_DAY)  # the normal range no longer changes after it
BAND = (0.025, 0.975)  # the share of normal courses below the band and below its upper edge


@dataclass(frozen=True, slots=True)
class BandPoint:
    """What is normal at `day` (24-hour days since treatment): redness in doublings."""

    day: float
    low: float
    median: float
    high: float


def band_until(treatment: Treatment, protocol: Protocol, until: float) -> tuple[BandPoint, ...]:
    """The band until so many days after a treatment, and at least until most people are clear."""
    healing = protocol.healing_for(treatment.needle_depth_mm, treatment.variant)
    last_day = min(max(until, healing.clear_days_p95 + 2), LONGEST_BAND)
    return recovery_band(protocol, healing, last_day)


def recovery_band(protocol: Protocol, healing: Healing, last_day: float) -> tuple[BandPoint, ...]:
    """Redness of normal courses over time: median and the range that holds 95 in 100."""
    days = np.unique(
        np.concatenate([np.arange(0, min(last_day, 4), 0.25), np.arange(4, last_day), [last_day]])
    )
    drawn = usual_redness(protocol, healing, days, protocol.redness.day_sd)
    low, median, high = np.quantile(drawn, [BAND[0], 0.5, BAND[1]], axis=0)
    return tuple(map(BandPoint, days.tolist(), low.tolist(), median.tolist(), high.tolist()))


def usual_redness(
    protocol: Protocol, healing: Healing, days: NDArray[np.float64], scatter: float
) -> NDArray[np.float64]:
    """Redness (n, p) of normal courses, scattering around their curves."""
    draws = draw_curves(protocol, healing)
    onset = np.zeros_like(draws.offset)
    curves = predicted(draws, protocol, Shape.FADES, days.astype(np.float32), onset, relative=False)
    return curves + scatter * draws.offset


def normal_at(band: Sequence[BandPoint], day: float) -> BandPoint | None:
    """The band at a day, interpolated; None before it begins, its last value after its end."""
    if not band or day < band[0].day:
        return None
    at = bisect_left(band, day, key=lambda point: point.day)
    if at in {0, len(band)}:
        return band[min(at, len(band) - 1)]
    left, right = band[at - 1], band[at]
    share = (day - left.day) / (right.day - left.day)
    mixed = (
        a + share * (b - a)
        for a, b in ((left.low, right.low), (left.median, right.median), (left.high, right.high))
    )
    return BandPoint(day, *mixed)
