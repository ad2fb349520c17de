"""Progress as plain chart data: percent across, pixels down, words for every mark. Pure.

Across is percent of the plot's width, so that one drawing fits a phone and a wall. Down is pixels,
so that texts and marks keep their size. Bands, lines and ranges cannot be given in percent; they
use a grid that is GRID wide and stretches.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

from tracker.actions.course.progress import CourseSoFar
from tracker.domain.course.readings import Quantity, Reading
from tracker.domain.course.treatments import Region, days_since
from tracker.domain.desk.worklist import Gauge
from tracker.domain.recovery.bands import BandPoint
from tracker.domain.recovery.evidence_words import times_words
from web.charts.leaves import Leaf, leaf
from web.charts.points import (
    Point,
    Row,
    estimate_of,
    headline,
    point_words,
    points_of,
    row_of,
    runs_of,
    seen_since,
    unseen_change,
)

GRID = 1000.0
EDGE = 2.5  # percent kept free left and right, so that no mark is cut
TOP, FOOT = 10.0, 8.0  # pixels kept free above and below
LARGE, PHONE, SMALL = 280.0, 190.0, 120.0  # heights in pixels
MOST_TICKS_LARGE, MOST_TICKS_SMALL = 9, 5
MANY_MARKS, CROWDED_MARKS = 20, 100  # with more they are drawn smaller, and smaller still
DENSE = 30  # with more points, a small chart draws lines in place of single marks
ROWS_LARGE, ROWS_SMALL = 30, 10  # of the table behind a chart, at once
BAND_WORDS = {Quantity.REDNESS: "expected range", Quantity.PIGMENT: "too small to tell"}
LABEL_GAP, LABEL_UNDER = 6.0, 14.0  # pixels from the edges of the band to its words
WORDS_FROM = 66.0  # per cent: on a phone the words take the last third of the width
TICK_STEPS = (1, 2, 3, 7, 14, 28, 56, 91, 182, 364)


@dataclass(frozen=True, slots=True)
class Tick:
    """A grid line: `at` in percent (across) or pixels (down), with its words."""

    at: float
    label: str


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
    """What is normal (of pigment: not to be seen) as SVG path data on the stretching grid.

    `label` and `middle` name the band and its median at their end: pixels from the top, and words.
    """

    area: str
    median: str
    label: Tick
    middle: Tick | None


@dataclass(frozen=True, slots=True)
class Chart:
    """One quantity of one region over the days since treatment.

    `headline` is for practitioners. `gaps` join what days without photos part.
    A small chart of many points has no `marks` but the latest; `lone` are then dots that no line
    joins and `hollow` those that are less reliable, as SVG path data on the stretching grid.
    """

    name: str
    title: str
    region: Region
    quantity: Quantity
    headline: str
    summary: str
    height: float
    as_before: float
    treated: float
    days: tuple[Tick, ...]
    levels: tuple[Tick, ...]
    band: Band | None
    lines: tuple[str, ...]
    gaps: tuple[str, ...]
    marks: tuple[Mark, ...]
    lone: str
    hollow: str
    rows: Leaf[Row]

    @property
    def ranges(self) -> str:
        """The 95 % ranges of the marks as SVG path data on the stretching grid."""
        return "".join(
            f"M{mark.x * GRID / 100:g},{mark.top:g}V{mark.bottom:g}" for mark in self.marks
        )


@dataclass(frozen=True, slots=True)
class Frame:
    """What all charts of a quantity share, for comparison: readings, band, days and range.

    `seen` are the readings since the treatment with their days; `low` and `high` are doublings.
    """

    quantity: Quantity
    seen: Sequence[tuple[float, Reading]]
    band: tuple[BandPoint, ...]
    last_day: float
    low: float
    high: float


def frame_of(progress: CourseSoFar, quantity: Quantity) -> Frame:
    """The frame of a quantity, for all regions."""
    seen, end = seen_since(progress), last_day(progress)
    is_red = quantity is Quantity.REDNESS
    band = progress.band if is_red else unseen_change(seen, progress, end)
    low, high = _range(progress, quantity, band)
    return Frame(quantity, seen, band, end, low, high)


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

    def day_at(self, x: float) -> float:
        """The day at so many percent from the left."""
        return (x - EDGE) / (100 - 2 * EDGE) * self.last_day

    def y(self, value: float) -> float:
        """Pixels from the top."""
        share = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return round(TOP + (self.height - TOP - FOOT) * (1 - share), 1)

    def on_grid(self, day: float, value: float) -> str:
        """A point of the stretching grid."""
        return f"{self.x(day) * GRID / 100:g},{self.y(value):g}"


def patient_charts(
    progress: CourseSoFar, gauge: Gauge, values: int | None, *, alone: bool
) -> tuple[Chart, ...]:
    """The most important chart, large; then its other quantity if measured, unless `alone`.

    `values` is the leaf of their tables.
    """
    (other,) = set(Quantity) - {gauge.quantity}
    first = phone_chart(progress, gauge.region, gauge.quantity, values)
    second = phone_chart(progress, gauge.region, other, values)
    return (first,) if alone or not second.marks else (first, second)


def phone_chart(
    progress: CourseSoFar, region: Region, quantity: Quantity, values: int | None = None
) -> Chart:
    """The course of one region, so high that a phone shows the face above it, too."""
    return chart(progress, region, frame_of(progress, quantity), values, PHONE)


def region_charts(progress: CourseSoFar, frame: Frame) -> tuple[Chart, ...]:
    """The treated regions one by one, small; their tables hold the newest values alone."""
    treated = [region for region in Region if region in progress.treatment.areas]
    scale = Scale(frame.last_day, frame.low, frame.high, SMALL)
    band = _band(frame, scale)
    return tuple(_chart(progress, region, frame, scale, band, None) for region in treated)


def chart(
    progress: CourseSoFar,
    region: Region,
    frame: Frame,
    values: int | None = None,
    height: float = LARGE,
) -> Chart:
    """The course of one region, large; `values` is the leaf of its table."""
    scale = Scale(frame.last_day, frame.low, frame.high, height)
    return _chart(progress, region, frame, scale, _band(frame, scale), values)


def _chart(
    progress: CourseSoFar,
    region: Region,
    frame: Frame,
    scale: Scale,
    band: Band | None,
    values: int | None,
) -> Chart:
    quantity, is_small = frame.quantity, scale.height == SMALL
    points = points_of(frame.seen, region, quantity)
    is_dense = is_small and len(points) > DENSE
    runs = list(runs_of(points))
    as_row = partial(row_of, quantity=quantity, band=frame.band, progress=progress)
    return Chart(
        name=f"{quantity}-{region}{'-small' if is_small else ''}",
        title=f"{str(quantity).capitalize()}, {region.words}",
        region=region,
        quantity=quantity,
        headline=headline(points, frame.band, region, quantity, progress),
        summary=_summary(progress, points, frame, region.words),
        height=scale.height,
        as_before=scale.y(0),
        treated=scale.x(0),
        days=day_ticks(scale),
        levels=_level_ticks(scale, 1.0 if quantity is Quantity.REDNESS else 0.5),
        band=band,
        lines=tuple(
            "M" + " ".join(scale.on_grid(p.day, p.estimate.value) for p in run)
            for run in runs
            if len(run) > 1
        ),
        gaps=tuple(
            f"M{scale.on_grid(a.day, a.estimate.value)} {scale.on_grid(b.day, b.estimate.value)}"
            for a, b in ((before[-1], after[0]) for before, after in pairwise(runs))
        ),
        marks=tuple(
            _mark(p, scale, quantity, progress, is_latest=p is points[-1], of=len(points))
            for p in (points[-1:] if is_dense else points)
        ),
        lone=_dots((run[0] for run in runs if len(run) == 1), scale) if is_dense else "",
        hollow=_dots((p for p in points if not p.is_certain), scale) if is_dense else "",
        rows=leaf(points[::-1], values, ROWS_SMALL if is_small else ROWS_LARGE, as_row),
    )


def last_day(progress: CourseSoFar) -> float:
    """The end of the time axis: the end of the band, or the latest reading or answer after it."""
    days = [point.day for point in progress.band[-1:]]
    days += [days_since(progress.treatment, r.taken_at) for r in progress.readings]
    days += [days_since(progress.treatment, c.at) for c in progress.check_ins]
    return max(1.0, *days)


def _range(
    progress: CourseSoFar, quantity: Quantity, band: Iterable[BandPoint]
) -> tuple[float, float]:
    """Lowest and highest doublings shown: the usual range, widened for what was measured."""
    low, high = (-0.5, 2.0) if quantity is Quantity.REDNESS else (-0.5, 1.0)
    values = [
        estimate_of(reading, region, quantity).value
        for reading in progress.readings
        for region in reading.regions
    ]
    if values:
        low, high = min(low, min(values) - 0.1), max(high, max(values) + 0.1)
    low, high = min(low, *(p.low for p in band), low), max(high, *(p.high for p in band), high)
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
    return tuple(Tick(scale.y(n * step), level_words(n * step)) for n in range(first, last + 1))


def level_words(doublings: float) -> str:
    """`2 ×` for one doubling, `before` for none."""
    return f"{2**doublings:.2g}\N{NO-BREAK SPACE}×" if doublings else "before"


def _band(frame: Frame, scale: Scale) -> Band | None:
    band = frame.band
    if not band:
        return None
    closed = [*band, BandPoint(scale.last_day, band[-1].low, band[-1].median, band[-1].high)]
    low, middle, high = (
        _curve([(p.day, getattr(p, edge)) for p in closed], scale)
        for edge in ("low", "median", "high")
    )
    is_red, end = frame.quantity is Quantity.REDNESS, closed[-1]
    left = max(p.day for p in closed if scale.x(p.day) <= WORDS_FROM)
    above = max(p.high for p in closed if p.day >= left)
    return Band(
        area=f"M{' '.join(high)} {' '.join(reversed(low))}Z",
        median=f"M{' '.join(middle)}",
        label=Tick(scale.y(above) - LABEL_GAP, BAND_WORDS[frame.quantity]),
        middle=Tick(scale.y(end.low) + LABEL_UNDER, "dashed: its median") if is_red else None,
    )


def _curve(points: Sequence[tuple[float, float]], scale: Scale) -> list[str]:
    """The points of a curve on the grid, without those inside a stretch that is drawn level."""
    heights = [scale.y(value) for _, value in points]
    return [
        scale.on_grid(*point)
        for at, point in enumerate(points)
        if at in {0, len(points) - 1} or not heights[at - 1] == heights[at] == heights[at + 1]
    ]


def _dots(points: Iterable[Point], scale: Scale) -> str:
    """Dots as strokes without length, which round caps make visible."""
    return "".join(f"M{scale.on_grid(p.day, p.estimate.value)}h0" for p in points)


def _mark(
    point: Point,
    scale: Scale,
    quantity: Quantity,
    progress: CourseSoFar,
    *,
    is_latest: bool,
    of: int,
) -> Mark:
    """One of so many points."""
    value, reach = point.estimate.value, 1.96 * point.estimate.sd
    return Mark(
        x=scale.x(point.day),
        y=scale.y(value),
        top=scale.y(value + reach),
        bottom=scale.y(value - reach),
        hollow=not point.is_certain,
        latest=is_latest,
        radius=_radius(scale, of) + 2 * is_latest,
        words=point_words(point, quantity, progress),
    )


def _radius(scale: Scale, of: int) -> float:
    if of > CROWDED_MARKS:
        return 1.5
    return 3.0 if of > MANY_MARKS or scale.height == SMALL else 4.5


def _summary(progress: CourseSoFar, points: Sequence[Point], frame: Frame, name: str) -> str:
    quantity = frame.quantity
    if not points:
        return f"{str(quantity).capitalize()} of the {name}: no photo measured yet."
    first, last = (row_of(p, quantity, frame.band, progress) for p in (points[0], points[-1]))
    count = "1 photo" if len(points) == 1 else f"{len(points)} photos"
    normal = (
        f" Expected then: {last.normal}." if quantity is Quantity.REDNESS and last.normal else ""
    )
    latest = times_words(points[-1].estimate.value, quantity)
    return (
        f"{str(quantity).capitalize()} of the {name}: {count}, day {first.day} to day {last.day}."
        f" Latest {latest}, range {last.reach}.{normal}"
    )
