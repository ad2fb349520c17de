"""Which session of how many, and when the next is due."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.conftest import TREATED_AT
from tests.tracker.courses_of_readings import treatment
from tracker.domain.course.procedures import Ending
from tracker.domain.course.session_plans import SessionPlan, Sessions, sessions_so_far
from tracker.domain.course.treatments import Treatment

BERLIN = ZoneInfo("Europe/Berlin")


def session(name: str, day: float, **facts: object) -> Treatment:
    at = TREATED_AT + timedelta(days=day)
    return replace(treatment(), id=name, performed_at=at, **facts)  # type: ignore[arg-type]


FIRST, SECOND, THIRD = session("one", 0), session("two", 28), session("three", 56)
PLAN = SessionPlan("alice", "one", 1, 3, 28, TREATED_AT, "dana")


def so_far(*series: Treatment, day: float, plan: SessionPlan | None = PLAN) -> Sessions:
    return sessions_so_far(plan, series, TREATED_AT + timedelta(days=day), BERLIN)


def on(day: int) -> date:
    return (TREATED_AT.astimezone(BERLIN) + timedelta(days=day)).date()


def test_the_next_session_is_due_after_the_latest_until_it_is_entered() -> None:
    assert so_far(FIRST, day=3) == Sessions(1, 3, due=on(28), kind=FIRST.kind)
    assert so_far(FIRST, day=40) == Sessions(
        1, 3, due=on(28), kind=FIRST.kind
    )  # late, and it stays so
    assert so_far(FIRST, SECOND, day=3) == Sessions(1, 3, booked=SECOND)
    assert so_far(FIRST, SECOND, day=29) == Sessions(2, 3, due=on(56), kind=FIRST.kind)
    assert so_far(FIRST, SECOND, THIRD, day=57) == Sessions(3, 3)


def test_a_plan_may_begin_with_a_later_number() -> None:
    plan = replace(PLAN, treatment_id="two", number=3, sessions=4)
    assert so_far(FIRST, SECOND, day=30, plan=plan) == Sessions(3, 4, due=on(56), kind=FIRST.kind)
    assert so_far(FIRST, day=3, plan=plan) == Sessions()  # its treatment is not on record any more


def test_what_is_no_session_of_the_plan_has_no_number() -> None:
    fourth, peel = session("four", 84), session("peel", 10, kind="chemical_peel")
    assert so_far(FIRST, SECOND, THIRD, fourth, day=85) == Sessions()
    assert so_far(FIRST, peel, day=11) == Sessions(due=on(28), kind=FIRST.kind)
    assert so_far(FIRST, day=3, plan=None) == Sessions()
    wrong = session("wrong", 20, ending=Ending(TREATED_AT, "dana", "Bob's", is_mistake=True))
    assert so_far(FIRST, wrong, SECOND, day=29) == Sessions(2, 3, due=on(56), kind=FIRST.kind)


def test_a_course_that_ended_early_has_no_next_session() -> None:
    ended = replace(FIRST, ending=Ending(TREATED_AT, "dana", "an allergy"))
    assert so_far(ended, day=3) == Sessions(1, 3)


def test_a_planned_first_session_is_session_one() -> None:
    assert so_far(FIRST, day=-3) == Sessions(1, 3, booked=FIRST)


def test_the_photo_is_asked_for_on_the_day_before_where_the_patient_lives() -> None:
    sessions, late = Sessions(booked=SECOND), datetime.combine(on(27), datetime.min.time(), BERLIN)
    assert sessions.asks_for_photo(late, BERLIN)
    assert not sessions.asks_for_photo(late - timedelta(minutes=1), BERLIN)
    assert not Sessions().asks_for_photo(late, BERLIN)


@pytest.mark.parametrize(
    "wrong", [{"number": 4}, {"number": 0}, {"sessions": 21}, {"every_days": 0}]
)
def test_a_plan_makes_sense(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="choose"):
        replace(PLAN, **wrong)  # type: ignore[arg-type]
