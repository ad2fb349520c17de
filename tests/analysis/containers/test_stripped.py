"""What is kept of an upload: its own compressed pixels, and nothing that tells of anyone."""

from datetime import datetime
from io import BytesIO

import numpy as np
import pytest
from PIL import Image, ImageCms

from analysis.containers import jpeg
from analysis.containers.notes import Lost
from analysis.images import decode_photo, encode_photo
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
