"""A course as plain numbers, for the chart that the browser draws itself."""

from collections.abc import Mapping, Sequence

from tracker.actions.course.progress import Progress
from tracker.domain.course.readings import Quantity
from tracker.domain.course.treatments import Region
from tracker.domain.recovery.recovery import BandPoint
from web.charts.charts import (
    EDGE,
    LARGE,
    Point,
    is_gap,
    last_day,
    level_words,
    point_words,
    points_of,
    value_range,
)

Row = Mapping[str, object]


def plot_data(progress: Progress, quantity: Quantity, chosen: Region) -> Row:
    """All treated regions of one quantity against days since treatment, values in doublings.

    `edge` is the percent of the width kept free at both ends, as in the charts drawn here, so that
    days are aligned.
    """
    band = progress.assessment.band if quantity is Quantity.REDNESS else ()
    low, high = value_range(progress, quantity, band)
    step = 1.0 if quantity is Quantity.REDNESS else 0.5
    levels = [n * step for n in range(round(low / step), round(high / step) + 1)]
    treated = [region for region in Region if region in progress.treatment.areas]
    return {
        "quantity": quantity,
        "chosen": chosen,
        "lastDay": last_day(progress),
        "edge": EDGE,
        "height": LARGE,
        "low": low,
        "high": high,
        "levels": [[n, level_words(n)] for n in levels if low <= n <= high],
        "band": _band(band, last_day(progress)),
        "regions": [
            {
                "name": region,
                "words": region.words.capitalize(),
                "points": _points(points_of(progress, region, quantity), quantity, progress),
            }
            for region in (Region.FACE, *treated)
        ],
    }


def _band(band: Sequence[BandPoint], end: float) -> list[list[float]]:
    """Day, low, median and high; the last value is used until the end of the axis."""
    rows = [[p.day, round(p.low, 3), round(p.median, 3), round(p.high, 3)] for p in band]
    return [*rows, [end, *rows[-1][1:]]] if rows and rows[-1][0] < end else rows


def _points(points: Sequence[Point], quantity: Quantity, progress: Progress) -> list[Row]:
    """`reach` is half of the 95 % range; `breaks` means that no line joins the point before."""
    return [
        {
            "day": round(point.day, 4),
            "value": round(point.estimate.value, 3),
            "reach": round(1.96 * point.estimate.sd, 3),
            "hollow": not point.reading.carries_alerts,
            "breaks": at > 0 and is_gap(points[at - 1].day, point.day),
            "words": point_words(point, quantity, progress),
        }
        for at, point in enumerate(points)
    ]
