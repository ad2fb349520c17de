"""Stored photo bytes: encrypted, each bound to its name, written whole or not at all.

Every photo has a key of its own, which lies next to its pictures, wrapped by the clinic's key. What
was stored before photos had keys is encrypted with the clinic's key itself, until `renew` is
called.
"""

import hashlib
import logging
import os
import secrets
from collections.abc import Callable, Iterator, Mapping, Set
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

import fsspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from fsspec.implementations.local import LocalFileSystem

from tracker.domain.course.photos import FileFault
from tracker.settings import Settings

NONCE_BYTES = 12
KEY_BYTES = 32
NAME_BYTES = 8
OWN_KEY = b"afterglow\x01"  # begins what is encrypted with the photo's own key
KEY_FILE = "key"
KEY_PURPOSE = "photos"
KNOWN = "known"  # the file with what was computed of a photo; no backup needs it
STRAY_AFTER = timedelta(hours=1)  # a younger file without a row may belong to an upload in progress
MOST_STRAYS = 20  # a crash leaves a few; more mean that the database is older than the photos

log = logging.getLogger(__name__)


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
    """The store under `url` (a folder, or any place that fsspec reaches).

    `key` are 32 bytes; `older` are keys that it replaces, which `renew` needs.
    """

    url: str
    key: bytes
    older: tuple[bytes, ...] = ()

    def save(self, photo_id: str, picture: Picture, data: bytes) -> None:
        """Encrypt and store; an earlier picture of that name is replaced in one step.

        A photo that comes again in place of a damaged one also mends a damaged key.
        """
        try:
            own = self._own_key(photo_id)
        except PhotoDamaged:
            if picture is not Picture.PHOTO:
                raise
            own = self._keep_key(photo_id, secrets.token_bytes(KEY_BYTES), replaces=True)
        own = own or self._keep_key(photo_id, secrets.token_bytes(KEY_BYTES))
        self._write(photo_id, picture, OWN_KEY + _sealed(own, data, f"{photo_id}/{picture}"))

    def save_known(self, photo_id: str, data: bytes) -> None:
        """Keep what was computed of a photo, so that it is computed once; if that is possible."""
        try:
            own = self._own_key(photo_id)
            own = own or self._keep_key(photo_id, secrets.token_bytes(KEY_BYTES))
            self._write(photo_id, KNOWN, OWN_KEY + _sealed(own, data, f"{photo_id}/{KNOWN}"))
        except (PhotoDamaged, OSError) as error:  # it is computed again
            kind = type(error).__name__
            log.warning("what was computed of photo %s is not kept: %s", photo_id, kind)

    def known(self, photo_id: str) -> bytes:
        """What was computed of a photo and kept, or nothing: it can be computed again."""
        with suppress(PhotoUnreadable, OSError):
            return self._load(photo_id, KNOWN)
        return b""

    def load(self, photo_id: str, picture: Picture) -> bytes:
        """Read and decrypt. Raises PhotoMissing, PhotoDamaged, or OSError without the store."""
        return self._load(photo_id, picture)

    def _load(self, photo_id: str, picture: str) -> bytes:
        store, path = self._place(photo_id, picture)
        try:
            sealed = store.cat_file(path)
        except FileNotFoundError as error:
            raise PhotoMissing(f"{picture} of photo {photo_id} is not in the store") from error
        has_own = sealed.startswith(OWN_KEY)
        own = self._own_key(photo_id) if has_own else None
        if has_own and own is None:
            raise PhotoDamaged(f"the key of photo {photo_id} is not in the store")
        for key in (self.key, *self.older) if own is None else (own,):
            with suppress(InvalidTag, ValueError):
                return _opened(key, sealed.removeprefix(OWN_KEY), f"{photo_id}/{picture}")
        raise PhotoDamaged(f"{picture} of photo {photo_id} is damaged")

    def has(self, photo_id: str, picture: Picture) -> bool:
        """Whether the picture is in the store; one may be missing for a photo measured long ago."""
        store, path = self._place(photo_id, picture)
        return bool(store.exists(path))

    def delete(self, photo_id: str) -> None:
        """Remove the key and every picture of a photo; nothing happens when there is none."""
        store, path = self._place(photo_id, KEY_FILE)
        if isinstance(store, LocalFileSystem):
            with suppress(FileNotFoundError), open(path, "r+b") as file:  # noqa: PTH123  (fsspec's)
                file.write(bytes(os.fstat(file.fileno()).st_size))
                file.flush()
                os.fsync(file.fileno())
        folder = store._parent(path)
        if store.exists(folder):
            store.rm(folder, recursive=True)

    def ids(self) -> list[str]:
        """The ids of all photos that have files, in order."""
        return sorted({place.rsplit("/", 2)[-2] for place, _ in self._files()})

    def pictures(self, photo_id: str) -> list[Picture]:
        """The pictures that are in the store."""
        store, path = self._place(photo_id, KEY_FILE)
        names = {
            each["name"].rsplit("/", 1)[-1] for each in _listed(store, store._parent(path), "file")
        }
        return [picture for picture in Picture if picture in names]

    def renew(self, photo_id: str) -> bool:
        """Give the photo a key of its own, wrapped by the clinic's present key; False if it has.

        It may be broken off and repeated: every file says which key it needs. Raises PhotoMissing,
        and PhotoDamaged also when its key is lost: a fresh one would hide that and open nothing.
        """
        store, path = self._place(photo_id, KEY_FILE)
        own = self._own_key(photo_id)
        if own is None and not self.pictures(photo_id):
            raise PhotoMissing(f"photo {photo_id} is not in the store")
        if own is None and any(self._is_own(photo_id, each) for each in self.pictures(photo_id)):
            raise PhotoDamaged(f"the key of photo {photo_id} is not in the store")
        is_new = own is None or not store.cat_file(path).startswith(_name_of(self.key))
        if own is None or is_new:
            own = self._keep_key(
                photo_id, own or secrets.token_bytes(KEY_BYTES), replaces=own is not None
            )
        older = [each for each in self.pictures(photo_id) if not self._is_own(photo_id, each)]
        for picture in older:
            data = self.load(photo_id, picture)
            self._write(photo_id, picture, OWN_KEY + _sealed(own, data, f"{photo_id}/{picture}"))
        return is_new or bool(older)

    def has_own_keys(self, photo_id: str) -> bool:
        """Whether all its pictures are encrypted with the photo's key, under the present secret."""
        store, path = self._place(photo_id, KEY_FILE)
        if not store.exists(path) or not store.cat_file(path).startswith(_name_of(self.key)):
            return False
        return all(self._is_own(photo_id, picture) for picture in self.pictures(photo_id))

    def key_of(self, photo_id: str) -> bytes:
        """The photo's own key of 32 bytes. Raises PhotoDamaged if it has none; see `renew`."""
        own = self._own_key(photo_id)
        if own is None:
            raise PhotoDamaged(f"photo {photo_id} has no key of its own")
        return own

    def mark(self, photo_id: str, picture: Picture) -> bytes:
        """Bytes that differ for every picture ever stored: its name, its size and its nonce."""
        store, path = self._place(photo_id, picture)
        head: bytes = store.cat_file(path, start=0, end=len(OWN_KEY) + NONCE_BYTES)
        return f"{photo_id}/{picture} {store.size(path)} ".encode() + head

    def read_sealed(self, photo_id: str, picture: Picture) -> bytes:
        """The encrypted picture as it is stored. Raises PhotoMissing."""
        store, path = self._place(photo_id, picture)
        try:
            sealed: bytes = store.cat_file(path)
        except FileNotFoundError as error:
            raise PhotoMissing(f"{picture} of photo {photo_id} is not in the store") from error
        return sealed

    def restore(self, photo_id: str, key: bytes, pictures: Mapping[str, bytes]) -> None:
        """Store a photo that `key_of` and `read_sealed` gave away, under this clinic's key."""
        self._keep_key(photo_id, key)
        for picture, sealed in pictures.items():
            self._write(photo_id, picture, sealed)

    def _is_own(self, photo_id: str, picture: Picture) -> bool:
        store, path = self._place(photo_id, picture)
        return bool(store.cat_file(path, start=0, end=len(OWN_KEY)) == OWN_KEY)

    def _own_key(self, photo_id: str) -> bytes | None:
        """None for a photo from before photos had keys. Raises PhotoDamaged."""
        store, path = self._place(photo_id, KEY_FILE)
        try:
            wrapped = store.cat_file(path)
        except FileNotFoundError:
            return None
        for key in (self.key, *self.older):
            if wrapped.startswith(_name_of(key)):
                with suppress(InvalidTag, ValueError):
                    return _opened(key, wrapped[NAME_BYTES:], f"{photo_id}/{KEY_FILE}")
        raise PhotoDamaged(f"the key of photo {photo_id} is damaged, or wrapped by another secret")

    def _keep_key(self, photo_id: str, own: bytes, *, replaces: bool = False) -> bytes:
        """The photo's key: `own`, or the one that another process has just kept."""
        wrapped = _name_of(self.key) + _sealed(self.key, own, f"{photo_id}/{KEY_FILE}")
        self._write(photo_id, KEY_FILE, wrapped, replaces=replaces)
        return self.key_of(photo_id)

    def _write(self, photo_id: str, name: str, data: bytes, *, replaces: bool = True) -> None:
        """Write the file whole, so that it and its name survive a crash; or not at all."""
        store, path = self._place(photo_id, name)
        write_whole(store, self._root()[1], path, data, replaces=replaces)

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

    def _place(self, photo_id: str, name: str) -> tuple[Any, str]:
        store, root = self._root()
        return store, f"{root}/{photo_id[:2]}/{photo_id}/{name}"


def files_of(settings: Settings, older: tuple[bytes, ...] = ()) -> PhotoFiles:
    """The store of these settings; `older` are keys from secrets before this one."""
    return PhotoFiles(str(settings.photos.resolve()), settings.key_for(KEY_PURPOSE), older)


@contextmanager
def deleted_without_row(
    files: PhotoFiles, photo_id: str, row: Callable[[], object]
) -> Iterator[None]:
    """Delete the files of a photo whose row could not be stored: file and row are one unit.

    Nothing is deleted while `row` finds a row, or cannot look: a commit may have come through
    although it raised. What is left then is swept later.
    """
    try:
        yield
    except BaseException:
        with suppress(Exception):
            if not row():
                files.delete(photo_id)
        raise


def write_whole(store: Any, root: str, path: str, data: bytes, *, replaces: bool = True) -> None:
    """Write a file below `root` whole or not at all, so that it and its name survive a crash.

    Without `replaces` a file that is there stays, also when two processes write at once.
    """
    folder = store._parent(path)
    is_new = not store.exists(folder)
    store.makedirs(folder, exist_ok=True)
    unfinished = f"{path}.{secrets.token_hex(4)}.part"
    is_local = isinstance(store, LocalFileSystem)  # object stores are durable when they answer
    try:
        with store.open(unfinished, "wb") as file:
            file.write(data)
            if is_local:
                file.flush()
                os.fsync(file.fileno())
        if replaces or not (is_local or store.exists(path)):
            store.mv(unfinished, path)
        elif is_local:
            with suppress(FileExistsError):
                os.link(unfinished, path)
    finally:  # what is left after an error, or after another process was first
        with suppress(OSError):
            if store.exists(unfinished):
                store.rm_file(unfinished)
    if is_local:  # the new name must survive a crash, too, and those of new folders
        for each in (folder, *([store._parent(folder), root] if is_new else [])):
            _sync_folder(each)


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


def _sealed(key: bytes, data: bytes, name: str) -> bytes:
    """Encrypted and bound to its name, so that no file can take the place of another."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, data, name.encode())


def _opened(key: bytes, sealed: bytes, name: str) -> bytes:
    """What `_sealed` encrypted. Raises InvalidTag or ValueError."""
    return AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], name.encode())


def _name_of(key: bytes) -> bytes:
    """Tells the clinic's keys apart and does not betray them."""
    return hashlib.sha256(b"afterglow key " + key).digest()[:NAME_BYTES]
