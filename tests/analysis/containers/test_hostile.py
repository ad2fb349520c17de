"""Hundreds of damaged files in every format: each is read or refused, and nothing else happens."""

import random
from collections.abc import Callable, Iterator

import pytest
from PIL import Image

from analysis import decode_photo, to_stored_form
from analysis.errors import Unmeasurable
from tests.analysis.containers.files import avif, heic, jpeg, picture, png, webp

FILES_A_FORMAT = 64
FORMATS: dict[str, Callable[[], bytes]] = {
    "JPEG": lambda: jpeg(small()),
    "progressive JPEG": lambda: jpeg(small(), progressive=True),
    "PNG": lambda: png(small()),
    "WebP": lambda: webp(small()),
    "HEIC": lambda: heic(small()),
    "AVIF": lambda: avif(small()),
}


def small() -> Image.Image:
    return picture().resize((64, 48))


def damaged(whole: bytes, luck: random.Random) -> bytes:
    """A few bytes are changed, exchanged, repeated, lost or made large: lengths most of all."""
    data = bytearray(whole)
    for _ in range(luck.randint(1, 6)):
        at, size = luck.randrange(len(data)), luck.choice((1, 2, 4, 16, 64))
        piece = data[at : at + size]
        match luck.randrange(6):
            case 0:
                data[at : at + size] = luck.randbytes(size)
            case 1:
                data[at : at + size] = b"\xff" * size
            case 2:
                data[at : at + size] = bytes(size)
            case 3:
                data[at:at] = piece * luck.choice((1, 50))
            case 4:
                del data[at : at + size]
            case 5:
                del data[max(at, 16) :]
        data = data or bytearray(b"\0")
    return bytes(data)


def hostile(kind: str) -> Iterator[bytes]:
    whole, luck = FORMATS[kind](), random.Random(kind)  # noqa: S311 (the same files each time)
    return (damaged(whole, luck) for _ in range(FILES_A_FORMAT))


@pytest.mark.parametrize("kind", FORMATS)
def test_a_damaged_file_is_read_or_refused(kind: str) -> None:
    outcomes = {"read": 0, "refused": 0}
    for data in hostile(kind):
        try:
            decode_photo(to_stored_form(data).data)
            outcomes["read"] += 1
        except Unmeasurable:
            outcomes["refused"] += 1
    assert sum(outcomes.values()) == FILES_A_FORMAT
    assert outcomes["refused"] > 0
