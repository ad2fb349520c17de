"""What was measured in a region, point by point: its place in time, and its words."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median

from tracker.actions.course.progress import CourseSoFar
from tracker.domain.course.check_ins import Trend
from tracker.domain.course.photos import SkinState
from tracker.domain.course.readings import (
    Change,
    Estimate,
    Quantity,
    Reading,
    Reference,
    change_between,
)
from tracker.domain.course.treatments import Region, day_number, days_since
from tracker.domain.desk.telling import VISIBLE_PIGMENT, WIDEST_SD
from tracker.domain.recovery.bands import BandPoint, normal_at
from tracker.domain.recovery.evidence_words import times, times_words
from web.words.times import short_date
from web.words.words import SKIN_STATES, range_words

# A gap is longer than the requested interval: a photo a day for two weeks, then one a week.
DAILY_UNTIL = 14.0
SPARK_WIDTH, SPARK_HEIGHT, SPARK_EDGE = 96, 36, 3  # pixels
# In doublings; what is beyond lies on the edge. Pigment that can be seen changes much less.
SPARK_RANGES = {Quantity.REDNESS: (-0.5, 2.5), Quantity.PIGMENT: (-0.25, 0.75)}
LEAST_OF_A_SPARK = 2
LONGEST_STEP_DAILY, LONGEST_STEP_WEEKLY = 2.2, 11.0


@dataclass(frozen=True, slots=True)
class Point:
    """One region of one reading, so many days after the treatment."""

    day: float
    estimate: Estimate
    reading: Reading

    @property
    def is_certain(self) -> bool:
        """Whether it counts alone; other marks are hollow."""
        return self.reading.carries_alerts


@dataclass(frozen=True, slots=True)
class Row:
    """A point of a chart in the table behind it: `1.8 ×`, `1.6 to 2.0 ×`, `up to 1.3 ×`."""

    day: int
    when: str
    value: str
    reach: str
    normal: str
    caveats: str


def seen_since(progress: CourseSoFar) -> list[tuple[float, Reading]]:
    """The readings since the treatment, each with its day, in time order."""
    days = ((days_since(progress.treatment, r.taken_at), r) for r in progress.readings)
    return [(day, reading) for day, reading in days if day >= 0]


def points_of(
    seen: Sequence[tuple[float, Reading]], region: Region, quantity: Quantity
) -> list[Point]:
    """The measurements of a region in these readings."""
    return [
        Point(day, estimate_of(reading, region, quantity), reading)
        for day, reading in seen
        if region in reading.regions
    ]


def estimate_of(reading: Reading, region: Region, quantity: Quantity) -> Estimate:
    """What a reading says of a region that it shows."""
    measured = reading.regions[region]
    return measured.redness if quantity is Quantity.REDNESS else measured.pigment


def runs_of(points: Sequence[Point]) -> Iterator[Sequence[Point]]:
    """The points that a line may join: never across days without readings."""
    start = 0
    for at in range(1, len(points) + 1):
        if at == len(points) or is_gap(points[at - 1].day, points[at].day):
            yield points[start:at]
            start = at


def is_gap(day: float, following: float) -> bool:
    """Whether more days were missed between two photos than expected."""
    longest = LONGEST_STEP_DAILY if following <= DAILY_UNTIL else LONGEST_STEP_WEEKLY
    return following - day > longest


def point_words(point: Point, quantity: Quantity, progress: CourseSoFar) -> str:
    """`Day 3 (5 Mar, 08:10): 1.8 × the redness of before, range 1.6 to 2.0 ×`."""
    return f"{photo_words(point.reading, progress)}: {value_words(point, quantity)}"


def photo_words(reading: Reading, progress: CourseSoFar) -> str:
    """`Day 3 (5 Mar, 08:10)`."""
    zone = progress.patient.zone
    day = day_number(progress.treatment, reading.taken_at, zone)
    return f"Day {day} ({short_date(reading.taken_at, zone)})"


def value_words(point: Point, quantity: Quantity) -> str:
    """`1.8 × the redness of before, range 1.6 to 2.0 ×`, and why it says less than others."""
    caveats = _caveats(point.reading)
    words = f"{times_words(point.estimate.value, quantity)}, range {range_words(point.estimate)}"
    return f"{words} ({caveats})" if caveats else words


def row_of(
    point: Point, quantity: Quantity, band: Sequence[BandPoint], progress: CourseSoFar
) -> Row:
    """A point in words, with what is normal then if there is a band."""
    reading, zone = point.reading, progress.patient.zone
    normal = normal_at(band, point.day)
    return Row(
        day=day_number(progress.treatment, reading.taken_at, zone),
        when=short_date(reading.taken_at, zone),
        value=times(point.estimate.value),
        reach=range_words(point.estimate),
        normal=normal_words(normal, quantity) if normal else "",
        caveats=_caveats(reading),
    )


def headline(
    points: Sequence[Point],
    band: Sequence[BandPoint],
    region: Region,
    quantity: Quantity,
    progress: CourseSoFar,
) -> str:
    """What a practitioner must know of a curve, in one sentence, from its points in time order.

    `Left cheek: rising again since day 4; on day 7: 3.5 × the redness of before (normal then: up to
    1.3 ×). Normal would be back by day 6.` While an alert is open or an answer was a warning sign,
    it names what is worrying or nothing: a calm curve does not answer either.
    """
    where = region.words.capitalize()
    if not points:
        return f"{where}: no photo measured yet."
    last = points[-1]
    sure = [p for p in points if p.is_certain and p.estimate.sd <= WIDEST_SD]
    if not sure or sure[-1] is not last:
        return f"{where}: the photo of day {_day(last, progress)} is too uncertain to say anything."
    turn = _turn(sure, quantity, progress)
    normal = normal_at(band, last.day)
    value = last.estimate.value
    is_outside = normal is not None and not (
        value <= normal.high if quantity is Quantity.REDNESS else normal.low <= value <= normal.high
    )
    is_worse = turn.change is Change.MORE or (
        turn.change is Change.LESS and quantity is Quantity.PIGMENT
    )
    if _is_guarded(progress) and not (is_worse or is_outside):
        return (
            f"{where}: last measured on day {_day(last, progress)}. An alert or a warning sign is"
            " open, and this curve does not answer it."
        )
    if _is_guarded(progress) and not is_outside:
        return f"{where}: {turn.words}."  # a value within the normal would calm
    told = turn.words if is_worse or not _is_guarded(progress) else ""
    now = f"on day {_day(last, progress)}: {_against(value, quantity, normal)}"
    back = _back_by(band, progress) if is_outside and quantity is Quantity.REDNESS else ""
    return f"{where}: {told}{'; ' if told else ''}{now}.{back}"


@dataclass(frozen=True, slots=True)
class _Turn:
    """How a curve goes since it last turned, in words that may be empty."""

    change: Change
    words: str


def _turn(sure: Sequence[Point], quantity: Quantity, progress: CourseSoFar) -> _Turn:
    """Since when the curve rises or falls, as far as the errors of its points allow to say."""
    rises, falls = ("rising", "fading") if quantity is Quantity.REDNESS else ("darker", "lighter")
    last, before = sure[-1], sure[:-1]
    if not before:
        return _Turn(Change.SAME, "only one photo so far")
    lowest = min(range(len(before)), key=lambda at: before[at].estimate.value)
    low = before[lowest]
    highest = max(before[lowest:], key=lambda point: point.estimate.value)
    if change_between(low.estimate, last.estimate) is Change.MORE and not _fell(highest, last):
        again = any(_fell(earlier, low) for earlier in before[:lowest])
        return _Turn(
            Change.MORE, f"{rises}{' again' if again else ''} since day {_day(low, progress)}"
        )
    top = max(before, key=lambda point: point.estimate.value)
    since = highest if change_between(low.estimate, highest.estimate) is Change.MORE else top
    if _fell(since, last):
        return _Turn(Change.LESS, f"{falls} since day {_day(since, progress)}")
    return _Turn(Change.SAME, f"no clear change since day {_day(before[0], progress)}")


def _fell(before: Point, after: Point) -> bool:
    return change_between(before.estimate, after.estimate) is Change.LESS


def _day(point: Point, progress: CourseSoFar) -> int:
    return day_number(progress.treatment, point.reading.taken_at, progress.patient.zone)


def _against(value: float, quantity: Quantity, normal: BandPoint | None) -> str:
    """A value with what is normal then."""
    if normal is None or quantity is Quantity.REDNESS:
        return times_words(value, quantity, normal.high if normal else None, "then")
    untold = f"between {times(normal.low)} and {times(normal.high)} a change is too small to tell"
    return f"{times_words(value, quantity)}; {untold}"


def _back_by(band: Sequence[BandPoint], progress: CourseSoFar) -> str:
    """By when 95 in 100 are back; empty if the band does not reach that far."""
    visible = progress.protocol.redness.visible
    until = max((point.day for point in band if point.high > visible), default=0.0)
    back = next((point.day for point in band if point.day > until), None)
    return "" if back is None else f" Normal would be back by day {math.ceil(back)}."


def _is_guarded(progress: CourseSoFar) -> bool:
    """Whether an alert is open or one of the latest answers was a warning sign."""
    earlier = (each.alert for each in progress.earlier_alerts)
    if any(alert.resolved_at is None for alert in (*progress.alerts, *earlier)):
        return True
    given = (*progress.check_ins, *progress.other_check_ins)
    until = max((max(c.at, c.received_at) for c in given), default=progress.treatment.performed_at)
    return any(
        until - min(c.at, c.received_at) <= progress.protocol.answer_memory
        and (c.answers.is_alarming or c.answers.trend is Trend.WORSE)
        for c in given
    )


def normal_words(normal: BandPoint, quantity: Quantity) -> str:
    """`up to 1.3 ×` for redness; `0.9 × to 1.1 ×` for pigment, which may change both ways."""
    if quantity is Quantity.REDNESS:
        return f"up to {times(normal.high)}"
    return f"{times(normal.low)} to {times(normal.high)}"


def unseen_change(
    seen: Sequence[tuple[float, Reading]], progress: CourseSoFar, until: float
) -> tuple[BandPoint, ...]:
    """Changes of pigment that no one can see: at least as wide as this person's readings err.

    In doublings, level from the treatment until a day.
    """
    sds = [region.pigment.sd for _, reading in seen for region in reading.regions.values()]
    error = 1.96 * math.hypot(median(sds), progress.protocol.pigment.day_sd) if sds else 0.0
    reach = max(VISIBLE_PIGMENT, error)
    return tuple(BandPoint(day, -reach, 0.0, reach) for day in (0.0, until))


def _caveats(reading: Reading) -> str:
    """Why a reading says less than others."""
    caveats = []
    if reading.reference is Reference.HISTORY:
        caveats.append("no colour reference in the picture")
    if reading.skin_state is not SkinState.CLEAN:
        caveats.append(SKIN_STATES[reading.skin_state].lower())
    return ", ".join(caveats)


@dataclass(frozen=True, slots=True)
class Spark:
    """A course so small that it has no axes: `line` of SVG points, `end` the latest one."""

    line: str
    end: tuple[float, float]
    as_before: float
    words: str


def spark(recent: Sequence[tuple[datetime, float]], quantity: Quantity) -> Spark | None:
    """Values of the last photos, the latest first, in doublings; None for fewer than two.

    All sparks of a quantity have one scale, so that rows of a list can be compared.
    """
    if len(recent) < LEAST_OF_A_SPARK:
        return None
    began, ended = recent[-1][0], recent[0][0]
    lasts = (ended - began).total_seconds() or 1.0
    width, height = SPARK_WIDTH - 2 * SPARK_EDGE, SPARK_HEIGHT - 2 * SPARK_EDGE
    low, high = SPARK_RANGES[quantity]

    def level(value: float) -> float:
        share = (min(max(value, low), high) - low) / (high - low)
        return round(SPARK_EDGE + height * (1 - share), 1)

    points = [
        (round(SPARK_EDGE + width * (at - began).total_seconds() / lasts, 1), level(value))
        for at, value in reversed(recent)
    ]
    first, latest = times(recent[-1][1]), times(recent[0][1])
    highest = times(max(value for _, value in recent))
    return Spark(
        line=" ".join(f"{x},{y}" for x, y in points),
        end=points[-1],
        as_before=level(0.0),
        words=f"the last {len(recent)} photos: from {first} to {latest}, highest {highest}",
    )
