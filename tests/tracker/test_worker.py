"""The worker: two loops, and neither waits for the other."""

import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage

import pytest
from sqlite_utils import Database

from tests.conftest import PROTOCOLS, Cast
from tracker.actions.raise_alerts import raise_alerts
from tracker.actions.record_check_in import record_check_in
from tracker.alert_life import Step
from tracker.alerts import Concern
from tracker.check_ins import Answers
from tracker.health import Sign
from tracker.storage import alert_history, alerts, messages, signs_of_life
from tracker.worker import run_worker, watch_clock
from tracker.world import World

DAY_4 = datetime(2026, 3, 6, 17, 30, tzinfo=UTC)


def test_the_clock_alone_calls_for_reminders_digests_and_a_word_about_silence(
    world: World, db: Database, cast: Cast
) -> None:
    watch_clock(world, db, DAY_4)
    assert [alert.concern for alert in alerts.unseen(db)] == [Concern.SILENCE]
    assert [message.to_address for message in messages.due(db, DAY_4)] == [cast.alice.email]


def test_workers_who_look_at_the_clock_at_once_do_everything_once(
    world: World, db: Database, cast: Cast
) -> None:
    record_check_in(db, PROTOCOLS, cast.alice.id, Answers(fever=True, spreading=True), DAY_4)
    raise_alerts(db, PROTOCOLS, DAY_4)
    next_morning = DAY_4 + timedelta(hours=14)

    def look(_: int) -> None:
        connection = world.connect()
        for now in (DAY_4 + timedelta(hours=1), next_morning):
            watch_clock(world, connection, now)
        connection.close()

    with ThreadPoolExecutor(4) as workers:
        list(workers.map(look, range(4)))
    kinds = Counter(str(row["kind"]) for row in db.query("SELECT kind FROM messages"))
    assert kinds == {"urgent": 1, "reminder": 1, "escalation": 2, "digest": 1}
    (urgent,) = alerts.unseen(db)
    assert [step.step for step in alert_history.of_alert(db, urgent.id)] == [
        Step.OPENED,
        Step.ESCALATED,
        Step.ESCALATED,
    ]


def test_trouble_with_one_duty_leaves_an_urgent_alert_to_be_passed_on(
    world: World, db: Database, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("tracker.worker.wake_alerts", broken)
    record_check_in(db, PROTOCOLS, cast.alice.id, Answers(fever=True, spreading=True), DAY_4)
    raise_alerts(db, PROTOCOLS, DAY_4)
    watch_clock(world, db, DAY_4 + timedelta(hours=1))
    (urgent,) = (a for a in alerts.unseen(db) if a.level.is_mailed)
    assert urgent.escalations == 1


def test_a_mail_server_that_hangs_does_not_hold_up_the_judging(
    world: World, db: Database, cast: Cast
) -> None:
    hangs, let_go, stop = threading.Event(), threading.Event(), threading.Event()

    def send(mail: EmailMessage) -> None:
        hangs.set()
        assert let_go.wait(timeout=60)

    record_check_in(db, PROTOCOLS, cast.alice.id, Answers(fever=True, spreading=True), DAY_4)
    with ThreadPoolExecutor(1) as compute:
        slow = replace(world, send=send)
        worker = threading.Thread(target=run_worker, args=(slow, compute, lambda: DAY_4, stop))
        worker.start()
        try:
            assert hangs.wait(timeout=60)
            flagged = Answers(breathing_or_face_swelling=True)
            record_check_in(db, PROTOCOLS, cast.alice.id, flagged, DAY_4)
            deadline = time.monotonic() + 60
            while len(alerts.unseen(db)) < 2 and time.monotonic() < deadline:
                time.sleep(0.05)
            assert not let_go.is_set()
            concerns = {alert.concern for alert in alerts.unseen(db)}
        finally:
            let_go.set()
            stop.set()
            worker.join(timeout=60)
    assert Concern.ALLERGIC_REACTION in concerns
    assert signs_of_life.latest(db)[Sign.MEASURING] == DAY_4
