"""An answer counts only if the alert is as shown, was read, and no colleague has answered."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from sqlite_utils import Database

from tests.conftest import PROTOCOLS, Cast
from tests.tracker.answers_to_alerts import give, shown_now
from tracker.actions.alerts.answering import Answered, answer_alert
from tracker.actions.alerts.raising import raise_alerts
from tracker.actions.alerts.showing import read_alert
from tracker.actions.course.checking_in import record_check_in
from tracker.actions.talk.conversation import InReply, Said, add_message
from tracker.domain.alerts.alert_life import (
    Answer,
    AnswerRefused,
    HandOver,
    Obstacle,
    Resolution,
    Seen,
    Snooze,
    Step,
)
from tracker.domain.alerts.alerts import Alert, Level, Outcome, Stage
from tracker.domain.course.check_ins import Answers
from tracker.domain.people.people import Person
from tracker.domain.talk.conversation import Draft
from tracker.storage.alerts import alert_history, alerts
from tracker.storage.connection import writing
from tracker.storage.talk import conversation
from tracker.world import World

DAY_4 = datetime(2026, 3, 6, 9, tzinfo=UTC)
FEVER = Answers(fever=True, spreading=True)
SNOOZE = Snooze(date(2026, 3, 8), "on tablets")
RESOLUTION = Resolution(Outcome.FALSE, "a lamp")
ANSWERS = [Seen(), SNOOZE, RESOLUTION]


@pytest.fixture
def alert(db: Database, cast: Cast) -> Alert:
    """An urgent alert that no person has opened."""
    record_check_in(db, PROTOCOLS, cast.alice.id, FEVER, DAY_4)
    (raised,) = raise_alerts(db, PROTOCOLS, DAY_4)
    return raised


def known(db: Database, alert: Alert) -> Alert:
    found = alerts.get(db, alert.id)
    assert found is not None
    return found


@pytest.mark.parametrize("answer", ANSWERS)
def test_nobody_answers_an_alert_that_they_have_not_opened(
    db: Database, cast: Cast, alert: Alert, answer: Answer
) -> None:
    read_alert(db, alert.id, cast.eli.id, DAY_4)
    before = known(db, alert)
    refused = answer_alert(db, shown_now(db, alert), cast.dana, answer, DAY_4)
    assert refused == AnswerRefused(Obstacle.UNREAD)
    assert known(db, alert) == before


@pytest.mark.parametrize("answer", ANSWERS)
def test_an_answer_to_an_alert_that_rose_meanwhile_is_not_kept(
    db: Database, cast: Cast, alert: Alert, answer: Answer
) -> None:
    read_alert(db, alert.id, cast.dana.id, DAY_4)
    shown = replace(shown_now(db, alert), level=Level.REVIEW)
    before = known(db, alert)
    refused = answer_alert(db, shown, cast.dana, answer, DAY_4)
    assert refused == AnswerRefused(Obstacle.CHANGED)
    assert known(db, alert) == before


@pytest.mark.parametrize("second", ANSWERS)
@pytest.mark.parametrize("first", ANSWERS)
def test_of_two_people_who_answer_one_page_the_second_is_told_who_was_first_and_what_they_did(
    db: Database, cast: Cast, alert: Alert, first: Answer, second: Answer
) -> None:
    for person in (cast.dana, cast.eli):
        read_alert(db, alert.id, person.id, DAY_4)
    shown = shown_now(db, alert)
    assert isinstance(answer_alert(db, shown, cast.dana, first, DAY_4), Answered)
    kept = known(db, alert)
    refused = answer_alert(db, shown, cast.eli, second, DAY_4)
    assert isinstance(refused, AnswerRefused)
    assert refused.obstacle is Obstacle.OVERTAKEN
    assert refused.step == alert_history.of_alert(db, alert.id)[-1]
    assert refused.step.by == cast.dana.id
    assert known(db, alert) == kept


def test_of_two_people_who_answer_at_the_same_moment_exactly_one_is_heard(
    world: World, db: Database, cast: Cast, alert: Alert
) -> None:
    for person in (cast.dana, cast.eli):
        read_alert(db, alert.id, person.id, DAY_4)
    shown = shown_now(db, alert)

    def resolving(by: Person) -> Answered | AnswerRefused | None:
        own = world.connect()
        try:
            return answer_alert(own, shown, by, RESOLUTION, DAY_4)
        finally:
            own.close()

    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(resolving, (cast.dana, cast.eli)))
    assert sorted(isinstance(each, Answered) for each in done) == [False, True]
    assert sorted(isinstance(each, AnswerRefused) for each in done) == [False, True]
    steps = [step.step for step in alert_history.of_alert(db, alert.id)]
    assert steps.count(Step.RESOLVED) == 1


def test_ones_own_form_sent_twice_is_one_answer(db: Database, cast: Cast, alert: Alert) -> None:
    read_alert(db, alert.id, cast.dana.id, DAY_4)
    shown = shown_now(db, alert)
    for _ in range(2):
        done = answer_alert(db, shown, cast.dana, RESOLUTION, DAY_4)
        assert isinstance(done, Answered)
        assert done.alert.stage is Stage.RESOLVED
    steps = [step.step for step in alert_history.of_alert(db, alert.id)]
    assert steps == [Step.OPENED, Step.READ, Step.RESOLVED]


def test_who_reads_after_a_colleague_has_seen_it_may_still_close_it(
    db: Database, cast: Cast, alert: Alert
) -> None:
    give(db, alert, cast.dana, Seen(), DAY_4)
    assert give(db, alert, cast.eli, RESOLUTION, DAY_4).stage is Stage.RESOLVED


def test_who_is_asked_answers_and_who_asked_may_take_it_back(
    db: Database, cast: Cast, alert: Alert
) -> None:
    give(db, alert, cast.dana, HandOver(cast.eli.id, "please look"), DAY_4)
    refused = answer_alert(db, shown_now(db, alert), cast.eli, Seen(), DAY_4)
    assert refused == AnswerRefused(Obstacle.UNREAD)
    taken = answer_alert(db, shown_now(db, alert), cast.dana, Seen(), DAY_4)
    assert isinstance(taken, Answered)


def test_an_alert_that_closed_itself_takes_no_answer_and_says_that_it_did(
    db: Database, cast: Cast, alert: Alert
) -> None:
    read_alert(db, alert.id, cast.dana.id, DAY_4)
    shown = shown_now(db, alert)
    with writing(db):
        alerts.save(db, replace(known(db, alert), resolved_at=DAY_4))
    assert answer_alert(db, shown, cast.dana, Seen(), DAY_4) == AnswerRefused(Obstacle.OVERTAKEN)


@pytest.mark.parametrize("seen", [Seen(), None])
def test_no_message_goes_about_an_alert_that_says_more_by_now(
    db: Database, world: World, cast: Cast, alert: Alert, seen: Seen | None
) -> None:
    read_alert(db, alert.id, cast.dana.id, DAY_4)
    shown = shown_now(db, alert)
    stale = replace(shown, level=Level.REVIEW)

    def send(reply: InReply, key: str) -> object:
        draft, patient = Draft("All is well", None, key * 32), alert.patient_id
        return add_message(db, world.files, cast.dana, patient, draft, DAY_4, in_reply=reply)

    for kept, obstacle in ((stale, Obstacle.CHANGED), (None, Obstacle.NOT_SHOWN)):
        assert send(InReply(alert.id, kept, seen), "a") == AnswerRefused(obstacle)
    assert conversation.of_patient(db, alert.patient_id) == []
    assert known(db, alert).needs_answer
    assert send(InReply(alert.id, shown, seen), "a") == Said()
    assert known(db, alert).needs_answer is (seen is None)
