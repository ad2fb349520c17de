"""Send the mails that are due; failures are kept, shown and tried again with growing delay."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from email.message import EmailMessage

from sqlite_utils import Database

from tracker.mail import Envelope, MailFailed
from tracker.messages import Message, compose, next_attempt
from tracker.storage import messages
from tracker.storage.connection import writing

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SendReport:
    """How many mails went out, will be tried again, and were given up."""

    sent: int = 0
    retried: int = 0
    given_up: int = 0


def send_messages(
    db: Database, send: Callable[[EmailMessage], None], envelope: Envelope, now: datetime
) -> SendReport:
    """Send every due mail once; `send` raises MailFailed."""
    report = SendReport()
    for message in messages.due(db, now):
        with writing(db):
            if not messages.claim(db, message, now):
                continue
        try:
            send(compose(message, envelope.from_address, envelope.base_url))
        except MailFailed as error:
            report = _note_failure(db, message, str(error), report, now)
        except Exception as error:  # one mail that cannot be written must not hold up the others
            log.exception("mail %s could not be written", message.id)
            report = _note_failure(db, message, type(error).__name__, report, now)
        else:
            with writing(db):
                messages.sent(db, message.id, now)
            report = replace(report, sent=report.sent + 1)
    return report


def _note_failure(
    db: Database, message: Message, reason: str, report: SendReport, now: datetime
) -> SendReport:
    again = next_attempt(replace(message, attempts=message.attempts + 1), now)
    log.warning("mail %s failed: %s", message.id, reason)
    with writing(db):
        if again is None:
            messages.give_up(db, message.id, now, reason)
            return replace(report, given_up=report.given_up + 1)
        messages.retry(db, message.id, again, reason)
        return replace(report, retried=report.retried + 1)
