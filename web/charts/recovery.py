"""The recovery of one patient: one chart large, all regions small, and other events."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tracker.actions.course.progress import Progress
from tracker.domain.course.readings import Quantity, Reading
from tracker.domain.course.treatments import Region, day_number
from tracker.domain.recovery.evidence_words import CHEEKS, percent_words, redder_cheek, spots_words
from web.charts.charts import LARGE, Chart, chart, region_charts
from web.charts.plot_data import plot_data
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
