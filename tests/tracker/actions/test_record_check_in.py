from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlite_utils import Database

from tests.conftest import PROTOCOLS, Cast
from tests.tracker.courses_of_readings import CALM
from tracker.actions.alerts.raising import raise_alerts
from tracker.actions.course.checking_in import Recorded, record_check_in
from tracker.domain.alerts.alerts import Level
from tracker.domain.course.check_ins import Answers, CheckIn, Queued
from tracker.domain.course.procedures import Ending
from tracker.storage.connection import writing
from tracker.storage.course import check_ins, treatments

NOW = datetime(2026, 3, 6, 9, tzinfo=UTC)
GIVEN = NOW - timedelta(hours=20)
QUEUED = Queued("3f0c8a52-6a51-4c7e-9d0b-0d2f6f1c1e11", GIVEN)


def kept(db: Database, cast: Cast) -> list[CheckIn]:
    return check_ins.of_treatment(db, cast.treatment.id)


def urgent(db: Database, now: datetime) -> bool:
    """Whether an urgent alert is raised."""
    return Level.URGENT in {alert.level for alert in raise_alerts(db, PROTOCOLS, now)}


def test_answers_that_waited_on_the_phone_keep_the_time_they_were_given(
    db: Database, cast: Cast
) -> None:
    assert isinstance(
        record_check_in(db, PROTOCOLS, cast.alice.id, Answers(), NOW, QUEUED), Recorded
    )
    assert [(c.at, c.received_at) for c in kept(db, cast)] == [(GIVEN, NOW)]
    assert treatments.last_heard(db, cast.treatment.id) == NOW


def test_answers_sent_again_under_their_key_are_kept_once(db: Database, cast: Cast) -> None:
    first = record_check_in(db, PROTOCOLS, cast.alice.id, Answers(pain=2), NOW, QUEUED)
    again = record_check_in(
        db, PROTOCOLS, cast.alice.id, Answers(pain=2), NOW + timedelta(hours=3), QUEUED
    )
    assert first == again
    assert len(kept(db, cast)) == 1


def test_three_weeks_without_a_network_keep_the_time_of_the_answers(
    db: Database, cast: Cast
) -> None:
    made = NOW - timedelta(days=21)
    record_check_in(db, PROTOCOLS, cast.alice.id, Answers(), NOW, Queued(QUEUED.key, made, NOW))
    assert [(c.at, c.received_at, c.phone_at) for c in kept(db, cast)] == [(made, NOW, None)]


@pytest.mark.parametrize("wrong", [timedelta(days=-365), timedelta(days=365)])
def test_a_clock_that_is_a_year_off_still_tells_how_long_answers_waited(
    db: Database, cast: Cast, wrong: timedelta
) -> None:
    queued = Queued(QUEUED.key, GIVEN + wrong, NOW + wrong)
    record_check_in(db, PROTOCOLS, cast.alice.id, Answers(), NOW, queued)
    assert [(c.at, c.phone_at) for c in kept(db, cast)] == [(GIVEN, GIVEN + wrong)]


def test_a_clock_that_was_set_meanwhile_is_not_believed_and_kept(db: Database, cast: Cast) -> None:
    ahead = NOW + timedelta(days=365)
    record_check_in(db, PROTOCOLS, cast.alice.id, Answers(), NOW, Queued(QUEUED.key, ahead, NOW))
    assert [(c.at, c.phone_at) for c in kept(db, cast)] == [(NOW, ahead)]


def test_answers_that_come_out_of_order_all_stay_and_a_red_flag_is_told(
    db: Database, cast: Cast
) -> None:
    record_check_in(db, PROTOCOLS, cast.alice.id, CALM, NOW)
    flagged = Answers(breathing_or_face_swelling=True)
    record_check_in(db, PROTOCOLS, cast.alice.id, flagged, NOW, QUEUED)
    assert [c.answers for c in kept(db, cast)] == [flagged, CALM]
    assert urgent(db, NOW)


def test_two_phones_at_once_lose_nothing(db: Database, cast: Cast) -> None:
    both = (Answers(fever=True), Answers(spreading=True))
    for number, answers in enumerate(both):
        queued = Queued(f"{QUEUED.key}-{number}", NOW, NOW)
        record_check_in(db, PROTOCOLS, cast.alice.id, answers, NOW, queued)
    assert {c.answers for c in kept(db, cast)} == set(both)


def test_answers_from_before_a_corrected_treatment_are_kept_and_heard(
    db: Database, cast: Cast
) -> None:
    later = replace(cast.treatment, performed_at=NOW - timedelta(hours=1))
    with writing(db):
        treatments.update(db, later)
    flagged = Answers(breathing_or_face_swelling=True)
    record_check_in(db, PROTOCOLS, cast.alice.id, flagged, NOW, QUEUED)
    assert [c.at for c in kept(db, cast)] == [GIVEN]
    assert urgent(db, NOW)


def test_answers_to_a_treatment_that_was_ended_meanwhile_are_heard(
    db: Database, cast: Cast
) -> None:
    ended = replace(cast.treatment, ending=Ending(NOW - timedelta(hours=1), cast.dana.id, "moved"))
    with writing(db):
        treatments.update(db, ended)
    flagged = Answers(breathing_or_face_swelling=True)
    record_check_in(db, PROTOCOLS, cast.alice.id, flagged, NOW, QUEUED)
    assert urgent(db, NOW)


@pytest.mark.parametrize("wrong", [timedelta(days=2), timedelta(days=-20_000)])
def test_a_phone_whose_clock_is_wrong_answers_now(
    db: Database, cast: Cast, wrong: timedelta
) -> None:
    record_check_in(db, PROTOCOLS, cast.alice.id, Answers(), NOW, Queued(QUEUED.key, NOW + wrong))
    assert [check_in.at for check_in in kept(db, cast)] == [NOW]
