from tests.tracker.courses_of_readings import check_in
from tracker.check_ins import Answers, Trend
from tracker.signs import reported_signs, tripped_red_flags
from tracker.storage import protocol_files

PROTOCOL = protocol_files.load("microneedling")


def test_no_answers_report_and_deny_nothing() -> None:
    assert reported_signs([], PROTOCOL) == {}
    assert tripped_red_flags([], PROTOCOL) == ()


def test_pain_rises_against_the_lowest_score_before() -> None:
    scores = [check_in(day, Answers(pain=pain)) for day, pain in enumerate((5, 1, 3))]
    assert reported_signs(scores, PROTOCOL)["pain_rising"]
    assert not reported_signs(scores[:2], PROTOCOL)["pain_rising"]


def test_a_sign_speaks_for_two_days() -> None:
    warm = check_in(1, Answers(warmth=True))
    assert reported_signs([warm, check_in(2, Answers())], PROTOCOL)["warmth"]
    assert not reported_signs([warm, check_in(4, Answers())], PROTOCOL)["warmth"]


def test_the_trend_is_the_latest_one() -> None:
    worse, better = Answers(trend=Trend.WORSE), Answers(trend=Trend.BETTER)
    assert reported_signs([check_in(1, worse)], PROTOCOL)["trend_worse"]
    assert not reported_signs([check_in(1, worse), check_in(2, better)], PROTOCOL)["trend_worse"]


def test_fever_alone_is_no_red_flag_but_with_spreading_it_is() -> None:
    assert tripped_red_flags([check_in(3, Answers(fever=True))], PROTOCOL) == ()
    both = check_in(3, Answers(fever=True, spreading=True))
    assert len(tripped_red_flags([both], PROTOCOL)) == 1


def test_pain_far_beyond_what_is_expected_is_a_red_flag() -> None:
    assert tripped_red_flags([check_in(3, Answers(pain=8))], PROTOCOL) == ()
    assert len(tripped_red_flags([check_in(3, Answers(pain=10))], PROTOCOL)) == 1
