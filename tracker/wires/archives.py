"""A ZIP archive written while it is sent: never more than one of its files in memory."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

PRIVATE_FILE = 0o100600 << 16  # a regular file that only its owner reads, once unpacked
PACKED_ALREADY = (".jpg",)


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of an archive; `path` is relative, with slashes."""

    path: str
    data: bytes


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
