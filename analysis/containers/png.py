"""PNG (W3C, third edition): the chunks that make the picture, and what the others say of it."""

import re
import struct
import zlib
from collections.abc import Iterator
from typing import Final

from analysis.containers.colours import Colours, from_code_points, from_gamma
from analysis.containers.contents import Contents, tiff_of

SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"

_KEPT: Final = frozenset({b"IHDR", b"PLTE", b"tRNS"})
_RESUMES: Final = re.compile(rb"IDAT|PLTE|tRNS|IEND")


def take_apart(data: bytes) -> Contents:
    """The picture with sound check sums, and the notes.

    The check sum of a chunk of rows is not needed: the rows have one of their own (Adler-32).
    """
    kept = [SIGNATURE]
    notes: dict[bytes, bytes] = {}
    for name, body, stored in _chunks(data):
        if name in _KEPT:
            kept.append(stored)  # with its own check sum, which the decoder compares
        elif name == b"IDAT":
            kept.append(_chunk(name, body))
        else:
            notes.setdefault(name, body)
    kept.append(_chunk(b"IEND", b""))
    moves = len(notes.get(b"acTL", b"")) == 8 and int.from_bytes(notes[b"acTL"][:4]) > 1
    exif = notes.get(b"eXIf")
    xmp = notes.get(b"iTXt", b"")
    return Contents(
        b"".join(kept),
        () if exif is None else (tiff_of(exif),),
        xmp if xmp.startswith(b"XML:com.adobe.xmp\0") else b"",
        _profile(notes),
        _colours(notes),
        moves,
    )


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes, bytes]]:
    """Name, body and stored form of each chunk; a damaged length is passed over."""
    at = len(SIGNATURE)
    while at + 8 <= len(data):
        length, name = struct.unpack_from(">I4s", data, at)
        stop = at + 12 + length
        if name == b"IEND":
            return
        if not name.isalpha() or (stop > len(data) and name != b"IDAT"):
            found = _RESUMES.search(data, at + 4)
            if found is None:
                return
            at = found.start() - 4
            continue
        yield name, data[at + 8 : at + 8 + length], data[at:stop]
        at = stop


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def _profile(notes: dict[bytes, bytes]) -> bytes | None:
    """The ICC profile; damaged bytes where it cannot be unpacked, which count as a broken one."""
    if b"iCCP" not in notes or b"cICP" in notes:
        return None
    _, _, packed = notes[b"iCCP"].partition(b"\0")
    try:
        return zlib.decompressobj().decompress(packed[1:], 1 << 24)
    except zlib.error:
        return packed or b"\0"


def _colours(notes: dict[bytes, bytes]) -> Colours | None:
    """What the container says without a profile, the surest first: cICP, sRGB, gAMA and cHRM."""
    if len(notes.get(b"cICP", b"")) == 4:
        primaries, transfer, _, full = notes[b"cICP"]
        return from_code_points(primaries, transfer, is_full_range=bool(full))
    if b"sRGB" in notes or len(notes.get(b"gAMA", b"")) != 4:
        return None
    corners = None
    if len(notes.get(b"cHRM", b"")) == 32:
        white_x, white_y, *rest = (n / 100_000 for n in struct.unpack(">8I", notes[b"cHRM"]))
        corners = (*rest, white_x, white_y)
    return from_gamma(int.from_bytes(notes[b"gAMA"]) / 100_000, corners)
