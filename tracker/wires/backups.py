"""The place of the backups: blobs by content, snapshots that name them, and the latest keys.

Everything is sealed to the clinic's recipient (HPKE, RFC 9180): the machine that makes backups
cannot read them. Before it lies a code (HMAC) by which the holder of the identity knows that this
machine made it. A blob is written once and shared by all snapshots that need it. The keys lie
apart and are replaced by every backup, so that a key that was deleted is missing for older
snapshots, too.
"""

import base64
import binascii
import hashlib
import hmac
import json
import logging
import zlib
from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from tracker.wires.places import UNFINISHED, Place

SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
KEY_BYTES = 32
CODE_BYTES = 32
STAMP = "%Y-%m-%dT%H-%M-%S"
AHEAD = timedelta(days=1)  # further in the future only a wrong clock names a snapshot
FEWEST = 7
KEYS, CONTENT, NAMES = "keys", ".snapshot", ".names"

log = logging.getLogger(__name__)


class BackupUnusable(Exception):  # noqa: N818  (a state of the place; the message names the remedy)
    """The backup, or the key to it, cannot be used."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """To whom backups are sealed, and the key of 32 bytes that shows who sealed them."""

    key: X25519PublicKey
    sender: bytes

    def seal(self, content: bytes, name: str) -> bytes:
        """The content under this name, with the sender's code before it."""
        sealed = SUITE.encrypt(content, self.key, info=name.encode())
        return _code(self.sender, sealed, name) + sealed


@dataclass(frozen=True, slots=True)
class Identity:
    """What opens backups; the sender's key follows from it, so that there is one file to keep."""

    key: X25519PrivateKey

    @property
    def sender(self) -> bytes:
        """The key that the machine which makes backups has, and strangers have not."""
        kdf = HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=b"afterglow backup sender")
        return kdf.derive(self.key.private_bytes_raw())

    @property
    def recipient(self) -> str:
        """What the machine that makes backups needs. It is a secret: it proves the sender."""
        return _text(self.key.public_key().public_bytes_raw() + self.sender)

    def open(self, found: bytes, name: str) -> bytes:
        """What `Recipient.seal` sealed under this name. Raises BackupUnusable."""
        code, sealed = found[:CODE_BYTES], found[CODE_BYTES:]
        try:
            _check(code, _code(self.sender, sealed, name))
            return SUITE.decrypt(sealed, self.key, info=name.encode())
        except (InvalidTag, ValueError) as error:
            raise BackupUnusable(
                f"{name} cannot be opened: it is damaged, was made by a stranger, or belongs to"
                " another identity"
            ) from error


def new_identity() -> tuple[str, str]:
    """A fresh pair (identity, recipient): the one reads what was sealed to the other."""
    identity = Identity(X25519PrivateKey.generate())
    return _text(identity.key.private_bytes_raw()), identity.recipient


def read_recipient(text: str) -> Recipient:
    """The recipient that `new_identity` wrote. Raises BackupUnusable."""
    both = _bytes(text, "recipient", 2 * KEY_BYTES)
    return Recipient(X25519PublicKey.from_public_bytes(both[:KEY_BYTES]), both[KEY_BYTES:])


def read_identity(file: Path) -> Identity:
    """The identity in a file. Raises BackupUnusable."""
    try:
        text = file.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise BackupUnusable(f"the identity cannot be read: {error}") from error
    return Identity(X25519PrivateKey.from_private_bytes(_bytes(text, "identity", KEY_BYTES)))


@dataclass(frozen=True, slots=True)
class BackupPlace:
    """A folder, or any place that fsspec reaches; `naming` is a key of 32 bytes.

    A blob's name is a keyed digest of its content, which tells a stranger nothing. A place is for
    one recipient. Another gives other names, so that no snapshot needs what only an earlier
    identity opens.
    """

    url: str
    naming: bytes

    def keep(
        self, mark: bytes, read: Callable[[], bytes], recipient: Recipient, known: Set[str]
    ) -> str:
        """Seal and store what `read` returns, unless it is among the `known` blobs; its name.

        `mark` are bytes that only this content has: the content itself, or its nonce.
        """
        name = hmac.new(self.naming + recipient.sender, mark, hashlib.sha256).hexdigest()
        if name not in known:
            self._write(_blob_path(name), recipient.seal(read(), name))
        return name

    def refuse_another(self, recipient: Recipient) -> None:
        """Raise BackupUnusable where the keys were not sealed to this recipient.

        Replaced, they would open no snapshot that is there, and the identity of those would not
        open them: all would be lost.
        """
        try:
            found = self._place.read(KEYS)
            _check(found[:CODE_BYTES], _code(recipient.sender, found[CODE_BYTES:], KEYS))
        except FileNotFoundError:
            return
        except InvalidTag as error:
            raise BackupUnusable(
                "the place that AFTERGLOW_BACKUP_TO names has backups for another recipient, or of"
                " an earlier version; name an empty place, or set the AFTERGLOW_BACKUP_RECIPIENT"
                " of before: afterglow backup-key --recipient-of FILE prints that of an identity."
                f" If neither was changed, the file {KEYS} there is damaged: delete it"
            ) from error

    def blobs(self) -> set[str]:
        """The names of all blobs."""
        return {name for name in self._names("blobs") if not name.endswith(UNFINISHED)}

    def keep_keys(self, keys: Any, recipient: Recipient) -> None:
        """Replace the latest keys."""
        self._write(KEYS, recipient.seal(written(keys), KEYS))

    def keep_snapshot(
        self, at: datetime, content: Any, names: Set[str], recipient: Recipient
    ) -> str:
        """Store a snapshot, after all its blobs; its name."""
        stamp = at.astimezone(UTC).strftime(STAMP)
        self._write(f"snapshots/{stamp}{NAMES}", "\n".join(sorted(names)).encode())
        self._write(f"snapshots/{stamp}{CONTENT}", recipient.seal(written(content), stamp))
        return stamp

    def snapshots(self) -> list[str]:
        """The names of all snapshots, the newest last; other files there are none of ours."""
        names = (name.removesuffix(CONTENT) for name in self._listed(CONTENT))
        return sorted(name for name in names if _is_ours(name))

    def newest(self, now: datetime) -> tuple[str | None, Sequence[str]]:
        """The last snapshot that is not from the future, and those that are.

        A clock that was ahead named these, and they are older than they seem. If all are from the
        future, our own clock is behind: then the last is the newest.
        """
        names = self.snapshots()
        past = [name for name in names if _time_of(name) <= now + AHEAD]
        if not past:
            return (names[-1] if names else None), ()
        return past[-1], names[len(past) :]

    def forget(self, before: datetime) -> int:
        """Delete snapshots older than that, and blobs that none needs; how many snapshots.

        The newest FEWEST stay: a clock that is years ahead must not empty the place. One process
        writes at a time, so that what is unfinished was broken off. No blob is deleted while it is
        unknown which ones a snapshot needs.
        """
        old = [name for name in self.snapshots()[:-FEWEST] if _time_of(name) < before]
        for name in old:
            for ending in (CONTENT, NAMES):
                self._place.delete(f"snapshots/{name}{ending}")
        try:
            for name in self.blobs() - self._needed():
                self._place.delete(_blob_path(name))
        except BackupUnusable as error:
            log.error("no part of the backup is deleted: %s", error)  # noqa: TRY400 (no trace)
        for file in list(self._place.files()):
            if file.path.endswith(UNFINISHED):
                self._place.delete(file.path)
        return len(old)

    def read_keys(self, identity: Identity) -> Any:
        """What `keep_keys` stored. Raises BackupUnusable."""
        return read_back(identity.open(self._read(KEYS), KEYS))

    def read_snapshot(self, name: str, identity: Identity) -> Any:
        """What `keep_snapshot` stored. Raises BackupUnusable."""
        return read_back(identity.open(self._read(f"snapshots/{name}{CONTENT}"), name))

    def read_blob(self, name: str, identity: Identity) -> bytes:
        """The content that has this name. Raises BackupUnusable."""
        return identity.open(self._read(_blob_path(name)), name)

    def _needed(self) -> set[str]:
        """The names of all blobs that a snapshot needs. Raises BackupUnusable."""
        needed = set[str]()
        for each in self.snapshots():
            path = f"snapshots/{each}{NAMES}"
            try:
                needed.update(self._read(path).decode("ascii").split())
            except UnicodeDecodeError as error:
                raise BackupUnusable(f"{path} is damaged") from error
        return needed

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


def _code(sender: bytes, sealed: bytes, name: str) -> bytes:
    return hmac.digest(sender, name.encode() + b"\0" + sealed, "sha256")


def _check(code: bytes, expected: bytes) -> None:
    if not hmac.compare_digest(code, expected):
        raise InvalidTag


def _time_of(name: str) -> datetime:
    return datetime.strptime(name, STAMP).replace(tzinfo=UTC)


def _is_ours(name: str) -> bool:
    try:
        return bool(_time_of(name))
    except ValueError:
        return False


def _blob_path(name: str) -> str:
    return f"blobs/{name[:2]}/{name}"


def _text(key: bytes) -> str:
    return base64.urlsafe_b64encode(key).decode()


def _bytes(text: str, what: str, length: int) -> bytes:
    try:
        key = base64.urlsafe_b64decode(text.strip())
    except (binascii.Error, ValueError) as error:
        raise BackupUnusable(f"the {what} is not base64; see afterglow backup-key") from error
    if len(key) != length:
        raise BackupUnusable(f"the {what} must be {length} bytes long; see afterglow backup-key")
    return key
