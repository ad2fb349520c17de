"""HEIF and AVIF (ISO 14496-12, 23008-12): the items that are notes, and the colours."""

import struct
from collections.abc import Iterator
from typing import Final, NamedTuple

from analysis.containers.colours import Colours, from_code_points
from analysis.containers.contents import Contents, tiff_of
from analysis.errors import Fault, Unmeasurable

_SEQUENCES: Final = frozenset({b"avis", b"msf1", b"hevc", b"hevs"})
_NOTES: Final = frozenset({b"Exif", b"mime"})
_TIFF: Final = (b"II*\0", b"MM\0*")
_MOST_ITEMS: Final = 1000  # a picture of 100 megapixels has 400 tiles of 512 x 512


class _Box(NamedTuple):
    kind: bytes
    start: int  # of the body
    stop: int


def is_boxed(data: bytes) -> bool:
    """Whether the bytes begin as HEIF and AVIF files do."""
    return data[4:8] == b"ftyp"


def take_apart(data: bytes) -> Contents:
    """The file with the items of notes struck out, and the notes.

    Where the structure cannot be followed the file stays as it is, without notes. Raises
    `Unmeasurable` with `TOO_COSTLY` for a mosaic of too many tiles.
    """
    try:
        top = {box.kind: box for box in _boxes(data, 0, len(data))}
        meta = top[b"meta"]
        inner = {box.kind: box for box in _boxes(data, meta.start + 4, meta.stop)}
        entries = sum(1 for _ in _entries(data, inner[b"iinf"]))
        if entries > _MOST_ITEMS:
            raise Unmeasurable(Fault.TOO_COSTLY, f"{entries} items")
        items = dict(_items(data, inner[b"iinf"]))
        notes = {kind: _content(data, inner, item) for item, (kind, _) in items.items()}
        profile, colours = _colours(data, inner)
        moves = data[8:12] in _SEQUENCES and b"moov" in top and _samples(data, top[b"moov"]) > 1
    except (struct.error, LookupError, ValueError):
        return Contents(data, turns_itself=True)
    picture = bytearray(data)
    for _, place in items.values():
        picture[place : place + 4] = b"skip"
    return Contents(
        bytes(picture),
        (_tiff(notes[b"Exif"]),) if b"Exif" in notes else (),
        b"",  # its turn is void, too
        profile,
        colours,
        moves,
        turns_itself=True,
    )


def _boxes(data: bytes, at: int, end: int) -> Iterator[_Box]:
    while at + 8 <= end:
        size, kind = struct.unpack_from(">I4s", data, at)
        start = at + 8
        if size == 1:
            (size,) = struct.unpack_from(">Q", data, start)
            start += 8
        stop = end if size == 0 else at + size
        if stop < start:
            raise ValueError(f"box of {size} bytes")
        yield _Box(kind, start, min(stop, end))
        at = stop


def _entries(data: bytes, iinf: _Box) -> Iterator[_Box]:
    first = iinf.start + (6 if data[iinf.start] == 0 else 8)
    return _boxes(data, first, iinf.stop)


def _items(data: bytes, iinf: _Box) -> Iterator[tuple[int, tuple[bytes, int]]]:
    """Id, kind and the place of the kind's name, of the items that are notes."""
    for box in _entries(data, iinf):
        wide = data[box.start] >= 3
        (item,) = struct.unpack_from(">I" if wide else ">H", data, box.start + 4)
        place = box.start + 4 + (4 if wide else 2) + 2
        kind = data[place : place + 4]
        if kind in _NOTES and place + 4 <= box.stop:
            yield item, (kind, place)


def _content(data: bytes, inner: dict[bytes, _Box], item: int) -> bytes:
    """The bytes of an item, as its place in `iloc` says; short where they end too early."""
    at = inner[b"iloc"].start
    version = data[at]
    offset_size, length_size = divmod(data[at + 4], 16)
    base_size, index_size = divmod(data[at + 5], 16)
    wide = 4 if version == 2 else 2
    at += 6
    count, at = _number(data, at, wide)
    for _ in range(count):
        found, at = _number(data, at, wide)
        method, at = _number(data, at, 2) if version else (0, at)
        base, at = _number(data, at + 2, base_size)
        extents, at = _number(data, at, 2)
        content = b""
        start = inner[b"idat"].start if method & 15 == 1 else 0
        for _ in range(extents):
            at += index_size if version else 0
            offset, at = _number(data, at, offset_size)
            length, at = _number(data, at, length_size)
            content += data[start + base + offset : start + base + offset + length]
        if found == item:
            return content
    return b""


def _number(data: bytes, at: int, size: int) -> tuple[int, int]:
    if at + size > len(data):
        raise ValueError("a number is cut off")
    return int.from_bytes(data[at : at + size]), at + size


def _tiff(content: bytes) -> bytes:
    """The TIFF structure of an EXIF item; its first number tells where, if it can be believed."""
    told = content[4 + int.from_bytes(content[:4]) :]
    if told.startswith(_TIFF):
        return told
    places = [place for head in _TIFF if (place := content.find(head)) >= 0]
    return content[min(places) :] if places else tiff_of(told)


def _colours(data: bytes, inner: dict[bytes, _Box]) -> tuple[bytes | None, Colours | None]:
    """The profile and the named colours of the primary item, or of any where it has none."""
    iprp = {box.kind: box for box in _boxes(data, inner[b"iprp"].start, inner[b"iprp"].stop)}
    known = list(_boxes(data, iprp[b"ipco"].start, iprp[b"ipco"].stop))
    own = [known[n - 1] for n in _properties(data, inner, iprp[b"ipma"]) if 0 < n <= len(known)]
    profile: bytes | None = None
    colours: Colours | None = None
    for box in [b for b in own if b.kind == b"colr"] or [b for b in known if b.kind == b"colr"]:
        kind, body = data[box.start : box.start + 4], data[box.start + 4 : box.stop]
        if kind in (b"prof", b"rICC"):
            profile = profile or body
        elif kind == b"nclx" and colours is None:
            # Whether the range is full is a matter of the decoder, which makes RGB of it.
            colours = from_code_points(*struct.unpack_from(">HH", body), is_full_range=True)
    return profile, colours


def _properties(data: bytes, inner: dict[bytes, _Box], ipma: _Box) -> list[int]:
    """The numbers of the primary item's properties, counted from 1."""
    pitm = inner[b"pitm"].start
    primary, _ = _number(data, pitm + 4, 2 if data[pitm] == 0 else 4)
    wide_items, wide_numbers = data[ipma.start] >= 1, data[ipma.start + 3] & 1
    count, at = _number(data, ipma.start + 4, 4)
    for _ in range(count):
        item, at = _number(data, at, 4 if wide_items else 2)
        uses, at = _number(data, at, 1)
        size = 2 if wide_numbers else 1
        numbers = [_number(data, at + size * i, size)[0] for i in range(uses)]
        at += size * uses
        if item == primary:
            return [number & (0x7FFF if wide_numbers else 0x7F) for number in numbers]
    return []


def _samples(data: bytes, box: _Box) -> int:
    """The most pictures that a track within holds."""
    most = 0
    for inner in _boxes(data, box.start, box.stop):
        if inner.kind in {b"trak", b"mdia", b"minf", b"stbl"}:
            most = max(most, _samples(data, inner))
        elif inner.kind == b"stsz":
            most = max(most, _number(data, inner.start + 8, 4)[0])
    return most
