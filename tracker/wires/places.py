"""A place for files: a folder of this machine, or what fsspec reaches, such as an object store.

Every file is written whole or not at all. The paths of reading, writing and deleting a file list
nothing.
"""

import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import fsspec
from fsspec.implementations.local import LocalFileSystem

UNFINISHED = ".part"  # ends the name of a file whose writing was broken off


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
        content: bytes = store.cat_file(f"{root}/{path}", **limits)
        return content

    def has(self, path: str) -> bool:
        """Whether there is such a file."""
        store, root = self._opened()
        return bool(store.exists(f"{root}/{path}"))

    def write(self, path: str, data: bytes, *, replaces: bool = True) -> bool:
        """Write a file, so that it and its name survive a crash; whether it was written.

        Without `replaces` a file that is there stays, also when two processes write at once.
        """
        store, root = self._opened()
        return _write_whole(store, root, f"{root}/{path}", data, replaces=replaces)

    def delete(self, path: str) -> None:
        """Delete a file; nothing happens when there is none."""
        store, root = self._opened()
        with suppress(FileNotFoundError):
            store.rm_file(f"{root}/{path}")

    def overwrite(self, path: str) -> None:
        """Fill a file with zeros where it lies, if it is on a disk of this machine."""
        store, root = self._opened()
        if isinstance(store, LocalFileSystem):
            with suppress(FileNotFoundError), open(f"{root}/{path}", "r+b") as file:  # noqa: PTH123
                file.write(bytes(os.fstat(file.fileno()).st_size))
                file.flush()
                os.fsync(file.fileno())

    def delete_folder(self, folder: str) -> None:
        """Delete a folder with all that it holds; nothing happens when there is none."""
        store, root = self._opened()
        if store.exists(f"{root}/{folder}"):
            store.rm(f"{root}/{folder}", recursive=True)

    def files(self, folder: str = "") -> Iterator[StoredFile]:
        """Every file below a folder, in no certain order."""
        store, root = self._opened()
        start = f"{root}/{folder}".rstrip("/")
        for found in _files_below(store, start):
            yield StoredFile(
                found["name"].removeprefix(f"{root}/"), found["size"], _written_at(found)
            )

    def _opened(self) -> tuple[Any, str]:
        store, root = fsspec.core.url_to_fs(self.url)
        return store, root


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
