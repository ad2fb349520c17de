"""Which container the bytes are, by the bytes themselves."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from PIL import Image

from analysis.containers import boxes, jpeg, png, webp
from analysis.containers.contents import Contents
from analysis.errors import Fault, Unmeasurable

MAX_BYTES: Final = 40_000_000
FORMATS: Final = ("JPEG", "PNG", "WEBP", "HEIF", "AVIF")
MOST_BYTES_DECODED: Final = 400_000_000
_GIF: Final = (b"GIF87a", b"GIF89a")


@contextmanager
def decoding(data: bytes) -> Iterator[None]:
    """Whatever a decoder raises becomes `Unmeasurable`; so do files of a size of no photo."""
    if not data:
        raise Unmeasurable(Fault.UNREADABLE, "no bytes")
    if len(data) > MAX_BYTES:
        raise Unmeasurable(Fault.TOO_LARGE, f"{len(data)} bytes")
    try:
        yield
    except Unmeasurable:
        raise
    except MemoryError as error:
        raise Unmeasurable(Fault.TOO_COSTLY, "no memory to decode it") from error
    except Exception as error:  # decoders answer hostile bytes with any exception at all
        raise Unmeasurable(Fault.UNREADABLE, f"{type(error).__name__}: {error}") from error


def open_container(data: bytes, *, is_whole: bool = False) -> Contents:
    """The picture and its notes; of a JPEG that `is_whole` for sure no row is searched for.

    Raises `Unmeasurable`: `UNREADABLE`, `TOO_COSTLY`, `MOVING` for a film, or `UNKNOWN_COLOURS`
    where code points alone say what the colours are and mean nothing here.
    """
    contents = _taken_apart(data, is_whole=is_whole)
    if contents.is_moving:
        raise Unmeasurable(Fault.MOVING, "more than one frame")
    if contents.colours is not None and contents.colours.is_unknown and contents.profile is None:
        raise Unmeasurable(Fault.UNKNOWN_COLOURS, "unknown code points of colour")
    return contents


def refuse_costly(picture: Image.Image) -> None:
    """Raise `Unmeasurable` with `TOO_COSTLY` for a picture whose pixels would fill the memory.

    The picture is open and not loaded yet. A transparent one is copied four times when it is laid
    on white, and the decoder of WebP holds two pictures with transparency. Beyond the limits of a
    process it would say that the file is damaged.
    """
    each = 14 if picture.format == "WEBP" else 4
    needed = picture.width * picture.height * (16 if picture.has_transparency_data else each)
    if needed > MOST_BYTES_DECODED:
        size = f"{picture.width} x {picture.height} pixels"
        raise Unmeasurable(Fault.TOO_COSTLY, f"{size}, {picture.mode}: {needed} bytes")


def _taken_apart(data: bytes, *, is_whole: bool) -> Contents:
    if data.startswith(jpeg.SIGNATURE):
        return jpeg.take_apart(data, is_whole=is_whole)
    if data.startswith(png.SIGNATURE):
        return png.take_apart(data)
    if webp.is_webp(data):
        return webp.take_apart(data)
    if boxes.is_boxed(data):
        return boxes.take_apart(data)
    if data.startswith(_GIF) and data.count(b"\x21\xf9\x04") > 1:  # graphic controls: a frame each
        raise Unmeasurable(Fault.MOVING, "a GIF of several frames")
    raise Unmeasurable(Fault.UNREADABLE, "none of the formats of phones")
