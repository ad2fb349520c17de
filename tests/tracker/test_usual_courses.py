"""What is usual after one treatment must not be judged by the curve of another."""

from dataclasses import replace

import numpy as np
import pytest

from tests.tracker.courses_of_readings import (
    DAILY,
    Doublings,
    check_in,
    reading,
    treatment,
    unchanged,
)
from tracker.domain.alerts.alerts import Concern
from tracker.domain.course.check_ins import Answers, Trend
from tracker.domain.protocols.protocols import Healing
from tracker.domain.recovery.recovery import Course, assess
from tracker.storage.protocols import protocol_files

EVERY_TREATMENT = [
    (kind, variant)
    for kind in protocol_files.shipped_kinds()
    for variant in protocol_files.load(kind).variants or (None,)
]


def usual(healing: Healing) -> Doublings:
    """Redness of a course with the medians of a healing."""
    blood = 2**healing.peak_doublings.median - 1
    peak_day = healing.peak_days.median if healing.peak_days else 0.0
    half_life = healing.half_life_hours.median / 24

    def redness(_region: object, day: float) -> float:
        rising = 0.5 + 0.5 * day / peak_day if day < peak_day else 1.0
        return float(np.log2(1 + blood * rising * 2 ** (-max(day - peak_day, 0) / half_life)))

    return redness


def alarming(
    kind: str, variant: str | None, redness: Doublings, pigment: Doublings, until: int
) -> set[Concern]:
    protocol = protocol_files.load(kind)
    done = replace(treatment(), kind=kind, variant=variant, needle_depth_mm=None)
    days = (*DAILY, *np.arange(11.05, until, 3))
    rows = tuple(reading(float(day), redness, pigment) for day in days)
    calm = Answers(pain=1, trend=Trend.BETTER)
    answers = tuple(check_in(float(day), calm) for day in days)
    found: set[Concern] = set()
    for day in (5, 10, until // 2, until):
        known = Course(done, tuple(rows), answers)
        findings = assess(known, protocol, until=day).findings
        found |= {f.concern for f in findings if f.level is not None and f.level.is_mailed}
    return found


@pytest.mark.parametrize(("kind", "variant"), EVERY_TREATMENT)
def test_a_usual_course_of_any_treatment_alarms_nobody(kind: str, variant: str | None) -> None:
    healing = protocol_files.load(kind).healing_for(None, variant)
    assert alarming(kind, variant, usual(healing), unchanged, until=44) == set()


def test_after_ablative_laser_redness_may_rise_until_day_14_but_not_after_needles() -> None:
    healing = protocol_files.load("fractional_laser").healing_for(None, "ablative")
    assert usual(healing)(None, 14) > usual(healing)(None, 3) + 0.5  # type: ignore[arg-type]
    assert alarming("fractional_laser", "ablative", usual(healing), unchanged, until=20) == set()
    assert alarming("microneedling", None, usual(healing), unchanged, until=20)


def test_dark_crusts_of_the_first_ten_days_after_ipl_are_no_hyperpigmentation() -> None:
    healing = protocol_files.load("ipl").healing_for(None)

    def crusts(_region: object, day: float) -> float:
        return 0.6 if 1 < day < 11 else 0.0

    def stays_dark(_region: object, day: float) -> float:
        return 0.6 if day > 1 else 0.0

    assert alarming("ipl", None, usual(healing), crusts, until=29) == set()
    assert alarming("ipl", None, usual(healing), stays_dark, until=29) == {
        Concern.HYPERPIGMENTATION
    }
