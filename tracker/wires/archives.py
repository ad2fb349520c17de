"""ZIP archives: written while they are sent, and those of strangers read with suspicion.

Never more than one of its files is in memory.
"""

import hashlib
import struct
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Final
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo
from zlib import error as BrokenStream  # noqa: N812  (an error by its name)

PRIVATE_FILE = 0o100600 << 16  # a regular file that only its owner reads, once unpacked
PACKED_ALREADY = (".jpg",)
MOST_FILES: Final = 200_000
MOST_LIST_BYTES: Final = 32 * 1024**2  # of the list of files at the end, which is read whole
MOST_BYTES: Final = 256 * 1024**3  # unpacked, all together
MOST_FILE_BYTES: Final = 64 * 1024**2  # unpacked, of a file that is read whole
MOST_LINE_BYTES: Final = 4 * 1024**2
MOST_RATIO: Final = 200  # unpacked to packed; JSON reaches 30
PIECE: Final = 1024**2
_LIST_END, _LARGE_LIST_END = b"PK\x05\x06", b"PK\x06\x06"
_LIST_END_REACH = (
    22 + 65_535 + 100
)  # it may be followed by a comment, and preceded by its large form


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of an archive; `path` is relative, with slashes."""

    path: str
    data: bytes
    photo_id: str = ""
    """Whose photo it is, as it is kept."""


class ArchiveRefused(ValueError):  # noqa: N818  (bad input; the message names the remedy)
    """A ZIP of a stranger is not read; the message names the file and the remedy."""


class _Pieces:
    """Collects what the archive writes until it is fetched; not seekable on purpose."""

    def __init__(self) -> None:
        self._waiting = bytearray()

    def write(self, piece: bytes) -> int:
        self._waiting += piece
        return len(piece)

    def flush(self) -> None:
        """There is no layer below to flush."""

    def fetched(self) -> bytes:
        piece = bytes(self._waiting)
        self._waiting.clear()
        return piece


def zipped(entries: Iterable[Entry], made_at: datetime) -> Iterator[bytes]:
    """The archive piece by piece; its files carry `made_at` as their local time."""
    pieces = _Pieces()
    with ZipFile(pieces, "w") as archive:  # type: ignore[call-overload]  # it wants no more of it
        for entry in entries:
            info = ZipInfo(entry.path, made_at.timetuple()[:6])
            is_packed = entry.path.endswith(PACKED_ALREADY)
            info.compress_type = ZIP_STORED if is_packed else ZIP_DEFLATED
            info.external_attr = PRIVATE_FILE
            archive.writestr(info, entry.data)
            yield pieces.fetched()
    yield pieces.fetched()


@dataclass(frozen=True, slots=True)
class Archive:
    """A ZIP of a stranger, open; its paths are plain, and its sizes are those that it declares."""

    _zip: ZipFile

    @property
    def paths(self) -> frozenset[str]:
        """The paths of its files."""
        return frozenset(self._zip.namelist())

    def read(self, path: str) -> bytes:
        """A whole file. Raises ArchiveRefused."""
        if self._size(path) > MOST_FILE_BYTES:
            limit = MOST_FILE_BYTES // 1024**2
            raise ArchiveRefused(f"{path} is larger than {limit} MiB; export the record again")
        return b"".join(self._pieces(path))

    def digest(self, path: str) -> str:
        """SHA-256 of a file, 64 hexadecimal digits. Raises ArchiveRefused."""
        digest = hashlib.sha256()
        for piece in self._pieces(path):
            digest.update(piece)
        return digest.hexdigest()

    def lines(self, path: str) -> Iterator[bytes]:
        """The lines of a file, one after the other. Raises ArchiveRefused."""
        rest = b""
        for piece in self._pieces(path):
            *whole, rest = (rest + piece).split(b"\n")
            if len(rest) > MOST_LINE_BYTES:
                limit = MOST_LINE_BYTES // 1024**2
                raise ArchiveRefused(f"{path} has a line longer than {limit} MiB; export it again")
            yield from whole
        if rest:
            yield rest

    def _size(self, path: str) -> int:
        try:
            return self._zip.getinfo(path).file_size
        except KeyError as error:
            raise ArchiveRefused(f"{path} is missing; export the record again") from error

    def _pieces(self, path: str) -> Iterator[bytes]:
        self._size(path)
        try:
            with self._zip.open(path) as file:
                while piece := file.read(PIECE):
                    yield piece
        except (BadZipFile, BrokenStream, EOFError, NotImplementedError, RuntimeError) as error:
            raise ArchiveRefused(f"{path} cannot be unpacked ({error}); copy the ZIP again") from (
                error
            )


@contextmanager
def opened(file: Path) -> Iterator[Archive]:
    """A ZIP of a stranger, after a look at everything that it declares. Raises ArchiveRefused.

    Nothing is unpacked onto the disk. OSError when the file cannot be read.
    """
    with file.open("rb") as stream:
        stream.seek(max(0, file.stat().st_size - _LIST_END_REACH))
        _refuse_long_list(stream.read())
        try:
            archive = ZipFile(stream)
        except (BadZipFile, NotImplementedError, ValueError) as error:
            raise ArchiveRefused(f"it is no whole ZIP ({error}); copy it again") from error
        with archive:
            _refuse_contents(archive.infolist())
            yield Archive(archive)


def _refuse_long_list(tail: bytes) -> None:
    """Refuse a ZIP whose list of files alone would fill the memory."""
    end, large = tail.rfind(_LIST_END), tail.rfind(_LARGE_LIST_END)
    size = 0
    if end >= 0 and len(tail) >= end + 16:
        (size,) = struct.unpack_from("<L", tail, end + 12)
    if size == 0xFFFFFFFF and large >= 0 and len(tail) >= large + 48:
        (size,) = struct.unpack_from("<Q", tail, large + 40)
    if size > MOST_LIST_BYTES:
        raise ArchiveRefused(f"it holds too many files; a record has at most {MOST_FILES:,}")


def _refuse_contents(files: list[ZipInfo]) -> None:
    if len(files) > MOST_FILES:
        raise ArchiveRefused(f"it holds too many files; a record has at most {MOST_FILES:,}")
    if len({each.filename for each in files}) < len(files):
        raise ArchiveRefused("it holds two files of one name; export the record again")
    for each in files:
        path = PurePosixPath(each.filename)
        is_plain = each.filename == str(path) and not {"\\", ":", "\0"} & set(each.orig_filename)
        if path.is_absolute() or ".." in path.parts or not is_plain:
            raise ArchiveRefused(
                f"{each.filename!r} is no plain path inside the ZIP; export the record again"
            )
        if each.file_size > PIECE and each.file_size > MOST_RATIO * each.compress_size:
            raise ArchiveRefused(
                f"{each.filename} unpacks to more than {MOST_RATIO} times its size; it is no file"
                " of a record"
            )
    if sum(each.file_size for each in files) > MOST_BYTES:
        limit = MOST_BYTES // 1024**3
        raise ArchiveRefused(f"it unpacks to more than {limit} GiB; a record is smaller")
