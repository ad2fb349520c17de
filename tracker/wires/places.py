"""A place for files: a folder of this machine, or what fsspec reaches, such as an object store.

Every file is written whole or not at all. Reading, writing and deleting a file lists nothing.

Endpoint, region and credentials of an object store (`s3://bucket/prefix`) come from the variables
and files that all AWS tools read.
"""

import errno
import os
import secrets
from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, Final, cast
from urllib.parse import urlsplit

import fsspec
from fsspec.implementations.local import LocalFileSystem

from tracker.environment import is_loopback
from tracker.settings import OBJECT_STORE

UNFINISHED = ".part"  # ends the name of a file whose writing was broken off
READ_SECONDS, WRITE_SECONDS = 20, 60  # of an object store, with all tries
BLOCK_BYTES = 16 * 1024 * 1024  # what is larger than two of them is sent in parts
PARTS_AT_ONCE = 4
OPTIONS: Final[Mapping[str, Any]] = {
    "use_listings_cache": False,  # other processes write, too
    "max_concurrency": 1,  # more would ask for the size of each file before reading it
    "config_kwargs": {
        # Exponential backoff with jitter, for what may pass: 500, 502, 503, 504, slow down, resets,
        # timeouts. Its quota ends the tries of a process when nearly all of them fail.
        "retries": {"mode": "standard", "total_max_attempts": 4},
        "connect_timeout": 3,
        "read_timeout": 10,
        "max_pool_connections": 32,
    },
}
CREDENTIALS: Final[Mapping[str, str]] = {
    "AWS_ACCESS_KEY_ID": "key",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "AWS_SESSION_TOKEN": "token",
}
NO_KEY = "no key is known; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE"
UNKNOWN_KEY = "the access key is unknown there; mend AWS_ACCESS_KEY_ID"
WRONG_SECRET = "the secret of the key is wrong; mend AWS_SECRET_ACCESS_KEY"  # noqa: S105  (words)
NOT_ALLOWED = (
    "the key is not allowed to do this; it needs s3:ListBucket for the bucket, and s3:GetObject,"
    " s3:PutObject and s3:DeleteObject below the prefix"
)
OLD_KEY = "the key is no longer valid; renew AWS_SESSION_TOKEN and the key that belongs to it"
NO_STORE = "no object store answers; mend AWS_ENDPOINT_URL, or wait until it is back"
SLOW = "the object store takes too long to answer; wait until it is quicker"
NO_BUCKET = "there is no such bucket; make it, or mend the name"
WORDS: Final[Mapping[str, str]] = {
    "NoSuchBucket": NO_BUCKET,
    "InvalidBucketName": NO_BUCKET,
    "ParamValidationError": NO_BUCKET,
    "AccessDenied": NOT_ALLOWED,
    "AllAccessDisabled": NOT_ALLOWED,
    "403": NOT_ALLOWED,
    "InvalidAccessKeyId": UNKNOWN_KEY,
    "SignatureDoesNotMatch": WRONG_SECRET,
    "ExpiredToken": OLD_KEY,
    "InvalidToken": OLD_KEY,
    "NoCredentialsError": NO_KEY,
    "PartialCredentialsError": NO_KEY,
    "RequestTimeTooSkewed": "the clock of this machine is wrong; set it",
    "EndpointConnectionError": NO_STORE,
    "ConnectTimeoutError": NO_STORE,
    "FSTimeoutError": SLOW,
    "ReadTimeoutError": SLOW,
    "RequestTimeout": SLOW,
    "SSLError": "its certificate is not trusted; mend AWS_ENDPOINT_URL or AWS_CA_BUNDLE",
    "404": NO_STORE,
}
"""What an object store's codes, and the errors of its client, mean for the operator."""


class PlaceUnreachable(OSError):  # noqa: N818  (a state of the place, not of the code)
    """The place does not answer, or does not let us in: of a file this says nothing.

    The message names the remedy, and no key.
    """

    def __str__(self) -> str:
        return str(self.strerror)


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file, its path in the place, its size in bytes, and when it was last written."""

    path: str
    size: int
    written_at: datetime


@dataclass(frozen=True, slots=True)
class Place:
    """The files under `url`; every path is relative to it.

    All methods raise OSError when the place cannot be reached. `FileNotFoundError` is raised only
    for a file that is missing in a place that answers.
    """

    url: str

    def read(self, path: str, most: int | None = None) -> bytes:
        """The content of a file, or its first `most` bytes. Raises FileNotFoundError."""
        store, root = self._opened()
        limits = {} if most is None else {"start": 0, "end": most}
        with self._told():
            content: bytes = store.cat_file(f"{root}/{path}", **limits, **self._in(READ_SECONDS))
        return content

    def has(self, path: str) -> bool:
        """Whether there is such a file, which is not empty."""
        try:
            return bool(self.read(path, 1))
        except FileNotFoundError:
            return False

    def write(self, path: str, data: bytes, *, replaces: bool = True) -> bool:
        """Write a file, so that it and its name survive a crash; whether it was written.

        Without `replaces` a file that is there stays, also when two processes write at once.
        """
        store, root = self._opened()
        if not self._is_object_store:
            return _write_whole(store, root, f"{root}/{path}", data, replaces=replaces)
        try:
            with self._told():
                store.pipe_file(
                    f"{root}/{path}",
                    data,
                    mode="overwrite" if replaces else "create",  # PUT with If-None-Match: *
                    chunksize=BLOCK_BYTES,
                    max_concurrency=PARTS_AT_ONCE,
                    **self._in(WRITE_SECONDS),
                )
        except FileExistsError:
            return False
        return True

    def delete(self, path: str) -> None:
        """Delete a file; nothing happens when there is none."""
        store, root = self._opened()
        with suppress(FileNotFoundError), self._told():
            store.rm_file(f"{root}/{path}", **self._in(READ_SECONDS))

    def erase(self, path: str) -> None:
        """Delete a file; on a disk of this machine it is filled with zeros first.

        It loses its name before its content, so that the zeros are never taken for the file when
        this is broken off. The next call finishes.
        """
        store, root = self._opened()
        if isinstance(store, LocalFileSystem):
            nameless = Path(f"{root}/{path}.erased{UNFINISHED}")
            with suppress(FileNotFoundError):
                Path(f"{root}/{path}").replace(nameless)
                _sync_folder(str(nameless.parent))
            with suppress(FileNotFoundError):
                with nameless.open("r+b") as file:
                    file.write(bytes(os.fstat(file.fileno()).st_size))
                    file.flush()
                    os.fsync(file.fileno())
                nameless.unlink()
        self.delete(path)

    def delete_folder(self, folder: str, names: Iterable[str]) -> None:
        """Delete a folder with all that it holds; nothing happens when there is none.

        An object store has no folders. There the files of these `names` are deleted, each by
        itself: s3fs would hide what goes wrong when many are deleted at once.
        """
        store, root = self._opened()
        if self._is_object_store:
            for name in names:
                self.delete(f"{folder}/{name}")
        elif store.exists(f"{root}/{folder}"):
            store.rm(f"{root}/{folder}", recursive=True)

    def files(self, folder: str = "") -> Iterator[StoredFile]:
        """Every file below a folder, in no certain order."""
        store, root = self._opened()
        start = f"{root}/{folder}".rstrip("/")
        with self._told():
            if self._is_object_store:
                found = _objects_below(store, start, self._in(READ_SECONDS))
            else:
                found = _files_below(store, start)
            for each in found:
                path = each["name"].removeprefix(f"{root}/")
                yield StoredFile(path, each["size"], _written_at(each))

    def probe(self) -> None:
        """Do once what is done to photos, and leave nothing. Raises OSError; a folder is not tried.

        A store that does not know conditional writes would let two processes give one photo two
        keys, and one that keeps versions would keep what is erased.
        """
        if not self._is_object_store:
            return
        path = f"pr/probe{secrets.token_hex(8)}/probe"
        self.write(path, b"probe")
        is_replaced = self.write(path, b"other", replaces=False)
        self.has(f"{path}-missing")
        next(self.files("pr"), None)
        self.delete(path)
        if is_replaced:
            words = "the object store does not know If-None-Match for PUT; use another one"
            raise PlaceUnreachable(errno.EIO, f"{self.url}: {words}")
        if self._keeps_versions():
            words = "the bucket keeps earlier versions, and so what is erased; use one without"
            raise PlaceUnreachable(errno.EIO, f"{self.url}: {words}")

    def _keeps_versions(self) -> bool:
        """Whether the bucket says that it keeps what is deleted; the key may not be let ask."""
        store, root = self._opened()
        try:
            with self._told():
                answer = store.call_s3(
                    "get_bucket_versioning", Bucket=root.partition("/")[0], **self._in(READ_SECONDS)
                )
        except PlaceUnreachable:  # the place itself was reached a moment ago
            return False
        return bool(answer.get("Status") == "Enabled")

    @property
    def _is_object_store(self) -> bool:
        return self.url.startswith(OBJECT_STORE)

    def _in(self, seconds: int) -> dict[str, int]:
        """What limits a call of the store to so many seconds; a folder knows no such thing."""
        return {"timeout": seconds} if self._is_object_store else {}

    def _opened(self) -> tuple[Any, str]:
        if not self._is_object_store:
            try:
                return cast("tuple[Any, str]", fsspec.core.url_to_fs(self.url))
            except (ValueError, ImportError) as error:  # what follows the scheme may be a key
                scheme = self.url.partition("://")[0]
                words = f"nothing here opens {scheme}:// addresses; mend it, or install what does"
                raise PlaceUnreachable(errno.EIO, words) from error
        with self._told():
            store, root = fsspec.core.url_to_fs(self.url, **OPTIONS)
            store.retries = 2  # of its own, for an answer that breaks off; botocore does the rest
            endpoint = urlsplit(store.s3.meta.endpoint_url)
        if endpoint.scheme != "https" and not is_loopback(endpoint.hostname or ""):
            words = "the endpoint of the object store must be https:// away from this machine"
            raise PlaceUnreachable(errno.EIO, f"{words}; mend AWS_ENDPOINT_URL")
        return store, root

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Tell what went wrong at an object store; all but a missing file is PlaceUnreachable.

        A missing bucket, or a server that is none and answers 404, must not look like lost photos.
        """
        try:
            yield
        except _errors_of(self._is_object_store) as error:
            code = _code(error)
            if code == "NoSuchKey":
                raise FileNotFoundError(errno.ENOENT, "no such object") from error
            if code == "PreconditionFailed":
                raise FileExistsError(errno.EEXIST, "the object is there") from error
            words = WORDS.get(code, f"the object store fails ({code}); wait until it is back")
            raise PlaceUnreachable(errno.EIO, f"{self.url}: {words}") from error


def keep_credentials(environment: MutableMapping[str, str]) -> None:
    """Keep the key of object stores in this process; those started later do not get it."""
    if all(environment.get(each) for each in list(CREDENTIALS)[:2]):
        fsspec.config.conf["s3"] = {
            option: environment.pop(name)
            for name, option in CREDENTIALS.items()
            if environment.get(name)
        }


@cache
def _errors_of(is_object_store: bool) -> tuple[type[Exception], ...]:
    """What an object store's client raises; it is loaded only where there is one."""
    if not is_object_store:
        return ()
    botocore, aiohttp = import_module("botocore.exceptions"), import_module("aiohttp")
    parsing = import_module("botocore.parsers")
    return (
        OSError,
        botocore.BotoCoreError,
        botocore.ClientError,
        parsing.ResponseParserError,
        aiohttp.ClientError,
    )


def _code(error: BaseException) -> str:
    """The store's code for what went wrong, or the name of the client's error."""
    for each in (error, error.__cause__):
        answer = getattr(each, "response", None)
        if isinstance(answer, dict):
            return str(answer.get("Error", {}).get("Code", ""))
    return type(error).__name__


def _objects_below(store: Any, folder: str, limits: Mapping[str, int]) -> Iterator[dict[str, Any]]:
    """A thousand objects a request, however they lie in folders."""
    bucket, _, prefix = folder.partition("/")
    more: dict[str, str] = {}
    while True:
        asked = {"Bucket": bucket, "Prefix": f"{prefix}/" if prefix else "", **more}
        page = store.call_s3("list_objects_v2", **asked, **limits)
        for each in page.get("Contents", []):
            yield {**each, "name": f"{bucket}/{each['Key']}", "size": each["Size"]}
        if not page.get("IsTruncated"):
            return
        more = {"ContinuationToken": page["NextContinuationToken"]}


def _write_whole(store: Any, root: str, path: str, data: bytes, *, replaces: bool) -> bool:
    folder = store._parent(path)
    is_new = not store.exists(folder)
    store.makedirs(folder, exist_ok=True)
    unfinished = f"{path}.{secrets.token_hex(4)}{UNFINISHED}"
    is_local = isinstance(store, LocalFileSystem)
    is_written = True
    try:
        with store.open(unfinished, "wb") as file:
            file.write(data)
            if is_local:
                file.flush()
                os.fsync(file.fileno())
        if replaces or not (is_local or store.exists(path)):
            store.mv(unfinished, path)
        else:
            is_written = is_local and _linked(unfinished, path)
    finally:  # what is left after an error, or after another process was first
        with suppress(OSError):
            if store.exists(unfinished):
                store.rm_file(unfinished)
    if is_local:  # the new name must survive a crash, too, and those of new folders
        for each in (folder, *([store._parent(folder), root] if is_new else [])):
            _sync_folder(each)
    return is_written


def _linked(unfinished: str, path: str) -> bool:
    try:
        os.link(unfinished, path)
    except FileExistsError:
        return False
    return True


def _files_below(store: Any, folder: str) -> Iterator[dict[str, Any]]:
    found = _listed(store, folder)
    for each in found:
        if each["type"] == "file":
            yield each
        elif each["type"] == "directory":
            yield from _files_below(store, each["name"])


def _listed(store: Any, folder: str) -> Iterable[dict[str, Any]]:
    try:
        found: list[dict[str, Any]] = store.ls(folder, detail=True)
    except FileNotFoundError:  # deleted since it was listed, or nothing was ever saved
        return []
    return found


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
