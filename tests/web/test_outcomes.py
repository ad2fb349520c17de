"""The outcomes page counts what is on record and names no one."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlite_utils import Database

from tests.conftest import PROTOCOLS, Cast
from tests.tracker.courses_of_readings import staying
from tests.web.browser import Browser
from tests.web.conftest import Clock, Records
from tracker.actions.alerts.raising import raise_alerts
from tracker.actions.course.checking_in import record_check_in
from tracker.actions.desk.outcomes import Outcomes, show_outcomes
from tracker.domain.alerts.alerts import Level, Outcome
from tracker.domain.course.check_ins import Answers
from tracker.domain.people.people import Person


@pytest.fixture
def found(db: Database, clock: Clock) -> Callable[[], Outcomes]:
    return lambda: show_outcomes(db, PROTOCOLS, clock.now)


def test_an_empty_clinic_says_so(dana: Browser) -> None:
    page = dana.read("/clinic/outcomes")
    for words in (
        "No course has a measured photo",
        "No alert has been resolved",
        "asked for a look",
    ):
        assert words in page


def test_a_course_counts_from_its_photos_since_the_treatment(
    records: Records, clock: Clock, found: Callable[[], Outcomes]
) -> None:
    records.measured(-1)
    for day in (1, 2, 3, 4):
        records.measured(day)
    clock.now += timedelta(days=10)
    (clear,) = found().clear
    assert (clear.courses, clear.cleared) == (1, 1)
    assert clear.range == (3.0, 3.0)


def test_a_course_that_stays_red_is_counted_and_not_clear(
    records: Records, clock: Clock, found: Callable[[], Outcomes]
) -> None:
    for day in (1, 2, 3):
        records.measured(day, staying)
    clock.now += timedelta(days=10)
    (clear,) = found().clear
    assert (clear.courses, clear.cleared, clear.range) == (1, 0, None)


def test_a_course_with_an_open_alert_is_not_counted_as_clear(
    records: Records, clock: Clock, found: Callable[[], Outcomes]
) -> None:
    for day in (1, 2, 3, 4):
        records.measured(day)
    records.alert()
    clock.now += timedelta(days=10)
    (clear,) = found().clear
    assert (clear.courses, clear.cleared) == (1, 0)


def test_answers_give_false_alarms_and_response_time(
    dana: Browser, clock: Clock, db: Database, cast: Cast
) -> None:
    fever = Answers(fever=True, spreading=True)
    record_check_in(db, PROTOCOLS, cast.alice.id, fever, clock.now)
    (alert,) = raise_alerts(db, PROTOCOLS, clock.now)
    clock.now += timedelta(minutes=12)
    form = {"outcome": str(Outcome.FALSE), "why": "a lamp"}
    assert dana.answer(alert.id, "resolve", form).status_code == 303
    outcomes = show_outcomes(db, PROTOCOLS, clock.now + timedelta(days=1))
    ((concern, count),) = outcomes.false_alarms
    assert (concern, count.false, count.judged) == (alert.concern, 1, 1)
    (response,) = outcomes.response
    assert (response.level, response.alerts, response.unseen) == (Level.URGENT, 1, 0)
    assert response.median == timedelta(minutes=12)


def test_few_courses_are_counted_and_not_judged_and_nobody_is_named(
    records: Records, clock: Clock, olga: Person, browser_of: Callable[[Person], Browser]
) -> None:
    for day in (1, 2, 3, 4):
        records.measured(day)
    page = browser_of(olga).read("/clinic/outcomes")
    assert "Microneedling, 1.5" in page
    assert "too few to say" in page
    assert "Alice" not in page
