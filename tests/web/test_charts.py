import re
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from tests.conftest import TREATED_AT
from tests.tracker.courses_of_readings import check_in, darkening, fading, reading, rising_again
from tests.web.course_so_far import now_on, so_far
from tests.web.test_timeline import ALERT
from tracker.actions.course.progress import Progress
from tracker.domain.alerts.alerts import Outcome
from tracker.domain.course.check_ins import Answers
from tracker.domain.course.photos import SkinState
from tracker.domain.course.readings import Estimate, Quantity, Reading, Reference
from tracker.domain.course.treatments import Region
from tracker.domain.desk.worklist import Gauge
from tracker.domain.recovery.bands import BandPoint, normal_at
from web.charts.charts import (
    Chart,
    chart,
    frame_of,
    patient_charts,
    region_charts,
)
from web.charts.points import spark

BEFORE = replace(reading(0.5), taken_at=now_on(-0.5))


def redness_of(readings: list[Reading], day: float) -> Chart:
    course = so_far(day, readings)
    return chart(course, Region.FACE, frame_of(course, Quantity.REDNESS))


def small_charts(course: Progress, quantity: Quantity) -> tuple[Chart, ...]:
    return region_charts(course, frame_of(course, quantity))


def test_every_reading_is_a_mark_in_time_order_and_the_last_one_stands_out() -> None:
    drawn = redness_of([reading(d + 0.1) for d in range(5)], 4.5)
    assert len(drawn.marks) == 5
    assert all(a.x < b.x for a, b in pairwise(drawn.marks))
    assert [mark.latest for mark in drawn.marks] == [False] * 4 + [True]


def test_redder_is_higher_and_all_marks_lie_inside() -> None:
    drawn = redness_of([reading(0.1), reading(3.1)], 3.5)
    first, last = drawn.marks
    assert first.y < last.y  # pixels grow downwards
    for mark in drawn.marks:
        assert 0 <= mark.x <= 100
        assert 0 <= mark.top <= mark.y <= mark.bottom <= drawn.height


def test_error_bars_reach_to_the_95_percent_range() -> None:
    seen = reading(2.0)
    face = replace(seen.regions[Region.FACE], redness=Estimate(0.5, 0.1))
    drawn = redness_of([replace(seen, regions={Region.FACE: face})], 2.5)
    mark, per_doubling = drawn.marks[0], drawn.levels[0].at - drawn.levels[1].at
    assert mark.bottom - mark.top == pytest.approx(2 * 1.96 * 0.1 * per_doubling, abs=0.3)


def test_missed_days_leave_a_gap() -> None:
    drawn = redness_of([reading(d) for d in (0.1, 1.1, 4.1, 5.1)], 5.5)
    assert len(drawn.lines) == 2
    assert len(drawn.gaps) == 1  # dotted


def test_weekly_photos_after_two_weeks_are_joined() -> None:
    drawn = redness_of([reading(d) for d in (15.0, 22.0, 29.0)], 30)
    assert len(drawn.lines) == 1


def test_a_photo_without_reference_or_with_make_up_is_hollow_and_says_why() -> None:
    made_up = replace(reading(1.1), skin_state=SkinState.MAKE_UP)
    drawn = redness_of([reading(0.1, reference=Reference.HISTORY), made_up, reading(2.1)], 2.5)
    assert [mark.hollow for mark in drawn.marks] == [True, True, False]
    assert "no colour reference" in drawn.marks[0].words
    assert "make-up" in drawn.rows.rows[1].caveats


def test_the_photo_from_before_is_the_line_of_nought_and_not_a_mark() -> None:
    assert redness_of([BEFORE, reading(0.1)], 1).marks[0].words.startswith("Day 0")


def test_each_quantity_has_a_band_with_its_name() -> None:
    redness, pigment = patient_charts(so_far(3, [reading(0.1)]), Gauge(), None, alone=False)
    assert redness.band is not None
    assert pigment.band is not None
    assert (redness.band.label.label, pigment.band.label.label) == (
        "expected range",
        "too small to tell",
    )
    assert redness.rows.rows[0].normal.startswith("up to ")
    assert " to " in pigment.rows.rows[0].normal


def test_the_band_fills_the_whole_time_axis() -> None:
    band = redness_of([reading(12.7)], 12.7).band
    assert band is not None
    across = [float(x) for x in re.findall(r"[M ]([\d.]+),", band.area)]
    assert (min(across), max(across)) == (25.0, 975.0)


def test_a_course_without_photos_still_shows_what_is_normal() -> None:
    drawn = redness_of([], 0.2)
    assert drawn.band is not None
    assert drawn.marks == ()
    assert drawn.summary == "Redness of the whole face: no photo measured yet."


def test_ninety_days_have_few_ticks_and_start_at_treatment() -> None:
    labels = [tick.label for tick in redness_of([reading(88.0)], 90).days]
    assert labels[0] == "0"
    assert len(labels) <= 9


def test_levels_are_multiples_of_before() -> None:
    levels = [tick.label for tick in redness_of([reading(0.1)], 1).levels]
    assert levels[:3] == ["before", "2\N{NO-BREAK SPACE}×", "4\N{NO-BREAK SPACE}×"]


def test_regions_share_one_scale_and_the_infected_cheek_stands_out() -> None:
    days = [d + 0.1 for d in range(8)]
    small = small_charts(so_far(8, [reading(d, rising_again) for d in days]), Quantity.REDNESS)
    assert len({drawn.levels for drawn in small}) == 1
    heights = {drawn.title: drawn.marks[-1].y for drawn in small}
    assert min(heights, key=lambda title: heights[title]) == "Redness, left cheek"


def test_only_treated_regions_are_drawn() -> None:
    course = so_far(2, [reading(0.1)])
    nose = replace(course.treatment, areas=frozenset({Region.NOSE}))
    small = small_charts(replace(course, treatment=nose), Quantity.PIGMENT)
    assert [drawn.title for drawn in small] == ["Pigment, nose"]


def test_the_table_says_what_the_drawing_shows() -> None:
    drawn = redness_of([reading(d + 0.1) for d in range(4)], 4)
    assert [row.day for row in drawn.rows.rows] == [3, 2, 1, 0]
    for mark, row in zip(drawn.marks[::-1], drawn.rows.rows, strict=True):
        assert row.value in mark.words
        assert row.normal.startswith("up to ")
        assert row.reach in mark.words


def test_pigment_that_grows_widens_its_scale() -> None:
    days = [7.0 + 3 * n for n in range(8)]
    readings = [reading(d, fading, lambda r, day: 4 * darkening(r, day)) for d in days]
    course = so_far(30, readings)
    drawn = chart(course, Region.FACE, frame_of(course, Quantity.PIGMENT))
    assert all(mark.y > 0 for mark in drawn.marks)
    assert drawn.levels[-1].label == "5.7\N{NO-BREAK SPACE}×"


def test_the_band_is_read_between_its_points_and_holds_on_after_its_end() -> None:
    band = (BandPoint(0, 0, 1, 2), BandPoint(2, 0, 0.5, 1))
    assert normal_at(band, 1) == BandPoint(1, 0, 0.75, 1.5)
    assert normal_at(band, 9) == band[-1]
    assert normal_at(band, -1) is None


def told(
    *redness: float, quantity: Quantity = Quantity.REDNESS, sd: float = 0.05, **course: Any
) -> str:
    """The headline after a photo a day with these doublings of the left cheek."""
    seen = [
        replace(
            reading(day + 0.1),
            regions={
                region: replace(measured, redness=Estimate(value, sd), pigment=Estimate(value, sd))
                for region, measured in reading(day + 0.1).regions.items()
            },
        )
        for day, value in enumerate(redness)
    ]
    progress = replace(SO_FAR, readings=tuple(seen), **course)
    drawn = chart(progress, Region.LEFT_CHEEK, frame_of(progress, quantity))
    return drawn.headline.replace("\N{NO-BREAK SPACE}", " ")


SO_FAR = so_far(9)
FALLS, RISES, PALE = (1.6, 1.0, 0.5, 0.2, 0.0), (1.6, 1.0, 0.5, 1.0, 1.8), (0.0, 0.0, 0.0)
SIGN = check_in(4.0, Answers(fever=True))


def test_the_headline_of_a_calm_curve_says_how_it_goes() -> None:
    assert told() == "Left cheek: no photo measured yet."
    assert told(1.6).startswith("Left cheek: only one photo so far; on day 0: 3.0 × the redness of")
    assert told(*FALLS).startswith(
        "Left cheek: fading since day 0; on day 4: about the redness of before (1.0 ×; normal then:"
    )
    assert told(*RISES, 1.0).startswith("Left cheek: fading since day 4; on day 5: 2.0 ×")
    assert told(*PALE).startswith("Left cheek: no clear change since day 0; on day 2")
    assert told(0.0, 0.1, quantity=Quantity.PIGMENT).endswith("is too small to tell.")


def test_the_headline_says_since_when_a_region_rises_and_when_it_should_be_back() -> None:
    words = told(*RISES)
    assert words.startswith("Left cheek: rising again since day 2; on day 4: 3.5 × the redness of")
    assert re.search(r"\(normal then: up to 1\.\d ×\)\. Normal would be back by day \d\.$", words)
    assert told(0.0, 0.5, quantity=Quantity.PIGMENT).startswith("Left cheek: darker since day 0")
    assert told(0.0, -0.5, quantity=Quantity.PIGMENT).startswith("Left cheek: lighter since day 0")


def test_the_headline_of_a_vague_photo_says_nothing_of_the_skin() -> None:
    assert told(*FALLS, sd=0.6) == (
        "Left cheek: the photo of day 4 is too uncertain to say anything."
    )


@pytest.mark.parametrize("values", [FALLS, PALE, RISES, (3.0, 2.8, 2.0), (1.0,)])
def test_no_headline_reassures_while_an_alert_or_a_warning_sign_is_open(
    values: tuple[float, ...],
) -> None:
    for course in ({"alerts": (ALERT,)}, {"check_ins": (SIGN,)}):
        words = told(*values, **course)
        assert not re.search(r"fading|no clear change|about the redness|too small to tell", words)
        assert "does not answer it" in words or "×" in words
    assert told(*FALLS, alerts=(ALERT,)).endswith("open, and this curve does not answer it.")
    assert "rising again since day 2" in told(*RISES, alerts=(ALERT,))
    assert told(-0.8, 0.0, alerts=(ALERT,)) == "Left cheek: rising since day 0."
    closed = replace(ALERT, resolved_at=now_on(4), outcome=Outcome.FALSE)
    assert "fading" in told(*FALLS, alerts=(closed,))


def test_a_spark_has_one_scale_and_says_what_it_shows() -> None:
    at = [TREATED_AT + timedelta(days=day) for day in range(4)]
    recent = [(at[3], 3.0), (at[2], 0.0), (at[0], 1.0)]
    drawn = spark(recent, Quantity.REDNESS)
    assert drawn is not None
    # As far apart as the days were; 3.0 doublings lie on the edge
    assert drawn.line == "3.0,18.0 63.0,28.0 93.0,3.0"
    assert drawn.end == (93.0, 3.0)
    assert drawn.as_before == 28.0
    said = drawn.words.replace("\N{NO-BREAK SPACE}", " ")
    assert said == "the last 3 photos: from 2.0 × to 8.0 ×, highest 8.0 ×"
    dark = spark([(at[3], 0.4), (at[2], 0.0)], Quantity.PIGMENT)
    assert dark is not None
    assert dark.as_before - dark.end[1] == pytest.approx(12.0, abs=0.1)
    assert spark(recent[:1], Quantity.REDNESS) is None
    assert spark([recent[0], recent[0]], Quantity.REDNESS) is not None  # in the same moment
