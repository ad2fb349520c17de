"""Mails in transit: sent once, retried, given up, whatever happens to the sender."""

import multiprocessing
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage

import pytest
from aiosmtpd.controller import Controller
from sqlite_utils import Database

from tests.conftest import PROTOCOLS, Cast
from tests.post_office import Inbox, free_port
from tracker.actions.alerts.raising import raise_alerts
from tracker.actions.course.checking_in import record_check_in
from tracker.actions.mail.sending import AT_ONCE, SendReport, send_mails, show_outbox
from tracker.domain.course.check_ins import Answers
from tracker.domain.mail.mails import (
    RETRY_DELAYS,
    SEND_LEASE,
    Envelope,
    Mail,
    MailKind,
    reminder,
)
from tracker.domain.people.people import Person
from tracker.settings import Settings
from tracker.storage.connection import open_database, writing
from tracker.storage.mail import mails
from tracker.wires.mail import MailFailed, MailRefused, sender

NOW = datetime(2026, 3, 6, 9, tzinfo=UTC)
ENVELOPE = Envelope("Afterglow <afterglow@clinic.example>", "https://clinic.example", b"k" * 32)
FEVER = Answers(fever=True, spreading=True)
PROCESSES = multiprocessing.get_context("spawn")


class Post:
    def __init__(self, trouble: Exception | None = None) -> None:
        self.trouble = trouble
        self.mails: list[EmailMessage] = []

    def __call__(self, mail: EmailMessage) -> None:
        if self.trouble is not None:
            raise self.trouble
        self.mails.append(mail)


def send_at(db: Database, post: Post, now: datetime) -> SendReport:
    return send_mails(db, post, ENVELOPE, lambda: now)


def write_reminders(db: Database, to: Person, count: int) -> list[Mail]:
    written = [
        reminder(MailKind.REMINDER, to, (NOW + timedelta(days=day)).date(), NOW)
        for day in range(count)
    ]
    with writing(db):
        assert all(mails.insert(db, mail) for mail in written)
    return written


@pytest.fixture
def due_mail(db: Database, cast: Cast) -> None:
    record_check_in(db, PROTOCOLS, cast.alice.id, FEVER, NOW)
    raise_alerts(db, PROTOCOLS, NOW)


@pytest.mark.usefixtures("due_mail")
def test_a_mail_goes_out_once(db: Database) -> None:
    post = Post()
    assert send_at(db, post, NOW) == SendReport(sent=1)
    assert send_at(db, post, NOW + timedelta(days=2)) == SendReport()
    assert len(post.mails) == 1


def test_one_cause_has_one_mail(db: Database, cast: Cast) -> None:
    (mail,) = write_reminders(db, cast.alice, 1)
    kind_word = replace(mail, kind=MailKind.MISSED)
    with writing(db):
        assert not mails.insert(db, mail)
        assert not mails.insert(db, kind_word)
    assert len(mails.due(db, NOW)) == 1


@pytest.mark.usefixtures("due_mail")
def test_a_server_that_is_down_is_tried_again_with_growing_delay_and_loses_nothing(
    db: Database, cast: Cast
) -> None:
    post, now = Post(MailFailed("the server is down")), NOW
    for delay in RETRY_DELAYS:
        assert send_at(db, post, now) == SendReport(retried=1)
        assert send_at(db, post, now + delay - timedelta(seconds=1)) == SendReport()
        now += delay
    post.trouble = None
    assert send_at(db, post, now) == SendReport(sent=1)
    assert len(post.mails) == 1
    assert mails.undelivered_about(db, cast.alice.id) == []


@pytest.mark.usefixtures("due_mail")
def test_a_mail_given_up_is_shown_with_its_reason(db: Database, cast: Cast) -> None:
    post, now = Post(MailFailed("the server is down")), NOW
    for delay in RETRY_DELAYS:
        send_at(db, post, now)
        now += delay
    assert send_at(db, post, now) == SendReport(given_up=1)
    (failed,) = mails.undelivered_about(db, cast.alice.id)
    assert failed.failed_at == now
    assert failed.error == "the server is down"
    (composed,) = show_outbox(db, cast.dana.id, ENVELOPE)
    assert composed.mail == failed


@pytest.mark.usefixtures("due_mail")
def test_a_mail_that_is_refused_for_good_is_given_up_at_once(db: Database, cast: Cast) -> None:
    post = Post(MailRefused("the server refused the recipient ([550])"))
    assert send_at(db, post, NOW) == SendReport(given_up=1)
    (failed,) = mails.undelivered_about(db, cast.alice.id)
    assert failed.failed_at == NOW


def test_a_patients_own_mail_trouble_shows_until_a_later_mail_arrives(
    db: Database, cast: Cast
) -> None:
    (first,) = write_reminders(db, cast.alice, 1)
    send_at(db, Post(MailRefused("no such mailbox")), NOW)
    assert [m.id for m in mails.undelivered_about(db, cast.alice.id)] == [first.id]
    later = NOW + timedelta(days=1)
    with writing(db):
        mails.insert(db, reminder(MailKind.REMINDER, cast.alice, later.date(), later))
    send_at(db, Post(), later)
    assert mails.undelivered_about(db, cast.alice.id) == []


@pytest.mark.usefixtures("due_mail")
def test_a_mail_that_cannot_be_written_holds_up_no_other(db: Database, cast: Cast) -> None:
    write_reminders(db, cast.alice, 1)

    def send(mail: EmailMessage) -> None:
        if "review" in str(mail["Subject"]):
            raise RuntimeError

    assert send_mails(db, send, ENVELOPE, lambda: NOW) == SendReport(sent=1, retried=1)


@pytest.mark.usefixtures("due_mail")
def test_urgent_mail_goes_before_the_reminders(db: Database, cast: Cast) -> None:
    write_reminders(db, cast.alice, 3)
    kinds = [mail.kind for mail in mails.due(db, NOW)]
    assert kinds == [MailKind.URGENT] + [MailKind.REMINDER] * 3


def test_an_urgent_mail_written_while_others_are_sent_is_the_next(
    db: Database, cast: Cast, settings: Settings
) -> None:
    write_reminders(db, cast.alice, 3 * AT_ONCE)
    subjects: list[str] = []
    lock = threading.Lock()

    def send(mail: EmailMessage) -> None:
        with lock:
            if not subjects:
                other = open_database(settings.database, settings.key_for("database"))
                record_check_in(other, PROTOCOLS, cast.alice.id, FEVER, NOW)
                raise_alerts(other, PROTOCOLS, NOW)
                other.close()
            subjects.append(str(mail["Subject"]))

    send_mails(db, send, ENVELOPE, lambda: NOW)
    assert "Afterglow: someone needs your review" in subjects[: 2 * AT_ONCE + 1]


def test_one_slow_mail_does_not_hold_up_the_others(db: Database, cast: Cast) -> None:
    slow, *others = write_reminders(db, cast.alice, AT_ONCE + 3)
    others_sent = threading.Semaphore(0)

    def send(mail: EmailMessage) -> None:
        if slow.id in str(mail["Message-ID"]):
            for _ in others:
                assert others_sent.acquire(timeout=60)
        else:
            others_sent.release()

    report = send_mails(db, send, ENVELOPE, lambda: NOW)
    assert report == SendReport(sent=len(others) + 1)


def test_a_lease_begins_when_the_mail_is_claimed_and_not_when_the_round_began(
    db: Database, cast: Cast
) -> None:
    written = write_reminders(db, cast.alice, AT_ONCE + 1)
    ticks = iter(range(100))

    def clock() -> datetime:
        return NOW + timedelta(seconds=next(ticks))

    leases: dict[str, datetime] = {}

    def send(mail: EmailMessage) -> None:
        raise MailFailed("later")

    send_mails(db, send, ENVELOPE, clock)
    for row in db.query("SELECT id, next_attempt_at FROM messages"):
        leases[row["id"]] = datetime.fromisoformat(row["next_attempt_at"])
    assert len(set(leases.values())) == len(written)


@pytest.mark.usefixtures("due_mail")
def test_a_sender_that_died_gives_the_mail_back_after_its_lease(db: Database) -> None:
    (mail,) = mails.due(db, NOW)
    with writing(db):
        assert mails.claim(db, mail, NOW)
        assert not mails.claim(db, mail, NOW)
    post = Post()
    assert send_at(db, post, NOW) == SendReport()
    assert send_at(db, post, NOW + SEND_LEASE) == SendReport(sent=1)


@pytest.mark.usefixtures("due_mail")
@pytest.mark.parametrize("failed_before", [0, 1, 2])
def test_a_worker_that_read_its_clock_before_a_claim_does_not_send_the_mail_again(
    db: Database, failed_before: int
) -> None:
    now = NOW
    for delay in RETRY_DELAYS[:failed_before]:
        send_at(db, Post(MailFailed("later")), now)
        now += delay
    (mail,) = mails.due(db, now)
    with writing(db):
        assert mails.claim(db, mail, now + timedelta(seconds=20))
    assert mails.due(db, now) == []


@pytest.mark.usefixtures("due_mail")
def test_an_urgent_mail_that_failed_before_the_clock_was_set_back_does_not_wait_that_hour(
    db: Database,
) -> None:
    send_at(db, Post(MailFailed("later")), NOW)
    hour_back = NOW - timedelta(hours=1)
    assert send_at(db, Post(), hour_back) == SendReport(sent=1)


@pytest.mark.usefixtures("due_mail")
def test_an_urgent_mail_that_failed_once_is_tried_again_within_a_minute(db: Database) -> None:
    assert send_at(db, Post(MailFailed("later")), NOW) == SendReport(retried=1)
    assert send_at(db, Post(), NOW + timedelta(minutes=1)) == SendReport(sent=1)


@pytest.fixture
def mail_settings(settings: Settings) -> Iterator[tuple[Settings, Inbox]]:
    inbox = Inbox()
    post = Controller(inbox, hostname="127.0.0.1", port=free_port())
    post.start()
    yield replace(settings, smtp_url=f"smtp://127.0.0.1:{post.port}"), inbox
    post.stop()


def send_as_a_worker(settings: Settings) -> None:
    db = open_database(settings.database, settings.key_for("database"))
    send_mails(db, sender(settings), ENVELOPE, lambda: NOW)
    db.close()


def send_and_die_before_the_row_says_so(settings: Settings) -> None:
    db = open_database(settings.database, settings.key_for("database"))
    send = sender(settings)

    def send_and_die(mail: EmailMessage) -> None:
        send(mail)
        os.kill(os.getpid(), signal.SIGKILL)

    send_mails(db, send_and_die, ENVELOPE, lambda: NOW)


def test_two_workers_on_one_outbox_send_each_mail_once(
    db: Database, cast: Cast, mail_settings: tuple[Settings, Inbox]
) -> None:
    settings, inbox = mail_settings
    written = write_reminders(db, cast.alice, 40)
    workers = [PROCESSES.Process(target=send_as_a_worker, args=(settings,)) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(timeout=90)
        assert worker.exitcode == 0
    received = Counter(str(mail["Message-ID"]) for mail in inbox.mails)
    assert set(received.values()) == {1}
    assert len(received) == len(written)


@pytest.mark.usefixtures("due_mail")
def test_a_sender_killed_after_the_server_took_the_mail_sends_the_same_mail_again(
    db: Database, mail_settings: tuple[Settings, Inbox]
) -> None:
    """No protocol can do better: the server has the mail, and the sender died before noting it."""
    settings, inbox = mail_settings
    worker = PROCESSES.Process(target=send_and_die_before_the_row_says_so, args=(settings,))
    worker.start()
    worker.join(timeout=90)
    assert worker.exitcode == -signal.SIGKILL
    deadline = time.monotonic() + 30
    while not inbox.mails and time.monotonic() < deadline:
        time.sleep(0.05)
    again = NOW + SEND_LEASE
    assert send_mails(db, sender(settings), ENVELOPE, lambda: NOW) == SendReport()
    assert send_mails(db, sender(settings), ENVELOPE, lambda: again) == SendReport(sent=1)
    assert send_mails(db, sender(settings), ENVELOPE, lambda: again) == SendReport()
    ids = [mail["Message-ID"] for mail in inbox.mails]
    assert len(ids) == 2
    assert len(set(ids)) == 1
