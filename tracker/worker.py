"""The worker: the only place that puts the actions in order, again and again.

Every loop has its own thread and connection, so that none waits for another: a batch of photos that
takes minutes holds up no judgement, a mail server that hangs holds up no escalation, and reminders
hold up no urgent mail. Any number of workers may run at once.
"""

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Event, Thread
from time import monotonic

from sqlite_utils import Database

from tracker.actions.alerts.clock import escalate_alerts, notice_silence, wake_alerts
from tracker.actions.alerts.raising import raise_alerts
from tracker.actions.clinic.audit import show_head
from tracker.actions.clinic.health import leave_sign_of_life
from tracker.actions.clinic.keeping import back_up_if_due
from tracker.actions.course.measuring import Measured, Unmeasured, measure_photos
from tracker.actions.mail.daily import remind_patients, write_digests
from tracker.actions.mail.sending import SendReport, Tries, send_mails
from tracker.actions.own_data.closing import erase_accounts
from tracker.actions.people.joining import forget_sign_ups
from tracker.actions.protocols.editing import prune_drafts
from tracker.actions.protocols.previewing import preview_drafts
from tracker.domain.alerts.alerts import Alert
from tracker.domain.clinic.audit import Head
from tracker.domain.clinic.health import SignOfLife
from tracker.domain.mail.mails import PRESSING, MailKind
from tracker.storage.connection import keep_reserve
from tracker.wires.backups import BackupUnusable
from tracker.world import World

PAUSE_SECONDS = 1.0
STOP_SECONDS = 12.0
PAUSE_AFTER_TROUBLE_SECONDS = 10.0
AT_ONCE = timedelta(0)
SOON = timedelta(seconds=5)
NOW_AND_THEN = timedelta(seconds=30)  # often enough for reminders and digests
SELDOM = timedelta(minutes=10)  # a place of backups that cannot be reached is tried that often
SIGN_EVERY = timedelta(seconds=30)
LONGEST_MAIL_ROUND = timedelta(seconds=30)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Round:
    """What one round of measuring and judging did."""

    photos: tuple[Measured | Unmeasured, ...]
    alerts: tuple[Alert, ...]


@dataclass(frozen=True, slots=True)
class Duty:
    """A task that is repeated, at most once in `every`.

    `do` returns whether there is more to do right now. Each completed run leaves the sign of life;
    a duty that raises leaves none, and health reports it.
    """

    sign: SignOfLife
    every: timedelta
    do: Callable[[Database, datetime], bool]


def work_once(
    world: World,
    db: Database,
    compute: Executor,
    now: datetime,
    *,
    only_treatment: str | None = None,
) -> Round:
    """Measure what waits and judge what is new.

    With `only_treatment` other treatments, which may have another clock, are left alone.
    """
    measured = measure_photos(db, world.files, compute, now, only_treatment, world.find_face)
    protocols = world.renewed(db).protocols  # after measuring, which may take long
    return Round(
        photos=tuple(measured),
        alerts=tuple(raise_alerts(db, protocols, now, only_treatment)),
    )


def send_once(world: World, db: Database, clock: Callable[[], datetime]) -> SendReport:
    """Send what is due."""
    return send_mails(db, world.send, world.envelope, clock)


def run_worker(world: World, compute: Executor, clock: Callable[[], datetime], stop: Event) -> None:
    """Work until `stop` is set. Failures are logged and tried again later.

    A duty that does not end soon, as while a mail server is silent, is left behind: whatever it
    held, such as a mail, lapses and is taken up by the next start.
    """
    threads = [
        Thread(target=_repeat, args=(world, duties, clock, stop), name=name, daemon=True)
        for name, duties in _loops(world, compute, clock, stop).items()
    ]
    for thread in threads:
        thread.start()
    stop.wait()
    until = monotonic() + STOP_SECONDS
    for thread in threads:
        thread.join(max(0.0, until - monotonic()))
    late = [thread.name for thread in threads if thread.is_alive()]
    if late:
        log.warning("left behind at the stop: %s", ", ".join(late))


def _loops(
    world: World, compute: Executor, clock: Callable[[], datetime], stop: Event
) -> Mapping[str, Sequence[Duty]]:
    """The loops that run at the same time; the duties of one loop take turns."""
    return {
        "measuring": [
            Duty(SignOfLife.MEASURING, AT_ONCE, lambda db, _: _measure(world, db, compute, clock))
        ],
        "judging": [Duty(SignOfLife.JUDGING, AT_ONCE, lambda db, now: _judge(world, db, now))],
        "pressing mail": [_mailing(SignOfLife.PRESSING_MAIL, PRESSING, world, clock, stop)],
        "mail": [_mailing(SignOfLife.MAIL, set(MailKind) - PRESSING, world, clock, stop)],
        "pressing duties": pressing_duties(world),
        "daily duties": daily_duties(world),
        "chores": chores(world),
        "backups": [backups(world)],
    }


def pressing_duties(world: World) -> Sequence[Duty]:
    """A patient may be in pain and waiting for these: they use no file and no other machine."""
    limit = world.settings.escalate_after
    return [
        Duty(SignOfLife.WAKING, SOON, lambda db, now: _done(wake_alerts(db, now))),
        Duty(SignOfLife.ESCALATING, SOON, lambda db, now: _done(escalate_alerts(db, limit, now))),
    ]


def daily_duties(world: World) -> Sequence[Duty]:
    """Daily duties: reminders, digests, patients who fall silent."""

    def remind(db: Database, now: datetime) -> bool:
        return _done(remind_patients(db, world.renewed(db).protocols, now))

    def notice(db: Database, now: datetime) -> bool:
        return _done(notice_silence(db, world.renewed(db).protocols, now))

    return [
        Duty(SignOfLife.SILENCE, NOW_AND_THEN, notice),
        Duty(SignOfLife.DIGESTS, NOW_AND_THEN, lambda db, now: _done(write_digests(db, now))),
        Duty(SignOfLife.REMINDERS, NOW_AND_THEN, remind),
    ]


def chores(world: World) -> Sequence[Duty]:
    """These wait for the store of photos, which may be unreachable or slow."""

    told: list[Head] = []

    def tell_head(db: Database) -> None:
        """Into the log of the machine, which others keep: a log written anew does not fit it."""
        head = show_head(db)
        if head is not None and head not in told:
            log.info("head of the audit log: %s", head)
            told[:] = [head]

    def erase(db: Database, now: datetime) -> bool:
        outbox = world.settings.outbox
        erased = _done(erase_accounts(db, world.files, world.parts, outbox, now))  # comes first
        tell_head(db)
        keep_reserve(world.settings.data)
        forget_sign_ups(db, outbox, now)
        prune_drafts(db, now)
        return erased

    return [Duty(SignOfLife.ERASING, NOW_AND_THEN, erase)]


def backups(world: World) -> Duty:
    """These may take hours, the first time."""

    def keep(db: Database, now: datetime) -> bool:
        try:
            made = back_up_if_due(db, world.files, world.settings, now)
        except Exception as error:
            leave_sign_of_life(db, SignOfLife.BACKUP_FAILED, now)
            if isinstance(error, BackupUnusable):  # what it says names no person
                log.error("no backup: %s", error)  # noqa: TRY400 (the duty's end is logged)
            raise
        if made is not None:
            log.info("backed up: %s", made.snapshot)
        return False

    return Duty(SignOfLife.BACKING_UP, SELDOM, keep)


def _mailing(
    sign: SignOfLife,
    kinds: Collection[MailKind],
    world: World,
    clock: Callable[[], datetime],
    stop: Event,
) -> Duty:
    tries = Tries()

    def send(db: Database, began: datetime) -> bool:
        def goes_on() -> bool:
            return not stop.is_set() and abs(clock() - began) < LONGEST_MAIL_ROUND

        return send_mails(db, world.send, world.envelope, clock, kinds, goes_on, tries).sent > 0

    return Duty(sign, AT_ONCE, send)


def _measure(world: World, db: Database, compute: Executor, clock: Callable[[], datetime]) -> bool:
    """Photos first; only when none waits, what drafts of protocols would have raised.

    On a disk that is nearly full photos wait: their pictures would take the space of answers.
    """
    if not world.has_room():
        return False
    photos = measure_photos(db, world.files, compute, clock(), find=world.find_face)
    if any(isinstance(photo, Measured) for photo in photos):
        leave_sign_of_life(db, SignOfLife.MEASURED, clock())
    if photos:
        return True
    return bool(preview_drafts(db, compute))


def _judge(world: World, db: Database, now: datetime) -> bool:
    return _done(raise_alerts(db, world.renewed(db).protocols, now))


def _done(_result: object) -> bool:
    """The result needs no further work: there is nothing more to do right now."""
    return False


def _repeat(
    world: World, duties: Sequence[Duty], clock: Callable[[], datetime], stop: Event
) -> None:
    """Rounds on their own connection, and on a fresh one after an error."""
    begun: dict[SignOfLife, datetime] = {}
    while not stop.is_set():
        try:
            with closing(world.connect()) as db:
                while not stop.is_set() and (busy := _round(duties, db, clock, begun)) is not None:
                    stop.wait(0 if busy else PAUSE_SECONDS)
        except Exception:  # the database may be unreachable for now; nothing restarts this thread
            log.exception("no work without the database; will try again")
        stop.wait(PAUSE_AFTER_TROUBLE_SECONDS)


def _round(
    duties: Sequence[Duty],
    db: Database,
    clock: Callable[[], datetime],
    begun: dict[SignOfLife, datetime],
) -> bool | None:
    """Do each duty that is due; returns whether one has more to do, or None after an error."""
    outcomes = []
    for duty in duties:
        now, last = clock(), begun.get(duty.sign)
        if last is None or abs(now - last) >= duty.every:
            begun[duty.sign] = now
            outcomes.append(do_duty(duty, db, clock))
    return None if None in outcomes else any(outcomes)


def do_duty(duty: Duty, db: Database, clock: Callable[[], datetime]) -> bool | None:
    """Whether there is more to do, or None after an error, which is handled here."""
    try:
        busy = duty.do(db, clock())
        leave_sign_of_life(db, duty.sign, clock(), SIGN_EVERY)
    except Exception:  # whatever it was, the other duties must still be done
        log.exception("%s broke off; will try again", duty.sign)
        return None
    return busy
