"""Photo bytes at rest: encrypted, each bound to its name, written whole or not at all."""

import os
import secrets
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import fsspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE_BYTES = 12


class Picture(StrEnum):
    """The pictures kept for one photo."""

    PHOTO = "photo"  # as received: upright, sRGB, no metadata
    REDNESS = "redness"  # heat map
    PIGMENT = "pigment"  # heat map
    ALIGNED = "aligned"  # laid over the baseline, in its light
    AS_TAKEN = "as_taken"  # laid over the baseline, in the photo's own light
    BASELINE = "baseline"  # the baseline in the same crop
    THUMBNAIL = "thumbnail"


class PhotoMissing(Exception):  # noqa: N818  (a state of the store, not of the code)
    """There is no such picture, or it is not what was stored."""


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
        store.makedirs(store._parent(path), exist_ok=True)
        unfinished = f"{path}.{secrets.token_hex(4)}.part"
        with store.open(unfinished, "wb") as file:
            file.write(sealed)
            if hasattr(file, "fileno"):  # a local disk; object stores are durable when they answer
                file.flush()
                os.fsync(file.fileno())
        store.mv(unfinished, path)

    def load(self, photo_id: str, picture: Picture) -> bytes:
        """Read and decrypt; PhotoMissing when it is absent, damaged or another photo's."""
        store, path = self._place(photo_id, picture)
        try:
            sealed = store.cat_file(path)
        except FileNotFoundError as error:
            raise PhotoMissing(f"{picture} of photo {photo_id} is not in the store") from error
        nonce, data = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
        try:
            return AESGCM(self.key).decrypt(nonce, data, _bound_to(photo_id, picture))
        except (InvalidTag, ValueError) as error:
            raise PhotoMissing(f"{picture} of photo {photo_id} is damaged") from error

    def has(self, photo_id: str, picture: Picture) -> bool:
        """Whether the picture is in the store; of a photo measured long ago one may be missing."""
        store, path = self._place(photo_id, picture)
        return bool(store.exists(path))

    def delete(self, photo_id: str) -> None:
        """Remove every picture of a photo; nothing happens when there is none."""
        store, path = self._place(photo_id, Picture.PHOTO)
        folder = store._parent(path)
        if store.exists(folder):
            store.rm(folder, recursive=True)

    def _place(self, photo_id: str, picture: Picture) -> tuple[Any, str]:
        store, root = fsspec.core.url_to_fs(self.url)
        return store, f"{root}/{photo_id[:2]}/{photo_id}/{picture}"


def _bound_to(photo_id: str, picture: Picture) -> bytes:
    return f"{photo_id}/{picture}".encode()
