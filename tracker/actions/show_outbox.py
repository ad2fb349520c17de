"""The mails written to one person, sent or not."""

from dataclasses import dataclass
from email.message import EmailMessage

from sqlite_utils import Database

from tracker.messages import Envelope, Message, compose
from tracker.storage import messages


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail's row and the mail as it is read."""

    message: Message
    mail: EmailMessage


def show_outbox(db: Database, person_id: str, envelope: Envelope) -> list[Letter]:
    """Every mail to this person, newest first, as it was or will be sent."""
    return [
        Letter(message, compose(message, envelope))
        for message in messages.of_recipient(db, person_id)
    ]
