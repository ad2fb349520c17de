"""The state of the system."""

from datetime import datetime, timedelta
from importlib.metadata import version
from pathlib import Path

import sqlcipher3
from sqlite_utils import Database

from tracker.domain.clinic.health import LOOKS_BACK, Facts, SignOfLife
from tracker.domain.mail.mails import PRESSING
from tracker.domain.protocols.protocols import Protocols
from tracker.domain.recovery.recovery import ENGINE
from tracker.storage.clinic import health
from tracker.storage.connection import database_bytes, free_bytes, writing


def show_health(db: Database, database: Path, protocols: Protocols, now: datetime) -> Facts:
    """The facts of this moment; `database` is the file behind `db`."""
    since = now - LOOKS_BACK
    return Facts(
        at=now,
        signs=health.latest_signs(db),
        elapsed=health.elapsed_since_signs(db),
        unjudged=health.unjudged_queue(db),
        photos=health.photo_queue(db),
        failed=health.failed_photos(db),
        pressing_mails=health.mail_queue(db, since, now, PRESSING),
        mails=health.mail_queue(db, since, now),
        lag=health.longest_lag(db, now - timedelta(days=1)),
        free_bytes=free_bytes(database.parent),
        database_bytes=database_bytes(database),
        versions={
            "Afterglow": version("afterglow"),
            "engine": ENGINE,
            "SQLite": sqlcipher3.sqlite_version,
            "protocols": ", ".join(sorted(each.label for each in protocols.by_kind.values())),
        },
    )


def leave_sign_of_life(
    db: Database, sign: SignOfLife, now: datetime, at_most_every: timedelta = timedelta(0)
) -> None:
    """Record that a duty was done; the health page says so when the signs stop.

    A sign no older than `at_most_every` is kept as it is. One from the future was left before the
    clock was set back, and is replaced.
    """
    last = health.latest_signs(db).get(sign)
    if last is not None and timedelta(0) <= now - last < at_most_every:
        return
    with writing(db):
        health.leave_sign(db, sign, now)
