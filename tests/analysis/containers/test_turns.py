"""Which way is up, where the notes say so more than once."""

import struct
from collections.abc import Sequence
from typing import Final

import numpy as np
import pytest

from analysis.images import decode_photo
from tests.analysis.containers.files import (
    BACK,
    ENCODERS,
    ORIGINAL,
    TAKEN,
    TURN,
    jpeg,
    picture,
    segment,
    tiff,
    turned,
    with_property,
)

SILENT: Final = {
    "empty": b"",
    "no turn": tiff(details={ORIGINAL: TAKEN}),
    "an impossible turn": tiff({TURN: 9}),
    "damaged": b"MM\0*" + bytes(30),
}


def is_upright(data: bytes) -> bool:
    decoded = decode_photo(data)
    upright = np.asarray(picture(), np.float32) / 255
    return decoded.pixels.shape == upright.shape and bool(
        np.abs(decoded.pixels - upright).mean() < 0.05
    )


@pytest.mark.parametrize("turn", BACK)
def test_of_two_exif_segments_the_last_turn_counts(turn: int) -> None:
    for first in BACK:
        blocks: Sequence[bytes] = (tiff({TURN: first}), tiff({TURN: turn}, order="<"))
        assert is_upright(jpeg(turned(picture(), turn), blocks))


@pytest.mark.parametrize("silent", SILENT)
@pytest.mark.parametrize("turn", BACK)
def test_a_segment_that_tells_no_turn_takes_none_away(turn: int, silent: str) -> None:
    block = tiff({TURN: turn})
    for blocks in ((block, SILENT[silent]), (SILENT[silent], block)):
        if blocks[0] or silent != "empty":
            assert is_upright(jpeg(turned(picture(), turn), blocks))


def test_a_long_exif_block_goes_on_in_the_next_segment() -> None:
    block = tiff({TURN: 6}, {ORIGINAL: TAKEN})
    for cut in (9, 20, len(block) - 5):
        data = jpeg(turned(picture(), 6), (block[:cut], block[cut:]))
        assert is_upright(data)
        assert decode_photo(data).captured_at is not None


XMP: Final = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description tiff:Orientation="%d"/>'


@pytest.mark.parametrize("turn", BACK)
def test_xmp_tells_the_turn_where_exif_does_not(turn: int) -> None:
    block = b"http://ns.adobe.com/xap/1.0/\0" + XMP % turn
    data = jpeg(turned(picture(), turn))
    assert is_upright(data[:2] + segment(0xE1, block) + data[2:])


@pytest.mark.parametrize("turn", [3, 6, 8])
@pytest.mark.parametrize("kind", ["avif", "heic"])
def test_where_the_container_turns_the_turn_of_exif_is_void(kind: str, turn: int) -> None:
    assert is_upright(ENCODERS[kind](picture(), (tiff({TURN: turn}, {ORIGINAL: TAKEN}),)))


@pytest.mark.parametrize("quarters", [0, 1, 2, 3])
@pytest.mark.parametrize("kind", ["avif", "heic"])
def test_the_turn_of_the_container_counts(kind: str, quarters: int) -> None:
    stored = turned(picture(), {0: 1, 1: 8, 2: 3, 3: 6}[quarters])
    assert is_upright(with_property(ENCODERS[kind](stored), b"irot", bytes((quarters,))))


@pytest.mark.parametrize(("axis", "turn"), [(0, 4), (1, 2)])
@pytest.mark.parametrize("kind", ["avif", "heic"])
def test_the_mirror_of_the_container_counts(kind: str, axis: int, turn: int) -> None:
    stored = ENCODERS[kind](turned(picture(), turn))
    assert is_upright(with_property(stored, b"imir", bytes((axis,))))
    assert not is_upright(stored)


def test_the_crop_of_a_heic_counts() -> None:
    lower_left = (72, 64, -12, 8)  # width, height, and how far the middle moves
    body = b"".join(struct.pack(">iI", each, 1) for each in lower_left)
    decoded = decode_photo(with_property(ENCODERS["heic"](picture()), b"clap", body)).pixels
    wanted = np.asarray(picture(), np.float32)[16:, :72] / 255
    assert decoded.shape == wanted.shape
    assert np.abs(decoded - wanted).mean() < 0.05
