from datetime import datetime, timedelta

from tests.tracker.courses_of_readings import TREATED_AT, check_in
from tracker.check_ins import Answers, Trend
from tracker.signs import flags_of, reported_signs, tripped_red_flags
from tracker.storage import protocol_files

PROTOCOL = protocol_files.load("microneedling")


def day(number: float) -> datetime:
    return TREATED_AT + timedelta(days=number)


def test_no_answers_report_and_deny_nothing() -> None:
    assert reported_signs([], PROTOCOL, day(1)) == {}
    assert tripped_red_flags([], PROTOCOL, day(1)) == ()


def test_pain_rises_against_the_lowest_score_before() -> None:
    scores = [check_in(number, Answers(pain=pain)) for number, pain in enumerate((5, 1, 3))]
    assert reported_signs(scores, PROTOCOL, day(2))["pain_rising"]
    assert not reported_signs(scores[:2], PROTOCOL, day(2))["pain_rising"]


def test_a_sign_speaks_for_two_days() -> None:
    warm = check_in(1, Answers(warmth=True))
    assert reported_signs([warm, check_in(2, Answers())], PROTOCOL, day(2))["warmth"]
    assert not reported_signs([warm, check_in(4, Answers())], PROTOCOL, day(4))["warmth"]


def test_the_trend_is_the_latest_one() -> None:
    worse, better = Answers(trend=Trend.WORSE), Answers(trend=Trend.BETTER)
    assert reported_signs([check_in(1, worse)], PROTOCOL, day(1))["trend_worse"]
    turned = [check_in(1, worse), check_in(2, better)]
    assert not reported_signs(turned, PROTOCOL, day(2))["trend_worse"]


def test_fever_alone_is_no_red_flag_but_with_spreading_it_is() -> None:
    assert flags_of(Answers(fever=True), PROTOCOL) == ()
    assert len(flags_of(Answers(fever=True, spreading=True), PROTOCOL)) == 1


def test_pain_far_beyond_what_is_expected_is_a_red_flag() -> None:
    assert flags_of(Answers(pain=8), PROTOCOL) == ()
    assert len(flags_of(Answers(pain=10), PROTOCOL)) == 1


def test_old_answers_fall_silent_even_when_none_came_since() -> None:
    sick = [check_in(2, Answers(pus=True, warmth=True))]
    assert reported_signs(sick, PROTOCOL, day(3))["pus"]
    assert reported_signs(sick, PROTOCOL, day(13)) == {}


def test_a_calmer_answer_does_not_hide_a_red_flag() -> None:
    flagged = check_in(3, Answers(breathing_or_face_swelling=True))
    calmer = check_in(3.01, Answers())
    assert len(tripped_red_flags([flagged, calmer], PROTOCOL, day(3.1))) == 1
    assert tripped_red_flags([flagged, calmer], PROTOCOL, day(6)) == ()
