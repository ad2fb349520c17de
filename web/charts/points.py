"""What was measured in a region, point by point: its place in time, and its words."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tracker.actions.course.progress import CourseSoFar
from tracker.domain.course.photos import SkinState
from tracker.domain.course.readings import Estimate, Quantity, Reading, Reference
from tracker.domain.course.treatments import Region, day_number, days_since
from tracker.domain.recovery.evidence_words import times, times_words
from tracker.domain.recovery.recovery import BandPoint
from web.words.times import short_date
from web.words.words import SKIN_STATES, range_words

# A gap is longer than the requested interval: a photo a day for two weeks, then one a week.
DAILY_UNTIL = 14.0
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


def row_of(point: Point, band: Sequence[BandPoint], progress: CourseSoFar) -> Row:
    """A point in words, with what is normal then if there is a band."""
    reading, zone = point.reading, progress.patient.zone
    normal = normal_at(band, point.day)
    return Row(
        day=day_number(progress.treatment, reading.taken_at, zone),
        when=short_date(reading.taken_at, zone),
        value=times(point.estimate.value),
        reach=range_words(point.estimate),
        normal=f"up to {times(normal.high)}" if normal else "",
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
