from datetime import UTC, datetime, timedelta

import pytest
from sqlite_utils import Database

from tests.conftest import PROTOCOLS, Cast
from tracker.actions.record_check_in import Recorded, record_check_in
from tracker.check_ins import Answers, CheckIn, Queued
from tracker.storage import check_ins, treatments

NOW = datetime(2026, 3, 6, 9, tzinfo=UTC)
GIVEN = NOW - timedelta(hours=20)
QUEUED = Queued("3f0c8a52-6a51-4c7e-9d0b-0d2f6f1c1e11", GIVEN)


def kept(db: Database, cast: Cast) -> list[CheckIn]:
    return check_ins.of_treatment(db, cast.treatment.id)


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


@pytest.mark.parametrize("wrong", [timedelta(days=2), timedelta(days=-20_000)])
def test_a_phone_whose_clock_is_wrong_answers_now(
    db: Database, cast: Cast, wrong: timedelta
) -> None:
    record_check_in(db, PROTOCOLS, cast.alice.id, Answers(), NOW, Queued(QUEUED.key, NOW + wrong))
    assert [check_in.at for check_in in kept(db, cast)] == [NOW]
