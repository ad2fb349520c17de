"""Small files that cost much work or memory are refused before anything of them is decoded."""

import struct
import time
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from analysis.errors import Fault, Unmeasurable
from analysis.images import decode_photo
from tests.analysis.test_images import png_that_claims

START_OF_FRAME = b"\xff\xc2"
START_OF_SCAN = b"\xff\xda"
START_OF_VP8 = b"\x9d\x01\x2a"
AT_ONCE_SECONDS = 1.0


def progressive(side: int, *, is_flat: bool = True) -> bytes:
    rng = np.random.default_rng(3)
    shape = (side, side, 3)
    pixels = np.full(shape, 127, np.uint8) if is_flat else rng.integers(0, 255, shape, np.uint8)
    file = BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", progressive=True, quality=90)
    return file.getvalue()


def scan_bomb(side: int, scans: int) -> bytes:
    """The last scan of a flat picture, again and again."""
    whole = progressive(side)
    last = whole[whole.rindex(START_OF_SCAN) : -2]
    return whole[:-2] + scans * last + whole[-2:]


def claiming(data: bytes, width: int, height: int) -> bytes:
    at = data.index(START_OF_FRAME) + 5
    return data[:at] + struct.pack(">HH", height, width) + data[at + 4 :]


def mosaic(tiles: int) -> bytes:
    """A HEIC file with so many items and no picture."""

    def box(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I4s", 8 + len(body), kind) + body

    infe = [box(b"infe", struct.pack(">IHH4sx", 2 << 24, n, 0, b"hvc1")) for n in range(tiles)]
    iinf = box(b"iinf", struct.pack(">IH", 0, tiles) + b"".join(infe))
    return box(b"ftyp", b"heic\0\0\0\0mif1heic") + box(b"meta", bytes(4) + iinf)


def webp_that_claims(width: int, height: int) -> bytes:
    file = BytesIO()
    Image.new("RGB", (16, 16), "grey").save(file, "WEBP")
    head, mark, rows = file.getvalue().partition(START_OF_VP8)
    return head + mark + struct.pack("<HH", width, height) + rows[4:]


COSTLY = {
    "58 KB with a thousand scans": scan_bomb(2000, 1000),
    "few scans of many pixels": claiming(scan_bomb(200, 20), 9000, 9000),
    "progressive, 100 megapixels": claiming(progressive(200), 10_000, 10_000),
    "progressive, 48 megapixels": claiming(progressive(200), 8000, 6000),
    "WebP, 48 megapixels": webp_that_claims(8000, 6000),
    "transparent, 100 megapixels": png_that_claims(10_000, 10_000, transparent=True),
    "1,001 tiles": mosaic(1001),
}


@pytest.mark.parametrize("what", COSTLY)
def test_a_file_that_costs_too_much_is_refused_at_once_and_by_name(what: str) -> None:
    began = time.process_time()
    with pytest.raises(Unmeasurable) as caught:
        decode_photo(COSTLY[what])
    assert caught.value.fault is Fault.TOO_COSTLY
    assert time.process_time() - began < AT_ONCE_SECONDS


def test_the_scan_bomb_is_small() -> None:
    assert len(COSTLY["58 KB with a thousand scans"]) < 100_000


def test_a_progressive_photo_of_a_usual_number_of_scans_is_read() -> None:
    assert decode_photo(progressive(300, is_flat=False)).size == (300, 300)


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_a_truncated_progressive_photo_is_unreadable(share: float) -> None:
    data = progressive(300, is_flat=False)
    with pytest.raises(Unmeasurable) as caught:
        decode_photo(data[: int(share * len(data))])
    assert caught.value.fault is Fault.UNREADABLE
