"""Notes of a file may be damaged part by part; the picture is measured all the same."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

import numpy as np
import pytest

from analysis.containers.notes import Lost
from analysis.images import SrgbImage, decode_photo
from tests.analysis.containers.files import (
    COLOUR_SPACE,
    DIGITIZED,
    ENCODERS,
    LENS,
    OFFSET,
    OFFSET_DIGITIZED,
    OFFSET_ORIGINAL,
    ORIGINAL,
    SOFTWARE,
    TAKEN,
    TIME,
    TURN,
    picture,
    tiff,
    turned,
)

AT: Final = datetime(2026, 3, 5, 8, 0, 1)  # noqa: DTZ001
SOUND: Final = tiff({TURN: 1, TIME: TAKEN}, {ORIGINAL: TAKEN, COLOUR_SPACE: 1})
RANDOM: Final = np.random.default_rng(11).integers(0, 256, len(SOUND), np.uint8).tobytes()


def overwritten(place: int, new: bytes) -> bytes:
    return SOUND[:place] + new + SOUND[place + len(new) :]


def details_of(sound: bytes) -> int:
    return sound.index(TAKEN.encode()) + len(TAKEN) + 1  # right after the main directory's text


DAMAGES: Final[Mapping[str, bytes]] = {
    "zeros": bytes(len(SOUND)),
    "ones": b"\xff" * len(SOUND),
    "random": RANDOM,
    "text": (b"no TIFF at all " * 20)[: len(SOUND)],
    "unknown order of bytes": overwritten(0, b"XX"),
    "the other order of bytes": overwritten(0, b"II"),
    "wrong magic number": overwritten(2, b"\x12\x34"),
    "first directory beyond the end": overwritten(4, b"\x7f\xff\xff\xff"),
    "first directory in the head": overwritten(4, b"\0\0\0\0"),
    "first directory at the last byte": overwritten(4, (len(SOUND) - 1).to_bytes(4)),
    "endless directory": overwritten(8, b"\xff\xff"),
    "empty directory": overwritten(8, b"\0\0"),
    "unknown type": overwritten(12, b"\0\x63"),
    "type of a fraction without its place": overwritten(12, b"\0\x05\xff\xff\xff\xff"),
    "text of four billion bytes": overwritten(26, b"\xff\xff\xff\xff"),
    "text beyond the end": overwritten(30, b"\x7f\xff\xff\xff"),
    "details beyond the end": overwritten(42, b"\x7f\xff\xff\xff"),
    "details are the main directory": overwritten(42, b"\0\0\0\x08"),
    "cut off after the head": SOUND[:8],
    "cut off in the first directory": SOUND[:21],
    "cut off in the details": SOUND[: details_of(SOUND) + 9],
    "cut off in the last text": SOUND[:-7],
    "one byte": b"M",
}


@pytest.fixture(scope="module")
def without_notes() -> Mapping[str, SrgbImage]:
    return {kind: decode_photo(encode(picture())) for kind, encode in ENCODERS.items()}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("kind", ENCODERS)
def test_damaged_exif_costs_no_pixel(
    kind: str, damage: str, without_notes: Mapping[str, SrgbImage]
) -> None:
    decoded = decode_photo(ENCODERS[kind](picture(), (DAMAGES[damage],)))
    assert np.array_equal(decoded.pixels, without_notes[kind].pixels)


@pytest.mark.parametrize("kind", ["jpeg", "png", "webp", "avif", "heic"])
def test_no_single_damaged_byte_of_exif_refuses_a_photo(kind: str) -> None:
    rng = np.random.default_rng(5)
    sound = ENCODERS[kind](picture(), (SOUND,))
    for place in range(0, len(SOUND), 2):
        new = bytes((SOUND[place] ^ int(rng.integers(1, 256)),))
        decoded = decode_photo(sound.replace(SOUND, overwritten(place, new)))
        assert sorted(decoded.size) == [80, 96]


@pytest.mark.parametrize("kind", ["jpeg", "png", "webp"])
def test_what_is_not_damaged_still_counts(kind: str) -> None:
    def read(block: bytes) -> SrgbImage:
        return decode_photo(ENCODERS[kind](turned(picture(), 4), (block,)))

    no_time = read(tiff({TURN: 4}, {ORIGINAL: "yesterday at noon ..."}))
    no_turn = read(tiff({TURN: 77}, {ORIGINAL: TAKEN}))
    upright = np.asarray(picture(), np.float32) / 255
    assert np.abs(no_time.pixels - upright).mean() < 0.05
    assert (no_time.captured_at, no_time.lost) == (None, frozenset({Lost.TIME}))
    assert (no_turn.captured_at, no_turn.lost) == (AT, frozenset({Lost.TURN}))
    assert not no_turn.is_turn_known


@pytest.mark.parametrize("kind", ENCODERS)
@pytest.mark.parametrize("empty", [b"MM\0*\0\0\0\x08\0\0\0\0\0\0", b"II*\0\x08\0\0\0\0\0"])
def test_notes_that_a_program_cleared_are_not_called_damaged(kind: str, empty: bytes) -> None:
    image = decode_photo(ENCODERS[kind](picture(), (empty,)))
    assert image.captured_at is None
    assert not image.lost


@pytest.mark.parametrize("kind", ENCODERS)
def test_lost_notes_are_named(kind: str) -> None:
    lost = decode_photo(ENCODERS[kind](picture(), (RANDOM,))).lost
    turns_itself = kind in {"avif", "heic"}
    assert lost == ({Lost.TIME} if turns_itself else {Lost.TIME, Lost.TURN})
    assert decode_photo(ENCODERS[kind](picture(), (SOUND,))).lost == frozenset()
    assert decode_photo(ENCODERS[kind](picture())).lost == frozenset()


@pytest.mark.parametrize("kind", ENCODERS)
@pytest.mark.parametrize("profile", [b"nonsense", bytes(600), RANDOM])
def test_a_broken_profile_counts_as_srgb_and_is_named(
    kind: str, profile: bytes, without_notes: Mapping[str, SrgbImage]
) -> None:
    decoded = decode_photo(ENCODERS[kind](picture(), icc_profile=profile))
    assert np.abs(decoded.pixels - without_notes[kind].pixels).mean() < 0.003
    assert decoded.lost == {Lost.COLOURS}


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("kind", ENCODERS)
def test_a_time_is_found_wherever_cameras_write_it(kind: str, order: str) -> None:
    def read(main: Mapping[int, int | str], details: Mapping[int, int | str]) -> datetime | None:
        block = tiff(main, details, order=order)
        return decode_photo(ENCODERS[kind](picture(), (block,))).captured_at

    later = "2027:01:01 00:00:00"
    assert read({}, {ORIGINAL: TAKEN}) == AT
    assert read({}, {DIGITIZED: TAKEN}) == AT
    assert read({TIME: TAKEN}, {}) == AT
    assert read({TIME: later}, {DIGITIZED: TAKEN}) == AT
    assert read({TIME: later}, {ORIGINAL: TAKEN, DIGITIZED: later}) == AT
    assert read({TIME: TAKEN}, {ORIGINAL: "0000:00:00 00:00:00"}) == AT
    for time, offset in ((ORIGINAL, OFFSET_ORIGINAL), (DIGITIZED, OFFSET_DIGITIZED)):
        found = read({}, {time: TAKEN, offset: "+05:30"})
        assert found is not None
        assert found.isoformat() == "2026-03-05T08:00:01+05:30"
    found = read({TIME: TAKEN}, {OFFSET: "-08:00"})
    assert found is not None
    assert found.isoformat() == "2026-03-05T08:00:01-08:00"


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("kind", ENCODERS)
def test_a_front_camera_is_known_by_its_lens_or_its_program(kind: str, order: str) -> None:
    def is_selfie(main: Mapping[int, int | str], details: Mapping[int, int | str]) -> bool:
        block = tiff(main, details, order=order)
        return decode_photo(ENCODERS[kind](picture(), (block,))).is_selfie

    assert is_selfie({}, {LENS: "iPhone 15 front TrueDepth camera 2.69mm f/1.9"})
    assert is_selfie({}, {LENS: "Pixel 8 Front Camera 2.49mm f/2.2"})
    assert is_selfie({SOFTWARE: "Photo Booth"}, {})
    assert not is_selfie({SOFTWARE: "17.4"}, {LENS: "iPhone 15 back dual wide camera 5.96mm f/1.6"})
    assert not is_selfie({SOFTWARE: "Waterfronts 2"}, {})
    assert not is_selfie({TIME: TAKEN}, {})
