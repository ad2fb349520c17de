from dataclasses import replace
from datetime import timedelta

from tests.conftest import Cast
from tests.tracker.courses_of_readings import CALM, check_in, reading
from tests.web.browser import Browser
from tests.web.conftest import Records
from tests.web.course_so_far import now_on, so_far
from tracker.domain.alerts.alerts import Alert, Concern, Level, Outcome
from tracker.domain.course.check_ins import Answers
from tracker.domain.course.photos import Photo, PhotoRole, PhotoStatus, SkinState
from tracker.domain.course.procedures import Procedure, Product, ProductUse
from tracker.domain.course.session_plans import Sessions
from tracker.domain.desk.worklist import Gauge
from web.charts.charts import patient_charts
from web.charts.timeline import timeline

ALERT = Alert(
    id="a",
    patient_id="p",
    treatment_id="t",
    concern=Concern.INFECTION,
    level=Level.URGENT,
    raised_at=now_on(2.5),
    probability=0.9,
    onset_day=2,
    regions=(),
    evidence=(),
    photo_id=None,
    engine="1",
    protocol="microneedling 1",
)


def test_check_ins_lie_under_the_same_days_as_the_photos() -> None:
    course = so_far(
        3,
        [reading(2.0)],
        check_ins=[
            check_in(1.0, replace(CALM, pain=2)),
            check_in(2.0, replace(CALM, pain=8, pus=True)),
        ],
    )
    strip, drawn = timeline(course), patient_charts(course, Gauge(), None, alone=True)[0]
    assert strip is not None
    assert strip.days == drawn.days
    assert strip.bars[2].x == drawn.marks[0].x
    assert strip.bars[2].height > strip.bars[0].height
    assert [sign.words for sign in strip.signs] == ["4 Mar, 10:00: pus or crust"]


def test_a_question_left_out_is_marked_and_not_drawn_as_none() -> None:
    strip = timeline(so_far(3, check_ins=[check_in(1.0, Answers(itch=0))]))
    assert strip is not None
    assert [bar.words for bar in strip.bars] == ["3 Mar, 10:00: itch 0"]
    assert [(sign.mark, sign.words) for sign in strip.signs] == [
        ("?", "3 Mar, 10:00: pain not answered")
    ]


def test_an_alert_is_marked_when_it_is_raised_and_answered() -> None:
    answered = replace(
        ALERT,
        seen_at=now_on(2.6),
        resolved_at=now_on(3) + timedelta(hours=1),
        outcome=Outcome.TRUE,
    )
    strip = timeline(so_far(4, alerts=[answered]))
    assert strip is not None
    assert [row.label for row in strip.rows] == ["alerts"]
    assert [sign.mark for sign in strip.signs] == ["▲", "✓", "■"]
    assert "Urgent alert" in strip.signs[0].words
    assert "Resolved: true: there was something" in strip.signs[2].words


def test_an_answer_after_the_end_of_the_axis_stands_at_its_end() -> None:
    strip = timeline(so_far(4, alerts=[replace(ALERT, seen_at=now_on(900))]))
    assert strip is not None
    assert strip.signs[-1].x <= 100


def test_products_and_sessions_are_marked_at_their_days() -> None:
    cream = Procedure(
        products=(Product("calm gel", ProductUse.AFTER), Product("x", ProductUse.DURING))
    )
    answers = (
        replace(CALM, new_product=False),
        replace(CALM, new_product=True, note="the blue cream"),
        replace(CALM, new_product=True),
        replace(CALM, new_product=None),
        replace(CALM, new_product=False),
    )
    given = [check_in(float(day), each) for day, each in enumerate(answers, start=1)]
    course = so_far(6, check_ins=given)
    booked = replace(course.treatment, id="u", performed_at=now_on(30))
    course = replace(
        course,
        treatment=replace(course.treatment, procedure=cream),
        sessions=Sessions(2, 4, booked),
    )
    strip = timeline(course)
    assert strip is not None
    assert [row.label for row in strip.rows] == ["pain", "itch", "signs", "care"]
    assert [(row.day, row.mark, row.what) for row in reversed(strip.events)] == [
        (0, "S", "Session 2 of 4"),
        (0, "+", "Put on after the treatment: calm gel"),
        (2, "+", "New product; note: the blue cream"),
        (5, "\N{MINUS SIGN}", "No new product any more"),
        (30, "S", "Next session"),
    ]
    assert strip.signs[-1].mark == "S›", "beyond the end of the axis"
    assert [(each.kind, each.count) for each in strip.marked] == [
        ("product", 2),
        ("product", 1),
        ("product", 1),
        ("session", 1),
    ]
    assert (strip.has_care, strip.has_alerts) == (True, False)


def test_a_session_that_is_only_due_is_marked_at_noon_of_its_day() -> None:
    course = replace(so_far(6), sessions=Sessions(1, 4, None, now_on(3).date()))
    strip = timeline(course)
    assert strip is not None
    assert [row.what for row in strip.events] == ["Next session due by the plan", "Session 1 of 4"]
    assert strip.events[0].when.endswith("12:00")


def test_marks_that_would_touch_on_a_phone_are_one_with_a_count_and_the_gravest_shows() -> None:
    reported = check_in(2.4, replace(CALM, pus=True, new_product=True))
    answered = replace(ALERT, seen_at=now_on(2.6))
    strip = timeline(so_far(30, check_ins=[reported], alerts=[answered]))
    assert strip is not None
    (mark,) = strip.marked
    assert (mark.mark, mark.kind, mark.count) == ("▲", "urgent", 4)
    assert [words in mark.words for words in ("pus", "New product", "Urgent alert", "Seen")] == [
        True
    ] * 4
    assert len(strip.events) == 4


def test_of_many_marks_the_newest_are_listed_and_the_others_counted() -> None:
    given = [check_in(float(day), replace(CALM, sun=True)) for day in range(1, 41)]
    strip = timeline(so_far(41, check_ins=given))
    assert strip is not None
    assert (len(strip.events), strip.unlisted, strip.events[0].day) == (30, 10, 40)


def test_without_answers_and_alerts_there_is_no_strip() -> None:
    assert timeline(so_far(3)) is None


def test_photos_are_marked_at_their_days_and_days_without_stay_bare() -> None:
    sent = [
        Photo(f"{day}", "t", "p", role, status, now_on(day), now_on(day), SkinState.CLEAN)
        for day, role, status in (
            (-1, PhotoRole.BASELINE, PhotoStatus.MEASURED),
            (1, PhotoRole.FOLLOW_UP, PhotoStatus.MEASURED),
            (4, PhotoRole.FOLLOW_UP, PhotoStatus.UNMEASURABLE),
        )
    ]
    strip = timeline(so_far(5, photos=sent))
    assert strip is not None
    assert [row.label for row in strip.rows] == ["photos"]
    assert [sign.mark for sign in strip.signs] == ["●", "○"]
    assert strip.signs[1].words.endswith(": photo, could not be measured")
    assert strip.signs[1].x - strip.signs[0].x > 30


def test_a_mark_of_the_first_day_does_not_lie_on_the_word_treated(
    records: Records, dana: Browser, cast: Cast
) -> None:
    for day in (-1, 0.3, 1):
        records.measured(day)
    page = f"/patients/{cast.alice.id}"
    assert ">treated</text>" in dana.read(page)
    records.check_in(0.3, Answers(pain=9, pus=True))
    assert ">treated</text>" not in dana.read(page)
