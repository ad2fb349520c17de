"""The parts of photos that are on their way in: encrypted, bounded, and gone after a day.

A part lies under its person, its upload and the byte at which it begins. An upload is named after
the size and the digest of its whole photo, so that it goes on from any page, and nothing but that
photo comes out of it. The phone keeps the photo until it has an answer: parts may be lost.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import rmtree
from threading import Lock

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tracker.settings import Settings
from tracker.wires.places import Place

LARGEST_PHOTO_BYTES = 40 * 1024 * 1024
LEAST_PART_BYTES = 64 * 1024  # but the last part of a photo: so no photo has more than 640 files
LARGEST_PART_BYTES = 1024 * 1024
UPLOADS_EACH = 3  # of one person; one more takes the place of the oldest
UPLOADS_IN_ALL = 48  # of all persons: less than 2 GB
KEPT_FOR = timedelta(days=1)  # since the latest part
KEY_PURPOSE = "parts of uploads"
NONCE_BYTES, TAG_BYTES = 12, 16
NAME = re.compile(r"([1-9][0-9]{0,7})-([0-9a-f]{64})")

_writing = Lock()  # of this process, the only one that receives photos


class TooManyUploads(Exception):  # noqa: N818  (a state of the store; later it may be taken)
    """All places for uploads are taken; a photo that comes whole needs none."""


class WrongPartError(ValueError):
    """The part is not the next of its upload, not as it was sent, or too small or too large."""


@dataclass(frozen=True, slots=True)
class Arriving:
    """A photo of `size` bytes that arrives in parts; `digest` is its SHA-256, in hex."""

    size: int
    digest: str

    @staticmethod
    def read(name: str) -> "Arriving | None":
        """The upload of this name; None if it is no name, or of a photo that is too large."""
        found = NAME.fullmatch(name)
        if found is None or int(found[1]) > LARGEST_PHOTO_BYTES:
            return None
        return Arriving(int(found[1]), found[2])

    @property
    def name(self) -> str:
        """What `read` reads."""
        return f"{self.size}-{self.digest}"


@dataclass(frozen=True, slots=True)
class Part:
    """The bytes of a photo from `offset` on, and their SHA-256."""

    offset: int
    data: bytes = field(repr=False)
    digest: bytes

    @property
    def is_sound(self) -> bool:
        """Whether it came as it was sent."""
        return hmac.compare_digest(hashlib.sha256(self.data).digest(), self.digest)


@dataclass(frozen=True, slots=True)
class UploadParts:
    """The parts in a folder of this machine; `key` has 32 bytes.

    A person reaches the uploads of that person alone.
    """

    folder: Path
    key: bytes

    def reached(self, person_id: str, upload: Arriving) -> int:
        """How many bytes are there without a gap: where the next part begins."""
        return sum(size for _, size in self._in_order(person_id, upload))

    def add(self, person_id: str, upload: Arriving, part: Part) -> int:
        """Keep the next part; returns where the one after it begins.

        Raises WrongPartError, TooManyUploads, and OSError when it cannot be written.
        """
        size, end = len(part.data), part.offset + len(part.data)
        least = 1 if end == upload.size else LEAST_PART_BYTES
        if not (least <= size <= LARGEST_PART_BYTES and end <= upload.size and part.is_sound):
            raise WrongPartError(f"{size} bytes at {part.offset}")
        with _writing:
            if part.offset != self.reached(person_id, upload):
                raise WrongPartError(f"not the next one: {part.offset}")
            if part.offset == 0:
                self._make_room(person_id)
            name = f"{person_id}/{upload.name}/{part.offset}"
            nonce = secrets.token_bytes(NONCE_BYTES)
            sealed = nonce + AESGCM(self.key).encrypt(nonce, part.data, name.encode())
            Place(str(self.folder)).write(name, sealed)
        return end

    def whole(self, person_id: str, upload: Arriving) -> bytes | None:
        """The photo. None if a part is missing or damaged, or if it is another photo.

        Of an upload whose parts are all there and do not fit, nothing is left then.
        """
        if self.reached(person_id, upload) != upload.size:
            return None
        photo = bytearray()
        for name, _ in self._in_order(person_id, upload):
            sealed = (self.folder / name).read_bytes()
            nonce, rest = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
            try:
                photo += AESGCM(self.key).decrypt(nonce, rest, name.encode())
            except InvalidTag:  # damaged, or from before the secret was changed
                break
        if hmac.compare_digest(hashlib.sha256(photo).hexdigest(), upload.digest):
            return bytes(photo)
        self.forget(person_id, upload)
        return None

    def forget(self, person_id: str, upload: Arriving | None = None) -> None:
        """Delete one upload of a person, or all; nothing happens when there is none."""
        place = self.folder / person_id / (upload.name if upload else "")
        with _writing:
            if place.exists():
                rmtree(place)

    def sweep(self, now: datetime) -> int:
        """Delete the uploads whose latest part is older than KEPT_FOR; returns how many."""
        with _writing:
            old = [each for each in self._uploads() if _touched_at(each) <= now - KEPT_FOR]
            for each in old:
                rmtree(each)
            for person in self.folder.glob("*"):
                with suppress(OSError):  # it is not empty
                    person.rmdir()
        return len(old)

    def _make_room(self, person_id: str) -> None:
        own = sorted(self._uploads(person_id), key=_touched_at)
        for oldest in own[: len(own) - UPLOADS_EACH + 1]:
            rmtree(oldest)
        if len(list(self._uploads())) >= UPLOADS_IN_ALL:
            raise TooManyUploads(f"{UPLOADS_IN_ALL} uploads have begun")

    def _uploads(self, person_id: str = "*") -> Iterator[Path]:
        return self.folder.glob(f"{person_id}/*")

    def _in_order(self, person_id: str, upload: Arriving) -> Iterator[tuple[str, int]]:
        """Name and size of each part, up to the first gap; one that is being written is none."""
        place = self.folder / person_id / upload.name
        files = [f for f in place.iterdir() if f.name.isdecimal()] if place.exists() else []
        sizes = {f.name: f.stat().st_size - NONCE_BYTES - TAG_BYTES for f in files}
        at = 0
        while (size := sizes.get(str(at), 0)) > 0:
            yield f"{person_id}/{upload.name}/{at}", size
            at += size


def parts_of(settings: Settings) -> UploadParts:
    """The parts of this installation; they lie on this machine, wherever the photos do."""
    return UploadParts(settings.data / "parts", settings.key_for(KEY_PURPOSE))


def _touched_at(upload: Path) -> datetime:
    return datetime.fromtimestamp(upload.stat().st_mtime, UTC)
