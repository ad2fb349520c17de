"""What was measured on a photo, region by region."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from tracker.domain.course.photos import SkinState
from tracker.domain.course.treatments import Region


class Reference(StrEnum):
    """What made the photo comparable with the baseline, best first."""

    CARD = "card"
    SKIN = "skin"
    HISTORY = "history"


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value in doublings against baseline and one standard deviation of it."""

    value: float
    sd: float


class Quantity(StrEnum):
    """What is measured in each region."""

    REDNESS = "redness"
    PIGMENT = "pigment"


class Change(StrEnum):
    """How a quantity changed between two readings, as far as their errors allow to say."""

    LESS = "less"
    SAME = "same"
    MORE = "more"


def change_between(before: Estimate, after: Estimate) -> Change:
    """Compare two readings; a difference within 1.96 standard deviations is none (95 %)."""
    difference = after.value - before.value
    if abs(difference) <= 1.96 * math.hypot(before.sd, after.sd):
        return Change.SAME
    return Change.LESS if difference < 0 else Change.MORE


@dataclass(frozen=True, slots=True)
class Spots:
    """Spots of one kind in a region: how many, and their share (0–1) of the visible skin."""

    count: int
    share: float


@dataclass(frozen=True, slots=True)
class FocalChanges:
    """Where in a region the skin changed since baseline.

    `affected` is the share (0–1) of its visible skin that is clearly redder than before. `redder`
    and `darker` are spots that differ from the skin around them. The engine does not weigh them.
    """

    affected: float
    redder: Spots
    darker: Spots


@dataclass(frozen=True, slots=True)
class RegionReading:
    """One region on one day.

    `redness` is log2(blood now / at baseline), `pigment` log2(melanin now / at baseline). The rest
    are reference values that clinicians know (CIELAB, ITA in degrees, erythema and melanin index);
    no rule uses them. `share` is the part of the region that counted, 0–1. `focal` is None in
    readings that were stored before it was kept.

    Raises ValueError for an estimate that is not a number: it would invalidate the whole course.
    """

    redness: Estimate
    pigment: Estimate
    lab: tuple[float, float, float]
    ita: float
    erythema_index: float
    melanin_index: float
    share: float
    focal: FocalChanges | None = None

    def __post_init__(self) -> None:
        for estimate in (self.redness, self.pigment):
            if not math.isfinite(estimate.value) or not 0 <= estimate.sd < math.inf:
                raise ValueError(f"{estimate} cannot be used; measure the photo again")


@dataclass(frozen=True, slots=True)
class Reading:
    """All regions of one photo, and how they were measured.

    `method` is the version of the analysis, `opencv` that of the library it uses; `residual` is the
    registration's, as a fraction of the eye distance. `asymmetry` is the redness of the left cheek
    minus that of the right; None if not both were measured, and in readings that were stored before
    it was kept. `is_mirrored` says whether the photo shows the face the other way round than its
    baseline as measured, None where that is not clear; `is_turned` that the baseline's file was
    known to be a mirror image and was turned first.
    """

    photo_id: str
    taken_at: datetime
    method: str
    opencv: str
    reference: Reference
    residual: float
    skin_state: SkinState
    regions: Mapping[Region, RegionReading]
    asymmetry: Estimate | None = None
    is_mirrored: bool | None = None
    is_turned: bool = False

    @property
    def carries_alerts(self) -> bool:
        """Whether this photo may open an alert alone: not with make-up, not without a reference."""
        return self.reference is not Reference.HISTORY and self.skin_state is not SkinState.MAKE_UP


@dataclass(frozen=True, slots=True)
class Trial:
    """What the present method makes of a photo that an earlier one measured.

    `fault` says why it refuses the photo, empty where it reads `regions`.
    """

    method: str
    regions: Mapping[Region, RegionReading]
    fault: str = ""
