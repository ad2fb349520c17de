"""The recovery of one patient: one chart large, all regions small, and what happened besides."""

from collections.abc import Mapping
from dataclasses import dataclass

from tracker.actions.show_progress import Progress
from tracker.readings import Quantity
from tracker.treatments import Region
from web.charts import LARGE, Chart, chart, region_charts
from web.plot_data import plot_data
from web.timeline import Strip, timeline


@dataclass(frozen=True, slots=True)
class Focus:
    """What the large chart shows; None leaves the choice to what matters most."""

    region: Region | None = None
    quantity: Quantity | None = None


@dataclass(frozen=True, slots=True)
class Recovery:
    """The charts; `region` and `quantity` are those of the large one."""

    region: Region
    quantity: Quantity
    regions: tuple[tuple[Region, str], ...]
    large: Chart
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
        redness=region_charts(progress, Quantity.REDNESS),
        pigment=region_charts(progress, Quantity.PIGMENT),
        strip=timeline(progress),
        plot=plot_data(progress, quantity, region),
    )
