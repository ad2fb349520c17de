"""JPEG (ITU-T T.81): which segments make the picture, and whether every row of it is there."""

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BytesIO
from math import ceil
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from analysis.containers.contents import EXIF_MARK, Contents
from analysis.errors import Fault, Unmeasurable

SIGNATURE: Final = b"\xff\xd8\xff"

_START, _END = b"\xff\xd8", b"\xff\xd9"
_SOS, _DRI, _COM = 0xDA, 0xDD, 0xFE
_APP0, _APP1, _APP2, _APP14, _APP15 = 0xE0, 0xE1, 0xE2, 0xEE, 0xEF
_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_PROGRESSIVE: Final = frozenset({0xC2, 0xC6, 0xCA, 0xCE})
_SEQUENTIAL: Final = frozenset({0xC0, 0xC1})
_CODING: Final = _SEQUENTIAL | {0xC4, 0xDB, _DRI, _SOS}  # with the tables of codes and of steps
_OF_JFIF: Final = (b"\1", b"\1\2\3", b"\0\1\2")  # names of the components
_JFIF: Final = b"JFIF\0\1\2\0\0\1\0\1\0\0"
_TURN: Final = struct.Struct("<2sHIHHHIHHI")  # TIFF 6.0 with one field
_PROFILE: Final = b"ICC_PROFILE\0"
_XMP: Final = b"http://ns.adobe.com/xap/1.0/\0"
_MOST_SCANS: Final = 100  # the most that encoders for the web are known to write is about twenty
_MOST_SCANNED: Final = 1_000_000_000  # pixels of all scans: ten of the largest picture
_LARGEST_PROGRESSIVE: Final = 36_000_000  # pixels; with coefficients, 13 bytes for each and more
_MISSING: Final = 128  # of 255: what the decoder makes of blocks that are not in the file
_GLIMPSE: Final = 8  # of so many pixels one is enough to tell rows from none
_NEXT_MARKER: Final = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_RESTART: Final = re.compile(rb"\xff[\xd0-\xd7]")
_PADDING: Final = re.compile(rb"(?:\x00{4,}|\xff{4,})\Z")
_OTHER_ROWS: Final = bytes(np.random.default_rng(0).integers(1, 255, 4096, np.uint8))
"""What no file goes on with: pixels that change with it were not in the file."""


@dataclass(frozen=True, slots=True)
class _Coded:
    """The coded rows of a scan, and whether the end mark follows them."""

    rows: bytes
    is_ended: bool


@dataclass(slots=True)
class _Parts:
    """A JPEG while it is read: what is kept of it, and its notes."""

    kept: list[bytes] = field(default_factory=lambda: [_START])
    exif: list[bytes] = field(default_factory=list)
    profile: dict[int, bytes] = field(default_factory=dict)
    xmp: bytes = b""
    frame: bytes = b""
    is_progressive: bool = False
    is_sequential: bool = False
    scans: int = 0
    every: int = 0  # MCUs between two restarts
    restarts_missing: bool = False
    is_ended: bool = False
    refined: dict[int, set[int]] = field(default_factory=dict)  # coefficients by component


def take_apart(data: bytes, *, is_whole: bool = False) -> Contents:
    """The first picture in the file with every row, and its notes.

    A missing end mark is added. Raises `Unmeasurable` with `UNREADABLE` where rows are missing,
    whether or not the file has an end mark, and with `TOO_COSTLY` before anything is decoded. Where
    all rows come in one sequence, that is left to `may_lack_rows` and `refuse_lost_rows`. A file
    that `is_whole` is known to have every row.
    """
    parts = _Parts()
    for marker, body, coded in _segments(data):
        if marker == _APP1 and body.startswith(EXIF_MARK):
            _add_exif(parts, body[len(EXIF_MARK) :])
        elif marker == _APP1 and body.startswith(_XMP):
            parts.xmp = body[len(_XMP) :]
        elif marker == _APP2 and body.startswith(_PROFILE) and len(body) > len(_PROFILE) + 2:
            parts.profile[body[len(_PROFILE)]] = body[len(_PROFILE) + 2 :]
        elif marker in (_APP0, _APP14) or not (_APP0 <= marker <= _APP15 or marker == _COM):
            _keep(parts, marker, body, coded)
        parts.is_ended = coded is not None and coded.is_ended
    picture = b"".join(parts.kept)
    tells_by_last_block = not is_whole and parts.is_sequential and parts.scans == 1
    if not is_whole:
        _refuse_gaps(parts)
        if not tells_by_last_block:
            refuse_lost_rows(picture, 1 if parts.is_progressive else _GLIMPSE)
    profile = b"".join(parts.profile[number] for number in sorted(parts.profile))
    return Contents(
        picture + _END,
        tuple(parts.exif),
        parts.xmp,
        profile or None,
        tells_by_last_block=tells_by_last_block,
    )


def may_lack_rows(decoded: Image.Image) -> bool:
    """Whether the decoded picture of one sequence of rows may lack some: then its last block does.

    The decoder fills blocks that are missing with the grey in the middle, exactly.
    """
    width, height = decoded.size
    if decoded.mode not in {"L", "RGB"}:
        return True
    last = np.asarray(decoded.crop((max(0, width - 2), max(0, height - 2), width, height)))
    return bool((last == _MISSING).all())


def refuse_lost_rows(picture: bytes, shrunk: int = _GLIMPSE) -> None:
    """Raise `Unmeasurable` with `UNREADABLE` unless the pixels stay the same whatever follows.

    The decoder says nothing of missing rows, so it is asked twice, for pictures `shrunk` so much;
    where the rows come in one sequence, a glimpse will do.
    """
    coded = picture.removesuffix(_END)
    once, other = _decoded(coded, shrunk), _decoded(coded + _OTHER_ROWS, shrunk)
    if not np.array_equal(once, other):
        raise Unmeasurable(Fault.UNREADABLE, "rows of the JPEG are missing")


def strip(data: bytes, turn: int) -> bytes | None:
    """The same coded rows in a file that holds nothing else but how to turn them (EXIF, 1 to 8).

    None unless the rows come in sequence, in 8 bits, as grey or as the colours of JFIF; other
    pictures would not look the same.
    """
    kept = [_START, _segment(_APP0, _JFIF)]
    if turn != 1:
        kept.append(
            _segment(_APP1, EXIF_MARK + _TURN.pack(b"II", 42, 8, 1, 0x112, 3, 1, turn, 0, 0))
        )
    for marker, body, coded in _segments(data):
        if marker in _CODING:
            kept += [_segment(marker, body)] + ([coded.rows] if coded else [])
        elif marker == _APP14 or not (_APP0 <= marker <= _APP15 or marker == _COM):
            return None
        if marker in _SEQUENTIAL and (body[0] != 8 or body[6::3] not in _OF_JFIF):
            return None
    return b"".join([*kept, _END])


def _segment(marker: int, body: bytes) -> bytes:
    return bytes((0xFF, marker)) + (len(body) + 2).to_bytes(2) + body


def _segments(data: bytes) -> Iterator[tuple[int, bytes, _Coded | None]]:
    """Marker, body, and after a scan's header its coded data; up to the end mark."""
    at = 2
    while at + 4 <= len(data) and not data.startswith(_END, at):
        if data[at] != 0xFF:
            raise Unmeasurable(Fault.UNREADABLE, f"no marker at byte {at}")
        if data[at + 1] == 0xFF:  # a fill byte
            at += 1
            continue
        marker, length = data[at + 1], int.from_bytes(data[at + 2 : at + 4])
        stop = at + 2 + length
        if length < 2 or stop > len(data):
            raise Unmeasurable(Fault.UNREADABLE, f"segment {marker:x} is cut off")
        body, coded = data[at + 4 : stop], None
        if marker == _SOS:
            found = _NEXT_MARKER.search(data, stop)
            start, stop = stop, found.end() - 2 if found else len(data)
            # Before a marker, zeros are coded like anything else: the rows of a black picture.
            rows = data[start:stop] if found else _without_padding(data[start:])
            coded = _Coded(rows, is_ended=data.startswith(_END, stop))
        yield marker, body, coded
        at = stop


def _add_exif(parts: _Parts, tiff: bytes) -> None:
    """A long EXIF block goes on in the next segment; one with a head of its own is another."""
    if parts.exif and not tiff.startswith((b"II*\0", b"MM\0*")):
        parts.exif[-1] += tiff
    else:
        parts.exif.append(tiff)


def _keep(parts: _Parts, marker: int, body: bytes, coded: _Coded | None) -> None:
    if coded is not None:
        _note_scan(parts, body, coded.rows)
    elif marker in _FRAMES:
        parts.frame = body
        parts.is_progressive = marker in _PROGRESSIVE
        parts.is_sequential = marker in _SEQUENTIAL
    elif marker == _DRI:
        parts.every = int.from_bytes(body[:2])
    parts.kept.append(_segment(marker, body))
    if coded is not None:
        parts.kept.append(coded.rows)


def _without_padding(coded: bytes) -> bytes:
    """Coded data without the empty sectors that an interrupted copy leaves at the end."""
    short = _PADDING.sub(b"", coded)
    return short + b"\0" if short.endswith(b"\xff") else short


def _note_scan(parts: _Parts, header: bytes, coded: bytes) -> None:
    """Which coefficients are exact after this scan, and whether a restart is missing."""
    parts.scans += 1
    _refuse_costly(parts)
    count = header[0]
    components = [header[1 + 2 * i] for i in range(count)]
    start, stop, precision = header[1 + 2 * count], header[2 + 2 * count], header[3 + 2 * count]
    if precision & 15 == 0:
        for component in components:
            parts.refined.setdefault(component, set()).update(range(start, stop + 1))
    if parts.every:
        due = ceil(_units(parts.frame, components) / parts.every) - 1
        parts.restarts_missing |= len(_RESTART.findall(coded)) < due


def _refuse_costly(parts: _Parts) -> None:
    """A decoder goes through the whole picture for every scan, however few bytes code it."""
    height, width = int.from_bytes(parts.frame[1:3]), int.from_bytes(parts.frame[3:5])
    pixels = width * height
    if parts.scans > _MOST_SCANS or parts.scans * pixels > _MOST_SCANNED:
        raise Unmeasurable(Fault.TOO_COSTLY, f"{parts.scans} scans of {width} x {height} pixels")
    if parts.is_progressive and pixels > _LARGEST_PROGRESSIVE:
        raise Unmeasurable(Fault.TOO_COSTLY, f"progressive, {width} x {height} pixels")


def _units(frame: bytes, components: list[int]) -> int:
    """How many MCUs a scan of these components has (T.81, A.2)."""
    height, width = int.from_bytes(frame[1:3]), int.from_bytes(frame[3:5])
    sampling = {
        frame[6 + 3 * i]: divmod(frame[7 + 3 * i], 16) for i in range(frame[5])
    }  # horizontal, vertical
    across, down = (max(pair[axis] for pair in sampling.values()) for axis in (0, 1))
    if len(components) > 1:
        return ceil(width / (8 * across)) * ceil(height / (8 * down))
    own = sampling[components[0]]
    return ceil(ceil(width * own[0] / across) / 8) * ceil(ceil(height * own[1] / down) / 8)


def _refuse_gaps(parts: _Parts) -> None:
    """Raise `Unmeasurable` with `UNREADABLE` where the segments tell that rows are missing."""
    exact = sum(len(known) == 64 for known in parts.refined.values())
    is_exact = parts.is_ended or exact >= int.from_bytes(parts.frame[5:6])  # of so many components
    if not parts.frame or parts.restarts_missing or not is_exact:
        raise Unmeasurable(Fault.UNREADABLE, "rows of the JPEG are missing")


def _decoded(picture: bytes, shrunk: int) -> NDArray[np.uint8]:
    with Image.open(BytesIO(picture + _END), formats=("JPEG",)) as opened:
        opened.draft(None, (max(1, opened.width // shrunk), max(1, opened.height // shrunk)))
        return np.asarray(opened)
