"""A mail as a row: written with its cause, sent at least once, never twice after success."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime

SUBJECT = "Afterglow: someone needs your review"
SEND_LEASE = timedelta(minutes=5)  # a sender that died in mid-mail gives the row back after this
RETRY_DELAYS = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 240, 720, 1440, 1440))


@dataclass(frozen=True, slots=True)
class Message:
    """One mail to one person about one cause.

    `attempts` counts tries; `failed_at` is set when the last retry failed; `error` says why the
    latest try failed.
    """

    id: str
    recipient_id: str
    to_address: str
    alert_id: str
    created_at: datetime
    next_attempt_at: datetime
    attempts: int = 0
    sent_at: datetime | None = None
    failed_at: datetime | None = None
    error: str = ""


def next_attempt(message: Message, now: datetime) -> datetime | None:
    """When to try again after a failure at `now`, or None when it is time to give up."""
    if message.attempts > len(RETRY_DELAYS):
        return None
    return now + RETRY_DELAYS[message.attempts - 1]


def compose(message: Message, from_address: str, base_url: str) -> EmailMessage:
    """Neutral words and a link behind sign-in.

    The Message-ID is the row's own, so that a mail sent twice in a crash is known as one.
    """
    mail = EmailMessage()
    mail["Subject"] = SUBJECT
    mail["From"] = from_address
    mail["To"] = message.to_address
    mail["Date"] = format_datetime(message.created_at)
    domain = from_address.rpartition("@")[2].rstrip(">") or "localhost"
    mail["Message-ID"] = f"<{message.id}@{domain}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(
        "Someone in your care needs your review.\n\n"
        f"{base_url}/alerts/{message.alert_id}\n\n"
        "Sign in to see why. This mail holds no health details on purpose.\n"
    )
    return mail
