from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sqlite_utils import Database

from tests.conftest import PROTOCOLS, Cast
from tests.tracker.answers_to_alerts import give
from tracker.actions.alerts.raising import raise_alerts
from tracker.actions.alerts.showing import show_alerts
from tracker.actions.course.checking_in import record_check_in
from tracker.actions.course.treatments import begin_treatment
from tracker.domain.alerts.alert_life import Resolution, Seen
from tracker.domain.alerts.alerts import Level, Outcome
from tracker.domain.course.check_ins import Answers, Trend
from tracker.storage.alerts import alerts
from tracker.storage.connection import writing

DAY_4 = datetime(2026, 3, 6, 9, tzinfo=UTC)
SICK = Answers(pain=6, warmth=True, pus=True, spreading=True, trend=Trend.WORSE)


def test_alerts_of_an_earlier_treatment_are_listed_with_it(db: Database, cast: Cast) -> None:
    record_check_in(db, PROTOCOLS, cast.alice.id, SICK, DAY_4)
    (first,) = raise_alerts(db, PROTOCOLS, DAY_4)
    later = DAY_4 + timedelta(days=30)
    again = begin_treatment(
        db, PROTOCOLS, replace(cast.treatment, performed_at=later - timedelta(days=4))
    )
    record_check_in(db, PROTOCOLS, cast.alice.id, SICK, later)
    (second,) = raise_alerts(db, PROTOCOLS, later)
    listed = show_alerts(db, cast.dana, later).listed
    assert [(each.alert.id, each.treatment) for each in listed] == [
        (first.id, cast.treatment),
        (second.id, again),
    ]
    assert {each.patient for each in listed} == {cast.alice}


def test_an_alert_that_was_seen_keeps_its_place_before_a_newer_one(
    db: Database, cast: Cast
) -> None:
    record_check_in(db, PROTOCOLS, cast.alice.id, SICK, DAY_4)
    (first,) = raise_alerts(db, PROTOCOLS, DAY_4)
    give(db, first, cast.dana, Seen(), DAY_4)
    later = DAY_4 + timedelta(days=30)
    begin_treatment(db, PROTOCOLS, replace(cast.treatment, performed_at=later - timedelta(days=4)))
    record_check_in(db, PROTOCOLS, cast.alice.id, SICK, later)
    (second,) = raise_alerts(db, PROTOCOLS, later)
    assert [each.alert.id for each in show_alerts(db, cast.dana, later).listed] == [
        first.id,
        second.id,
    ]


def test_alerts_are_listed_only_for_those_who_care(db: Database, cast: Cast) -> None:
    record_check_in(db, PROTOCOLS, cast.alice.id, SICK, DAY_4)
    raise_alerts(db, PROTOCOLS, DAY_4)
    assert show_alerts(db, cast.eli, DAY_4).listed == ()


def test_verdicts_are_counted_over_all_alerts_that_asked_for_a_look(
    db: Database, cast: Cast
) -> None:
    record_check_in(db, PROTOCOLS, cast.alice.id, SICK, DAY_4)
    (alert,) = raise_alerts(db, PROTOCOLS, DAY_4)
    give(db, alert, cast.dana, Resolution(Outcome.FALSE, ""), DAY_4)
    with writing(db):
        quiet = replace(alert, id="quiet", level=Level.WATCH, resolved_at=DAY_4)
        alerts.save(db, replace(quiet, outcome=Outcome.FALSE))
    found = show_alerts(db, cast.dana, DAY_4)
    assert (found.verdicts.false, found.verdicts.judged) == (1, 1)
    assert len(found.listed) == 2
    assert found.are_all
