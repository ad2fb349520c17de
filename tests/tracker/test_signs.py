from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.tracker.courses_of_readings import TREATED_AT, check_in, treatment
from tracker.domain.alerts.alerts import Concern, Level
from tracker.domain.course.check_ins import Answers, CheckIn, Trend
from tracker.domain.protocols.protocols import Floor
from tracker.domain.recovery.signs import (
    day_heard,
    floors_of,
    floors_reached,
    lately_received,
    recent,
    reported_signs,
)
from tracker.storage.protocols import protocol_files

PROTOCOL = protocol_files.load("microneedling")
UTC = ZoneInfo("UTC")
PUS = frozenset({"pus"})
FLOOR = Floor(PUS, None, None, None, frozenset(), Concern.INFECTION, Level.REVIEW, "Call.", False)


def day(number: float) -> datetime:
    return TREATED_AT + timedelta(days=number)


def signs(*check_ins: CheckIn) -> Mapping[str, bool]:
    return reported_signs(check_ins, PROTOCOL, treatment(), UTC)


def test_no_answers_report_and_deny_nothing() -> None:
    assert signs() == {}


@pytest.mark.parametrize(("number", "pain", "unusual"), [(0, 5, False), (1, 5, True), (6, 2, True)])
def test_pain_is_unusual_by_the_day(number: int, pain: int, unusual: bool) -> None:
    assert signs(check_in(number, Answers(pain=pain)))["unusual_pain"] is unusual


def test_a_sign_once_reported_is_not_taken_back_by_a_calmer_answer() -> None:
    worse = check_in(3, Answers(warmth=True, pain=7, itch=8, swelling=3, trend=Trend.WORSE))
    names = ("warmth", "pain_high", "unusual_pain", "itch_high", "swelling_high", "trend_worse")
    for told in (signs(worse), signs(worse, check_in(4, Answers(trend=Trend.BETTER)))):
        assert all(told[name] for name in names)


def test_an_answer_speaks_for_two_days() -> None:
    answers = [check_in(number, Answers()) for number in (1, 2, 4)]
    assert [c.at for c in recent(answers, PROTOCOL, day(4))] == [day(2), day(4)]
    assert recent(answers, PROTOCOL, day(13)) == ()


def test_a_question_that_was_not_asked_is_not_denied() -> None:
    assert "tingling" not in signs(check_in(1, Answers()))
    assert signs(check_in(1, Answers()), check_in(2, Answers(tingling=False)))["tingling"] is False


def test_what_was_left_out_is_neither_reported_nor_denied() -> None:
    assert signs(check_in(1, Answers())) == {}
    told = signs(check_in(1, Answers(pain=9)), check_in(1.5, Answers(pus=False)))
    assert told == {"unusual_pain": True, "pain_high": True, "pus": False}


def reached(answers: Answers, on: int = 3) -> list[frozenset[str]]:
    return [floor.signs for floor in floors_of(answers, PROTOCOL, on, None)]


def test_a_floor_needs_all_of_its_signs() -> None:
    both = frozenset({"fever", "spreading"})
    assert both not in reached(Answers(fever=True))
    assert both in reached(Answers(fever=True, spreading=True))


def test_pain_far_beyond_what_is_expected_reaches_a_floor_on_any_day() -> None:
    for on in (0, 3, 120):
        assert len(floors_of(Answers(pain=10), PROTOCOL, on, None)) >= 1


def test_what_was_not_answered_reaches_no_floor_and_breaks_nothing() -> None:
    unanswered = replace(FLOOR, signs=frozenset({"dusky"}), pain_from=3, swelling_from=2)
    own = replace(PROTOCOL, floors=(unanswered,))
    assert floors_of(Answers(pain=5, swelling=2), own, 3, None) == ()
    assert floors_of(Answers(pain=5, swelling=2, dusky=True), own, 3, None) == (unanswered,)


def test_a_floor_does_not_hold_on_its_usual_days_nor_after_another_variant() -> None:
    usual = replace(FLOOR, usual_days=(0, 2), variants=frozenset({"deep"}))
    own = replace(PROTOCOL, floors=(usual,))
    answers = Answers(pus=True)
    assert [d for d in range(5) if floors_of(answers, own, d, "deep")] == [3, 4]
    assert floors_of(answers, own, 3, "light") == ()


def test_the_worst_floor_comes_first() -> None:
    mild = replace(FLOOR, level=Level.WATCH)
    emergency = replace(FLOOR, level=Level.URGENT, is_emergency=True)
    own = replace(PROTOCOL, floors=(mild, FLOOR, emergency))
    assert floors_of(Answers(pus=True), own, 3, None) == (emergency, FLOOR, mild)


def test_answers_of_a_phone_with_a_wrong_clock_count_from_when_they_came() -> None:
    right = check_in(4, Answers())
    for wrong in (day(-300), day(500)):
        assert day_heard(replace(right, at=wrong), treatment(), UTC) == 4


def test_a_calmer_answer_does_not_hide_a_floor() -> None:
    flagged = check_in(3, Answers(breathing_or_face_swelling=True))
    told = [flagged, check_in(3.01, Answers())]
    for at, reached in ((day(3.1), 1), (day(6), 0)):
        came = lately_received(told, PROTOCOL, at)
        assert len(floors_reached(came, PROTOCOL, treatment(), UTC)) == reached
