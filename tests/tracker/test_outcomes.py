"""Outcomes are counted on known data, and what is not over yet is not left out."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.conftest import PROTOCOLS, TREATED_AT
from tests.tracker.courses_of_readings import treatment
from tracker.domain.alerts.alerts import Concern, FalseAlarms, Level, Outcome
from tracker.domain.course.procedures import Procedure
from tracker.domain.course.treatments import Treatment
from tracker.domain.desk.outcomes import (
    Asked,
    Redness,
    Span,
    days_to_clear,
    false_alarms_by_concern,
    quantile,
    response_times,
    watched,
)

NOW = datetime(2026, 6, 1, 9, 0, tzinfo=UTC)
NEEDLES = PROTOCOLS.of("microneedling")
RED, CLEAR = NEEDLES.redness.visible + 0.3, NEEDLES.redness.visible - 0.1
# Weeks of remission under 6-mercaptopurine (Freireich and others 1963); the published median is 23.
FREIREICH = "6 6 6 6+ 7 9+ 10 10+ 11+ 13 16 17+ 19+ 20+ 22 23 25+ 32+ 32+ 34+ 35+"
REMISSIONS = [Span(float(w.rstrip("+")), is_over=not w.endswith("+")) for w in FREIREICH.split()]


def seen(*days: tuple[float, float]) -> list[Redness]:
    return [Redness(TREATED_AT + timedelta(days=day), doublings) for day, doublings in days]


def clear_on(day: int) -> list[Redness]:
    return seen(*((float(each), RED if each < day else CLEAR) for each in range(1, day + 2)))


def still_red_on(day: int) -> list[Redness]:
    return seen(*((float(each), RED) for each in range(1, day + 1)))


def test_the_median_of_a_published_table_is_the_published_one() -> None:
    assert quantile(REMISSIONS, 0.5) == 23
    assert quantile(REMISSIONS, 0.9) is None


def test_without_anything_unfinished_it_is_the_plain_median() -> None:
    spans = [Span(float(days), is_over=True) for days in (3, 1, 2, 5, 4)]
    assert quantile(spans, 0.5) == 3
    assert quantile([], 0.5) is None
    with pytest.raises(ValueError, match="between 0 and 1"):
        quantile(spans, 1.0)


def test_while_nothing_has_ended_there_is_no_median_and_one_that_is_watched_on_counts() -> None:
    going_on = Span(5.0, is_over=False)
    assert quantile([going_on, going_on], 0.5) is None
    assert quantile([going_on, Span(5.0, is_over=True)], 0.5) == 5
    assert quantile([going_on, Span(6.0, is_over=True), Span(7.0, is_over=True)], 0.9) == 7


def test_clear_is_below_visible_on_a_photo_and_the_next() -> None:
    course = treatment()
    once = seen((1, RED), (2, CLEAR), (3, RED), (4, CLEAR), (5, CLEAR))
    assert watched(course, once, NEEDLES) == Span(4.0, is_over=True)
    assert watched(course, still_red_on(6), NEEDLES) == Span(6.0, is_over=False)
    assert watched(course, seen((1, RED), (2, CLEAR)), NEEDLES) == Span(2.0, is_over=True)
    assert watched(course, [], NEEDLES) is None


def test_a_course_is_not_clear_while_an_alert_is_open() -> None:
    calm = seen((1, RED), (2, CLEAR), (3, CLEAR), (4, CLEAR), (5, CLEAR))
    still_open = [replace(each, is_alarmed=True) for each in calm]
    assert watched(treatment(), still_open, NEEDLES) == Span(5.0, is_over=False)
    resolved_on_day_4 = [*still_open[:3], *calm[3:]]
    assert watched(treatment(), resolved_on_day_4, NEEDLES) == Span(4.0, is_over=True)


def test_before_a_late_peak_nobody_is_clear() -> None:
    peel = PROTOCOLS.of("chemical_peel")
    healing = next(each for each in peel.healing if each.peak_days)
    course = replace(treatment(), kind="chemical_peel", variant=healing.variant)
    assert healing.peak_days is not None
    assert watched(course, seen((0.1, CLEAR)), peel) is None
    late = healing.peak_days.high + 1
    assert watched(course, seen((0.1, CLEAR), (late, CLEAR)), peel) == Span(late, is_over=True)


def test_courses_are_grouped_by_treatment_depth_and_device() -> None:
    pen = replace(treatment(1.5), procedure=Procedure(device="Pen A"))
    courses: list[tuple[Treatment, Sequence[Redness]]] = [
        *((pen, clear_on(day)) for day in (2, 3, 4)),
        *((pen, still_red_on(5)) for _ in range(2)),
        (treatment(0.5), clear_on(2)),
        (replace(treatment(1.5), kind="laser of another clinic"), clear_on(2)),
    ]
    shallow, deep = days_to_clear(courses, PROTOCOLS)
    assert (shallow.group.depth_mm, shallow.courses, shallow.says_something) == (0.5, 1, False)
    assert (deep.group.device, deep.courses, deep.cleared) == ("Pen A", 5, 3)
    assert deep.says_something
    assert deep.median == 4.0
    assert deep.range == (2.0, 4.0)


def test_a_median_is_not_made_of_the_few_that_are_clear() -> None:
    courses = [(treatment(), clear_on(2)), *((treatment(), still_red_on(9)) for _ in range(5))]
    (found,) = days_to_clear(courses, PROTOCOLS)
    assert (found.courses, found.cleared, found.median) == (6, 1, None)


def test_false_alarms_are_told_by_concern() -> None:
    counted = {concern: Counter[Outcome]() for concern in Concern}
    counted[Concern.INFECTION] = Counter({Outcome.FALSE: 1, Outcome.TRUE: 3, Outcome.UNCLEAR: 2})
    assert false_alarms_by_concern(counted) == [(Concern.INFECTION, FalseAlarms(1, 4, 2))]


def test_who_still_waits_counts_in_the_response_time() -> None:
    def asked(minutes: int | None) -> Asked:
        at = NOW - timedelta(hours=10)
        return Asked(Level.URGENT, at, None if minutes is None else at + timedelta(minutes=minutes))

    waited = [asked(minutes) for minutes in (5, 10, 15, 20, 25, 30, 35, 40, 45)]
    (quick,) = response_times([*waited, asked(50)], NOW)
    assert (quick.median, quick.nine_in_ten) == (timedelta(minutes=25), timedelta(minutes=45))
    (slow,) = response_times([*waited, asked(None), asked(None)], NOW)
    assert slow.unseen == 2
    assert slow.median == timedelta(minutes=30)
    assert slow.nine_in_ten is None
