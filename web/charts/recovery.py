"""The recovery of one patient: one chart large, all regions small, and other events."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from tracker.actions.course.progress import CourseSoFar
from tracker.domain.alerts.alerts import Alert
from tracker.domain.course.readings import Change, FocalChanges, Quantity, Reading, change_between
from tracker.domain.course.treatments import Region, day_number
from tracker.domain.recovery.bands import BandPoint
from tracker.domain.recovery.evidence_words import (
    CHEEKS,
    percent_words,
    redder_cheek,
    spots_words,
    times,
)
from web.charts.charts import (
    BAND_WORDS,
    EDGE,
    LARGE,
    ROWS_LARGE,
    Chart,
    chart,
    frame_of,
    level_words,
    region_charts,
)
from web.charts.leaves import Leaf, Leaves, leaf
from web.charts.points import Point, is_gap, photo_words, points_of, value_words
from web.charts.timeline import KINDS, Strip, events, timeline
from web.words.times import day_words


@dataclass(frozen=True, slots=True)
class Focus:
    """What the large chart shows; None leaves the choice to the page."""

    region: Region | None = None
    quantity: Quantity | None = None


def focus_of(alert: Alert | None) -> Focus:
    """The region and the quantity that an alert is about."""
    if alert is None:
        return Focus()
    return Focus(alert.regions[0] if alert.regions else None, alert.concern.quantity)


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

    `focal` are rows of that region, the latest photo first; readings that were stored before they
    were kept have none. `focal_now` are the latest two.
    """

    region: Region
    quantity: Quantity
    regions: tuple[tuple[Region, str], ...]
    large: Chart
    focal_now: tuple[FocalRow, ...]
    focal: Leaf[FocalRow]
    redness: tuple[Chart, ...]
    pigment: tuple[Chart, ...]
    strip: Strip | None


def recovery(progress: CourseSoFar, focus: Focus, otherwise: Focus, leaves: Leaves) -> Recovery:
    """The charts of a course; what `focus` leaves open is taken from `otherwise`, then the region
    that is clearly redder than the face, then the face.

    `leaves` are the parts of the tables.
    """
    shown = [region for region in Region if region in progress.treatment.areas]
    asked = focus.region or otherwise.region
    region = asked if asked in (Region.FACE, *shown) else _telling_region(progress, shown)
    quantity = focus.quantity or otherwise.quantity or Quantity.REDNESS
    frames = {each: frame_of(progress, each) for each in Quantity}
    seen, row = _focal_readings(progress, region), partial(_focal_row, progress)
    return Recovery(
        region=region,
        quantity=quantity,
        regions=tuple((each, each.words) for each in (Region.FACE, *shown)),
        large=chart(progress, region, frames[quantity], leaves.values),
        focal_now=tuple(row(each) for each in seen[:2]),
        focal=leaf(seen, leaves.spots, ROWS_LARGE, row),
        redness=region_charts(progress, frames[Quantity.REDNESS]),
        pigment=region_charts(progress, frames[Quantity.PIGMENT]),
        strip=timeline(progress),
    )


def _telling_region(progress: CourseSoFar, shown: Sequence[Region]) -> Region:
    """The region that is clearly redder than the face in the latest photo; else the face."""
    latest = next((r for r in reversed(progress.readings) if Region.FACE in r.regions), None)
    seen = [region for region in shown if latest is not None and region in latest.regions]
    if latest is None or not seen:
        return Region.FACE
    reddest = max(seen, key=lambda region: latest.regions[region].redness.value)
    face, part = (latest.regions[each].redness for each in (Region.FACE, reddest))
    return reddest if change_between(face, part) is Change.MORE else Region.FACE


_Focal = tuple[Reading, FocalChanges]


def _focal_readings(progress: CourseSoFar, region: Region) -> list[_Focal]:
    """The readings since the treatment with what was kept of a region, the latest first."""
    return [
        (reading, measured.focal)
        for reading in reversed(progress.readings)
        if reading.taken_at >= progress.treatment.performed_at
        and (measured := reading.regions.get(region)) is not None
        and measured.focal is not None
    ]


def _focal_row(progress: CourseSoFar, seen: _Focal) -> FocalRow:
    (reading, focal), treatment = seen, progress.treatment
    return FocalRow(
        day=day_words(day_number(treatment, reading.taken_at, progress.patient.zone)),
        affected=percent_words(focal.affected),
        redder=spots_words(focal.redder),
        darker=spots_words(focal.darker),
        sides=_sides(reading) if treatment.areas >= CHEEKS else "",
    )


def _sides(reading: Reading) -> str:
    """`1.6 ×, left cheek redder`; "" if not both cheeks were measured."""
    gap = reading.asymmetry
    if gap is None:
        return ""
    side = redder_cheek(gap)
    return f"{times(abs(gap.value))}, {side.words} redder" if side else "no clear difference"


Value = tuple[int, float, float, bool, bool, str]


def plot_data(progress: CourseSoFar, quantity: Quantity, chosen: Region) -> Mapping[str, object]:
    """All treated regions of one quantity against days since treatment, values in doublings.

    `edge` is the percent of the width kept free at both ends, as in the charts drawn here, so that
    days are aligned. `photos` are the day of each photo and its words, `events` what is marked on
    the curve, and `kinds` the kinds of those, the gravest first. Each value of a region is the
    number of its photo, the doublings, half of their 95 % range, whether it is hollow, whether
    no line joins it to the value before, and its words.
    """
    frame = frame_of(progress, quantity)
    low, high = frame.low, frame.high
    step = 1.0 if quantity is Quantity.REDNESS else 0.5
    levels = [n * step for n in range(round(low / step), round(high / step) + 1)]
    treated = [region for region in Region if region in progress.treatment.areas]
    at = {reading.photo_id: number for number, (_, reading) in enumerate(frame.seen)}
    return {
        "quantity": quantity,
        "chosen": chosen,
        "lastDay": frame.last_day,
        "edge": EDGE,
        "height": LARGE,
        "low": low,
        "high": high,
        "levels": [[n, level_words(n)] for n in levels if low <= n <= high],
        "bandWords": BAND_WORDS[quantity],
        "band": _band(frame.band, frame.last_day),
        "events": events(progress),
        "kinds": KINDS,
        "photos": [[round(day, 4), photo_words(reading, progress)] for day, reading in frame.seen],
        "regions": [
            {
                "name": region,
                "words": region.words.capitalize(),
                "values": _values(points_of(frame.seen, region, quantity), quantity, at),
            }
            for region in (Region.FACE, *treated)
        ],
    }


def _band(band: Sequence[BandPoint], end: float) -> list[list[float]]:
    """Day, low, median and high; the last value is used until the end of the axis."""
    rows = [[p.day, round(p.low, 3), round(p.median, 3), round(p.high, 3)] for p in band]
    return [*rows, [end, *rows[-1][1:]]] if rows and rows[-1][0] < end else rows


def _values(points: Sequence[Point], quantity: Quantity, at: Mapping[str, int]) -> list[Value]:
    return [
        (
            at[point.reading.photo_id],
            round(point.estimate.value, 3),
            round(1.96 * point.estimate.sd, 3),
            not point.is_certain,
            number > 0 and is_gap(points[number - 1].day, point.day),
            value_words(point, quantity),
        )
        for number, point in enumerate(points)
    ]
