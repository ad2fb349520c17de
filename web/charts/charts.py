"""Progress as plain chart data: percent across, pixels down, words for every mark. Pure.

Across is percent of the plot's width, so that one drawing fits a phone and a wall. Down is pixels,
so that texts and marks keep their size. Bands and lines cannot be given in percent; they use a grid
that is GRID wide and stretches.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from tracker.actions.course.progress import Progress
from tracker.domain.course.photos import SkinState
from tracker.domain.course.readings import Estimate, Quantity, Reading, Reference
from tracker.domain.course.treatments import Region, day_number, days_since
from tracker.domain.desk.worklist import Gauge
from tracker.domain.recovery.recovery import BandPoint
from web.words.times import short_date
from web.words.words import SKIN_STATES, estimate_words, signed, times_words

GRID = 1000.0
EDGE = 2.5  # percent kept free left and right, so that no mark is cut
TOP, FOOT = 10.0, 8.0  # pixels kept free above and below
LARGE, SMALL = 280.0, 120.0  # heights in pixels
MOST_TICKS_LARGE, MOST_TICKS_SMALL = 9, 5
MANY_MARKS = 20  # from here on they are drawn smaller
TICK_STEPS = (1, 2, 3, 7, 14, 28)
# A gap is longer than the requested interval: a photo a day for two weeks, then one a week.
DAILY_UNTIL = 14.0
LONGEST_STEP_DAILY, LONGEST_STEP_WEEKLY = 2.2, 11.0


@dataclass(frozen=True, slots=True)
class Tick:
    """A grid line: `at` in percent (across) or pixels (down), with one or two lines of words."""

    at: float
    label: str
    small: str = ""


@dataclass(frozen=True, slots=True)
class Mark:
    """One measured point with its 95 % range. A hollow one is not reliable alone."""

    x: float
    y: float
    top: float
    bottom: float
    hollow: bool
    latest: bool
    radius: float
    words: str


@dataclass(frozen=True, slots=True)
class Band:
    """The normal recovery as SVG path data on the stretching grid."""

    area: str
    median: str


@dataclass(frozen=True, slots=True)
class Row:
    """A point of the chart in the table behind it."""

    day: int
    when: str
    value: str
    meaning: str
    normal: str
    caveats: str


@dataclass(frozen=True, slots=True)
class Chart:
    """One quantity of one region over the days since treatment."""

    name: str
    title: str
    region: Region
    quantity: Quantity
    summary: str
    height: float
    as_before: float
    treated: float
    days: tuple[Tick, ...]
    levels: tuple[Tick, ...]
    band: Band | None
    lines: tuple[str, ...]
    marks: tuple[Mark, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Scale:
    """From days and doublings to percent and pixels."""

    last_day: float
    low: float
    high: float
    height: float

    def x(self, day: float) -> float:
        """Percent from the left."""
        return round(EDGE + (100 - 2 * EDGE) * day / self.last_day, 2)

    def y(self, value: float) -> float:
        """Pixels from the top."""
        share = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return round(TOP + (self.height - TOP - FOOT) * (1 - share), 1)

    def on_grid(self, day: float, value: float) -> str:
        """A point of the stretching grid."""
        return f"{self.x(day) * GRID / 100:g},{self.y(value):g}"


@dataclass(frozen=True, slots=True)
class Point:
    """One region of one reading, so many days after the treatment."""

    day: float
    estimate: Estimate
    reading: Reading


def patient_charts(progress: Progress, gauge: Gauge, *, alone: bool) -> tuple[Chart, ...]:
    """The most important chart, large; then its other quantity if measured, unless `alone`."""
    first = chart(progress, gauge.region, gauge.quantity, LARGE)
    (other,) = set(Quantity) - {gauge.quantity}
    second = chart(progress, gauge.region, other, LARGE)
    return (first,) if alone or not second.marks else (first, second)


def region_charts(progress: Progress, quantity: Quantity) -> tuple[Chart, ...]:
    """The treated regions one by one, small."""
    treated = [region for region in Region if region in progress.treatment.areas]
    return tuple(chart(progress, region, quantity, SMALL) for region in treated)


def chart(progress: Progress, region: Region, quantity: Quantity, height: float) -> Chart:
    """The course of one region; all charts of a quantity share one scale, for comparison."""
    points = points_of(progress, region, quantity)
    band = progress.assessment.band if quantity is Quantity.REDNESS else ()
    low, high = value_range(progress, quantity, band)
    scale = Scale(last_day(progress), low, high, height)
    return Chart(
        name=f"{quantity}-{region}{'-small' if height == SMALL else ''}",
        title=f"{str(quantity).capitalize()}, {region.words}",
        region=region,
        quantity=quantity,
        summary=_summary(progress, points, quantity, region.words),
        height=height,
        as_before=scale.y(0),
        treated=scale.x(0),
        days=day_ticks(scale),
        levels=_level_ticks(scale, 1.0 if quantity is Quantity.REDNESS else 0.5),
        band=_band(band, scale),
        lines=_lines(points, scale),
        marks=tuple(_mark(p, scale, quantity, points, progress) for p in points),
        rows=tuple(_row(p, quantity, band, progress) for p in points),
    )


def last_day(progress: Progress) -> float:
    """The end of the time axis: the end of the band, or the latest reading or answer after it."""
    days = [point.day for point in progress.assessment.band[-1:]]
    days += [days_since(progress.treatment, r.taken_at) for r in progress.readings]
    days += [days_since(progress.treatment, c.at) for c in progress.check_ins]
    return max(1.0, *days)


def normal_at(band: Sequence[BandPoint], day: float) -> BandPoint | None:
    """The band at a day, interpolated; None before it begins, its last value after its end."""
    if not band or day < band[0].day:
        return None
    for left, right in pairwise(band):
        if left.day <= day <= right.day:
            share = (day - left.day) / (right.day - left.day)
            mixed = (
                a + share * (b - a)
                for a, b in (
                    (left.low, right.low),
                    (left.median, right.median),
                    (left.high, right.high),
                )
            )
            return BandPoint(day, *mixed)
    return band[-1]


def points_of(progress: Progress, region: Region, quantity: Quantity) -> list[Point]:
    """The measurements of a region since the treatment, in time order."""
    points = []
    for reading in progress.readings:
        day = days_since(progress.treatment, reading.taken_at)
        if day < 0 or region not in reading.regions:
            continue
        points.append(Point(day, _estimate(reading, region, quantity), reading))
    return points


def _estimate(reading: Reading, region: Region, quantity: Quantity) -> Estimate:
    measured = reading.regions[region]
    return measured.redness if quantity is Quantity.REDNESS else measured.pigment


def value_range(
    progress: Progress, quantity: Quantity, band: Iterable[BandPoint]
) -> tuple[float, float]:
    """Lowest and highest doublings shown: the usual range, widened for what was measured."""
    low, high = (-0.5, 2.0) if quantity is Quantity.REDNESS else (-0.5, 1.0)
    values = [
        _estimate(reading, region, quantity).value
        for reading in progress.readings
        for region in reading.regions
    ]
    low = min(low, *(v - 0.1 for v in values), *(p.low for p in band), low)
    high = max(high, *(v + 0.1 for v in values), *(p.high for p in band), high)
    return math.floor(low * 2) / 2, math.ceil(high * 2) / 2


def day_ticks(scale: Scale) -> tuple[Tick, ...]:
    """A few whole days along the axis."""
    most = MOST_TICKS_SMALL if scale.height == SMALL else MOST_TICKS_LARGE
    step = next(
        (s for s in TICK_STEPS if scale.last_day / s < most),
        TICK_STEPS[-1],
    )
    days = range(0, math.floor(scale.last_day) + 1, step)
    return tuple(Tick(scale.x(day), str(day)) for day in days)


def _level_ticks(scale: Scale, step: float) -> tuple[Tick, ...]:
    first, last = math.ceil(scale.low / step), math.floor(scale.high / step)
    return tuple(
        Tick(scale.y(n * step), level_words(n * step), f"{n * step:+g}".replace("-", "−"))
        if n
        else Tick(scale.y(0), "as before", "0")
        for n in range(first, last + 1)
    )


def level_words(doublings: float) -> str:
    """`twice` for one doubling, `as before` for none."""
    words = {-1.0: "half", 0.0: "as before", 1.0: "twice"}
    return words.get(doublings, f"{round(2**doublings, 1):g} times")


def _band(band: Sequence[BandPoint], scale: Scale) -> Band | None:
    if not band:
        return None
    closed = [*band, BandPoint(scale.last_day, band[-1].low, band[-1].median, band[-1].high)]
    upper = [scale.on_grid(p.day, p.high) for p in closed]
    lower = [scale.on_grid(p.day, p.low) for p in reversed(closed)]
    middle = [scale.on_grid(p.day, p.median) for p in closed]
    return Band(area=f"M{' '.join(upper)} {' '.join(lower)}Z", median=f"M{' '.join(middle)}")


def _lines(points: Sequence[Point], scale: Scale) -> tuple[str, ...]:
    """The points joined, but never across days without readings."""
    runs: list[list[Point]] = []
    for point in points:
        if not runs or is_gap(runs[-1][-1].day, point.day):
            runs.append([])
        runs[-1].append(point)
    return tuple(
        "M" + " ".join(scale.on_grid(p.day, p.estimate.value) for p in run)
        for run in runs
        if len(run) > 1
    )


def is_gap(day: float, following: float) -> bool:
    """Whether more days were missed between two photos than expected."""
    longest = LONGEST_STEP_DAILY if following <= DAILY_UNTIL else LONGEST_STEP_WEEKLY
    return following - day > longest


def _mark(
    point: Point,
    scale: Scale,
    quantity: Quantity,
    points: Sequence[Point],
    progress: Progress,
) -> Mark:
    value, reach = point.estimate.value, 1.96 * point.estimate.sd
    return Mark(
        x=scale.x(point.day),
        y=scale.y(value),
        top=scale.y(value + reach),
        bottom=scale.y(value - reach),
        hollow=not point.reading.carries_alerts,
        latest=point is points[-1],
        radius=_radius(point is points[-1], scale, len(points)),
        words=point_words(point, quantity, progress),
    )


def point_words(point: Point, quantity: Quantity, progress: Progress) -> str:
    """`Day 3 (5 Mar, 08:10): +0.81 ± 0.18, 1.8 times as much blood as before`."""
    row = _row(point, quantity, (), progress)
    caveats = f" ({row.caveats})" if row.caveats else ""
    return f"Day {row.day} ({row.when}): {row.value}, {row.meaning}{caveats}"


def _radius(latest: bool, scale: Scale, count: int) -> float:
    usual = 3.0 if count > MANY_MARKS or scale.height == SMALL else 4.5
    return usual + 2 if latest else usual


def _row(point: Point, quantity: Quantity, band: Sequence[BandPoint], progress: Progress) -> Row:
    reading, zone = point.reading, progress.patient.zone
    normal = normal_at(band, point.day)
    return Row(
        day=day_number(progress.treatment, reading.taken_at, zone),
        when=short_date(reading.taken_at, zone),
        value=estimate_words(point.estimate),
        meaning=times_words(point.estimate.value, quantity.substance),
        normal=f"{signed(normal.low)} to {signed(normal.high)}" if normal else "",
        caveats=_caveats(reading),
    )


def _caveats(reading: Reading) -> str:
    """Why a reading says less than others."""
    caveats = []
    if reading.reference is Reference.HISTORY:
        caveats.append("no colour reference in the picture")
    if reading.skin_state is not SkinState.CLEAN:
        caveats.append(SKIN_STATES[reading.skin_state].lower())
    return ", ".join(caveats)


def _summary(progress: Progress, points: Sequence[Point], quantity: Quantity, name: str) -> str:
    if not points:
        return f"{str(quantity).capitalize()} of the {name}: no photo measured yet."
    rows = [_row(p, quantity, progress.assessment.band, progress) for p in (points[0], points[-1])]
    count = "1 photo" if len(points) == 1 else f"{len(points)} photos"
    normal = f" Expected then: {rows[1].normal}." if quantity is Quantity.REDNESS else ""
    return (
        f"{str(quantity).capitalize()} of the {name}: {count}, day {rows[0].day} to"
        f" day {rows[1].day}. Latest {rows[1].value} doublings, {rows[1].meaning}.{normal}"
    )
