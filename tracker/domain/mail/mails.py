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
from tracker.domain.people.people import Person, delivery_address
from tracker.domain.people.signed_links import LinkPurpose, signed
from tracker.domain.talk.conversation import Message

SEND_LEASE = timedelta(minutes=5)  # if a sender died in mid-mail, the row is free again after this
RETRY_DELAYS = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 240, 720, 1440, 1440))
STALE_AFTER = timedelta(days=1)  # what was for a day, or led to a link that ends
UNHEARD_DELAY = timedelta(minutes=5)
MOST_UNHEARD = 2  # tries without an answer to a whole mail; each may be a copy
# Links are longer than the usual 78 characters, and folding would break them; RFC 5322 allows 998.
LONG_LINES = SMTP.clone(max_line_length=998)
CAUSES = UUID("5f0c8a2e-6c55-4d0e-9a3b-0d1f2f7a9c11")  # turns a cause into the id of its mail


class MailKind(StrEnum):
    """Why a mail is written; the order of definition is the order of sending."""

    URGENT = "urgent"  # to practitioners, at once
    ESCALATION = "escalation"  # no answer came in time
    HANDED_OVER = "handed_over"  # a colleague asks
    RENEWAL = "renewal"  # to a person who lost the passphrase and waits for it
    MESSAGE = "remark"  # the other side of a conversation wrote; stored under its older name
    DIGEST = "digest"  # to a practitioner, one a morning
    REMINDER = "reminder"  # to a patient, one a day at most
    MISSED = "missed"  # the reminder after missed days
    BEFORE_SESSION = "before_session"  # the reminder of the photo from before the next session
    INVITATION = "invitation"  # to a patient who has no account yet
    ADDRESS = "address"  # to an address with which somebody wants to sign up
    HAS_ACCOUNT = "has_account"  # likewise, where there is an account already
    CARE_MOVED = "care_moved"  # to a patient who was handed over
    PATIENTS_MOVED = "patients_moved"  # to those at the clinic whom a hand-over concerns
    LINK_CLOSED = "link_closed"  # to those who care for a patient whose link was tried too often
    STAFF_CHANGED = "staff_changed"  # to those who know who should work at the clinic
    RENEWED = "renewed"  # to its owner, who may not know about it
    PASSKEY_ADDED = "passkey_added"  # to its owner, who may not know about it
    PASSKEY_REMOVED = "passkey_removed"
    TOKEN_MADE = "token_made"  # noqa: S105 (likewise, of the HTTP API)
    SECOND_STEP_CHANGED = "second_step_changed"  # likewise
    SECOND_STEP_RESET = "second_step_reset"  # to the owner and to those who administer

    @property
    def is_reminder(self) -> bool:
        """Whether it goes to a patient, who may stop it."""
        return self in {MailKind.REMINDER, MailKind.MISSED, MailKind.BEFORE_SESSION}


# Later than a day after they were written these say nothing true, or their link has ended.
SHORT_LIVED = frozenset(
    {
        MailKind.DIGEST,
        MailKind.REMINDER,
        MailKind.MISSED,
        MailKind.BEFORE_SESSION,
        MailKind.RENEWAL,
        MailKind.ADDRESS,
        MailKind.HAS_ACCOUNT,
    }
)
# Until these are read a patient may be in danger, so they do not wait for other mail.
PRESSING = frozenset({MailKind.URGENT, MailKind.ESCALATION, MailKind.HANDED_OVER})

SUBJECTS: Mapping[MailKind, str] = {
    MailKind.URGENT: "Afterglow: someone needs your review",
    MailKind.ESCALATION: "Afterglow: someone still waits for your review",
    MailKind.HANDED_OVER: "Afterglow: a colleague asks for your review",
    MailKind.MESSAGE: "Afterglow: you have a message",
    MailKind.DIGEST: "Afterglow: your list for this morning",
    MailKind.REMINDER: "Afterglow: your reminder for today",
    MailKind.MISSED: "Afterglow: we have missed you",
    MailKind.BEFORE_SESSION: "Afterglow: one photo before your next visit",
    MailKind.INVITATION: "Afterglow: your clinic invites you",
    MailKind.ADDRESS: "Afterglow: open your account",
    MailKind.HAS_ACCOUNT: "Afterglow: you have an account already",
    MailKind.RENEWAL: "Afterglow: choose a new passphrase",
    MailKind.CARE_MOVED: "Afterglow: someone else cares for you now",
    MailKind.PATIENTS_MOVED: "Afterglow: a hand-over at your clinic",
    MailKind.LINK_CLOSED: "Afterglow: a link was closed",
    MailKind.STAFF_CHANGED: "Afterglow: someone has a new position at your clinic",
    MailKind.RENEWED: "Afterglow: your passphrase was changed",
    MailKind.PASSKEY_ADDED: "Afterglow: a passkey was added to your account",
    MailKind.PASSKEY_REMOVED: "Afterglow: a passkey was removed from your account",
    MailKind.TOKEN_MADE: "Afterglow: a program may now work in your name",
    MailKind.SECOND_STEP_CHANGED: "Afterglow: the second step of your sign-in was changed",
    MailKind.SECOND_STEP_RESET: "Afterglow: the second step of a sign-in was reset",
}
TOLD: Mapping[MailKind, str] = {
    MailKind.URGENT: "Someone in your care needs your review.",
    MailKind.ESCALATION: "Someone has been waiting for a review, and there is no answer yet.",
    MailKind.HANDED_OVER: "A colleague asks you to look at something.",
    MailKind.MESSAGE: "You have a message.",
    MailKind.DIGEST: "Reviews that wait for you: {reviews}. The first comes first.",
    MailKind.REMINDER: "Your photo and your check-in take two minutes.",
    MailKind.MISSED: (
        "We have not heard from you for a few days. That is all right: nothing is lost.\n"
        "A photo and a check-in today show how your skin is doing. If something worries\n"
        "you, do not wait: call your clinic or a doctor."
    ),
    MailKind.BEFORE_SESSION: (
        "Please send one photo before your next visit. It takes a minute, and all later photos\n"
        "are compared with it."
    ),
    MailKind.INVITATION: "{clinic} invites you to Afterglow. There is nothing to install.",
    MailKind.ADDRESS: "Someone wants to open an account with this address. Was it you? Go on here:",
    MailKind.HAS_ACCOUNT: (
        "Someone wants to open an account with this address. There is one already, or your clinic\n"
        "has invited you: then the link is in an earlier mail. Sign in here:"
    ),
    MailKind.RENEWAL: "With this link you choose a new passphrase:",
    MailKind.CARE_MOVED: "Someone else at your clinic cares for you now.",
    MailKind.PATIENTS_MOVED: "Care was handed over to someone else at your clinic.",
    MailKind.LINK_CLOSED: (
        "The link of someone in your care does not work any more: the year of birth was wrong too\n"
        "often. If that person cannot come in, make a new link:"
    ),
    MailKind.STAFF_CHANGED: "Someone was invited to your clinic, or has a new position there.",
    MailKind.RENEWED: "Your passphrase was changed. All other devices were signed out.",
    MailKind.PASSKEY_ADDED: "A passkey was added to your account.",
    MailKind.PASSKEY_REMOVED: "A passkey was removed from your account.",
    MailKind.TOKEN_MADE: (
        "A token was made with which a program may use these pages in your name. You see what it\n"
        "may do, and can revoke it, here:"
    ),
    MailKind.SECOND_STEP_CHANGED: (
        "An authenticator app or recovery codes of your account were changed, or one was used up."
    ),
    MailKind.SECOND_STEP_RESET: (
        "The second step of a sign-in at your clinic was reset: app, recovery codes and passkeys\n"
        "are removed. If the sign-in is yours, you set the second step up again next time."
    ),
}
KEPT_PRIVATE = "Sign in to see why. This mail holds no health details on purpose.\n"
NOT_ME = (
    "If that was you, there is nothing to do. If not, someone else can sign in as you: look at\n"
    "your passkeys there, and tell the people who run these pages at once.\n"
)
NOT_EXPECTED = (
    "If you did not expect that, ask your colleagues at once. The audit log says who did it.\n"
)
# Where the link of such a mail leads; to the first page where nothing is named.
PAGES: Mapping[MailKind, str] = {
    MailKind.HAS_ACCOUNT: "/sign-in",
    MailKind.PATIENTS_MOVED: "/clinic/people",
    MailKind.LINK_CLOSED: "/invite",
    MailKind.STAFF_CHANGED: "/clinic/people",
    MailKind.RENEWED: "/passkeys",
    MailKind.PASSKEY_ADDED: "/passkeys",
    MailKind.PASSKEY_REMOVED: "/passkeys",
    MailKind.TOKEN_MADE: "/settings/tokens",
    MailKind.SECOND_STEP_CHANGED: "/passkeys",
    MailKind.SECOND_STEP_RESET: "/clinic/people",
}
# The text after the link; KEPT_PRIVATE where nothing is named.
ENDINGS: Mapping[MailKind, str] = {
    MailKind.MESSAGE: "Sign in to read it. This mail holds no health details on purpose.\n",
    MailKind.REMINDER: "",
    MailKind.MISSED: "",
    MailKind.BEFORE_SESSION: "",
    MailKind.INVITATION: "The link works once, for two weeks.\n",
    MailKind.ADDRESS: (
        "The link works once, for a day. If it was not you, do nothing: then nothing is kept.\n"
    ),
    MailKind.HAS_ACCOUNT: "If it was not you, do nothing: nothing has changed.\n",
    MailKind.RENEWAL: (
        "The link works once, for an hour. You or your clinic asked for it. If you did not expect\n"
        "it, do nothing: your passphrase stays as it is.\n"
    ),
    MailKind.CARE_MOVED: "If that is news to you, ask your clinic.\n",
    MailKind.PATIENTS_MOVED: NOT_EXPECTED,
    MailKind.LINK_CLOSED: (
        "Ask who tried it: it may have been somebody else. The audit log shows when.\n"
    ),
    MailKind.STAFF_CHANGED: NOT_EXPECTED,
    MailKind.RENEWED: NOT_ME,
    MailKind.PASSKEY_ADDED: NOT_ME,
    MailKind.PASSKEY_REMOVED: NOT_ME,
    MailKind.TOKEN_MADE: (
        "If that was you, there is nothing to do. If not, revoke it there, choose a new\n"
        "passphrase, and tell the people who run these pages at once.\n"
    ),
    MailKind.SECOND_STEP_CHANGED: NOT_ME,
    MailKind.SECOND_STEP_RESET: NOT_EXPECTED,
}


@dataclass(frozen=True, slots=True)
class Envelope:
    """What all mails of this installation share: the sender, where links lead, the signing key.

    `clinic_name` is in the text of invitations only, never in a subject: a locked screen shows
    subjects, and the name may say what is treated. Empty until it is entered.
    """

    from_address: str
    base_url: str
    link_key: bytes
    clinic_name: str = ""


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail to one person about one cause.

    `cause` names what the mail is about, so that it is written once; `alert_ids` are in the order
    in which they are named; `day` is the day a reminder is for. `attempts` counts tries;
    `failed_at` is set when the mail was refused or the last retry failed, `withdrawn_at` when it
    was no longer wanted; `error` says why the latest try failed. `unheard` counts the tries after
    which the server had the whole mail and did not answer.
    """

    kind: MailKind
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
    unheard: int = 0

    @property
    def is_maybe_sent(self) -> bool:
        """Whether the mail is not tried again and may have reached its reader all the same."""
        return self.failed_at is not None and self.unheard > 0

    def is_stale(self, now: datetime) -> bool:
        """Whether sending it now would be pointless."""
        return self.kind in SHORT_LIVED and now - self.created_at > STALE_AFTER

    @property
    def id(self) -> str:
        """The same for the same cause, wherever and whenever the mail is written."""
        return uuid5(CAUSES, self.cause).hex


def about_alert(kind: MailKind, alert: Alert, to: Person, now: datetime) -> Mail:
    """A mail that an alert was raised or passed on; each time is a cause of its own."""
    raised = f"{alert.raised_at.timestamp():.6f}:{alert.escalations}"
    cause = f"{kind}:{alert.id}:{raised}:{to.id}"
    return Mail(kind, cause, to.id, to.email, now, now, alert_ids=(alert.id,))


def help_mail(message: Message, to: Person, now: datetime) -> Mail:
    """The urgent mail that a patient asks for help where there can be no alert."""
    kind = MailKind.URGENT
    return Mail(kind, f"{kind}:{message.id}:{to.id}", to.id, to.email, now, now)


def message_mail(message: Message, to: Person, now: datetime) -> Mail:
    """The mail that someone wrote; it says neither who nor what."""
    kind = MailKind.MESSAGE
    return Mail(kind, f"{kind}:{message.id}:{to.id}", to.id, to.email, now, now)


def digest(alerts: Sequence[Alert], to: Person, day: date, now: datetime) -> Mail:
    """The mail of one morning about the alerts given, in their order."""
    kind = MailKind.DIGEST
    cause = f"{kind}:{to.id}:{day}"
    ids = tuple(alert.id for alert in alerts)
    return Mail(kind, cause, to.id, to.email, now, now, alert_ids=ids, day=day)


def reminder(kind: MailKind, to: Person, day: date, now: datetime) -> Mail:
    """The mail that reminds of one day's photo; there is one a day, of any kind."""
    cause = f"{MailKind.REMINDER}:{to.id}:{day}"
    return Mail(kind, cause, to.id, to.email, now, now, day=day)


def invitation_mail(
    invitation_id: str, to: Person, now: datetime, kind: MailKind = MailKind.INVITATION
) -> Mail:
    """The mail that holds the link of an invitation; the link is signed when the mail is sent."""
    return Mail(kind, f"{kind}:{invitation_id}", to.id, to.email, now, now)


def has_account_mail(to: Person, now: datetime) -> Mail:
    """The mail that an address has an account already, once an hour at most."""
    kind = MailKind.HAS_ACCOUNT
    return Mail(kind, f"{kind}:{to.id}:{now:%Y-%m-%dT%H}", to.id, to.email, now, now)


def about_way_in(kind: MailKind, way_id: str, owner: Person, now: datetime) -> Mail:
    """The mail that a passkey was added or removed, or a token made."""
    return Mail(kind, f"{kind}:{way_id}", owner.id, owner.email, now, now)


def about_second_step(kind: MailKind, owner_id: str, to: Person, now: datetime) -> Mail:
    """The mail that the second step of a person's sign-in was changed or reset."""
    return Mail(kind, f"{kind}:{owner_id}:{to.id}:{now.isoformat()}", to.id, to.email, now, now)


def about_care(kind: MailKind, about_id: str, to: Person, now: datetime) -> Mail:
    """The mail about a hand-over, a new position or a closed link of the person `about_id`."""
    cause = f"{kind}:{about_id}:{to.id}:{now.isoformat()}"
    return Mail(kind, cause, to.id, to.email, now, now)


def renewal_mail(renewal_id: str, to: Person, now: datetime) -> Mail:
    """The mail that holds the link to a new passphrase; it is signed when the mail is sent."""
    kind = MailKind.RENEWAL
    return Mail(kind, f"{kind}:{renewal_id}", to.id, to.email, now, now)


def passphrase_mail(to: Person, now: datetime) -> Mail:
    """The mail that the passphrase was changed."""
    kind = MailKind.RENEWED
    return Mail(kind, f"{kind}:{to.id}:{now.isoformat()}", to.id, to.email, now, now)


def renewal_link(renewal_id: str, envelope: Envelope) -> str:
    """The link with which a person chooses a new passphrase."""
    token = signed(LinkPurpose.RENEWAL, renewal_id, envelope.link_key)
    return f"{envelope.base_url}/renew/{token}"


def welcome_link(invitation_id: str, envelope: Envelope) -> str:
    """The link of an invitation."""
    token = signed(LinkPurpose.INVITATION, invitation_id, envelope.link_key)
    return f"{envelope.base_url}/welcome/{token}"


def next_attempt_unheard(mail: Mail, now: datetime) -> datetime | None:
    """When to try again after `mail.unheard` tries without an answer; None for never.

    One more try, because an alert that never arrives is worse than one that arrives twice.
    """
    return now + UNHEARD_DELAY if mail.unheard < MOST_UNHEARD else None


def next_attempt(mail: Mail, now: datetime) -> datetime | None:
    """When to try again after a failure at `now`, or None when it is time to give up."""
    if mail.attempts > len(RETRY_DELAYS):
        return None
    return now + RETRY_DELAYS[mail.attempts - 1]


def compose(mail: Mail, envelope: Envelope) -> EmailMessage:
    """Neutral text and a link to a page behind the sign-in.

    The Message-ID is the row's own, so that a mail sent twice in a crash can be recognised. A
    reminder can be stopped with one click (RFC 2369, RFC 8058).
    """
    email = EmailMessage(policy=LONG_LINES)
    email["Subject"] = SUBJECTS[mail.kind]
    email["From"] = envelope.from_address
    email["To"] = delivery_address(mail.to_address)
    email["Date"] = format_datetime(mail.created_at)
    domain = envelope.from_address.rpartition("@")[2].rstrip(">") or "localhost"
    email["Message-ID"] = f"<{mail.id}@{domain}>"
    email["Auto-Submitted"] = "auto-generated"
    body = _words(mail, envelope)
    if mail.kind.is_reminder:
        token = signed(LinkPurpose.UNSUBSCRIBE, mail.recipient_id, envelope.link_key)
        stop = f"{envelope.base_url}/unsubscribe/{token}"
        email["List-Unsubscribe"] = f"<{stop}>"
        email["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        body += f"\nNo more reminders: {stop}\n"
    email.set_content(body)
    return email


def _words(mail: Mail, envelope: Envelope) -> str:
    clinic = envelope.clinic_name or "Your clinic"
    told = TOLD[mail.kind].format(reviews=len(mail.alert_ids), clinic=clinic)
    ending = ENDINGS.get(mail.kind, KEPT_PRIVATE)
    return f"{told}\n\n{_where(mail, envelope)}\n" + (f"\n{ending}" if ending else "")


def _where(mail: Mail, envelope: Envelope) -> str:
    """The link; several, one a line, where a mail is about several alerts."""
    base_url = envelope.base_url
    match mail.kind:
        case MailKind.REMINDER | MailKind.MISSED | MailKind.BEFORE_SESSION:
            return f"{base_url}/days/{mail.day}"
        case MailKind.INVITATION | MailKind.ADDRESS:
            return welcome_link(mail.cause.partition(":")[2], envelope)
        case MailKind.RENEWAL:
            return renewal_link(mail.cause.partition(":")[2], envelope)
        case _:
            links = [f"{base_url}/alerts/{alert_id}" for alert_id in mail.alert_ids]
            return "\n".join(links) or base_url + PAGES.get(mail.kind, "/")
