"""Stored photo bytes: encrypted, each bound to its name, written whole or not at all."""

import os
import secrets
from collections.abc import Callable, Iterator, Set
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

import fsspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from fsspec.implementations.local import LocalFileSystem

from tracker.domain.course.photos import FileFault

NONCE_BYTES = 12
STRAY_AFTER = timedelta(hours=1)  # a younger file without a row may belong to an upload in progress
MOST_STRAYS = 20  # a crash leaves a few; more mean that the database is older than the photos


class Picture(StrEnum):
    """The pictures kept for one photo."""

    PHOTO = "photo"  # as received, in sRGB; no metadata but how it is turned
    REDNESS = "redness"  # heat map
    PIGMENT = "pigment"  # heat map
    ALIGNED = "aligned"  # aligned to the baseline, in its light
    AS_TAKEN = "as_taken"  # aligned to the baseline, in the photo's own light
    BASELINE = "baseline"  # the baseline in the same crop
    THUMBNAIL = "thumbnail"


class PhotoUnreadable(Exception):  # noqa: N818  (a state of the store, not of the code)
    """The store cannot return the picture. The message names the photo by its id, and no person."""

    fault: FileFault


class PhotoMissing(PhotoUnreadable):
    """There is no such picture."""

    fault = FileFault.MISSING


class PhotoDamaged(PhotoUnreadable):
    """The file exists, but is not what was stored: a flipped bit, or another photo's file."""

    fault = FileFault.DAMAGED


class TooManyStrays(Exception):  # noqa: N818
    """More files lack a row than any crash leaves; none was deleted."""


@dataclass(frozen=True, slots=True)
class PhotoFiles:
    """The store under `url` (a folder, or any place that fsspec reaches), with a 32-byte key."""

    url: str
    key: bytes

    def save(self, photo_id: str, picture: Picture, data: bytes) -> None:
        """Encrypt and store; an earlier picture of that name is replaced in one step."""
        store, path = self._place(photo_id, picture)
        nonce = secrets.token_bytes(NONCE_BYTES)
        sealed = nonce + AESGCM(self.key).encrypt(nonce, data, _bound_to(photo_id, picture))
        folder = store._parent(path)
        is_new = not store.exists(folder)
        store.makedirs(folder, exist_ok=True)
        unfinished = f"{path}.{secrets.token_hex(4)}.part"
        is_local = isinstance(store, LocalFileSystem)  # object stores are durable when they answer
        with store.open(unfinished, "wb") as file:
            file.write(sealed)
            if is_local:
                file.flush()
                os.fsync(file.fileno())
        store.mv(unfinished, path)
        if is_local:  # the new name must survive a crash, too, and those of new folders
            for each in (folder, *([store._parent(folder), self._root()[1]] if is_new else [])):
                _sync_folder(each)

    def load(self, photo_id: str, picture: Picture) -> bytes:
        """Read and decrypt. Raises PhotoMissing, PhotoDamaged, or OSError without the store."""
        store, path = self._place(photo_id, picture)
        try:
            sealed = store.cat_file(path)
        except FileNotFoundError as error:
            raise PhotoMissing(f"{picture} of photo {photo_id} is not in the store") from error
        nonce, data = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
        try:
            return AESGCM(self.key).decrypt(nonce, data, _bound_to(photo_id, picture))
        except (InvalidTag, ValueError) as error:
            raise PhotoDamaged(f"{picture} of photo {photo_id} is damaged") from error

    def has(self, photo_id: str, picture: Picture) -> bool:
        """Whether the picture is in the store; one may be missing for a photo measured long ago."""
        store, path = self._place(photo_id, picture)
        return bool(store.exists(path))

    def delete(self, photo_id: str) -> None:
        """Remove every picture of a photo; nothing happens when there is none."""
        store, path = self._place(photo_id, Picture.PHOTO)
        folder = store._parent(path)
        if store.exists(folder):
            store.rm(folder, recursive=True)

    def sweep(self, unknown: Callable[[Set[str]], Set[str]], now: datetime) -> list[str]:
        """Delete files that no row refers to, and files whose writing broke off; their photo ids.

        `unknown` returns which of some photo ids have no row. Files younger than STRAY_AFTER are
        kept. Raises TooManyStrays when there are more than MOST_STRAYS photos without a row.
        """
        store, _ = self._root()
        old = [place for place, at in self._files() if at <= now - STRAY_AFTER]
        by_id = {place.rsplit("/", 2)[-2] for place in old}
        strays = unknown(by_id)
        if len(strays) > MOST_STRAYS:
            raise TooManyStrays(
                f"{len(strays)} photos in the store have no row in the database; none was deleted."
                " Is the database older than the photos? Restore both from one backup"
            )
        for photo_id in sorted(strays):
            self.delete(photo_id)
        for place in old:
            if place.endswith(".part") and store.exists(place):
                store.rm_file(place)
        return sorted(strays)

    def holds_photos(self) -> bool:
        """Whether the store holds any photo."""
        return any(True for _ in self._files())

    def _files(self) -> Iterator[tuple[str, datetime]]:
        """Every file of the store, and when it was last written."""
        store, root = self._root()
        for folder in _listed(store, root, "directory"):
            for photo in _listed(store, folder["name"], "directory"):
                for file in _listed(store, photo["name"], "file"):
                    yield file["name"], _written_at(file)

    def _root(self) -> tuple[Any, str]:
        store, root = fsspec.core.url_to_fs(self.url)
        return store, root

    def _place(self, photo_id: str, picture: Picture) -> tuple[Any, str]:
        store, root = self._root()
        return store, f"{root}/{photo_id[:2]}/{photo_id}/{picture}"


def _listed(store: Any, folder: str, kind: str) -> list[dict[str, Any]]:
    try:
        return [each for each in store.ls(folder, detail=True) if each["type"] == kind]
    except FileNotFoundError:  # deleted since it was listed, or nothing was ever saved
        return []


def _written_at(file: dict[str, Any]) -> datetime:
    """When a file was last written; a store that does not say so keeps its strays."""
    for name in ("mtime", "LastModified", "last_modified", "created"):
        match file.get(name):
            case datetime() as at:
                return at if at.tzinfo else at.replace(tzinfo=UTC)
            case int() | float() as seconds:
                return datetime.fromtimestamp(seconds, UTC)
    return datetime.max.replace(tzinfo=UTC)


def _sync_folder(folder: str) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _bound_to(photo_id: str, picture: Picture) -> bytes:
    return f"{photo_id}/{picture}".encode()
