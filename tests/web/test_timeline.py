from dataclasses import replace
from datetime import timedelta

from tests.tracker.courses_of_readings import CALM, check_in, reading
from tests.web.course_so_far import now_on, so_far
from tracker.domain.alerts.alerts import Alert, Concern, Level, Outcome
from tracker.domain.course.check_ins import Answers
from tracker.domain.course.photos import Photo, PhotoRole, PhotoStatus, SkinState
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
