"""A whole mail without an answer: one more try, then "maybe sent"; and nothing waits for it."""

import threading
import time
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from functools import partial

import pytest
from sqlite_utils import Database

from tests.conftest import Cast
from tests.tracker.actions.test_send_mails import ENVELOPE, write_reminders
from tracker.actions.mail import sending
from tracker.actions.mail.sending import AT_ONCE, SendReport, Tries, send_mails
from tracker.domain.mail.mails import MOST_UNHEARD, SEND_LEASE, UNHEARD_DELAY, Mail
from tracker.storage.mail import mails
from tracker.wires.mail import MailFailed, MailRefused, MailUnheard

NOW = datetime(2026, 3, 6, 9, tzinfo=UTC)
DAY = timedelta(days=1)
UNHEARD = MailUnheard("mail.example received the whole mail, and no answer came back")
LATER, NEVER = MailFailed("the server is down"), MailRefused("the server answered 550")


class Script:
    """A server that does one thing after another with each copy, and the last one for ever."""

    def __init__(self, *ends: Exception | None) -> None:
        self.ends = list(ends)
        self.copies = 0

    def __call__(self, mail: EmailMessage) -> None:
        end = self.ends.pop(0) if len(self.ends) > 1 else self.ends[0]
        self.copies += not isinstance(end, MailFailed) or isinstance(end, MailUnheard)
        if end is not None:
            raise end


def in_the_end(db: Database, script: Script) -> Mail:
    """The only mail after ten days, sent whenever it is due."""
    now = NOW
    while now < NOW + 10 * DAY:
        send_mails(db, script, ENVELOPE, partial(datetime.fromtimestamp, now.timestamp(), UTC))
        (row,) = db.query("SELECT next_attempt_at AS at FROM messages")
        now = max(now + timedelta(hours=1), datetime.fromisoformat(row["at"]))
    (row,) = db.query("SELECT recipient_id FROM messages")
    (mail,) = mails.of_recipient(db, row["recipient_id"])
    return mail


@pytest.mark.parametrize(
    ("ends", "copies", "sent", "maybe"),
    [
        ((None,), 1, True, False),
        ((UNHEARD, None), 2, True, False),
        ((LATER, UNHEARD, LATER, None), 2, True, False),
        ((UNHEARD,), MOST_UNHEARD, False, True),
        ((UNHEARD, LATER), 1, False, True),
        ((LATER, UNHEARD, LATER, UNHEARD), MOST_UNHEARD, False, True),
        ((UNHEARD, NEVER), 1, False, True),
        ((LATER,), 0, False, False),
        ((NEVER,), 0, False, False),
    ],
)
def test_no_course_of_answers_makes_more_than_two_copies_and_each_end_is_told(
    db: Database,
    cast: Cast,
    ends: tuple[Exception | None, ...],
    copies: int,
    sent: bool,
    maybe: bool,
) -> None:
    write_reminders(db, cast.alice, 1)
    script = Script(*ends)
    mail = in_the_end(db, script)
    assert script.copies == copies
    assert (mail.sent_at is not None, mail.is_maybe_sent) == (sent, maybe)
    assert (mail.failed_at is None) == sent
    assert (cast.alice.id in mails.with_trouble(db)) != sent


def test_the_second_try_comes_soon_and_no_third(db: Database, cast: Cast) -> None:
    write_reminders(db, cast.alice, 1)
    script = Script(UNHEARD)
    assert send_mails(db, script, ENVELOPE, lambda: NOW) == SendReport(retried=1)
    again = NOW + UNHEARD_DELAY
    assert send_mails(db, script, ENVELOPE, lambda: again - timedelta(seconds=1)) == SendReport()
    assert send_mails(db, script, ENVELOPE, lambda: again) == SendReport(given_up=1)
    assert send_mails(db, script, ENVELOPE, lambda: again + 30 * DAY) == SendReport()


class Hanging:
    """A server that answers the first mails only when it is let go."""

    def __init__(self, first: int) -> None:
        self.first, self.let_go = first, threading.Event()
        self.taken: list[str] = []

    def __call__(self, mail: EmailMessage) -> None:
        self.taken.append(str(mail["Message-ID"]))
        if len(self.taken) <= self.first:
            assert self.let_go.wait(20)


def until(done: bool, tries: Tries) -> None:
    deadline = time.monotonic() + 10
    while any(each.future.done() is not done for each in tries.under_way):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_mails_without_an_answer_hold_up_no_other_and_no_round(
    db: Database, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "SLOW_AFTER_SECONDS", 0.05)
    monkeypatch.setattr(sending, "LOOKS_AGAIN_SECONDS", 0.02)
    monkeypatch.setattr(sending, "HOLD_EVERY_SECONDS", 0.0)
    written = write_reminders(db, cast.alice, 3 * AT_ONCE)
    server, tries = Hanging(first=2 * AT_ONCE), Tries()
    report = send_mails(db, server, ENVELOPE, lambda: NOW, tries=tries)
    assert report == SendReport(sent=AT_ONCE)
    assert len(tries.under_way) == 2 * AT_ONCE
    # Long after their leases nobody else takes them, because each round renews them.
    late = NOW + SEND_LEASE - timedelta(seconds=1)
    assert send_mails(db, server, ENVELOPE, lambda: late, tries=tries) == SendReport()
    assert mails.due(db, NOW + SEND_LEASE + timedelta(seconds=1)) == []
    server.let_go.set()
    until(True, tries)
    assert send_mails(db, server, ENVELOPE, lambda: late, tries=tries) == SendReport(
        sent=2 * AT_ONCE
    )
    assert len(server.taken) == len(written)


def test_a_database_that_is_locked_when_the_answer_comes_makes_no_second_copy(
    db: Database, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_reminders(db, cast.alice, 1)
    script, tries, noted = Script(None), Tries(), mails.sent

    def locked(*_: object) -> None:
        raise sending_error

    sending_error = RuntimeError("database is locked")
    monkeypatch.setattr(mails, "sent", locked)
    with pytest.raises(RuntimeError):
        send_mails(db, script, ENVELOPE, lambda: NOW, tries=tries)
    monkeypatch.setattr(mails, "sent", noted)
    assert send_mails(db, script, ENVELOPE, lambda: NOW, tries=tries) == SendReport(sent=1)
    assert script.copies == 1
