"""The recovery of one patient: one chart large, all regions small, and other events."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tracker.actions.course.progress import Progress
from tracker.domain.course.readings import Quantity, Reading
from tracker.domain.course.treatments import Region, day_number
from tracker.domain.recovery.evidence_words import CHEEKS, percent_words, redder_cheek, spots_words
from tracker.domain.recovery.recovery import BandPoint
from web.charts.charts import (
    EDGE,
    LARGE,
    Chart,
    Point,
    chart,
    is_gap,
    last_day,
    level_words,
    point_words,
    points_of,
    region_charts,
    value_range,
)
from web.charts.timeline import Strip, timeline
from web.words.times import day_words


@dataclass(frozen=True, slots=True)
class Focus:
    """What the large chart shows; None leaves the choice to the page."""

    region: Region | None = None
    quantity: Quantity | None = None


@dataclass(frozen=True, slots=True)
class FocalRow:
    """Affected share, spots and the cheeks compared, on one day; `sides` is "" if unknown."""

    day: str
    affected: str
    redder: str
    darker: str
    sides: str


@dataclass(frozen=True, slots=True)
class Recovery:
    """The charts; `region` and `quantity` are those of the large one.

    `focal` are the rows of that region, the latest photo first; readings that were stored before
    they were kept have none.
    """

    region: Region
    quantity: Quantity
    regions: tuple[tuple[Region, str], ...]
    large: Chart
    focal: tuple[FocalRow, ...]
    redness: tuple[Chart, ...]
    pigment: tuple[Chart, ...]
    strip: Strip | None
    plot: Mapping[str, object]


def recovery(progress: Progress, focus: Focus, otherwise: Focus) -> Recovery:
    """The charts of a course; what `focus` leaves open is taken from `otherwise`, then the face."""
    shown = [region for region in Region if region in progress.treatment.areas]
    asked = focus.region or otherwise.region
    region = asked if asked in shown else Region.FACE
    quantity = focus.quantity or otherwise.quantity or Quantity.REDNESS
    return Recovery(
        region=region,
        quantity=quantity,
        regions=tuple((each, each.words) for each in (Region.FACE, *shown)),
        large=chart(progress, region, quantity, LARGE),
        focal=tuple(_focal_rows(progress, region)),
        redness=region_charts(progress, Quantity.REDNESS),
        pigment=region_charts(progress, Quantity.PIGMENT),
        strip=timeline(progress),
        plot=plot_data(progress, quantity, region),
    )


def _focal_rows(progress: Progress, region: Region) -> Iterator[FocalRow]:
    treatment, zone = progress.treatment, progress.patient.zone
    for reading in reversed(progress.readings):
        measured = reading.regions.get(region)
        focal = measured.focal if measured else None
        if focal is None or reading.taken_at < treatment.performed_at:
            continue
        yield FocalRow(
            day=day_words(day_number(treatment, reading.taken_at, zone)),
            affected=percent_words(focal.affected),
            redder=spots_words(focal.redder),
            darker=spots_words(focal.darker),
            sides=_sides(reading) if treatment.areas >= CHEEKS else "",
        )


def _sides(reading: Reading) -> str:
    """`×1.6, left cheek redder`; "" if not both cheeks were measured."""
    gap = reading.asymmetry
    if gap is None:
        return ""
    side = redder_cheek(gap)
    return f"×{2 ** abs(gap.value):.1f}, {side.words} redder" if side else "no clear difference"


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
