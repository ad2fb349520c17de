"""The place of the backups: blobs by content, snapshots that name them, and the latest keys.

Everything is sealed to the clinic's recipient (HPKE, RFC 9180): the machine that makes backups
cannot read them. A blob is written once and shared by all snapshots that need it. The keys lie
apart and are replaced by every backup, so that a key that was deleted is missing for older
snapshots, too.
"""

import base64
import binascii
import hashlib
import hmac
import json
import zlib
from collections.abc import Callable, Set
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from tracker.wires.places import UNFINISHED, Place

SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
KEY_BYTES = 32
STAMP = "%Y-%m-%dT%H-%M-%S"
FEWEST = 7
CONTENT, NAMES = ".snapshot", ".names"


class BackupUnusable(Exception):  # noqa: N818  (a state of the place; the message names the remedy)
    """The backup, or the key to it, cannot be used."""


def new_identity() -> tuple[str, str]:
    """A fresh pair (identity, recipient): the one reads what was sealed to the other."""
    identity = X25519PrivateKey.generate()
    return _text(identity.private_bytes_raw()), _text(identity.public_key().public_bytes_raw())


def read_recipient(text: str) -> X25519PublicKey:
    """The recipient that `new_identity` wrote. Raises BackupUnusable."""
    return X25519PublicKey.from_public_bytes(_bytes(text, "recipient"))


def read_identity(file: Path) -> X25519PrivateKey:
    """The identity in a file. Raises BackupUnusable."""
    try:
        text = file.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise BackupUnusable(f"the identity cannot be read: {error}") from error
    return X25519PrivateKey.from_private_bytes(_bytes(text, "identity"))


@dataclass(frozen=True, slots=True)
class BackupPlace:
    """A folder, or any place that fsspec reaches; `naming` is a key of 32 bytes.

    A blob's name is a keyed digest of its content, which tells a stranger nothing.
    """

    url: str
    naming: bytes

    def keep(
        self, mark: bytes, read: Callable[[], bytes], recipient: X25519PublicKey, known: Set[str]
    ) -> str:
        """Seal and store what `read` returns, unless it is among the `known` blobs; its name.

        `mark` are bytes that only this content has: the content itself, or its nonce.
        """
        name = hmac.new(self.naming, mark, hashlib.sha256).hexdigest()
        if name not in known:
            self._write(_blob_path(name), _sealed(read(), recipient, name))
        return name

    def blobs(self) -> set[str]:
        """The names of all blobs."""
        return {name for name in self._names("blobs") if not name.endswith(UNFINISHED)}

    def keep_keys(self, keys: Any, recipient: X25519PublicKey) -> None:
        """Replace the latest keys."""
        self._write("keys", _sealed(written(keys), recipient, "keys"))

    def keep_snapshot(
        self, at: datetime, content: Any, names: Set[str], recipient: X25519PublicKey
    ) -> str:
        """Store a snapshot, after all its blobs; its name."""
        stamp = at.astimezone(UTC).strftime(STAMP)
        self._write(f"snapshots/{stamp}{NAMES}", "\n".join(sorted(names)).encode())
        self._write(f"snapshots/{stamp}{CONTENT}", _sealed(written(content), recipient, stamp))
        return stamp

    def snapshots(self) -> list[str]:
        """The names of all snapshots, the newest last."""
        return sorted(name.removesuffix(CONTENT) for name in self._listed(CONTENT))

    def forget(self, before: datetime) -> int:
        """Delete snapshots older than that, and blobs that none needs; how many snapshots.

        The newest FEWEST stay: a clock that is years ahead must not empty the place. One process
        writes at a time, so that what is unfinished was broken off.
        """
        old = [
            name
            for name in self.snapshots()[:-FEWEST]
            if datetime.strptime(name, STAMP).replace(tzinfo=UTC) < before
        ]
        for name in old:
            for ending in (CONTENT, NAMES):
                self._place.delete(f"snapshots/{name}{ending}")
        needed = {
            name
            for listing in self._listed(NAMES)
            for name in self._place.read(f"snapshots/{listing}").decode().split()
        }
        for name in self.blobs() - needed:
            self._place.delete(_blob_path(name))
        for file in list(self._place.files()):
            if file.path.endswith(UNFINISHED):
                self._place.delete(file.path)
        return len(old)

    def read_keys(self, identity: X25519PrivateKey) -> Any:
        """What `keep_keys` stored. Raises BackupUnusable."""
        return read_back(_opened(self._read("keys"), identity, "keys"))

    def read_snapshot(self, name: str, identity: X25519PrivateKey) -> Any:
        """What `keep_snapshot` stored. Raises BackupUnusable."""
        return read_back(_opened(self._read(f"snapshots/{name}{CONTENT}"), identity, name))

    def read_blob(self, name: str, identity: X25519PrivateKey) -> bytes:
        """The content that has this name. Raises BackupUnusable."""
        return _opened(self._read(_blob_path(name)), identity, name)

    def _listed(self, ending: str) -> list[str]:
        return [name for name in self._names("snapshots") if name.endswith(ending)]

    def _names(self, folder: str) -> list[str]:
        return [file.path.rsplit("/", 1)[-1] for file in self._place.files(folder)]

    def _read(self, path: str) -> bytes:
        try:
            return self._place.read(path)
        except FileNotFoundError as error:
            raise BackupUnusable(f"{path} is missing in the backup {self.url}") from error

    def _write(self, path: str, data: bytes) -> None:
        self._place.write(path, data)

    @property
    def _place(self) -> Place:
        return Place(self.url)


def encrypted(key: bytes, rows: bytes) -> bytes:
    """A person's rows, encrypted with the person's key of 64 bytes (AES-SIV, RFC 5297).

    The same rows give the same bytes, so that rows that have not changed are not stored again.
    """
    return AESSIV(key).encrypt(zlib.compress(rows), None)


def decrypted(key: bytes, sealed: bytes) -> bytes:
    """What `encrypted` made. Raises BackupUnusable."""
    try:
        return zlib.decompress(AESSIV(key).decrypt(sealed, None))
    except (InvalidTag, ValueError, zlib.error) as error:
        raise BackupUnusable("a person's rows do not fit the keys of this backup") from error


def written(content: Any) -> bytes:
    """As JSON; bytes are written in base64, times never come."""
    return json.dumps(content, default=_as_base64, sort_keys=True).encode()


def read_back(data: bytes) -> Any:
    """What `written` wrote. Raises BackupUnusable."""
    try:
        return json.loads(data, object_hook=_from_base64)
    except ValueError as error:
        raise BackupUnusable("a part of the backup is damaged") from error


def _as_base64(value: object) -> dict[str, str]:
    if isinstance(value, bytes):
        return {"base64": base64.b64encode(value).decode()}
    raise TypeError(f"a backup holds no {type(value).__name__}")


def _from_base64(found: dict[str, Any]) -> Any:
    return base64.b64decode(found["base64"]) if found.keys() == {"base64"} else found


def _sealed(content: bytes, recipient: X25519PublicKey, info: str) -> bytes:
    return SUITE.encrypt(content, recipient, info=info.encode())


def _opened(sealed: bytes, identity: X25519PrivateKey, info: str) -> bytes:
    try:
        return SUITE.decrypt(sealed, identity, info=info.encode())
    except (InvalidTag, ValueError) as error:
        raise BackupUnusable(
            f"{info} cannot be opened: it is damaged, or sealed to another identity"
        ) from error


def _blob_path(name: str) -> str:
    return f"blobs/{name[:2]}/{name}"


def _text(key: bytes) -> str:
    return base64.urlsafe_b64encode(key).decode()


def _bytes(text: str, what: str) -> bytes:
    try:
        key = base64.urlsafe_b64decode(text.strip())
    except (binascii.Error, ValueError) as error:
        raise BackupUnusable(f"the {what} is not base64; see afterglow backup-key") from error
    if len(key) != KEY_BYTES:
        raise BackupUnusable(f"the {what} must be {KEY_BYTES} bytes long; see afterglow backup-key")
    return key
