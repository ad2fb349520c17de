"""The worker: the one place that puts the actions in order, again and again.

Two loops share the work, so that neither waits for the other: one measures and judges, the other
watches the clock and sends mail. Any number of workers may run beside each other.
"""

import logging
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Event, Thread

from sqlite_utils import Database

from tracker.actions.erase_accounts import erase_accounts
from tracker.actions.escalate_alerts import escalate_alerts
from tracker.actions.measure_photos import Measured, Unmeasured, measure_photos
from tracker.actions.note_sign import note_sign
from tracker.actions.notice_silence import notice_silence
from tracker.actions.preview_drafts import preview_drafts
from tracker.actions.raise_alerts import raise_alerts
from tracker.actions.remind_patients import remind_patients
from tracker.actions.send_messages import SendReport, send_messages
from tracker.actions.wake_alerts import wake_alerts
from tracker.actions.write_digests import write_digests
from tracker.alerts import Alert
from tracker.health import Sign
from tracker.world import World

PAUSE_SECONDS = 1.0
PAUSE_AFTER_TROUBLE_SECONDS = 10.0
CLOCK_READ_EVERY = timedelta(seconds=30)  # nothing that hangs on the clock needs it finer

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Round:
    """What one round of measuring and judging did."""

    photos: tuple[Measured | Unmeasured, ...]
    alerts: tuple[Alert, ...]


def work_once(
    world: World,
    db: Database,
    compute: Executor,
    now: datetime,
    *,
    only_treatment: str | None = None,
) -> Round:
    """Measure what waits and judge what is new.

    With `only_treatment` other treatments are left alone, whose clock may be another.
    """
    measured = measure_photos(db, world.files, compute, now, only_treatment, world.find_face)
    protocols = world.renewed(db).protocols  # after measuring, which may take long
    return Round(
        photos=tuple(measured),
        alerts=tuple(raise_alerts(db, protocols, now, only_treatment)),
    )


def watch_clock(world: World, db: Database, now: datetime) -> None:
    """Do what no news calls for, only the time; trouble in one duty leaves the others alone."""
    duties: tuple[Callable[[], object], ...] = (
        lambda: wake_alerts(db, now),
        lambda: escalate_alerts(db, world.settings.escalate_after, now),
        lambda: notice_silence(db, world.renewed(db).protocols, now),
        lambda: write_digests(db, now),
        lambda: remind_patients(db, world.renewed(db).protocols, now),
        lambda: erase_accounts(db, world.files, world.settings.outbox, now),
    )
    for duty in duties:
        try:
            duty()
        except Exception:  # an urgent alert must be passed on whatever else is broken
            log.exception("a duty of the clock broke off; will try again")


def send_once(world: World, db: Database, clock: Callable[[], datetime]) -> SendReport:
    """Send what is due."""
    return send_messages(db, world.send, world.envelope, clock)


def run_worker(world: World, compute: Executor, clock: Callable[[], datetime], stop: Event) -> None:
    """Work until `stop` is set. Trouble in one round is logged and the next one tried later."""
    postman = (world, Sign.POST, _postman(world, clock), clock, stop)
    post = Thread(target=_repeat, args=postman, name="post")
    post.start()
    try:
        _repeat(world, Sign.MEASURING, lambda db: _work(world, db, compute, clock()), clock, stop)
    finally:
        stop.set()
        post.join()


def _work(world: World, db: Database, compute: Executor, now: datetime) -> bool:
    """Photos first; only when none waits, what drafts of protocols would have raised."""
    photos = work_once(world, db, compute, now).photos
    if any(isinstance(photo, Measured) for photo in photos):
        note_sign(db, Sign.MEASURED, now)
    if photos:
        return True
    return bool(preview_drafts(db, compute))


def _postman(world: World, clock: Callable[[], datetime]) -> Callable[[Database], bool]:
    """A round that sends every time and looks at the clock now and then."""
    looked_at: datetime | None = None

    def once(db: Database) -> bool:
        nonlocal looked_at
        now = clock()
        if looked_at is None or abs(now - looked_at) >= CLOCK_READ_EVERY:
            watch_clock(world, db, now)
            looked_at = now
        send_once(world, db, clock)
        return False

    return once


def _repeat(
    world: World,
    sign: Sign,
    once: Callable[[Database], bool],
    clock: Callable[[], datetime],
    stop: Event,
) -> None:
    """Rounds on a connection of their own; `once` says whether there is more to do right now.

    Only a round that came to its end leaves its sign of life.
    """
    db = world.connect()
    noted: datetime | None = None
    try:
        while not stop.is_set():
            try:
                busy = once(db)
                if noted is None or abs(clock() - noted) >= CLOCK_READ_EVERY:
                    noted = clock()
                    note_sign(db, sign, noted)
            except Exception:  # whatever it was, the next patient's photo must still be measured
                log.exception("a round of work broke off; will try again")
                stop.wait(PAUSE_AFTER_TROUBLE_SECONDS)
            else:
                stop.wait(0 if busy else PAUSE_SECONDS)
    finally:
        db.close()
