"""The state of the system: what its rows say at once, and what a doctor finds on a closer look."""

import stat
from collections.abc import Iterator
from datetime import datetime, timedelta
from importlib.metadata import version

import sqlcipher3
from sqlite_utils import Database

from tracker.domain.clinic.health import (
    CLOCKS_DIFFER,
    LOOKS_BACK,
    Facts,
    Finding,
    SignOfLife,
    State,
    backup_state,
    space_state,
)
from tracker.domain.mail.mails import PRESSING
from tracker.domain.protocols.protocols import Protocols
from tracker.domain.recovery.recovery import ENGINE
from tracker.settings import Settings
from tracker.storage.clinic import health
from tracker.storage.connection import database_bytes, free_bytes, writing
from tracker.storage.course import photos
from tracker.storage.migrations import migrations
from tracker.storage.talk import conversation
from tracker.wires import mail
from tracker.wires.photo_files import PhotoFiles, PhotoUnreadable
from tracker.wires.places import PlaceUnreachable

SHOWN = 3  # of the things that are wrong


def show_health(db: Database, settings: Settings, protocols: Protocols, now: datetime) -> Facts:
    """The facts of this moment; `db` is the database of these settings."""
    since, database, backups = now - LOOKS_BACK, settings.database, settings.backups
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
        backup_every=backups.every if backups else None,
        began_at=health.began_at(db),
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


def examine(
    db: Database, files: PhotoFiles, settings: Settings, now: datetime
) -> Iterator[Finding]:
    """Look closely at everything that is kept: it reads every row and decrypts every picture.

    It changes nothing and sends nothing.
    """
    damage = health.damage(db)
    yield _finding("database", damage, State.FAILING, "every page and row is sound")
    pending = [step.name for step in migrations.pending(db)]
    yield _finding("migrations", pending, State.FAILING, "all done")
    try:
        yield from _examine_photos(db, files)
    except PlaceUnreachable as error:
        yield Finding("photos", State.FAILING, str(error))
    newest = health.newest(db)
    is_ahead = newest is not None and newest > now + CLOCKS_DIFFER
    ahead = [f"rows of {newest:%Y-%m-%d %H:%M} UTC are still to come"] if is_ahead else []
    yield _finding("clock", ahead, State.LOOK, "no row is from the future")
    trouble = mail.trouble(settings)
    away = "the server lets us in" if settings.smtp_url else "no server; mails stay in the outbox"
    yield _finding("mail", [trouble] if trouble else [], State.FAILING, away)
    free = free_bytes(settings.data)
    yield Finding("disk", space_state(free), f"{free // 1024**2} MB free")
    yield _finding("modes", _open_to_others(settings), State.LOOK, "no other user reads our files")
    yield _examine_backup(db, settings, now)


def _examine_backup(db: Database, settings: Settings, now: datetime) -> Finding:
    signs, backups = health.latest_signs(db), settings.backups
    last, failed = signs.get(SignOfLife.BACKED_UP), signs.get(SignOfLife.BACKUP_FAILED)
    told = f"last {last:%Y-%m-%d %H:%M} UTC" if last else "no backup is known"
    if failed is not None and (last is None or last < failed):
        why = "the last try broke off, afterglow check-config or the worker's log says why"
        return Finding("backup", State.FAILING, f"{told}; {why}")
    began_at = health.began_at(db)
    waited = now - began_at if began_at else None
    every = backups.every if backups else None
    state = backup_state(now - last if last else None, every, waited)
    return Finding("backup", state, told if state is not State.FAILING else f"{told}; overdue")


def _examine_photos(db: Database, files: PhotoFiles) -> Iterator[Finding]:
    """Files and rows, the digest of every picture (AES-GCM), and the keys."""
    with_rows = {*photos.all_ids(db), *conversation.ids_with_photo(db)}
    stored = set(files.ids())
    damaged, without_key = [], []
    for photo_id in sorted(stored):
        try:
            if not files.has_own_keys(photo_id):
                without_key.append(photo_id)
            for picture in files.pictures(photo_id):
                files.load(photo_id, picture)
        except PhotoUnreadable as error:
            damaged.append(str(error))
    yield _finding("photos", damaged, State.FAILING, f"all {len(stored)} can be read")
    missing = sorted(with_rows - stored)
    yield _finding("files", missing, State.FAILING, "every photo has its file")
    strays = sorted(stored - with_rows)
    yield _finding("orphans", strays, State.LOOK, "every file has its row")
    yield _finding("keys", without_key, State.LOOK, "every photo has a key of its own")


def _finding(what: str, wrong: list[str], state: State, well: str) -> Finding:
    """The first few of what is wrong, and how many there are."""
    if not wrong:
        return Finding(what, State.GOOD, well)
    more = f" and {len(wrong) - SHOWN} more" if len(wrong) > SHOWN else ""
    return Finding(what, state, f"{len(wrong)} wrong: {'; '.join(wrong[:SHOWN])}{more}")


def _open_to_others(settings: Settings) -> list[str]:
    """Files and folders of ours that other users of the machine can read or change."""
    data = settings.data
    found = [data, *data.glob("afterglow.db*"), settings.outbox, *settings.outbox.glob("*")]
    return [
        f"{path} has mode {stat.S_IMODE(path.stat().st_mode):o}"
        for path in found
        if path.exists() and path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO)
    ]
