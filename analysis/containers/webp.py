"""WebP (RFC 9649): the chunks that make the picture, and the notes."""

from typing import Final

from analysis.containers.contents import Contents, tiff_of
from analysis.errors import Fault, Unmeasurable

_PICTURE: Final = frozenset({b"VP8 ", b"VP8L", b"ALPH"})
_HAS_ALPHA: Final = 0x10


def is_webp(data: bytes) -> bool:
    """Whether the bytes begin as a WebP file does."""
    return data[:4] == b"RIFF" and data[8:12] == b"WEBP"


def take_apart(data: bytes) -> Contents:
    """The picture alone, and the notes; the length that the file states is not needed.

    Raises `Unmeasurable` with `UNREADABLE` where coded rows are missing.
    """
    at, head, frames = 12, b"", 0
    kept: list[bytes] = []
    notes: dict[bytes, bytes] = {}
    while at + 8 <= len(data):
        name, length = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        body = data[at + 8 : at + 8 + length]
        if name in _PICTURE:
            if len(body) < length:
                raise Unmeasurable(Fault.UNREADABLE, "rows of the WebP are missing")
            kept.append(data[at : at + 8] + body + b"\0" * (length % 2))
        elif name == b"VP8X" and len(body) == 10:
            head = data[at : at + 8] + bytes((body[0] & _HAS_ALPHA,)) + body[1:]
        else:
            frames += name == b"ANMF"
            notes.setdefault(name, body)
        at += 8 + length + length % 2
    return Contents(
        _file_of(head + b"".join(kept)) if kept else data,
        (tiff_of(notes[b"EXIF"]),) if b"EXIF" in notes else (),
        notes.get(b"XMP ", b""),
        notes.get(b"ICCP"),
        is_moving=frames > 1,
    )


def _file_of(chunks: bytes) -> bytes:
    return b"RIFF" + (4 + len(chunks)).to_bytes(4, "little") + b"WEBP" + chunks
