"""Send the mails that are due, and list those that wait."""

import logging
import time
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, replace
from datetime import datetime
from email.message import EmailMessage
from functools import partial
from threading import Thread

from sqlite_utils import Database

from tracker.domain.clinic.audit import Act, Entry
from tracker.domain.mail.mails import (
    SEND_LEASE,
    Envelope,
    Mail,
    MailKind,
    compose,
    next_attempt,
    next_attempt_unheard,
)
from tracker.domain.people.people import Person, Role
from tracker.storage.clinic import audit_log, clinic
from tracker.storage.connection import writing
from tracker.storage.mail import mails
from tracker.storage.people import people
from tracker.wires.mail import MailFailed, MailRefused, MailUnheard

AT_ONCE = 4  # a slow server holds up one mail, not all of them
SLOW_AFTER_SECONDS = 20.0
MOST_UNDER_WAY = 40  # with those that wait for a slow answer
HOLD_EVERY_SECONDS = SEND_LEASE.total_seconds() / 4
LOOKS_AGAIN_SECONDS = 1.0

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SendReport:
    """How many mails went out, will be tried again, and were given up or may have been sent."""

    sent: int = 0
    retried: int = 0
    given_up: int = 0


@dataclass(slots=True)
class _Try:
    """One try to hand a mail over, in a thread of its own; times are monotonic seconds."""

    mail: Mail
    future: Future[None]
    began: float
    held: float

    @property
    def is_slow(self) -> bool:
        """Whether it no longer counts among those at once: a server may take ten minutes."""
        return time.monotonic() - self.began > SLOW_AFTER_SECONDS


class Tries:
    """The tries under way. Those of a worker outlive its rounds, so that no round waits for them.

    Their threads are daemons: a worker that stops does not wait for a server that says nothing.
    """

    def __init__(self) -> None:
        self.under_way: list[_Try] = []

    def has_room(self) -> bool:
        """Whether one more may begin."""
        at_once = sum(not each.is_slow for each in self.under_way)
        return at_once < AT_ONCE and len(self.under_way) < MOST_UNDER_WAY

    def begin(self, mail: Mail, work: Callable[[], None]) -> None:
        """Do the work in a thread."""
        future: Future[None] = Future()

        def run() -> None:
            try:
                work()
            except BaseException as error:  # noqa: BLE001  (handed on, as an executor does)
                future.set_exception(error)
            else:
                future.set_result(None)

        now = time.monotonic()
        self.under_way.append(_Try(mail, future, now, now))
        Thread(target=run, name=f"mail {mail.id}", daemon=True).start()

    def wait(self) -> None:
        """Until one ends, or a moment passes."""
        wait([each.future for each in self.under_way], LOOKS_AGAIN_SECONDS, FIRST_COMPLETED)


def send_mails(
    db: Database,
    send: Callable[[EmailMessage], None],
    envelope: Envelope,
    clock: Callable[[], datetime],
    kinds: Collection[MailKind] = tuple(MailKind),
    goes_on: Callable[[], bool] = lambda: True,
    tries: Tries | None = None,
) -> SendReport:
    """Send every due mail of these kinds once; starts no new one once `goes_on` says no.

    `send` raises MailFailed and is called from several threads. Leases use `clock` at the moment of
    each claim, because sending takes time. With `tries` of the caller, slow ones are left under way
    for the next call; otherwise all are waited for.
    """
    report, running = SendReport(), tries or Tries()
    while True:
        report = _conclude_ended(db, running, report, clock)
        while running.has_room() and goes_on() and (mail := _claimed(db, clock, kinds)):
            running.begin(mail, partial(_hand_over, send, _named(db, envelope), mail))
        if all(each.is_slow and tries is not None for each in running.under_way):
            return report
        # While one mail hangs, others are written that must not wait for it.
        running.wait()


def _conclude_ended(
    db: Database, tries: Tries, report: SendReport, clock: Callable[[], datetime]
) -> SendReport:
    """Record what ended, and renew the leases of the others."""
    for each in list(tries.under_way):
        if each.future.done():
            report = _conclude(db, each.mail, each.future, report, clock())
            tries.under_way.remove(each)  # not before it is on record: the database may be locked
        elif time.monotonic() - each.held > HOLD_EVERY_SECONDS:
            with writing(db):
                mails.hold(db, each.mail, clock())
            each.held = time.monotonic()
    return report


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


def _named(db: Database, envelope: Envelope) -> Envelope:
    """With the clinic's name as it is now; it can change while a worker runs."""
    known = clinic.get(db)
    return replace(envelope, clinic_name=known.name) if known else envelope


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
    log.warning("mail %s failed: %s", mail.id, reason)
    with writing(db):
        if isinstance(error, MailUnheard):
            mails.count_unheard(db, mail.id)
        again = _next_attempt(mail, error, now)
        if again is None:
            mails.give_up(db, mail.id, now, reason)
            return replace(report, given_up=report.given_up + 1)
        mails.retry(db, mail.id, again, reason)
        return replace(report, retried=report.retried + 1)


def _next_attempt(mail: Mail, error: BaseException, now: datetime) -> datetime | None:
    match error:
        case MailRefused():
            return None
        case MailUnheard():
            return next_attempt_unheard(replace(mail, unheard=mail.unheard + 1), now)
        case _:
            return next_attempt(mail, now)


@dataclass(frozen=True, slots=True)
class ComposedMail:
    """A mail's row and the mail as it is read."""

    mail: Mail
    email: EmailMessage


def show_outbox(db: Database, person_id: str, envelope: Envelope) -> list[ComposedMail]:
    """The mails to this person, newest first, as they were or will be sent.

    Mails with a link to a new passphrase are left out: they reach the mailbox only, so that an
    unlocked desk does not give the account away.
    """
    named = _named(db, envelope)
    return [
        ComposedMail(mail, compose(mail, named))
        for mail in mails.of_recipient(db, person_id)
        if mail.kind is not MailKind.RENEWAL
    ]


MOST_SHOWN = 50


@dataclass(frozen=True, slots=True)
class WaitingMail:
    """A mail that has not gone out, to whom, and for a patient who cares for them."""

    mail: Mail
    to: Person
    carers: tuple[Person, ...]


@dataclass(frozen=True, slots=True)
class ClinicOutbox:
    """The clinic's mails that did not go out, at most `MOST_SHOWN` of each sort.

    `undelivered` were tried, those that were given up first; `waiting` were not tried yet.
    """

    undelivered: tuple[WaitingMail, ...]
    waiting: tuple[WaitingMail, ...]
    count: int


def show_clinic_outbox(db: Database) -> ClinicOutbox:
    """What waits and what failed, to anyone; the texts of the mails are not shown."""
    undelivered, waiting = mails.undelivered(db, MOST_SHOWN), mails.waiting(db, MOST_SHOWN)
    known = people.by_ids(db, {mail.recipient_id for mail in (*undelivered, *waiting)})
    return ClinicOutbox(
        undelivered=tuple(_waiting(db, mail, known) for mail in undelivered),
        waiting=tuple(_waiting(db, mail, known) for mail in waiting),
        count=mails.count_undelivered(db),
    )


def count_undelivered(db: Database) -> int:
    """How many of the clinic's mails could not be delivered so far."""
    return mails.count_undelivered(db)


def _waiting(db: Database, mail: Mail, known: Mapping[str, Person]) -> WaitingMail:
    to = known[mail.recipient_id]
    carers = people.care_team_of(db, to.id) if to.role is Role.PATIENT else []
    return WaitingMail(mail, to, tuple(person for person, _ in carers))


def try_again(db: Database, mail_id: str, by: Person, now: datetime) -> bool:
    """Whether the mail is sent once more: it was given up, and is still worth sending."""
    mail = mails.get(db, mail_id)
    if mail is None or mail.is_stale(now):
        return False
    with writing(db):
        done = mails.begin_again(db, mail_id, now)
        if done:
            _record(db, mail, by, now, "sent again")
    return done


def set_aside(db: Database, mail_id: str, by: Person, now: datetime) -> bool:
    """Whether the mail, which was given up, no longer counts as one to look after."""
    with writing(db):
        mail = mails.get(db, mail_id)
        if mail is None or mail.failed_at is None or mail.withdrawn_at or mail.sent_at:
            return False
        mails.withdraw(db, mail_id, now)
        _record(db, mail, by, now, "set aside")
    return True


def _record(db: Database, mail: Mail, by: Person, now: datetime, what: str) -> None:
    audit_log.add(db, Entry(Act.MAIL_DECIDED, now, by.id, mail.recipient_id, what))
