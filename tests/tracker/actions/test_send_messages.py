from datetime import UTC, datetime, timedelta
from email.message import EmailMessage

import pytest
from sqlite_utils import Database

from tests.conftest import PROTOCOLS, Cast
from tracker.actions.raise_alerts import raise_alerts
from tracker.actions.record_check_in import record_check_in
from tracker.actions.send_messages import SendReport, send_messages
from tracker.actions.show_outbox import show_outbox
from tracker.check_ins import Answers, Trend
from tracker.mail import Envelope, MailFailed
from tracker.messages import RETRY_DELAYS, SEND_LEASE
from tracker.storage import messages
from tracker.storage.connection import writing

NOW = datetime(2026, 3, 6, 9, tzinfo=UTC)
ENVELOPE = Envelope("Afterglow <afterglow@clinic.example>", "https://clinic.example")


class Post:
    def __init__(self, *, works: bool = True) -> None:
        self.works = works
        self.mails: list[EmailMessage] = []

    def __call__(self, mail: EmailMessage) -> None:
        if not self.works:
            raise MailFailed("the server is down")
        self.mails.append(mail)


@pytest.fixture
def due_mail(db: Database, cast: Cast) -> None:
    sick = Answers(pain=6, warmth=True, pus=True, spreading=True, trend=Trend.WORSE)
    record_check_in(db, PROTOCOLS, cast.alice.id, sick, NOW)
    raise_alerts(db, PROTOCOLS, NOW)


@pytest.mark.usefixtures("due_mail")
def test_a_mail_goes_out_once(db: Database) -> None:
    post = Post()
    assert send_messages(db, post, ENVELOPE, NOW) == SendReport(sent=1)
    assert send_messages(db, post, ENVELOPE, NOW + timedelta(days=2)) == SendReport()
    assert len(post.mails) == 1


@pytest.mark.usefixtures("due_mail")
def test_a_server_that_is_down_is_tried_again_with_growing_delay_and_loses_nothing(
    db: Database, cast: Cast
) -> None:
    post, now = Post(works=False), NOW
    for delay in RETRY_DELAYS:
        assert send_messages(db, post, ENVELOPE, now) == SendReport(retried=1)
        assert send_messages(db, post, ENVELOPE, now + delay - timedelta(seconds=1)) == SendReport()
        now += delay
    post.works = True
    assert send_messages(db, post, ENVELOPE, now) == SendReport(sent=1)
    assert len(post.mails) == 1
    assert messages.undelivered_about(db, cast.alice.id) == []


@pytest.mark.usefixtures("due_mail")
def test_a_mail_given_up_is_shown_with_its_reason(db: Database, cast: Cast) -> None:
    post, now = Post(works=False), NOW
    for delay in RETRY_DELAYS:
        send_messages(db, post, ENVELOPE, now)
        now += delay
    assert send_messages(db, post, ENVELOPE, now) == SendReport(given_up=1)
    (failed,) = messages.undelivered_about(db, cast.alice.id)
    assert failed.failed_at == now
    assert failed.error == "the server is down"
    (letter,) = show_outbox(db, cast.dana.id, ENVELOPE)
    assert letter.message == failed


@pytest.mark.usefixtures("due_mail")
def test_a_sender_that_died_gives_the_mail_back_after_its_lease(db: Database) -> None:
    (message,) = messages.due(db, NOW)
    with writing(db):
        assert messages.claim(db, message, NOW)
        assert not messages.claim(db, message, NOW)
    post = Post()
    assert send_messages(db, post, ENVELOPE, NOW) == SendReport()
    assert send_messages(db, post, ENVELOPE, NOW + SEND_LEASE) == SendReport(sent=1)
