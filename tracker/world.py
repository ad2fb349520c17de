"""The outside world, built in one place from the settings and passed to the code that needs it."""

from dataclasses import dataclass, replace
from pathlib import Path

from sqlite_utils import Database

from tracker.domain.mail.mails import Envelope
from tracker.domain.protocols.protocols import Protocols
from tracker.settings import Settings
from tracker.storage.connection import open_database, open_migrated
from tracker.storage.protocols import protocol_editions, protocol_enactments, protocol_files
from tracker.wires.compute import Apart, FaceFinder, choose_face_finder, here
from tracker.wires.mail import Send, sender
from tracker.wires.photo_files import PhotoFiles

__all__ = ["Database", "DatabaseGone", "World", "open_world"]  # pages name the type of a connection


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

    def connect(self) -> Database:
        """A fresh connection for one request or worker, which closes it."""
        return open_database(self.settings.database, self.settings.key_for("database"))

    def renewed(self, db: Database) -> "World":
        """This world with the protocols that are in force by now.

        The clinic puts editions into force while pages and workers run; a file overrides them.
        Raises ProtocolError when an edition can no longer be read.
        """
        enacted = protocol_enactments.in_force(db, leaving_out=self.kept_in_files)
        if not enacted:
            return self
        return replace(self, protocols=Protocols({**self.protocols.by_kind, **enacted}))


class DatabaseGone(Exception):  # noqa: N818  (a state of the folder, not of the code)
    """There are photos but no database that they could belong to."""


def open_world(settings: Settings) -> World:
    """Make the data folder if it is new, bring the database up to date, and return the rest.

    Raises ProtocolError before anything is created when one of the clinic's own protocols is
    broken, or when the edition in force can no longer be read; a file for its kind is the remedy.
    Raises DatabaseGone when the database is lost, instead of opening an empty clinic.
    """
    own = protocol_files.read_own(settings.protocols)
    protocols = protocol_files.with_shipped(own)
    files = PhotoFiles(str(settings.photos.resolve()), settings.key_for("photos"))
    _refuse_lost_database(settings.database, files)
    settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    db, _ = open_migrated(settings.database, settings.key_for("database"))
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


def _refuse_lost_database(database: Path, files: PhotoFiles) -> None:
    is_lost = not database.exists() or database.stat().st_size == 0
    if is_lost and files.holds_photos():
        raise DatabaseGone(
            f"{database} is missing or empty, but {files.url} holds photos. Restore the database"
            " from the latest backup. To begin an empty clinic, move the photos away first"
        )
