"""Send the mails that are due, and list those that wait."""

import logging
from collections.abc import Callable, Collection
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from datetime import datetime
from email.message import EmailMessage

from sqlite_utils import Database

from tracker.domain.mail.mails import Envelope, Mail, MailKind, compose, next_attempt
from tracker.storage.connection import writing
from tracker.storage.mail import mails
from tracker.wires.mail import MailFailed, MailRefused

AT_ONCE = 4  # a slow server holds up one mail, not all of them
LOOKS_AGAIN_SECONDS = 1.0

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SendReport:
    """How many mails went out, will be tried again, and were given up."""

    sent: int = 0
    retried: int = 0
    given_up: int = 0


def send_mails(
    db: Database,
    send: Callable[[EmailMessage], None],
    envelope: Envelope,
    clock: Callable[[], datetime],
    kinds: Collection[MailKind] = tuple(MailKind),
    goes_on: Callable[[], bool] = lambda: True,
) -> SendReport:
    """Send every due mail of these kinds once; starts no new one once `goes_on` says no.

    `send` raises MailFailed and is called from several threads. Leases use `clock` at the moment of
    each claim, because sending takes time.
    """
    report = SendReport()
    running: dict[Future[None], Mail] = {}
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="mail") as senders:
        while True:
            while len(running) < AT_ONCE and goes_on() and (mail := _claimed(db, clock, kinds)):
                running[senders.submit(_hand_over, send, envelope, mail)] = mail
            if not running:
                return report
            # While one mail hangs, others are written that must not wait for it.
            done, _ = wait(running, LOOKS_AGAIN_SECONDS, FIRST_COMPLETED)
            for future in done:
                report = _conclude(db, running.pop(future), future, report, clock())


def _claimed(
    db: Database, clock: Callable[[], datetime], kinds: Collection[MailKind]
) -> Mail | None:
    """The next due mail, claimed only when a sender is free; None when none is due.

    An urgent mail written meanwhile is the next.
    """
    while due := mails.due(db, clock(), 1, kinds):
        (mail,) = due
        with writing(db):
            ours = mails.claim(db, mail, clock())
        if ours:
            return replace(mail, attempts=mail.attempts + 1)
    return None


def _hand_over(send: Callable[[EmailMessage], None], envelope: Envelope, mail: Mail) -> None:
    send(compose(mail, envelope))


def _conclude(
    db: Database, mail: Mail, future: Future[None], report: SendReport, now: datetime
) -> SendReport:
    error = future.exception()
    if error is None:
        with writing(db):
            mails.sent(db, mail.id, now)
        return replace(report, sent=report.sent + 1)
    if not isinstance(error, MailFailed):  # a mail that cannot be written holds up no other
        log.error("mail %s could not be written", mail.id, exc_info=error)
    reason = str(error) if isinstance(error, MailFailed) else type(error).__name__
    again = None if isinstance(error, MailRefused) else next_attempt(mail, now)
    log.warning("mail %s failed: %s", mail.id, reason)
    with writing(db):
        if again is None:
            mails.give_up(db, mail.id, now, reason)
            return replace(report, given_up=report.given_up + 1)
        mails.retry(db, mail.id, again, reason)
        return replace(report, retried=report.retried + 1)


@dataclass(frozen=True, slots=True)
class ComposedMail:
    """A mail's row and the mail as it is read."""

    mail: Mail
    email: EmailMessage


def show_outbox(db: Database, person_id: str, envelope: Envelope) -> list[ComposedMail]:
    """Every mail to this person, newest first, as it was or will be sent."""
    return [
        ComposedMail(mail, compose(mail, envelope)) for mail in mails.of_recipient(db, person_id)
    ]
