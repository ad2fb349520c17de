"""What is kept of an upload: its own compressed pixels, and nothing that tells of anyone."""

import struct
from datetime import datetime
from io import BytesIO

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageCms

from analysis.containers import jpeg
from analysis.containers.notes import Lost
from analysis.errors import Fault, Unmeasurable
from analysis.images import SrgbImage, decode_photo, encode_photo, to_linear
from analysis.stored_form import to_stored_form, turn_stored_form
from tests.analysis.containers.files import picture, turned

SECRET = b"Elm Street 7"


def saved(image: Image.Image, kind: str = "JPEG", **options: object) -> bytes:
    buffer = BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def talkative(turn: int = 1) -> bytes:
    """A JPEG with notes wherever a JPEG can hold some, and a trailer."""
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = turn, SECRET.decode()
    photo = saved(
        turned(picture(), turn), quality=90, exif=exif, comment=SECRET, xmp=SECRET, dpi=(72, 72)
    )
    thumbnail = jpeg._segment(0xE0, b"JFXX\0\x10" + SECRET)
    maker = jpeg._segment(0xEB, SECRET)
    return photo[:2] + thumbnail + maker + photo[2:] + SECRET


def kept(data: bytes) -> bytes:
    return to_stored_form(data).data


@pytest.mark.parametrize("turn", range(1, 9))
def test_a_plain_jpeg_keeps_every_pixel_and_no_note(turn: int) -> None:
    data = talkative(turn)
    assert data.count(SECRET) == 6
    stored = kept(data)
    assert SECRET not in stored
    assert np.array_equal(decode_photo(stored).codes, decode_photo(data).codes)
    assert len(stored) < len(data)
    with Image.open(BytesIO(stored)) as opened:
        assert dict(opened.getexif()) == ({} if turn == 1 else {0x0112: turn})
        assert not {"comment", "xmp", "icc_profile", "photoshop"} & set(opened.info)
        assert turned(picture(), turn).size == opened.size


def test_a_kept_photo_is_kept_as_it_is() -> None:
    once = kept(talkative(6))
    assert kept(once) == once


def test_a_grey_jpeg_keeps_its_pixels() -> None:
    data = saved(picture().convert("L"), quality=90)
    assert np.array_equal(decode_photo(kept(data)).codes, decode_photo(data).codes)
    assert len(kept(data)) <= len(data)


def test_a_profile_that_says_srgb_is_dropped_and_another_is_applied() -> None:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    stored = kept(saved(picture(), quality=90, icc_profile=srgb))
    plain = kept(saved(picture(), quality=90))
    assert stored == plain
    swapped = saved(picture(), quality=90, icc_profile=_swapped(srgb))
    gap = np.abs(decode_photo(kept(swapped)).pixels - decode_photo(swapped).pixels)
    assert kept(swapped) != plain
    assert gap.mean() < 0.02


def _swapped(profile: bytes) -> bytes:
    """The profile with the primaries of red and green exchanged."""
    red, green = profile.index(b"rXYZ"), profile.index(b"gXYZ")
    changed = bytearray(profile)
    changed[red : red + 4], changed[green : green + 4] = b"gXYZ", b"rXYZ"
    return bytes(changed)


@pytest.mark.parametrize(
    "data",
    [
        saved(picture(), quality=90, progressive=True, comment=SECRET),
        saved(picture().convert("CMYK"), quality=90, comment=SECRET),
        saved(picture(), quality=90, keep_rgb=True, comment=SECRET),
        saved(picture(), "PNG"),
        saved(picture(), "WEBP", quality=90),
    ],
    ids=["progressive", "CMYK", "RGB", "PNG", "WebP"],
)
def test_any_other_picture_is_encoded_again(data: bytes) -> None:
    stored = kept(data)
    assert SECRET not in stored
    assert stored == encode_photo(decode_photo(data))
    assert jpeg.strip(stored, 1) is not None
    gap = np.abs(decode_photo(stored).pixels - decode_photo(data).pixels)
    assert gap.mean() < 0.03


@pytest.mark.parametrize(("quarters", "is_mirrored"), [(1, False), (0, True), (3, True)])
def test_a_photo_that_must_be_turned_or_mirrored_is_encoded_again(
    quarters: int, is_mirrored: bool
) -> None:
    data = talkative()
    seen = decode_photo(data)
    form = to_stored_form(data).data
    assert turn_stored_form(form, 0, is_mirrored=False) == form
    stored = decode_photo(turn_stored_form(form, quarters, is_mirrored=is_mirrored))
    wanted = np.rot90(seen.pixels, quarters)
    wanted = wanted[:, ::-1] if is_mirrored else wanted
    assert stored.size == wanted.shape[1::-1]
    assert np.abs(stored.pixels - wanted).mean() < 0.02


def test_what_a_file_notes_outlives_its_pixels() -> None:
    """An upload that is encoded again is judged without its notes, which are kept apart."""
    exif = Image.Exif()
    exif[0x0112], exif[0x0132] = 6, "2026:03:01 09:30:00"
    exif[0x8769] = {0xA434: "iPhone 15 front TrueDepth camera 2.69mm f/1.9"}
    for data in (saved(picture(), exif=exif), saved(picture(), "PNG", exif=exif)):
        form = to_stored_form(data)
        assert form.captured_at == datetime(2026, 3, 1, 9, 30)  # noqa: DTZ001
        assert (form.is_turn_known, form.is_selfie, form.lost) == (True, True, frozenset())
        assert decode_photo(form.data).size == decode_photo(data).size
        assert not decode_photo(form.data).is_selfie


def test_a_broken_profile_is_told_and_costs_no_pixel() -> None:
    form = to_stored_form(saved(picture(), quality=90, icc_profile=b"nonsense"))
    assert form.lost == {Lost.COLOURS}
    assert form.data == kept(saved(picture(), quality=90))


def in_scans() -> tuple[bytes, list[bytes]]:
    """The head of a JPEG that has a scan for each component, and the scans."""
    planes = [saved(plane, quality=90) for plane in picture().convert("YCbCr").split()]
    pieces = [list(jpeg._segments(plane)) for plane in planes]
    tables = [(m, body) for m, body, _ in pieces[0] if m in (0xDB, 0xC4)]
    ((height, width),) = [(body[1:3], body[3:5]) for m, body, _ in pieces[0] if m == 0xC0]
    parts = b"".join(bytes((each, 0x11, 0)) for each in (1, 2, 3))
    frame = jpeg._segment(0xC0, b"\x08" + height + width + b"\3" + parts)
    head = b"\xff\xd8" + b"".join(jpeg._segment(m, body) for m, body in tables) + frame
    scans = []
    for number, piece in enumerate(pieces, start=1):
        (rows,) = [coded.rows for _, _, coded in piece if coded is not None]
        scans.append(jpeg._segment(0xDA, bytes((1, number, 0, 0, 63, 0))) + rows)
    return head, scans


def test_a_photo_that_lacks_a_scan_of_colour_is_not_made_whole() -> None:
    head, scans = in_scans()
    whole = head + b"".join(scans) + b"\xff\xd9"
    gap = np.abs(decode_photo(kept(whole)).pixels - decode_photo(whole).pixels)
    assert gap.mean() < 0.02
    for count in (1, 2):
        with pytest.raises(Unmeasurable) as refused:
            to_stored_form(head + b"".join(scans[:count]))
        assert refused.value.fault is Fault.UNREADABLE


def _with_curves(profile: bytes, curves: dict[bytes, NDArray[np.float64]]) -> bytes:
    """The profile with other tone curves (256,), 0..1."""
    count = int.from_bytes(profile[128:132])
    tags = [struct.unpack_from(">4sII", profile, 132 + 12 * number) for number in range(count)]
    bodies = {name: profile[start : start + size] for name, start, size in tags}
    for name, curve in curves.items():
        codes = np.round(curve * 65535).astype(">u2").tobytes()
        bodies[name] = b"curv\0\0\0\0" + (256).to_bytes(4) + codes
    table, start = b"", 132 + 12 * count
    for name, body in bodies.items():
        table += struct.pack(">4sII", name, start, len(body))
        start += len(body) + -len(body) % 4
    padded = b"".join(body + bytes(-len(body) % 4) for body in bodies.values())
    return start.to_bytes(4) + profile[4:132] + table + padded


def test_a_profile_that_moves_colours_between_those_of_the_cube_is_applied() -> None:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    every = np.arange(256)
    light = to_linear(SrgbImage((every / 255).astype(np.float32))).pixels.astype(np.float64)
    gaps = np.abs(every[:, None] - np.linspace(0, 255, 17)).min(axis=1)
    brighter = np.where(gaps > 3, np.minimum(1, 1.6 * light), light)
    profile = _with_curves(srgb, {b"rTRC": brighter, b"gTRC": light, b"bTRC": light})
    data = saved(Image.new("RGB", (128, 128), (200, 120, 90)), quality=95, icc_profile=profile)
    red = decode_photo(kept(data)).codes[..., 0].mean()
    assert abs(red - decode_photo(data).codes[..., 0].mean()) < 3
    assert abs(red - 200) > 10
