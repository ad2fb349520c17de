"""Keep what the clinic has: back it up while it works, bring it back, change its secret."""

import logging
import re
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlite_utils import Database

from tracker.domain.clinic.audit import Act, Entry
from tracker.domain.clinic.health import SignOfLife
from tracker.settings import Backups, Settings
from tracker.storage.clinic import audit_log, health
from tracker.storage.connection import (
    PHOTOS_MOVED,
    RESTORING,
    UNFINISHED_CHANGE,
    DatabaseUnreadable,
    change_key,
    keep_others_away,
    migrate,
    open_database,
    reading,
    turn,
    writing,
)
from tracker.storage.course import photos
from tracker.storage.mail import mails
from tracker.storage.own_data import erasures, rows
from tracker.storage.people import sessions
from tracker.storage.talk import conversation
from tracker.wires.backups import (
    BackupPlace,
    BackupUnusable,
    Identity,
    Recipient,
    decrypted,
    encrypted,
    read_back,
    read_recipient,
    written,
)
from tracker.wires.photo_files import KEY_PURPOSE, PhotoFiles, PhotoUnreadable, Picture, files_of
from tracker.wires.photo_moves import copied, delete_moved, forget_erased, is_place_lost
from tracker.wires.places import Place

FORMAT = 1
BACKUP_LOCK = "backup.lock"
SCHEMA = re.compile(r"CREATE (TABLE|(UNIQUE )?INDEX|TRIGGER|VIEW)\b")

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Backup:
    """A snapshot that was made: how many patients and photos it has, and how many blobs were new.

    `unreadable` are the ids of photos that cannot be read and are missing in it.
    """

    snapshot: str
    patients: int
    photos: int
    new_blobs: int
    unreadable: tuple[str, ...]
    forgotten: int


@dataclass(frozen=True, slots=True)
class Restored:
    """What a snapshot gave back, and how many patients were erased since it was made.

    `passed_over` are snapshots whose time is still to come, where the newest was asked for.
    """

    snapshot: str
    patients: int
    photos: int
    erased_since: int
    passed_over: Sequence[str] = ()


def back_up(
    db: Database,
    files: PhotoFiles,
    place: BackupPlace,
    recipient: Recipient,
    keep_for: timedelta,
    now: datetime,
) -> Backup:
    """Make a snapshot of all rows and photos, as they are at one moment, and forget old ones.

    Pages and workers go on meanwhile. The rows of each patient are encrypted with a key of that
    person, which like the keys of photos is only among the latest keys: who was erased cannot be
    read in older snapshots either. Raises OSError when the place cannot be reached, and
    BackupUnusable rather than replace the keys of another recipient, or lose those of many photos.
    """
    place.refuse_another(recipient)  # first: a place that cannot be used costs nothing else
    known = place.blobs()
    row_keys = rows.keys(db)
    parts: dict[str, bytes] = {}
    with reading(db):
        statements = rows.schema(db)
        for owner, found in rows.by_owner(db):
            content = written(found)
            if owner == rows.CLINIC:
                parts[owner] = content
            elif owner in row_keys:  # who came a moment ago belongs to the next snapshot
                parts[owner] = encrypted(row_keys[owner], content)
        photo_ids = sorted({*photos.all_ids(db), *conversation.ids_with_photo(db)})
    people = {
        owner: place.keep(part, lambda part=part: part, recipient, known)  # type: ignore[misc]
        for owner, part in parts.items()
    }
    pictures, unreadable = _keep_photos(files, photo_ids, place, recipient, known)
    photo_keys = _photo_keys(files, photo_ids)
    _refuse_lost_keys({*photos.all_ids(db), *conversation.ids_with_photo(db)}, photo_keys)
    place.keep_keys({"rows": rows.keys(db), "photos": photo_keys}, recipient)
    names = {*people.values(), *(name for each in pictures.values() for name in each.values())}
    content_of_snapshot = {
        "format": FORMAT,
        "made_at": now.isoformat(),
        "schema": statements,
        "people": people,
        "photos": pictures,
    }
    snapshot = place.keep_snapshot(now, content_of_snapshot, names, recipient)
    forgotten = place.forget(now - keep_for)
    with writing(db):
        _record_faults(db, files, unreadable)
        health.leave_sign(db, SignOfLife.BACKED_UP, now)
    patients = len(people) - (rows.CLINIC in people)
    return Backup(
        snapshot, patients, len(pictures), len(names - known), tuple(unreadable), forgotten
    )


def back_up_if_due(
    db: Database, files: PhotoFiles, settings: Settings, now: datetime
) -> Backup | None:
    """Make a backup where the settings want one and it is time; one process at a time makes it."""
    wanted = settings.backups
    if wanted is None or not is_backup_due(db, wanted.every, now):
        return None
    with turn(settings.data / BACKUP_LOCK):
        if not is_backup_due(db, wanted.every, now):  # another process made it meanwhile
            return None
        return _made(wanted, db, files, settings, now)


def back_up_to(
    wanted: Backups, db: Database, files: PhotoFiles, settings: Settings, now: datetime
) -> Backup:
    """Make a backup as the settings want it. Raises BackupUnusable when the recipient is none."""
    with turn(settings.data / BACKUP_LOCK):
        with writing(db):
            audit_log.add(db, Entry(Act.BACKED_UP, now))
        return _made(wanted, db, files, settings, now)


def _made(
    wanted: Backups, db: Database, files: PhotoFiles, settings: Settings, now: datetime
) -> Backup:
    place = BackupPlace(wanted.url, settings.key_for("backups"))
    return back_up(db, files, place, read_recipient(wanted.recipient), wanted.keep_for, now)


def is_backup_due(db: Database, every: timedelta, now: datetime) -> bool:
    """Whether the last backup is that old, or older than an erasure that must reach it."""
    last = health.latest_signs(db).get(SignOfLife.BACKED_UP)
    if last is None or abs(now - last) >= every:
        return True
    erased = erasures.last(db)
    return erased is not None and last <= erased <= now


def restore_into(
    settings: Settings,
    url: str,
    identity: Identity,
    snapshot: str | None,
    now: datetime,
) -> Restored:
    """Make the data folder of these settings from a snapshot, whole or not at all.

    All people sign in again, so that no session comes back that was ended since.
    Raises BackupUnusable, also when the folder, or another place of the photos, holds something.
    """
    data = settings.data
    if data.exists() and any(data.iterdir()):
        raise BackupUnusable(f"{data} holds something; move it away, or set another AFTERGLOW_DATA")
    unfinished = replace(settings, data=data.with_name(f"{data.name}.unfinished"))
    files, begun = files_of(unfinished), unfinished.data / RESTORING
    is_ours = begun.exists() and begun.read_text(encoding="utf-8") == files.url
    if settings.photos_at and not is_ours and files.holds_photos():
        raise BackupUnusable(f"{files.url} holds photos; set another AFTERGLOW_PHOTOS")
    if unfinished.data.exists():
        shutil.rmtree(unfinished.data)
    unfinished.data.mkdir(parents=True, mode=0o700)
    begun.write_text(files.url, encoding="utf-8")
    with closing(open_database(unfinished.database, settings.key_for("database"))) as db:
        restored = restore(db, files, BackupPlace(url, b""), identity, snapshot, now)
        migrate(db)  # a snapshot may be older than the tables
        with writing(db):
            sessions.end_all(db)  # some were ended since; with the same secret they would work
            audit_log.add(db, Entry(Act.RESTORED, now, details=restored.snapshot))
    begun.unlink()
    data.mkdir(parents=True, exist_ok=True)  # an empty one is replaced by the rename
    unfinished.data.rename(data)
    return restored


def restore(
    db: Database,
    files: PhotoFiles,
    place: BackupPlace,
    identity: Identity,
    snapshot: str | None,
    now: datetime,
) -> Restored:
    """Fill an empty database and an empty store of photos from a snapshot, the newest if None.

    Patients who were erased since it was made stay erased. Raises BackupUnusable, also when a
    stranger made it, or when it names what no backup of ours does.
    """
    newest, passed_over = place.newest(now)
    name = snapshot or newest
    if name is None:
        raise BackupUnusable(f"{place.url} holds no snapshot")
    content, keys = place.read_snapshot(name, identity), place.read_keys(identity)
    if content.get("format") != FORMAT:
        raise BackupUnusable(f"{name} was made by a newer version of Afterglow; restore with that")
    _refuse_forged(name, content)
    people: Mapping[str, str] = content["people"]
    readable = {
        owner: blob for owner, blob in people.items() if owner in {*keys["rows"], rows.CLINIC}
    }
    db.execute("PRAGMA foreign_keys = OFF")
    with writing(db):
        tables = [each for each in content["schema"] if each.startswith("CREATE TABLE")]
        for statement in tables:
            db.execute(statement)
        for owner, blob in readable.items():
            part = place.read_blob(blob, identity)
            key = keys["rows"].get(owner)
            rows.insert(db, read_back(part if key is None else decrypted(key, part)))
        for statement in content["schema"]:
            if statement not in tables:
                db.execute(statement)
        mails.forget_lost_alerts(db)
        if rows.dangling(db):
            raise BackupUnusable(f"{name} is not complete: rows refer to others that are missing")
    db.execute("PRAGMA foreign_keys = ON")
    pictures = {each: found for each, found in content["photos"].items() if each in keys["photos"]}
    for photo_id, found in pictures.items():
        sealed = {picture: place.read_blob(blob, identity) for picture, blob in found.items()}
        files.restore(photo_id, keys["photos"][photo_id], sealed)
    erased, passed_over = len(people) - len(readable), () if snapshot else passed_over
    return Restored(name, len(readable) - 1, len(pictures), erased, passed_over)


def _refuse_forged(name: str, content: Mapping[str, Any]) -> None:
    """Raise BackupUnusable for what would run as SQL, or become names of files, and is not ours."""
    if not all(SCHEMA.match(each) for each in content["schema"]):
        raise BackupUnusable(f"{name} holds statements that make no table")
    for photo_id, pictures in content["photos"].items():
        if not photo_id.isalnum() or not pictures.keys() <= set(Picture):
            raise BackupUnusable(f"{name} holds a photo with a name that none has")


def change_secret(settings: Settings, old: Settings, now: datetime) -> int:
    """Put everything under the secret of `settings`, which replaces that of `old`.

    The keys of photos are wrapped again and the database is encrypted again; what is broken off is
    finished by the next call. Nothing opens until then. A damaged photo is left as it is: it must
    not keep the clinic closed. Returns how many photos got another key or wrapping now. Raises
    DatabaseUnreadable while Afterglow runs, or with neither secret.
    """
    mark = settings.data / UNFINISHED_CHANGE
    is_new = not mark.exists()
    with turn(settings.data / f"{settings.database.name}.lock"):
        mark.touch(mode=0o600)
        try:
            change_key(settings.database, old.key_for("database"), settings.key_for("database"))
        except DatabaseUnreadable:
            if is_new:  # nothing was changed
                mark.unlink()
            raise
        files = files_of(settings, older=(old.key_for(KEY_PURPOSE),))
        changed = sum(_renewed(files, photo_id) for photo_id in files.ids())
        with closing(open_database(settings.database, settings.key_for("database"))) as db:
            migrate(db)
            with writing(db):
                audit_log.add(db, Entry(Act.SECRET_CHANGED, now))
        mark.unlink()
    return changed


def move_photos(
    settings: Settings, to: str, now: datetime, tell: Callable[[int], object], *, deletes: bool
) -> None:
    """Copy all photos to the place `to`, which the settings must name afterwards.

    It may be broken off and repeated; `tell` hears the size of each file. With `deletes` a photo
    that is whole there is deleted here. Raises DatabaseUnreadable, MoveRefused, TooManyStrays.
    """
    mark = settings.data / PHOTOS_MOVED
    is_moved = mark.exists() and mark.read_text(encoding="utf-8") == to
    files, there = files_of(settings), files_of(replace(settings, photos_at=to))
    with closing(open_database(settings.database, settings.key_for("database"))) as db:
        keep_others_away(db)
        known = {*photos.all_ids(db), *conversation.ids_with_photo(db)}
        forget_erased(files, there, known, is_moved)
        for size, _ in copied(files, there, replaces=not is_moved):
            tell(size)
        if deletes or mark.exists():  # the start goes by the latest move
            Place(str(settings.data)).write(PHOTOS_MOVED, to.encode())
        if deletes:
            delete_moved(files, there)
        with writing(db):
            audit_log.add(db, Entry(Act.PHOTOS_MOVED, now, details=to))


def _keep_photos(
    files: PhotoFiles,
    photo_ids: list[str],
    place: BackupPlace,
    recipient: Recipient,
    known: set[str],
) -> tuple[dict[str, dict[str, str]], list[str]]:
    """The blobs of each photo's pictures, and the photos of which a picture cannot be read.

    A picture is decrypted before it is stored for the first time, so that no damage is backed up.
    """
    kept: dict[str, dict[str, str]] = {}
    unreadable = []
    for photo_id in photo_ids:
        try:
            blobs = {}
            for picture, mark in files.marks(photo_id).items():

                def read(photo_id: str = photo_id, picture: Any = picture) -> bytes:
                    files.load(photo_id, picture)
                    return files.read_sealed(photo_id, picture)

                blobs[str(picture)] = place.keep(mark, read, recipient, known)
            kept[photo_id] = blobs
        except PhotoUnreadable as error:
            log.error("not in the backup: %s", error)  # noqa: TRY400 (no trace of our own code)
            unreadable.append(photo_id)
    return kept, unreadable


def _record_faults(db: Database, files: PhotoFiles, unreadable: Iterable[str]) -> None:
    """Count these photos as damaged on the work list and in health, until they can be read again.

    Where only a picture drawn from the photo is damaged, the photo itself is well.
    """
    for photo_id in unreadable:
        photo = photos.get(db, photo_id)
        try:
            files.load(photo_id, Picture.PHOTO)
        except PhotoUnreadable as error:
            if photo is not None:
                photos.record_file_fault(db, photo, error.fault)


def _photo_keys(files: PhotoFiles, photo_ids: Iterable[str]) -> dict[str, bytes]:
    """The keys of those photos that are still there.

    Also of a photo that is damaged now: with its key, an older snapshot gives it back whole.
    """
    found = {}
    for photo_id in photo_ids:
        try:
            found[photo_id] = files.key_of(photo_id)
        except PhotoUnreadable:
            log.info("photo %s has no key; it was deleted or is damaged", photo_id)
    return found


def _refuse_lost_keys(photo_ids: Set[str], photo_keys: Mapping[str, bytes]) -> None:
    """Raise BackupUnusable rather than take the last keys from the photos of all snapshots."""
    if is_place_lost(lost := photo_ids - photo_keys.keys(), photo_ids):
        raise BackupUnusable(
            f"the keys of {len(lost)} of {len(photo_ids)} photos are not in the store; is its"
            " folder mounted? The keys in the backup were left as they are"
        )


def _renewed(files: PhotoFiles, photo_id: str) -> bool:
    try:
        return files.renew(photo_id)
    except PhotoUnreadable as error:
        log.error("not under the new secret: %s", error)  # noqa: TRY400 (no trace of our own code)
        return False
