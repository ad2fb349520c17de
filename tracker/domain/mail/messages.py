"""A mail as a row: written with its cause, sent at least once, never twice after success."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from enum import StrEnum
from uuid import UUID, uuid5

from tracker.domain.alerts.alerts import Alert
from tracker.domain.people.people import Person
from tracker.domain.people.signed_links import LinkPurpose, signed
from tracker.domain.talk.conversation import Remark

SEND_LEASE = timedelta(minutes=5)  # if a sender died in mid-mail, the row is free again after this
RETRY_DELAYS = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 240, 720, 1440, 1440))
# Links are longer than the usual 78 characters, and folding would break them; RFC 5322 allows 998.
LONG_LINES = SMTP.clone(max_line_length=998)
CAUSES = UUID("5f0c8a2e-6c55-4d0e-9a3b-0d1f2f7a9c11")  # turns a cause into the id of its mail


class MessageKind(StrEnum):
    """Why a mail is written; the order of definition is the order of sending."""

    URGENT = "urgent"  # to practitioners, at once
    ESCALATION = "escalation"  # no answer came in time
    HANDED_OVER = "handed_over"  # a colleague asks
    REMARK = "remark"  # the other side of a conversation wrote
    DIGEST = "digest"  # to a practitioner, one a morning
    REMINDER = "reminder"  # to a patient, one a day at most
    MISSED = "missed"  # the reminder after missed days
    INVITATION = "invitation"  # to a patient who has no account yet
    ADDRESS = "address"  # to a patient who signed up alone
    PASSKEY_ADDED = "passkey_added"  # to its owner, who may not know about it
    PASSKEY_REMOVED = "passkey_removed"

    @property
    def is_reminder(self) -> bool:
        """Whether it goes to a patient, who may stop it."""
        return self in {MessageKind.REMINDER, MessageKind.MISSED}


# Until these are read a patient may be in danger, so they do not wait for other mail.
PRESSING = frozenset({MessageKind.URGENT, MessageKind.ESCALATION, MessageKind.HANDED_OVER})

SUBJECTS: Mapping[MessageKind, str] = {
    MessageKind.URGENT: "Afterglow: someone needs your review",
    MessageKind.ESCALATION: "Afterglow: someone still waits for your review",
    MessageKind.HANDED_OVER: "Afterglow: a colleague asks for your review",
    MessageKind.REMARK: "Afterglow: you have a message",
    MessageKind.DIGEST: "Afterglow: your list for this morning",
    MessageKind.REMINDER: "Afterglow: your reminder for today",
    MessageKind.MISSED: "Afterglow: we have missed you",
    MessageKind.INVITATION: "Afterglow: your clinic invites you",
    MessageKind.ADDRESS: "Afterglow: is this your address?",
    MessageKind.PASSKEY_ADDED: "Afterglow: a passkey was added to your account",
    MessageKind.PASSKEY_REMOVED: "Afterglow: a passkey was removed from your account",
}
TOLD: Mapping[MessageKind, str] = {
    MessageKind.URGENT: "Someone in your care needs your review.",
    MessageKind.ESCALATION: "Someone has been waiting for a review, and there is no answer yet.",
    MessageKind.HANDED_OVER: "A colleague asks you to look at something.",
    MessageKind.REMARK: "You have a message.",
    MessageKind.DIGEST: "Reviews that wait for you: {reviews}. The first comes first.",
    MessageKind.REMINDER: "Your photo and your check-in take two minutes.",
    MessageKind.MISSED: (
        "We have not heard from you for a few days. That is all right: nothing is lost.\n"
        "A photo and a check-in today show how your skin is doing. If something worries\n"
        "you, do not wait: call your clinic or a doctor."
    ),
    MessageKind.INVITATION: "Your clinic invites you to Afterglow. There is nothing to install.",
    MessageKind.ADDRESS: (
        "Somebody opened an account with this address. Was it you? Then confirm it:"
    ),
    MessageKind.PASSKEY_ADDED: "A passkey was added to your account.",
    MessageKind.PASSKEY_REMOVED: "A passkey was removed from your account.",
}
KEPT_PRIVATE = "Sign in to see why. This mail holds no health details on purpose.\n"
NOT_ME = (
    "If that was you, there is nothing to do. If not, somebody else can sign in as you: look at\n"
    "your passkeys there, and tell the people who run these pages at once.\n"
)
# The text after the link; KEPT_PRIVATE where nothing is named.
ENDINGS: Mapping[MessageKind, str] = {
    MessageKind.REMARK: "Sign in to read it. This mail holds no health details on purpose.\n",
    MessageKind.REMINDER: "",
    MessageKind.MISSED: "",
    MessageKind.INVITATION: "The link works once, for two weeks.\n",
    MessageKind.ADDRESS: "If it was not you, do nothing: no other mail follows.\n",
    MessageKind.PASSKEY_ADDED: NOT_ME,
    MessageKind.PASSKEY_REMOVED: NOT_ME,
}


@dataclass(frozen=True, slots=True)
class Envelope:
    """What all mails of this installation share: the sender, where links lead, the signing key."""

    from_address: str
    base_url: str
    link_key: bytes


@dataclass(frozen=True, slots=True)
class Message:
    """One mail to one person about one cause.

    `cause` names what the mail is about, so that it is written once; `alert_ids` are in the order
    in which they are named; `day` is the day a reminder is for. `attempts` counts tries;
    `failed_at` is set when the mail was refused or the last retry failed, `withdrawn_at` when it
    was no longer wanted; `error` says why the latest try failed.
    """

    kind: MessageKind
    cause: str
    recipient_id: str
    to_address: str
    created_at: datetime
    next_attempt_at: datetime
    alert_ids: tuple[str, ...] = ()
    day: date | None = None
    attempts: int = 0
    sent_at: datetime | None = None
    failed_at: datetime | None = None
    withdrawn_at: datetime | None = None
    error: str = ""

    @property
    def id(self) -> str:
        """The same for the same cause, wherever and whenever the mail is written."""
        return uuid5(CAUSES, self.cause).hex


def about_alert(kind: MessageKind, alert: Alert, to: Person, now: datetime) -> Message:
    """A mail that an alert was raised or passed on; each time is a cause of its own."""
    raised = f"{alert.raised_at.timestamp():.6f}:{alert.escalations}"
    cause = f"{kind}:{alert.id}:{raised}:{to.id}"
    return Message(kind, cause, to.id, to.email, now, now, alert_ids=(alert.id,))


def help_mail(remark: Remark, to: Person, now: datetime) -> Message:
    """The urgent mail that a patient asks for help where there can be no alert."""
    kind = MessageKind.URGENT
    return Message(kind, f"{kind}:{remark.id}:{to.id}", to.id, to.email, now, now)


def remark_mail(remark: Remark, to: Person, now: datetime) -> Message:
    """The mail that someone wrote; it says neither who nor what."""
    kind = MessageKind.REMARK
    return Message(kind, f"{kind}:{remark.id}:{to.id}", to.id, to.email, now, now)


def digest(alerts: Sequence[Alert], to: Person, day: date, now: datetime) -> Message:
    """The mail of one morning about the alerts given, in their order."""
    kind = MessageKind.DIGEST
    cause = f"{kind}:{to.id}:{day}"
    ids = tuple(alert.id for alert in alerts)
    return Message(kind, cause, to.id, to.email, now, now, alert_ids=ids, day=day)


def reminder(kind: MessageKind, to: Person, day: date, now: datetime) -> Message:
    """The mail that reminds of one day's photo; there is one a day, of any kind."""
    cause = f"{MessageKind.REMINDER}:{to.id}:{day}"
    return Message(kind, cause, to.id, to.email, now, now, day=day)


def invitation_mail(invitation_id: str, to: Person, now: datetime) -> Message:
    """The mail that holds a patient's link; the link is signed when the mail is sent."""
    kind = MessageKind.INVITATION
    return Message(kind, f"{kind}:{invitation_id}", to.id, to.email, now, now)


def address_mail(to: Person, now: datetime) -> Message:
    """The mail that asks a person to confirm the address, once an hour at most."""
    kind = MessageKind.ADDRESS
    return Message(kind, f"{kind}:{to.id}:{now:%Y-%m-%dT%H}", to.id, to.email, now, now)


def about_passkey(kind: MessageKind, key_id: str, owner: Person, now: datetime) -> Message:
    """The mail that a passkey was added or removed."""
    return Message(kind, f"{kind}:{key_id}", owner.id, owner.email, now, now)


def confirmation_link(person_id: str, envelope: Envelope) -> str:
    """The link by which a person who signed up confirms the address."""
    token = signed(LinkPurpose.ADDRESS, person_id, envelope.link_key)
    return f"{envelope.base_url}/confirm/{token}"


def welcome_link(invitation_id: str, envelope: Envelope) -> str:
    """The link of an invitation."""
    token = signed(LinkPurpose.INVITATION, invitation_id, envelope.link_key)
    return f"{envelope.base_url}/welcome/{token}"


def next_attempt(message: Message, now: datetime) -> datetime | None:
    """When to try again after a failure at `now`, or None when it is time to give up."""
    if message.attempts > len(RETRY_DELAYS):
        return None
    return now + RETRY_DELAYS[message.attempts - 1]


def compose(message: Message, envelope: Envelope) -> EmailMessage:
    """Neutral text and a link to a page behind the sign-in.

    The Message-ID is the row's own, so that a mail sent twice in a crash can be recognised. A
    reminder can be stopped with one click (RFC 2369, RFC 8058).
    """
    mail = EmailMessage(policy=LONG_LINES)
    mail["Subject"] = SUBJECTS[message.kind]
    mail["From"] = envelope.from_address
    mail["To"] = _in_ascii(message.to_address)
    mail["Date"] = format_datetime(message.created_at)
    domain = envelope.from_address.rpartition("@")[2].rstrip(">") or "localhost"
    mail["Message-ID"] = f"<{message.id}@{domain}>"
    mail["Auto-Submitted"] = "auto-generated"
    body = _words(message, envelope)
    if message.kind.is_reminder:
        token = signed(LinkPurpose.UNSUBSCRIBE, message.recipient_id, envelope.link_key)
        stop = f"{envelope.base_url}/unsubscribe/{token}"
        mail["List-Unsubscribe"] = f"<{stop}>"
        mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        body += f"\nNo more reminders: {stop}\n"
    mail.set_content(body)
    return mail


def _in_ascii(address: str) -> str:
    """The address with an international domain in ASCII (IDNA), which every mail server reads."""
    name, _, domain = address.rpartition("@")
    return f"{name}@{domain.encode('idna').decode('ascii')}"


def _words(message: Message, envelope: Envelope) -> str:
    told = TOLD[message.kind].format(reviews=len(message.alert_ids))
    ending = ENDINGS.get(message.kind, KEPT_PRIVATE)
    return f"{told}\n\n{_where(message, envelope)}\n" + (f"\n{ending}" if ending else "")


def _where(message: Message, envelope: Envelope) -> str:
    """The link; several, one a line, where a mail is about several alerts."""
    base_url = envelope.base_url
    match message.kind:
        case MessageKind.REMARK:
            return f"{base_url}/"
        case MessageKind.REMINDER | MessageKind.MISSED:
            return f"{base_url}/days/{message.day}"
        case MessageKind.INVITATION:
            return welcome_link(message.cause.partition(":")[2], envelope)
        case MessageKind.ADDRESS:
            return confirmation_link(message.recipient_id, envelope)
        case MessageKind.PASSKEY_ADDED | MessageKind.PASSKEY_REMOVED:
            return f"{base_url}/passkeys"
        case _:
            links = [f"{base_url}/alerts/{alert_id}" for alert_id in message.alert_ids]
            return "\n".join(links) or f"{base_url}/"
