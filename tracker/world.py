"""The outside world, built in one place from the settings and passed to the code that needs it."""

from contextlib import closing, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from stat import S_IMODE, S_IRWXG, S_IRWXO, S_IRWXU

from sqlite_utils import Database

from tracker.domain.mail.mails import Envelope
from tracker.domain.protocols.protocols import Protocols
from tracker.settings import Settings
from tracker.storage.connection import (
    PHOTOS_MOVED,
    UNFINISHED_CHANGE,
    DatabaseError,
    DatabaseUnreadable,
    has_room,
    is_full,
    open_database,
    open_migrated,
)
from tracker.storage.course import photos
from tracker.storage.protocols import protocol_editions, protocol_enactments, protocol_files
from tracker.storage.talk import conversation
from tracker.wires.compute import FaceFinder, choose_face_finder
from tracker.wires.mail import Send, sender
from tracker.wires.photo_files import PhotoFiles, files_of
from tracker.wires.places import Place, PlaceUnreachable
from tracker.wires.processes import Apart, here
from tracker.wires.upload_parts import UploadParts, parts_of

__all__ = [
    "Database",
    "DatabaseError",
    "DatabaseGone",
    "DatabaseUnreadable",
    "FolderUnusable",
    "PhotosMoved",
    "SecretChangeUnfinished",
    "World",
    "is_full",
    "open_data",
    "open_world",
]  # pages name the type of a connection, and what breaks it


@dataclass(frozen=True, slots=True)
class World:
    """Everything with a side effect that this installation can reach.

    `kept_in_files` are the kinds of treatment whose protocol is a file of the operator; `apart`
    calls what touches the pixels of an upload.
    """

    settings: Settings
    protocols: Protocols
    kept_in_files: frozenset[str]
    files: PhotoFiles
    find_face: FaceFinder
    send: Send
    envelope: Envelope
    apart: Apart = here

    @property
    def parts(self) -> UploadParts:
        """The parts of photos that are on their way in."""
        return parts_of(self.settings)

    def connect(self) -> Database:
        """A fresh connection for one request or worker, which closes it."""
        return open_database(self.settings.database, self.settings.key_for("database"))

    def is_ready(self) -> bool:
        """Whether the database can be read now."""
        try:
            with closing(self.connect()) as db:
                return any(db.query("SELECT 1 FROM worklist_version"))
        except (DatabaseError, DatabaseUnreadable):
            return False

    def has_room(self) -> bool:
        """Whether the disk has space for photos; answers have some more."""
        return has_room(self.settings.data)

    def renewed(self, db: Database) -> "World":
        """This world with the protocols that are in force by now.

        The clinic puts editions into force while pages and workers run; a file overrides them.
        Raises ProtocolError when an edition can no longer be read.
        """
        enacted = protocol_enactments.in_force(db, leaving_out=self.kept_in_files)
        known = Protocols({**self.protocols.by_kind, **enacted})
        given_up = protocol_editions.given_up(db, known)  # of a record that has just come
        if not enacted and not given_up:
            return self
        return replace(self, protocols=Protocols({**given_up, **known.by_kind}))


class DatabaseGone(Exception):  # noqa: N818  (a state of the folder, not of the code)
    """There are photos but no database that they could belong to."""


class DiskFull(Exception):  # noqa: N818  (a state of the machine; later it may be taken)
    """There is no space for photos."""


class PhotosMoved(Exception):  # noqa: N818  (the message names the remedy)
    """The photos of this clinic are in another place than the settings say."""


class SecretChangeUnfinished(Exception):  # noqa: N818  (the message names the remedy)
    """Some keys are still those of the old secret."""


class FolderUnusable(Exception):  # noqa: N818  (a state of the folder; the message says the remedy)
    """The data folder cannot be used: a file, another user's, on a disk that is full or missing."""


def open_world(settings: Settings) -> World:
    """Make the data folder if it is new, bring the database up to date, and return the rest.

    Raises ProtocolError before anything is created when one of the clinic's own protocols is
    broken, or when the edition in force can no longer be read; a file for its kind is the remedy.
    Raises DatabaseGone when the database is lost, instead of opening an empty clinic, and
    FolderUnusable.
    """
    own = protocol_files.read_own(settings.protocols)
    protocols = protocol_files.with_shipped(own)
    files = files_of(settings)
    db, _ = open_data(settings, files)
    try:
        protocol_editions.keep(db, protocols)
        protocols = protocol_editions.with_given_up(db, protocols)
        protocol_enactments.in_force(db, leaving_out=frozenset(own))  # unreadable: reported at once
    finally:
        db.close()
    return World(
        settings=settings,
        protocols=protocols,
        kept_in_files=frozenset(own),
        files=files,
        find_face=choose_face_finder(settings.face_model),
        send=sender(settings),
        envelope=Envelope(settings.mail_from, settings.base_url, settings.key_for("links")),
    )


def open_data(settings: Settings, files: PhotoFiles) -> tuple[Database, list[str]]:
    """The database, brought up to date, and the steps taken; makes the data folder if it is new.

    Folders and files that other users of the machine could read are closed to them. Raises
    FolderUnusable, DatabaseGone, DatabaseUnreadable, PhotosMoved, PlaceUnreachable,
    SecretChangeUnfinished.
    """
    try:
        if (settings.data / UNFINISHED_CHANGE).exists():
            raise SecretChangeUnfinished(
                "a change of the secret broke off; run afterglow change-secret again"
            )
        refuse_other_place(settings, settings.photos)
        _refuse_lost_database(settings.database, files)
        settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
        opened = open_migrated(settings.database, settings.key_for("database"))
        _close_to_others(settings)
    except PlaceUnreachable:
        raise
    except OSError as error:
        remedy = "AFTERGLOW_DATA must be a folder of the user who runs Afterglow, on a sound disk"
        raise FolderUnusable(
            f"{error.filename or settings.data}: {error.strerror}; {remedy}"
        ) from error
    return opened


def refuse_other_place(settings: Settings, *places: str) -> None:
    """Raise PhotosMoved when photos were moved, and to none of these places.

    A folder that has another name now is known by its photos, and the mark follows it.
    """
    mark = settings.data / PHOTOS_MOVED
    if not mark.exists():
        return
    place = mark.read_text(encoding="utf-8")
    if place in places:
        return
    if not _has_new_name(settings, place):
        raise PhotosMoved(
            f"the photos are in {place} now; set AFTERGLOW_PHOTOS to it. So says {mark}: delete"
            " that file if it is wrong, and AFTERGLOW_PHOTOS names the place with all photos"
        )
    Place(str(settings.data)).write(PHOTOS_MOVED, settings.photos.encode())


def _has_new_name(settings: Settings, before: str) -> bool:
    """Whether the folder of before has no photo any more, and the configured place has all."""
    is_gone = (
        "://" not in before and not files_of(replace(settings, photos_at=before)).holds_photos()
    )
    if not is_gone or not settings.database.exists():
        return False
    with closing(open_database(settings.database, settings.key_for("database"))) as db:
        known = {*photos.all_ids(db), *conversation.ids_with_photo(db)}
    return known <= set(files_of(settings).ids())


def _close_to_others(settings: Settings) -> None:
    """Take every right from other users, also in a folder made before Afterglow did so."""
    data, outbox = settings.data, settings.outbox
    for path in (data, *data.iterdir(), *(outbox.iterdir() if outbox.is_dir() else ())):
        # Another process deletes its log, or an unfinished mail; another user's file is not ours to
        # close, and must not keep the clinic closed.
        with suppress(FileNotFoundError, PermissionError):
            mode = path.stat().st_mode
            if mode & (S_IRWXG | S_IRWXO):
                path.chmod(S_IMODE(mode) & S_IRWXU)


def _refuse_lost_database(database: Path, files: PhotoFiles) -> None:
    is_lost = not database.exists() or database.stat().st_size == 0
    if is_lost and files.holds_photos():
        raise DatabaseGone(
            f"{database} is missing or empty, but {files.url} holds photos. Restore the database"
            " from the latest backup. To begin an empty clinic, move the photos away first"
        )
