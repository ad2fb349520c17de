"""The worker: the one place that puts the actions in order, again and again."""

import logging
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import datetime
from threading import Event

from sqlite_utils import Database

from tracker.actions.escalate_alerts import escalate_alerts
from tracker.actions.measure_photos import Measured, Unmeasured, measure_photos
from tracker.actions.notice_silence import notice_silence
from tracker.actions.raise_alerts import raise_alerts
from tracker.actions.send_messages import SendReport, send_messages
from tracker.actions.wake_alerts import wake_alerts
from tracker.alerts import Alert
from tracker.world import World

PAUSE_SECONDS = 1.0
PAUSE_AFTER_TROUBLE_SECONDS = 10.0

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Round:
    """What one round of work did."""

    photos: tuple[Measured | Unmeasured, ...]
    alerts: tuple[Alert, ...]
    mail: SendReport


def work_once(
    world: World,
    db: Database,
    compute: Executor,
    now: datetime,
    *,
    only_treatment: str | None = None,
) -> Round:
    """Measure what waits, judge what is new, send what is due.

    With `only_treatment` other treatments are left alone, whose clock may be another.
    """
    photos = measure_photos(db, world.files, compute, now, only_treatment)
    alerts = raise_alerts(db, world.protocols, now, only_treatment)
    if only_treatment is None:
        alerts += notice_silence(db, world.protocols, now)
        alerts += wake_alerts(db, now)
        alerts += escalate_alerts(db, world.settings.escalate_after, now)
    return Round(
        photos=tuple(photos),
        alerts=tuple(alerts),
        mail=send_messages(db, world.send, world.envelope, now),
    )


def run_worker(world: World, compute: Executor, clock: Callable[[], datetime], stop: Event) -> None:
    """Work until `stop` is set. Trouble in one round is logged and the next one tried later."""
    db = world.connect()
    try:
        while not stop.is_set():
            try:
                busy = bool(work_once(world, db, compute, clock()).photos)
            except Exception:  # whatever it was, the next patient's photo must still be measured
                log.exception("a round of work broke off; will try again")
                stop.wait(PAUSE_AFTER_TROUBLE_SECONDS)
            else:
                stop.wait(0 if busy else PAUSE_SECONDS)
    finally:
        db.close()
