"""Collect how the machinery fares."""

from datetime import datetime, timedelta
from importlib.metadata import version
from pathlib import Path

import sqlcipher3
from sqlite_utils import Database

from tracker.disk import database_bytes, free_bytes
from tracker.health import LOOKS_BACK, Facts
from tracker.messages import PRESSING
from tracker.protocols import Protocols
from tracker.recovery import ENGINE
from tracker.storage import queues, signs_of_life


def show_health(db: Database, database: Path, protocols: Protocols, now: datetime) -> Facts:
    """The facts of this moment; `database` is the file behind `db`."""
    since = now - LOOKS_BACK
    return Facts(
        at=now,
        signs=signs_of_life.latest(db),
        elapsed=signs_of_life.elapsed(db),
        unjudged=queues.of_unjudged(db),
        photos=queues.of_photos(db),
        failed=queues.failed_photos(db),
        pressing_mails=queues.of_mails(db, since, now, PRESSING),
        mails=queues.of_mails(db, since, now),
        lag=queues.longest_lag(db, now - timedelta(days=1)),
        free_bytes=free_bytes(database.parent),
        database_bytes=database_bytes(database),
        versions={
            "Afterglow": version("afterglow"),
            "engine": ENGINE,
            "SQLite": sqlcipher3.sqlite_version,
            "protocols": ", ".join(sorted(each.label for each in protocols.by_kind.values())),
        },
    )
