"""Courses made of readings, for tests that judge without looking at pixels."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np

from tracker.domain.course.check_ins import Answers, CheckIn, Trend
from tracker.domain.course.photos import SkinState
from tracker.domain.course.readings import (
    Estimate,
    FocalChanges,
    Reading,
    Reference,
    RegionReading,
    Spots,
)
from tracker.domain.course.treatments import AREAS, Region, Setting, Treatment
from tracker.domain.recovery.recovery import Course

TREATED_AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
DAILY = tuple(day + 0.05 for day in range(10))
# Every daily question answered, without any complaint.
CALM = Answers(
    pain=0,
    itch=0,
    swelling=0,
    warmth=False,
    pus=False,
    blisters=False,
    spreading=False,
    fever=False,
    breathing_or_face_swelling=False,
    trend=Trend.SAME,
)

Doublings = Callable[[Region, float], float]


def fading(_region: Region, day: float) -> float:
    """Redness of a usual course after 1.5 mm: the extra blood halves every 30 hours."""
    return float(np.log2(1 + 1.8 * 2 ** (-day * 24 / 30)))


def staying(_region: Region, day: float) -> float:
    """Redness that never falls below half of its peak."""
    return float(np.log2(1 + 1.8 * (0.5 + 0.5 * 2 ** (-day * 24 / 30))))


def rising_again(region: Region, day: float) -> float:
    """A usual course but for the left cheek, which reddens again from day 4."""
    focus = 0.6 * max(0.0, day - 4) if region is Region.LEFT_CHEEK else 0.0
    return fading(region, day) + focus


def unchanged(_region: Region, _day: float) -> float:
    """No change of pigment."""
    return 0.0


def darkening(_region: Region, day: float) -> float:
    """Pigment that appears from day 9 on."""
    return max(0.0, 0.5 * (1 - float(np.exp(-(day - 9) / 5))))


def treatment(depth_mm: float = 1.5) -> Treatment:
    """A treatment of the whole face."""
    return Treatment(
        "t", "p", "microneedling", TREATED_AT, Setting.CLINIC, depth_mm, frozenset(AREAS)
    )


def reading(
    day: float,
    redness: Doublings = fading,
    pigment: Doublings = unchanged,
    *,
    seed: int = 1,
    reference: Reference = Reference.SKIN,
) -> Reading:
    """What a photo of that day shows, with the noise of a good skin reference."""
    rng = np.random.default_rng([seed, round(day * 1000)])
    return Reading(
        photo_id=f"photo-{day}",
        taken_at=TREATED_AT + timedelta(days=day),
        method="1",
        opencv="4",
        reference=reference,
        residual=0.01,
        skin_state=SkinState.CLEAN,
        regions={
            region: RegionReading(
                redness=Estimate(redness(region, day) + rng.normal(0, 0.1), 0.12),
                pigment=Estimate(pigment(region, day) + rng.normal(0, 0.05), 0.06),
                lab=(60.0, 15.0, 18.0),
                ita=30.0,
                erythema_index=10.0,
                melanin_index=30.0,
                share=0.9,
            )
            for region in Region
        },
    )


def with_focal(
    read: Reading, region: Region, focal: FocalChanges, asymmetry: Estimate | None = None
) -> Reading:
    """The same reading, with spots and affected share of one region and the cheeks compared."""
    regions = dict(read.regions) | {region: replace(read.regions[region], focal=focal)}
    return replace(read, regions=regions, asymmetry=asymmetry)


def focal(
    affected: float = 0.0,
    redder: tuple[int, float] = (0, 0.0),
    darker: tuple[int, float] = (0, 0.0),
) -> FocalChanges:
    """Shares 0–1; spots as number and share."""
    return FocalChanges(affected, Spots(*redder), Spots(*darker))


def check_in(day: float, answers: Answers) -> CheckIn:
    """Answers given this many days after the treatment."""
    at = TREATED_AT + timedelta(days=day)
    return CheckIn(f"check-in-{day}", "t", "p", at, answers, received_at=at)


def course(readings: Iterable[Reading], check_ins: Iterable[CheckIn] = ()) -> Course:
    """A course after 1.5 mm."""
    return Course(treatment(), tuple(readings), tuple(check_ins))
