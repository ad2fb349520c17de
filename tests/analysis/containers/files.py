"""Small photos in every container, with notes of choice; each is made in code."""

import struct
import zlib
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from io import BytesIO
from typing import Final

import numpy as np
import pillow_heif
from PIL import Image

SIZE: Final = (96, 80)
TAKEN: Final = "2026:03:05 08:00:01"
# TIFF's tags.
TURN, TIME, POINTER, ORIGINAL, DIGITIZED = 0x0112, 0x0132, 0x8769, 0x9003, 0x9004
OFFSET_ORIGINAL, COLOUR_SPACE, INTEROP = 0x9011, 0xA001, 0xA005
OFFSET, OFFSET_DIGITIZED = 0x9010, 0x9012
SOFTWARE, LENS = 0x0131, 0xA434


BACK: Final[Mapping[int, Image.Transpose | None]] = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def turned(image: Image.Image, turn: int) -> Image.Image:
    """The picture as a sensor saw it that EXIF's `turn` sets upright."""
    method = BACK[turn]
    return image if method is None else image.transpose(method)


@cache
def picture() -> Image.Image:
    """Four quarters of different colours under a little grain, so that no row is like another."""
    grain = np.random.default_rng(3).integers(0, 24, (SIZE[1], SIZE[0], 3), np.uint8)
    half = (SIZE[0] // 2, SIZE[1] // 2)
    image = Image.new("RGB", SIZE, (90, 90, 90))
    image.paste((140, 30, 20), (0, 0, *half))
    image.paste((30, 130, 40), (half[0], 0, SIZE[0], half[1]))
    image.paste((40, 50, 150), (0, half[1], half[0], SIZE[1]))
    return Image.fromarray(np.asarray(image) + grain)


def tiff(
    main: Mapping[int, int | str] | None = None,
    details: Mapping[int, int | str] | None = None,
    *,
    order: str = ">",
    interop: str = "",
) -> bytes:
    """An EXIF block: the main directory, and the one with the details."""
    main, details = dict(main or {}), dict(details or {})
    places = {POINTER: 0, INTEROP: 0}
    for _ in range(2):  # the first pass finds out how long each part is
        if interop:
            details[INTEROP] = places[INTEROP]
        if details:
            main[POINTER] = places[POINTER]
        body = _directory(main, 8, order)
        places[POINTER] = 8 + len(body)
        body += _directory(details, 8 + len(body), order)
        places[INTEROP] = 8 + len(body)
        if interop:
            body += _directory({1: interop}, 8 + len(body), order)
    head = b"MM\0*" if order == ">" else b"II*\0"
    return head + struct.pack(f"{order}I", 8) + body


def _directory(fields: Mapping[int, int | str], at: int, order: str) -> bytes:
    start = at + 2 + 12 * len(fields) + 4
    entries, texts = b"", b""
    for tag, value in sorted(fields.items()):
        if isinstance(value, int):
            is_short = tag in (TURN, COLOUR_SPACE)
            packed = struct.pack(f"{order}{'H2x' if is_short else 'I'}", value)
            entries += struct.pack(f"{order}HHI", tag, 3 if is_short else 4, 1) + packed
            continue
        text = value.encode("latin-1") + b"\0"
        place = text.ljust(4, b"\0")
        if len(text) > 4:
            place = struct.pack(f"{order}I", start + len(texts))
            texts += text
        entries += struct.pack(f"{order}HHI", tag, 2, len(text)) + place
    return struct.pack(f"{order}H", len(fields)) + entries + bytes(4) + texts


def _stored(image: Image.Image, file_format: str, **options: object) -> bytes:
    buffer = BytesIO()
    image.save(buffer, file_format, **options)
    return buffer.getvalue()


def jpeg(image: Image.Image, exif: Sequence[bytes] = (), **options: object) -> bytes:
    """A JPEG with a segment for each EXIF block."""
    data = _stored(image, "JPEG", quality=95, **options)
    segments = b"".join(segment(0xE1, b"Exif\0\0" + block) for block in exif)
    return data[:2] + segments + data[2:]


def segment(marker: int, body: bytes) -> bytes:
    """A segment of a JPEG."""
    return bytes((0xFF, marker)) + (len(body) + 2).to_bytes(2) + body


def png(image: Image.Image, exif: Sequence[bytes] = (), **options: object) -> bytes:
    """A PNG with at most one EXIF block."""
    chunks = [chunk(b"eXIf", block) for block in exif]
    return with_chunks(_stored(image, "PNG", **options), *chunks)


def chunk(name: bytes, body: bytes) -> bytes:
    """A chunk of a PNG with a right check sum."""
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def with_chunks(data: bytes, *chunks: bytes) -> bytes:
    """A PNG with more chunks before its rows."""
    rows = data.index(b"IDAT") - 4
    return data[:rows] + b"".join(chunks) + data[rows:]


def webp(image: Image.Image, exif: Sequence[bytes] = (), **options: object) -> bytes:
    """A WebP with at most one EXIF block."""
    return _stored(image, "WEBP", lossless=True, exif=b"".join(exif), **options)


def avif(image: Image.Image, exif: Sequence[bytes] = (), **options: object) -> bytes:
    """An AVIF with at most one EXIF block."""
    quality = {"quality": 95, "speed": 10, "subsampling": "4:4:4"}
    return _exchanged(lambda block: _stored(image, "AVIF", exif=block, **quality, **options), exif)


def with_property(data: bytes, kind: bytes, body: bytes) -> bytes:
    """A HEIC or AVIF of one picture whose decoder must also turn, mirror or crop it."""
    added = (len(body) + 8).to_bytes(4) + kind + body
    lists, uses = data.index(b"ipma") - 4, data.index(b"ipma") + 14
    ends = uses + 1 + data[uses]
    use = bytes((data[uses] + 1,)) + data[uses + 1 : ends] + bytes((0x80 | data[uses] + 1,))
    longer = bytearray(data[:lists] + added + data[lists:uses] + use + data[ends:])
    grown = {b"meta": len(added) + 1, b"iprp": len(added) + 1, b"ipco": len(added), b"ipma": 1}
    for name, growth in grown.items():
        at = longer.index(name) - 4
        longer[at : at + 4] = (int.from_bytes(longer[at : at + 4]) + growth).to_bytes(4)
    pixels = data.index(b"mdat") + 4
    place = longer.index(pixels.to_bytes(4), longer.index(b"iloc"))
    longer[place : place + 4] = (pixels + len(added) + 1).to_bytes(4)
    return bytes(longer)


def heic(image: Image.Image, exif: Sequence[bytes] = (), **options: object) -> bytes:
    """A HEIC with at most one EXIF block."""

    def encode(block: bytes) -> bytes:
        buffer = BytesIO()
        pillow_heif.from_pillow(image).save(buffer, quality=95, exif=block or None, **options)
        return buffer.getvalue()

    return _exchanged(encode, exif)


def _exchanged(encode: Callable[[bytes], bytes], exif: Sequence[bytes]) -> bytes:
    """The encoder reads what it is given, so a damaged block takes the place of a sound one."""
    if not exif:
        return encode(b"")
    shortest = len(tiff(details={ORIGINAL: "xxxxx"}))
    block = exif[0].ljust(shortest, b"\0")
    sound = tiff(details={ORIGINAL: "xxxxx" + "x" * (len(block) - shortest)})
    data = encode(b"Exif\0\0" + sound)
    assert data.count(sound) == 1
    return data.replace(sound, block)


ENCODERS: Final[Mapping[str, Callable[..., bytes]]] = {
    "jpeg": jpeg,
    "jpeg with dpi": lambda image, exif=(), **options: jpeg(image, exif, dpi=(72, 72), **options),
    "progressive jpeg": lambda image, exif=(), **options: jpeg(
        image, exif, progressive=True, **options
    ),
    "png": png,
    "webp": webp,
    "avif": avif,
    "heic": heic,
}
