"""Whether a photo is whole is judged by its rows, and not by the marks around them."""

import struct
from collections.abc import Callable, Mapping
from io import BytesIO
from typing import Final

import numpy as np
import pytest
from PIL import Image

from analysis.errors import Fault, Unmeasurable
from analysis.images import SrgbImage, decode_photo
from tests.analysis.containers.files import (
    ENCODERS,
    chunk,
    jpeg,
    picture,
    png,
    segment,
    with_chunks,
)

END: Final = b"\xff\xd9"
OPTIONS: Final[Mapping[str, Mapping[str, object]]] = {
    "plain": {},
    "progressive": {"progressive": True},
    "halved colours": {"subsampling": 2},
    "restarts": {"restart_marker_rows": 1},
    "dense restarts": {"restart_marker_blocks": 3},
    "progressive with restarts": {"progressive": True, "restart_marker_rows": 1},
    "own tables": {"optimize": True},
}
Change = Callable[[bytes], bytes]
HARMLESS: Final[Mapping[str, Change]] = {
    "no end mark": lambda data: data.removesuffix(END),
    "half an end mark": lambda data: data[:-1],
    "two end marks": lambda data: data + END,
    "empty sectors instead of the end mark": lambda data: data.removesuffix(END) + bytes(512),
    "erased sectors instead of the end mark": lambda data: data.removesuffix(END) + b"\xff" * 512,
    "a film behind": lambda data: data + b"\0\0\0\x18ftypmp42" + bytes(300),
    "a cut-off picture behind": lambda data: data + data[: len(data) // 2],
    "a comment that is no text": lambda data: (
        data[:2] + segment(0xFE, b"\xff\xd9\0\xfe") + data[2:]
    ),
}
ROWS_LOST: Final[Mapping[str, Callable[[bytes, float], bytes]]] = {
    "cut off": lambda data, share: data[: int(share * len(data))],
    "cut off, and ended": lambda data, share: data[: int(share * len(data))] + END,
    "empty sectors": lambda data, share: data[: int(share * len(data))].ljust(len(data), b"\0"),
    "erased sectors": lambda data, share: data[: int(share * len(data))].ljust(len(data), b"\xff"),
}


def fault_of(data: bytes) -> Fault | None:
    try:
        decode_photo(data)
    except Unmeasurable as verdict:
        return verdict.fault
    return None


@pytest.mark.parametrize("kind", OPTIONS)
def test_rows_of_one_colour_at_the_end_are_rows_too(kind: str) -> None:
    dark = np.zeros((416, *np.asarray(picture()).shape[1:]), np.uint8)  # a room below the face
    for shift in range(24):  # in one of eight the coded data ends in a whole byte of zeros
        dark[:16] = np.roll(np.asarray(picture())[:16], shift, axis=1)
        photo = Image.fromarray(dark)
        assert decode_photo(jpeg(photo, (), **OPTIONS[kind])).size == photo.size


@pytest.mark.parametrize("harm", HARMLESS)
@pytest.mark.parametrize("kind", OPTIONS)
def test_a_jpeg_with_every_row_is_taken_whatever_its_end(kind: str, harm: str) -> None:
    sound = jpeg(picture(), (), **OPTIONS[kind])
    decoded = decode_photo(HARMLESS[harm](sound))
    assert np.array_equal(decoded.pixels, decode_photo(sound).pixels)


@pytest.mark.parametrize("loss", ROWS_LOST)
@pytest.mark.parametrize("kind", OPTIONS)
def test_a_jpeg_without_its_last_rows_is_refused_even_with_an_end_mark(
    kind: str, loss: str
) -> None:
    sound = jpeg(picture(), (), **OPTIONS[kind])
    for share in (0.3, 0.5, 0.8, 0.9, 0.97):
        assert fault_of(ROWS_LOST[loss](sound, share)) is Fault.UNREADABLE, share


def test_a_jpeg_that_lacks_bytes_of_its_last_block_loses_no_more_than_that() -> None:
    busy = np.random.default_rng(5).integers(0, 255, (96, 128, 3), np.uint8)
    sound = jpeg(Image.fromarray(busy), (), subsampling=0)
    gap = decode_photo(sound[:-12]).codes != decode_photo(sound).codes
    assert gap[-8:, -8:].any()
    assert not gap[:-8].any()
    assert not gap[:, :-8].any()


def test_a_jpeg_that_ends_in_the_grey_of_missing_rows_has_them() -> None:
    grey = Image.fromarray(np.full((96, 128, 3), 128, np.uint8))
    sound = jpeg(grey, ())
    assert decode_photo(sound).size == grey.size
    assert fault_of(sound[:-9]) is Fault.UNREADABLE


def test_a_jpeg_with_a_hole_between_restarts_is_refused() -> None:
    sound = jpeg(picture(), restart_marker_rows=1)
    first, last = sound.index(b"\xff\xd0"), sound.index(b"\xff\xd2")
    assert fault_of(sound[:first] + sound[last:]) is Fault.UNREADABLE


def pixels_of(image: Image.Image) -> np.ndarray:
    return np.asarray(image.convert("RGB"), np.float32) / 255


def with_wrong_sum(name: bytes, body: bytes) -> bytes:
    return chunk(name, body)[:-4] + b"oops"


NOTES: Final[Mapping[str, bytes]] = {
    "tEXt": with_wrong_sum(b"tEXt", b"Comment\0a face"),
    "zTXt": with_wrong_sum(b"zTXt", b"Comment\0\0not packed"),
    "iTXt": with_wrong_sum(b"iTXt", b"Comment\0\0\0\0\0\xff\xfe"),
    "tIME": with_wrong_sum(b"tIME", bytes(7)),
    "pHYs": with_wrong_sum(b"pHYs", bytes(9)),
    "eXIf": with_wrong_sum(b"eXIf", b"MM\0*"),
    "iCCP": with_wrong_sum(b"iCCP", b"x"),
    "gAMA": with_wrong_sum(b"gAMA", b""),
    "cHRM": with_wrong_sum(b"cHRM", b"\xff" * 9),
    "bKGD": with_wrong_sum(b"bKGD", b""),
    "sBIT": with_wrong_sum(b"sBIT", b"\x08\x08\x08"),
    "hIST": with_wrong_sum(b"hIST", b""),
    "a private chunk": with_wrong_sum(b"prVt", b"\0" * 40),
    "a length that is too long": struct.pack(">I", 2**31 - 1) + b"tEXtComment\0x",
    "a name that is none": struct.pack(">I", 3) + b"\1\2\3\4abc" + bytes(4),
}


@pytest.mark.parametrize("note", NOTES)
def test_a_png_with_a_damaged_note_is_taken(note: str) -> None:
    decoded = decode_photo(with_chunks(png(picture()), NOTES[note]))
    assert np.array_equal(decoded.pixels, pixels_of(picture()))


def test_the_check_sum_of_rows_counts_less_than_the_rows() -> None:
    sound = png(picture())
    end = sound.index(b"IEND") - 4
    wrong = sound[: end - 4] + b"oops" + sound[end:]
    assert np.array_equal(decode_photo(wrong).pixels, pixels_of(picture()))


@pytest.mark.parametrize("missing", [1, 4, 8, 12, 16])
def test_a_png_that_ends_after_its_rows_is_taken(missing: int) -> None:
    decoded = decode_photo(png(picture())[:-missing])
    assert np.array_equal(decoded.pixels, pixels_of(picture()))


@pytest.mark.parametrize("share", [0.3, 0.5, 0.8, 0.97])
def test_a_png_without_its_last_rows_or_with_changed_ones_is_refused(share: float) -> None:
    sound = png(picture())
    place = int(share * len(sound))
    flipped = sound[:place] + bytes((sound[place] ^ 8,)) + sound[place + 1 :]
    assert fault_of(sound[:place]) is Fault.UNREADABLE
    assert fault_of(sound[:place] + chunk(b"IEND", b"")) is Fault.UNREADABLE
    assert fault_of(flipped) is Fault.UNREADABLE


def webp_of(*, lossless: bool) -> bytes:
    buffer = BytesIO()
    picture().save(buffer, "WEBP", lossless=lossless, exif=b"Exif\0\0MM\0*" + bytes(40))
    return buffer.getvalue()


@pytest.mark.parametrize("lossless", [True, False])
def test_a_webp_with_every_row_is_taken_whatever_its_lengths_say(lossless: bool) -> None:
    sound = webp_of(lossless=lossless)
    whole: SrgbImage = decode_photo(sound)
    for changed in (
        sound[:-20],  # within the notes
        sound[: sound.rindex(b"EXIF")],
        sound[:4] + struct.pack("<I", 12) + sound[8:],
        sound[:4] + b"\xff\xff\xff\x7f" + sound[8:],
        sound + b"ABCD" + b"\xff\xff\xff\x7f",
    ):
        assert np.array_equal(decode_photo(changed).pixels, whole.pixels)


@pytest.mark.parametrize("share", [0.3, 0.5, 0.8, 0.95])
@pytest.mark.parametrize("kind", ["webp", "avif", "heic"])
def test_other_containers_without_their_last_rows_are_refused(kind: str, share: float) -> None:
    data = ENCODERS[kind](picture())
    assert fault_of(data[: int(share * len(data))]) is Fault.UNREADABLE
