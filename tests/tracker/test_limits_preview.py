from dataclasses import replace
from datetime import timedelta

from sqlite_utils import Database

from tests.conftest import PROTOCOLS, Cast
from tests.tracker.courses_of_readings import (
    DAILY,
    TREATED_AT,
    check_in,
    course,
    fading,
    reading,
    staying,
)
from tracker.actions.alerts.raising import raise_alerts
from tracker.actions.course.checking_in import record_check_in
from tracker.actions.protocols.previewing import preview_limits
from tracker.domain.alerts.alerts import Concern, Level, Outcome
from tracker.domain.course.check_ins import Answers, Trend
from tracker.domain.editing.limits_preview import (
    CourseHistory,
    compare,
    counts,
    lived_through,
    missed,
)
from tracker.domain.protocols.protocols import Protocol
from tracker.domain.recovery.recovery import Course
from tracker.storage.alerts import alerts
from tracker.storage.protocols import protocol_files

PRESENT = protocol_files.load("microneedling")
SICK = Answers(pain=6, warmth=True, pus=True, spreading=True, trend=Trend.WORSE)
SORE = Answers(pain=4)  # reaches no floor, so that limits decide
WORSE = replace(SORE, trend=Trend.WORSE)
EVER = TREATED_AT - timedelta(days=1)


def stored(known: Course, late_by: float = 0.0, outcome: Outcome | None = None) -> CourseHistory:
    came = {r.photo_id: r.taken_at + timedelta(days=late_by) for r in known.readings}
    outcomes = {Concern.INFECTION: outcome} if outcome else {}
    return CourseHistory(known, came, outcomes, frozenset())


def with_limits(concern: Concern, limits: dict[Level, float]) -> Protocol:
    rule = replace(PRESENT.concerns[concern], limits=limits)
    return replace(PRESENT, concerns={**PRESENT.concerns, concern: rule})


def test_an_alert_is_raised_on_the_day_it_would_have_been_not_on_the_last() -> None:
    better = [check_in(day, Answers(trend=Trend.BETTER)) for day in (1.1, 7.1, 8.1, 9.1)]
    known = course([reading(day, fading) for day in DAILY], [*better, check_in(4.1, SICK)])
    (alert,) = lived_through(stored(known), PRESENT)
    assert alert.concern is Concern.INFECTION
    assert alert.raised_at == TREATED_AT + timedelta(days=4.1)


def test_a_photo_speaks_only_from_when_it_came() -> None:
    known = course([reading(day, staying) for day in (*DAILY, 10.05, 11.05)])
    (at_once,) = lived_through(stored(known), PRESENT)
    (late,) = lived_through(stored(known, late_by=3), PRESENT)
    assert at_once.concern is late.concern is Concern.PROLONGED_INFLAMMATION
    assert late.raised_at - at_once.raised_at == timedelta(days=3)


def test_lower_limits_raise_more_and_say_how_many_were_false() -> None:
    doubtful = course([], [check_in(4.1, SORE)])
    sick = course([], [check_in(4.1, WORSE)])
    lower = with_limits(Concern.INFECTION, {Level.WATCH: 0.005, Level.REVIEW: 0.01})
    rows = [
        compare(stored(doubtful, outcome=Outcome.FALSE), PRESENT, lower, EVER),
        compare(stored(sick, outcome=Outcome.TRUE), PRESENT, lower, EVER),
    ]
    present, changed = counts(rows)[Concern.INFECTION]
    assert (present.alerts, present.false, present.true) == (1, 0, 1)
    assert (changed.alerts, changed.mailed, changed.false, changed.true) == (2, 2, 1, 1)
    assert not missed(rows)


def test_higher_limits_own_up_to_what_they_would_have_missed() -> None:
    sick = course([], [check_in(4.1, WORSE)])
    deaf = with_limits(Concern.INFECTION, {Level.URGENT: 1.0})
    rows = [compare(stored(sick, outcome=Outcome.TRUE), PRESENT, deaf, EVER)]
    assert counts(rows)[Concern.INFECTION][1].alerts == 0
    assert missed(rows) == {Concern.INFECTION: 1}


def test_alerts_before_the_days_asked_for_are_not_counted() -> None:
    sick = course([], [check_in(4.1, WORSE)])
    later = TREATED_AT + timedelta(days=5)
    assert counts([compare(stored(sick), PRESENT, PRESENT, later)]) == {}


def test_a_preview_raises_what_was_raised(db: Database, cast: Cast) -> None:
    story = [
        (1.0, Answers(pain=2, trend=Trend.BETTER)),
        (3.0, Answers(pain=5, warmth=True, trend=Trend.WORSE)),
        (3.6, replace(SICK, fever=True)),
        (6.0, Answers(trend=Trend.BETTER)),
        (8.0, Answers(itch=8, hives=True, new_product=True)),
    ]
    for day, answers in story:
        at = TREATED_AT + timedelta(days=day)
        record_check_in(db, PROTOCOLS, cast.alice.id, answers, at)
        raise_alerts(db, PROTOCOLS, at)
    (row,) = preview_limits(db, PROTOCOLS, PROTOCOLS.of("microneedling"), EVER)
    raised = alerts.of_treatment(db, cast.treatment.id)
    assert len(raised) >= 2
    for previewed in (row.present, row.changed):
        assert {(a.concern, a.level, a.raised_at) for a in previewed} == {
            (a.concern, a.level, a.raised_at) for a in raised
        }
