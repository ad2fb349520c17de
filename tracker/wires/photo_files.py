"""Stored photo bytes: encrypted, each bound to its name, written whole or not at all.

Every photo has a key of its own, which lies next to its pictures, wrapped by the clinic's key. What
was stored before photos had keys is encrypted with the clinic's key itself, until `renew` is
called.
"""

import hashlib
import logging
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tracker.domain.course.photos import FileFault
from tracker.settings import Settings
from tracker.wires.places import UNFINISHED, Place, StoredFile

NONCE_BYTES = 12
KEY_BYTES = 32
NAME_BYTES = 8
OWN_KEY = b"afterglow\x01"  # begins what is encrypted with the photo's own key
FOLDERS = 2  # above a file: one for the photo, in one for those whose ids begin alike
KEY_FILE = "key"
KEY_PURPOSE = "photos"
KNOWN = "known"  # the file with what was computed of a photo; no backup needs it
HANDED_ON = "handed_on"  # the file with what the gate saw of a photo, until it is measured
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
    """The store under `url`; `key` has 32 bytes and replaces the keys of `older`; see `renew`."""

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

    def save_known(self, photo_id: str, data: bytes, name: str = KNOWN) -> None:
        """Keep what was computed of a photo, so that it is computed once; if that is possible."""
        try:
            own = self._own_key(photo_id)
            own = own or self._keep_key(photo_id, secrets.token_bytes(KEY_BYTES))
            self._write(photo_id, name, OWN_KEY + _sealed(own, data, f"{photo_id}/{name}"))
        except (PhotoDamaged, OSError) as error:  # it is computed again
            log.warning("not kept of photo %s: what is known, %s", photo_id, type(error).__name__)

    def known(self, photo_id: str, name: str = KNOWN) -> bytes:
        """What was computed of a photo and kept, or nothing: it can be computed again."""
        with suppress(PhotoUnreadable, OSError):
            return self._load(photo_id, name)
        return b""

    def drop_handed_on(self, photo_id: str) -> None:
        """Delete what the gate handed on of a photo; nothing happens when there is none."""
        self.place.delete(_path(photo_id, HANDED_ON))

    def load(self, photo_id: str, picture: Picture) -> bytes:
        """Read and decrypt. Raises PhotoMissing, PhotoDamaged, or OSError without the store."""
        return self._load(photo_id, picture)

    def _load(self, photo_id: str, picture: str) -> bytes:
        sealed = self.read_sealed(photo_id, picture)
        if not sealed.startswith(OWN_KEY):
            return _opened_picture((self.key, *self.older), sealed, photo_id, picture)
        own = self._own_key(photo_id)
        if own is None:
            raise PhotoDamaged(f"the key of photo {photo_id} is not in the store")
        return _opened_picture((own,), sealed, photo_id, picture)

    def one(self, photo_id: str) -> "OnePhoto":
        """What another machine needs to read this photo. Raises PhotoDamaged; see `key_of`."""
        return OnePhoto(self.url, photo_id, self.key_of(photo_id))

    def has(self, photo_id: str, picture: Picture) -> bool:
        """Whether the picture is in the store; one may be missing for a photo measured long ago."""
        return self.place.has(_path(photo_id, picture))

    def delete(self, photo_id: str) -> None:
        """Remove the key and every picture of a photo; nothing happens when there is none."""
        self.place.erase(_path(photo_id, KEY_FILE))  # first: nothing opens without it
        self.place.delete_folder(_folder(photo_id), (KNOWN, HANDED_ON, *Picture))

    def ids(self) -> list[str]:
        """The ids of all photos that have files, in order."""
        return sorted({_photo_of(file.path) for file in self.stored()})

    def pictures(self, photo_id: str) -> list[Picture]:
        """The pictures that are in the store."""
        files = self.place.files(_folder(photo_id))
        names = {file.path.rsplit("/", 1)[-1] for file in files}
        return [picture for picture in Picture if picture in names]

    def renew(self, photo_id: str) -> bool:
        """Give the photo a key of its own, wrapped by the clinic's present key; False if it has.

        It may be broken off and repeated: every file says which key it needs. Raises PhotoMissing,
        and PhotoDamaged also when its key is lost: a fresh one would hide that and open nothing.
        """
        own = self._own_key(photo_id)
        if own is None and not self.pictures(photo_id):
            raise PhotoMissing(f"photo {photo_id} is not in the store")
        if own is None and any(self._is_own(photo_id, each) for each in self.pictures(photo_id)):
            raise PhotoDamaged(f"the key of photo {photo_id} is not in the store")
        is_new = own is None or not self.is_under_present_key(photo_id)
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
        return self.is_under_present_key(photo_id) and all(
            self._is_own(photo_id, picture) for picture in self.pictures(photo_id)
        )

    def key_of(self, photo_id: str) -> bytes:
        """The photo's own key of 32 bytes. Raises PhotoDamaged if it has none; see `renew`."""
        own = self._own_key(photo_id)
        if own is None:
            raise PhotoDamaged(f"photo {photo_id} has no key of its own")
        return own

    def opens(self, path: str) -> bool:
        """Whether the key or the picture at this path is there and decrypts."""
        photo_id, name = path.rsplit("/", 2)[-2:]
        try:
            opened = self.key_of(photo_id) if name == KEY_FILE else self._load(photo_id, name)
        except PhotoUnreadable:
            return False
        return bool(opened)

    def marks(self, photo_id: str) -> dict[Picture, bytes]:
        """Bytes that differ for every picture ever stored: its name, its size and its nonce.

        Pictures from before photos had keys are renewed first. Raises PhotoMissing, and
        PhotoDamaged, as `renew` does.
        """
        heads = self._heads(photo_id)
        if not all(head.startswith(OWN_KEY) for _, head in heads.values()):
            self.renew(photo_id)
            heads = self._heads(photo_id)
        if not heads:
            raise PhotoMissing(f"photo {photo_id} is not in the store")
        self.key_of(photo_id)
        return {
            picture: f"{photo_id}/{picture} {file.size} ".encode() + head
            for picture, (file, head) in heads.items()
        }

    def _heads(self, photo_id: str) -> dict[Picture, tuple[StoredFile, bytes]]:
        """The pictures that are in the store, each with its first bytes."""
        heads = {}
        for file in self.place.files(_folder(photo_id)):
            name = file.path.rsplit("/", 1)[-1]
            if name in set(Picture):
                with suppress(FileNotFoundError):  # deleted since it was listed
                    head = self.place.read(file.path, len(OWN_KEY) + NONCE_BYTES)
                    heads[Picture(name)] = (file, head)
        return heads

    def read_sealed(self, photo_id: str, picture: str) -> bytes:
        """The encrypted picture as it is stored. Raises PhotoMissing."""
        return _read_sealed(self.place, photo_id, picture)

    def restore(self, photo_id: str, key: bytes, pictures: Mapping[str, bytes]) -> None:
        """Store a photo that `key_of` and `read_sealed` gave away, under this clinic's key."""
        self._keep_key(photo_id, key, replaces=True)
        for picture, sealed in pictures.items():
            self._write(photo_id, picture, sealed)

    def _is_own(self, photo_id: str, picture: Picture) -> bool:
        return self.place.read(_path(photo_id, picture), len(OWN_KEY)) == OWN_KEY

    def is_under_present_key(self, photo_id: str) -> bool:
        """Whether it has a key, and the clinic's present key wraps it."""
        name = _name_of(self.key)
        with suppress(FileNotFoundError):
            return self.place.read(_path(photo_id, KEY_FILE), len(name)) == name
        return False

    def _own_key(self, photo_id: str) -> bytes | None:
        """None for a photo from before photos had keys. Raises PhotoDamaged."""
        try:
            wrapped = self.place.read(_path(photo_id, KEY_FILE))
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
        if self.place.write(_path(photo_id, KEY_FILE), wrapped, replaces=replaces):
            return own
        return self.key_of(photo_id)

    def _write(self, photo_id: str, name: str, data: bytes) -> None:
        self.place.write(_path(photo_id, name), data)

    def sweep(
        self,
        unknown: Callable[[Set[str]], Set[str]],
        now: datetime,
        alone: Callable[[], AbstractContextManager[object]],
    ) -> list[str]:
        """Delete files that no row refers to, and files whose writing broke off; their photo ids.

        `unknown` returns which of some photo ids have no row. Files younger than STRAY_AFTER are
        kept. Clocks may differ: so no one writes rows within `alone`, and who does so later looks
        with `is_whole`. Raises TooManyStrays for more than MOST_STRAYS photos without a row.
        """
        old = [file.path for file in self.stored() if file.written_at <= now - STRAY_AFTER]
        by_id = {_photo_of(path) for path in old}
        strays = unknown(by_id)
        if len(strays) > MOST_STRAYS:
            raise TooManyStrays(
                f"{len(strays)} photos in the store have no row in the database; none was deleted."
                " Is the database older than the photos? Restore both from one backup"
            )
        if strays:
            with alone():
                strays = unknown(strays)
                for photo_id in sorted(strays):
                    self.delete(photo_id)
        for path in old:
            if path.endswith(UNFINISHED):
                self.place.delete(path)
        return sorted(strays)

    def is_whole(self, photo_id: str) -> bool:
        """Whether photo and key are there; to be asked where the row is written, see `sweep`."""
        return all(self.place.has(_path(photo_id, each)) for each in (KEY_FILE, Picture.PHOTO))

    def holds_photos(self) -> bool:
        """Whether the store holds any photo."""
        return any(True for _ in self.stored())

    def stored(self) -> Iterator[StoredFile]:
        """All files that can belong to photos; what else lies there is not ours."""
        return (file for file in self.place.files() if file.path.count("/") == FOLDERS)

    @property
    def place(self) -> Place:
        """Where the files lie."""
        return Place(self.url)


@dataclass(frozen=True, slots=True)
class OnePhoto:
    """One photo of the store under `url`, with the photo's own key of 32 bytes and no other.

    It can be passed to another machine that reaches the store.
    """

    url: str
    photo_id: str
    key: bytes = field(repr=False)

    def load(self, picture: str) -> bytes:
        """Read and decrypt; see `PhotoFiles.load`."""
        sealed = _read_sealed(Place(self.url), self.photo_id, picture)
        return _opened_picture((self.key,), sealed, self.photo_id, picture)

    def known(self, name: str) -> bytes:
        """What was computed of the photo and kept under this name, or nothing."""
        with suppress(PhotoUnreadable, OSError):
            return self.load(name)
        return b""


def files_of(settings: Settings, older: tuple[bytes, ...] = ()) -> PhotoFiles:
    """The store of these settings; `older` are keys from secrets before this one."""
    return PhotoFiles(settings.photos, settings.key_for(KEY_PURPOSE), older)


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


def _read_sealed(place: Place, photo_id: str, picture: str) -> bytes:
    try:
        return place.read(_path(photo_id, picture))
    except FileNotFoundError as error:
        raise PhotoMissing(f"{picture} of photo {photo_id} is not in the store") from error


def _opened_picture(keys: Sequence[bytes], sealed: bytes, photo_id: str, picture: str) -> bytes:
    """What one of the keys opens. Raises PhotoDamaged."""
    for key in keys:
        with suppress(InvalidTag, ValueError):
            return _opened(key, sealed.removeprefix(OWN_KEY), f"{photo_id}/{picture}")
    raise PhotoDamaged(f"{picture} of photo {photo_id} is damaged")


def _folder(photo_id: str) -> str:
    return f"{photo_id[:2]}/{photo_id}"


def _path(photo_id: str, name: str) -> str:
    return f"{_folder(photo_id)}/{name}"


def _photo_of(path: str) -> str:
    return path.rsplit("/", 2)[-2]


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
