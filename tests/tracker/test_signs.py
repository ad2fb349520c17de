from collections.abc import Mapping
from datetime import datetime, timedelta

import pytest

from tests.tracker.courses_of_readings import TREATED_AT, check_in, treatment
from tracker.check_ins import Answers, CheckIn, Trend
from tracker.signs import flags_of, recent, reported_signs, tripped_red_flags
from tracker.storage import protocol_files

PROTOCOL = protocol_files.load("microneedling")


def day(number: float) -> datetime:
    return TREATED_AT + timedelta(days=number)


def signs(*check_ins: CheckIn) -> Mapping[str, bool]:
    return reported_signs(check_ins, PROTOCOL, treatment())


def test_no_answers_report_and_deny_nothing() -> None:
    assert signs() == {}
    assert tripped_red_flags([], PROTOCOL, day(1)) == ()


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


def test_fever_alone_is_no_red_flag_but_with_spreading_it_is() -> None:
    assert flags_of(Answers(fever=True), PROTOCOL) == ()
    assert len(flags_of(Answers(fever=True, spreading=True), PROTOCOL)) == 1


def test_pain_far_beyond_what_is_expected_is_a_red_flag() -> None:
    assert flags_of(Answers(pain=8), PROTOCOL) == ()
    assert len(flags_of(Answers(pain=10), PROTOCOL)) == 1


def test_a_calmer_answer_does_not_hide_a_red_flag() -> None:
    flagged = check_in(3, Answers(breathing_or_face_swelling=True))
    calmer = check_in(3.01, Answers())
    assert len(tripped_red_flags([flagged, calmer], PROTOCOL, day(3.1))) == 1
    assert tripped_red_flags([flagged, calmer], PROTOCOL, day(6)) == ()
