"""The worker: many loops, and none waits for another."""

import re
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage

import pytest
from aiosmtpd.controller import Controller
from sqlite_utils import Database

from tests.conftest import PASSPHRASE, PROTOCOLS, Cast
from tests.post_office import Inbox, free_port
from tests.tracker.answers_to_alerts import unseen
from tests.tracker.duties import watch_clock
from tests.web.browser import Browser
from tests.web.conftest import Records
from tracker.actions.alerts.raising import raise_alerts
from tracker.actions.clinic.health import show_health
from tracker.actions.course.checking_in import record_check_in
from tracker.actions.own_data.closing import close_account
from tracker.domain.alerts.alert_life import Step
from tracker.domain.alerts.alerts import Concern
from tracker.domain.clinic.health import DUTIES, Part, SignOfLife, State, judge
from tracker.domain.course.check_ins import Answers
from tracker.domain.mail.mails import Mail, MailKind
from tracker.storage.alerts import alert_history
from tracker.storage.clinic import health
from tracker.storage.connection import writing
from tracker.storage.mail import mails
from tracker.storage.people import people
from tracker.wires.compute import NotMeasurable
from tracker.wires.mail import ANSWER_SECONDS, sender
from tracker.wires.photo_files import Picture
from tracker.worker import run_worker
from tracker.world import World
from web import create_app

DAY_4 = datetime(2026, 3, 6, 17, 30, tzinfo=UTC)


def test_the_clock_alone_calls_for_reminders_digests_and_a_word_about_silence(
    world: World, db: Database, cast: Cast
) -> None:
    watch_clock(world, db, DAY_4)
    assert [alert.concern for alert in unseen(db)] == [Concern.SILENCE]
    assert [message.to_address for message in mails.due(db, DAY_4)] == [cast.alice.email]


def test_workers_who_look_at_the_clock_at_once_do_everything_once(
    world: World, db: Database, cast: Cast
) -> None:
    record_check_in(db, PROTOCOLS, cast.alice.id, Answers(fever=True, spreading=True), DAY_4)
    raise_alerts(db, PROTOCOLS, DAY_4)
    next_morning = DAY_4 + timedelta(hours=14)

    def look(now: datetime) -> None:
        connection = world.connect()
        watch_clock(world, connection, now)
        connection.close()

    with ThreadPoolExecutor(4) as workers:
        for now in (DAY_4 + timedelta(hours=1), next_morning):
            list(workers.map(look, [now] * 4))
    kinds = Counter(str(row["kind"]) for row in db.query("SELECT kind FROM messages"))
    assert kinds == {"urgent": 1, "reminder": 1, "escalation": 2, "digest": 1}
    (urgent,) = unseen(db)
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
    (urgent,) = (a for a in unseen(db) if a.level.is_mailed)
    assert urgent.escalations == 1


def test_a_disk_without_reserve_does_not_hold_up_that_an_account_is_erased(
    world: World, db: Database, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise OSError

    monkeypatch.setattr("tracker.worker.keep_reserve", broken)
    assert close_account(db, cast.alice.id, PASSPHRASE, 0, DAY_4) is not None
    watch_clock(world, db, DAY_4)
    assert people.get(db, cast.alice.id) is None


def test_a_duty_that_breaks_off_every_time_turns_health_bad(
    world: World, db: Database, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("tracker.worker.escalate_alerts", broken)
    with ThreadPoolExecutor(1) as compute, working(world, compute, lambda: DAY_4):
        wait_until(lambda: len(health.latest_signs(db)) == len(DUTIES) - 1)
    states = judge(show_health(db, world.settings, PROTOCOLS, DAY_4))
    assert [d for d in DUTIES if states[Part(d)] is State.FAILING] == [SignOfLife.ESCALATING]


def test_news_that_cannot_be_judged_turns_health_bad(
    world: World, db: Database, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("tracker.actions.alerts.raising.conclude", broken)
    record_check_in(db, PROTOCOLS, cast.alice.id, Answers(fever=True, spreading=True), DAY_4)
    with ThreadPoolExecutor(1) as compute, working(world, compute, lambda: DAY_4):
        wait_until(lambda: SignOfLife.JUDGING in health.latest_signs(db))
    later = datetime.now(UTC) + timedelta(minutes=11)
    states = judge(show_health(db, world.settings, PROTOCOLS, later))
    assert states[Part.UNJUDGED] is State.FAILING


class SilentServer:
    """A mail server that accepts every connection and sends nothing, until it hangs up."""

    def __init__(self) -> None:
        self._calls: list[socket.socket] = []
        self._server = socket.create_server(("127.0.0.1", 0), backlog=50)
        self.port = int(self._server.getsockname()[1])
        self._answering = threading.Thread(target=self._answer)
        self._answering.start()

    def _answer(self) -> None:
        with suppress(OSError):
            while True:
                self._calls.append(self._server.accept()[0])

    def hang_up(self) -> None:
        with suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._answering.join(timeout=30)
        for end in (self._server, *self._calls):
            end.close()


@pytest.fixture
def silent_server() -> Iterator[SilentServer]:
    server = SilentServer()
    yield server
    server.hang_up()


def test_a_mail_server_that_hangs_under_500_mails_does_not_hold_up_escalation(
    world: World, db: Database, cast: Cast, silent_server: SilentServer
) -> None:
    others = write_messages(db, cast, 500)
    clock = urgent_alert_that_is_passed_on_in(timedelta(seconds=2), world, db, cast)
    send = sender(replace(world.settings, smtp_url=f"smtp://127.0.0.1:{silent_server.port}"))
    began = time.monotonic()
    with (
        ThreadPoolExecutor(1) as compute,
        working(replace(world, send=send), compute, clock),
    ):
        wait_until(lambda: tries(db, MailKind.URGENT) == 1)
        assert tries(db, MailKind.MESSAGE) < len(others)
        # The next one is tried although four others hang, and before they are given up.
        wait_until(lambda: tries(db, MailKind.ESCALATION) == 1)
        took = time.monotonic() - began
        silent_server.hang_up()
    assert took < min(60, ANSWER_SECONDS)


def test_80_slow_mails_do_not_hold_up_escalation(world: World, db: Database, cast: Cast) -> None:
    write_messages(db, cast, 80)
    clock = urgent_alert_that_is_passed_on_in(timedelta(seconds=2), world, db, cast)
    told = threading.Event()
    stop_dawdling = threading.Event()

    def send(mail: EmailMessage) -> None:
        if "still waits" in str(mail["Subject"]):
            told.set()
        stop_dawdling.wait(timeout=2)

    with (
        ThreadPoolExecutor(1) as compute,
        working(replace(world, send=send), compute, clock),
    ):
        told_in_time = told.wait(timeout=20)  # all 80 take 40 seconds, four at a time
        stop_dawdling.set()
    assert told_in_time


def test_two_workers_at_once_send_every_mail_once(world: World, db: Database, cast: Cast) -> None:
    write_messages(db, cast, 40)
    clock = urgent_alert_that_is_passed_on_in(timedelta(0), world, db, cast)
    ids: list[str] = []

    def send(mail: EmailMessage) -> None:
        ids.append(str(mail["Message-ID"]))  # appending is safe from several threads

    both = replace(world, send=send)
    with (
        ThreadPoolExecutor(1) as compute,
        working(both, compute, clock),
        working(both, compute, clock),
    ):
        # 40 messages, one urgent mail, one escalation, and the scheduled ones.
        wait_until(lambda: tries(db, MailKind.ESCALATION) == 1 and len(ids) >= 42)
    assert max(Counter(ids).values()) == 1


def test_an_emergency_answer_is_mailed_within_seconds_while_photos_are_measured(
    world: World, db: Database, cast: Cast
) -> None:
    busy, let_go = threading.Event(), threading.Event()

    class Slow(Executor):
        """Takes a photo, and works on it until it is released."""

        def submit(self, fn, /, *args, **kwargs):  # type: ignore[no-untyped-def]
            def measure() -> NotMeasurable:
                busy.set()
                let_go.wait(timeout=100)
                return NotMeasurable("too_dark")

            return threads.submit(measure)

    inbox = Inbox()
    post = Controller(inbox, hostname="127.0.0.1", port=free_port())
    post.start()
    send = sender(replace(world.settings, smtp_url=f"smtp://127.0.0.1:{post.port}"))
    records = Records(db, world, cast)
    for day in (-1, 1, 2):
        world.files.save(records.photo(day).id, Picture.PHOTO, b"a photo")
    browser = Browser(create_app(world, lambda: DAY_4))
    assert browser.sign_in(cast.alice, PASSPHRASE).status_code == 303
    with (
        ThreadPoolExecutor(4) as threads,
        working(replace(world, send=send), Slow(), lambda: DAY_4),
    ):
        assert busy.wait(timeout=60)
        began = time.monotonic()
        calm = {"pain": "1", "itch": "0", "swelling": "0", "trend": "better"}
        answered = browser.send("/check-in", calm | {"breathing_or_face_swelling": "yes"})
        in_time = wait_until(
            lambda: any("needs your review" in str(mail["Subject"]) for mail in inbox.mails), 30
        )
        took = time.monotonic() - began
        let_go.set()
    post.stop()
    assert answered.status_code < 400
    assert in_time
    assert took < 10


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
            while len(unseen(db)) < 2 and time.monotonic() < deadline:
                time.sleep(0.05)
            assert not let_go.is_set()
            concerns = {alert.concern for alert in unseen(db)}
        finally:
            let_go.set()
            stop.set()
            worker.join(timeout=60)
    assert Concern.ALLERGIC_REACTION in concerns
    assert health.latest_signs(db)[SignOfLife.MEASURING] == DAY_4


def test_a_stop_does_not_wait_for_a_mail_server_that_hangs(
    world: World,
    db: Database,
    cast: Cast,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    hangs, let_go, stop = threading.Event(), threading.Event(), threading.Event()

    def send(mail: EmailMessage) -> None:
        hangs.set()
        assert let_go.wait(timeout=60)

    monkeypatch.setattr("tracker.worker.STOP_SECONDS", 0.5)
    record_check_in(db, PROTOCOLS, cast.alice.id, Answers(fever=True, spreading=True), DAY_4)
    with ThreadPoolExecutor(1) as compute:
        slow = replace(world, send=send)
        worker = threading.Thread(target=run_worker, args=(slow, compute, lambda: DAY_4, stop))
        worker.start()
        assert hangs.wait(timeout=60)
        stop.set()
        began = time.monotonic()
        worker.join(timeout=60)
        assert time.monotonic() - began < 10
        assert re.search("left behind at the stop: (pressing )?mail", caplog.text)
        let_go.set()


LEAVES_A_THREAD = """
import threading, time
from tracker.cli.console import leave
threading.Thread(target=time.sleep, args=(600,)).start()
print("stopped")
leave()
"""


def test_a_process_ends_well_although_a_thread_is_left_behind() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", LEAVES_A_THREAD],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (ended.returncode, ended.stdout) == (0, "stopped\n")


@contextmanager
def working(world: World, compute: Executor, clock: Callable[[], datetime]) -> Iterator[None]:
    """A worker that runs meanwhile."""
    stop = threading.Event()
    worker = threading.Thread(target=run_worker, args=(world, compute, clock, stop))
    worker.start()
    try:
        yield
    finally:
        stop.set()
        worker.join(timeout=60)


def wait_until(happened: Callable[[], bool], seconds: float = 60) -> bool:
    deadline = time.monotonic() + seconds
    while not (is_so := happened()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return is_so


def tries(db: Database, kind: MailKind) -> int:
    """For how many mails of a kind a try has begun."""
    sql = "SELECT count(*) AS n FROM messages WHERE kind = ? AND attempts > 0"
    ((number),) = (row["n"] for row in db.query(sql, [str(kind)]))
    return int(number)


def write_messages(db: Database, cast: Cast, count: int) -> list[Mail]:
    """Mails that are due and not urgent."""
    to, at = cast.alice, DAY_4 - timedelta(hours=1)
    written = [
        Mail(MailKind.MESSAGE, f"remark:{number}", to.id, to.email, at, at)
        for number in range(count)
    ]
    with writing(db):
        assert all(mails.insert(db, message) for message in written)
    return written


def urgent_alert_that_is_passed_on_in(
    delay: timedelta, world: World, db: Database, cast: Cast
) -> Callable[[], datetime]:
    """A running clock, with an urgent alert that is about to be escalated."""
    raised_at = DAY_4 + delay - world.settings.escalate_after
    record_check_in(db, PROTOCOLS, cast.alice.id, Answers(fever=True, spreading=True), raised_at)
    raise_alerts(db, PROTOCOLS, raised_at)
    began = time.monotonic()
    return lambda: DAY_4 + timedelta(seconds=time.monotonic() - began)
