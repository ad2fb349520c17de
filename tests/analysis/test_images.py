"""Decoding: any bytes give either upright sRGB or a named fault."""

import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from io import BytesIO
from pathlib import Path

import numpy as np
import pillow_heif
import pytest
from PIL import Image, ImageCms

from analysis.containers.opening import MAX_BYTES
from analysis.errors import Fault, Unmeasurable
from analysis.images import (
    WORKING_EDGE,
    LinearImage,
    SrgbImage,
    decode_photo,
    encode_photo,
    to_linear,
    to_srgb,
)
from tests.analysis.containers.files import turned


def picture(mode: str = "RGB", size: tuple[int, int] = (120, 90)) -> Image.Image:
    """Four quarters: dark red, green, blue, grey; so every rotation looks different."""
    image = Image.new("RGB", size, (90, 90, 90))
    half = (size[0] // 2, size[1] // 2)
    image.paste((140, 30, 20), (0, 0, *half))
    image.paste((30, 130, 40), (half[0], 0, size[0], half[1]))
    image.paste((40, 50, 150), (0, half[1], half[0], size[1]))
    return image.convert(mode)


def stored(image: Image.Image, file_format: str, **options: object) -> bytes:
    buffer = BytesIO()
    image.save(buffer, file_format, **options)
    return buffer.getvalue()


def heic(image: Image.Image, **options: object) -> bytes:
    buffer = BytesIO()
    pillow_heif.from_pillow(image).save(buffer, quality=95, **options)
    return buffer.getvalue()


def fault_of(data: bytes) -> Fault:
    with pytest.raises(Unmeasurable) as caught:
        decode_photo(data)
    return caught.value.fault


def average_gap(decoded: SrgbImage, image: Image.Image) -> float:
    return float(np.abs(decoded.pixels - np.asarray(image.convert("RGB")) / 255).mean())


ENCODERS: dict[str, Callable[[Image.Image], bytes]] = {
    "jpeg": lambda image: stored(image, "JPEG", quality=95),
    "png": lambda image: stored(image, "PNG"),
    "webp": lambda image: stored(image, "WEBP", quality=95),
    "avif": lambda image: stored(image, "AVIF", quality=95),
    "heic": heic,
}


@pytest.mark.parametrize("kind", ENCODERS)
def test_every_format_of_phones_is_read(kind: str) -> None:
    decoded = decode_photo(ENCODERS[kind](picture()))
    assert decoded.size == (120, 90)
    assert decoded.pixels.dtype == np.float32
    assert average_gap(decoded, picture()) < 0.02


@pytest.mark.parametrize("kind", ENCODERS)
@pytest.mark.parametrize("share", [0.02, 0.5, 0.97])
def test_a_truncated_photo_is_unreadable_and_not_grey_at_the_bottom(
    kind: str, share: float
) -> None:
    rng = np.random.default_rng(1)
    noisy = Image.fromarray(rng.integers(0, 255, (300, 300, 3), np.uint8))
    data = ENCODERS[kind](noisy)
    assert fault_of(data[: int(share * len(data))]) is Fault.UNREADABLE


def test_bytes_that_are_no_photo_are_unreadable() -> None:
    assert fault_of(b"") is Fault.UNREADABLE
    assert fault_of(b"Dear clinic, my cheek is red.") is Fault.UNREADABLE
    assert fault_of(bytes(5000)) is Fault.UNREADABLE
    assert fault_of(b"\xff\xd8\xff\xe0" + bytes(500)) is Fault.UNREADABLE
    assert fault_of(stored(picture(), "GIF")) is Fault.UNREADABLE
    assert fault_of(stored(picture(), "TIFF")) is Fault.UNREADABLE


def test_damaged_photos_never_end_in_another_exception() -> None:
    rng = np.random.default_rng(7)
    for encode in ENCODERS.values():
        intact = np.frombuffer(encode(picture()), np.uint8)
        for _ in range(12):
            damaged = intact.copy()
            damaged[rng.integers(0, intact.size, 6)] = rng.integers(0, 255, 6)
            with suppress(Unmeasurable):
                assert np.isfinite(decode_photo(damaged.tobytes()).pixels).all()


def test_a_tiny_picture_is_no_photo() -> None:
    assert fault_of(stored(picture(size=(300, 40)), "PNG")) is Fault.UNREADABLE


def png_that_claims(width: int, height: int, *, transparent: bool = False) -> bytes:
    def chunk(name: bytes, body: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(name + body))
        return struct.pack(">I", len(body)) + name + body + check

    header = struct.pack(">IIBBBBB", width, height, 8, 6 if transparent else 2, 0, 0, 0)
    body = zlib.compress(bytes(1000))
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("size", [(10_100, 10_000), (14_000, 14_000), (60_000, 60_000)])
def test_a_decompression_bomb_is_refused_by_its_header(size: tuple[int, int]) -> None:
    assert fault_of(png_that_claims(*size)) is Fault.TOO_LARGE


def test_a_large_picture_is_refused_without_a_warning_beside_it(tmp_path: Path) -> None:
    large = tmp_path / "large.png"
    large.write_bytes(png_that_claims(11_000, 11_000))
    command = [sys.executable, "-m", "analysis", str(large), "--baseline", str(large)]
    told = subprocess.run(command, capture_output=True, text=True, check=False).stderr
    assert told.count("\n") == 1
    assert Fault.TOO_LARGE in told


def test_too_many_bytes_are_refused_before_they_are_looked_at() -> None:
    assert fault_of(bytes(MAX_BYTES + 1)) is Fault.TOO_LARGE


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["jpeg", "png", "webp", "heic"])
def test_the_exif_turn_is_applied_exactly_once(orientation: int, kind: str) -> None:
    upright = picture()
    as_sensor_saw = turned(upright, orientation)
    exif = Image.Exif()
    exif[0x0112] = orientation
    if kind == "heic":
        data = heic(as_sensor_saw, exif=exif.tobytes())
    else:
        data = stored(as_sensor_saw, kind.upper(), exif=exif.tobytes(), quality=95)
    decoded = decode_photo(data)
    assert decoded.size == upright.size
    assert average_gap(decoded, upright) < 0.02


def display_p3() -> bytes:
    """A minimal ICC v2 matrix profile: Display-P3 primaries (D50-adapted), gamma 2.2."""

    def fixed(value: float) -> bytes:
        return struct.pack(">i", round(value * 65536))

    def xyz(*values: float) -> bytes:
        return b"XYZ " + bytes(4) + b"".join(fixed(v) for v in values)

    description = b"Display P3\0"
    text = b"desc" + bytes(4) + struct.pack(">I", len(description)) + description
    curve = b"curv" + bytes(4) + struct.pack(">IH", 1, round(2.2 * 256)) + bytes(2)
    tags = {
        b"desc": text + bytes(78 + (-len(text) - 78) % 4),
        b"cprt": b"text" + bytes(4) + b"CC0\0",
        b"wtpt": xyz(0.9642, 1.0, 0.8249),
        b"rXYZ": xyz(0.51512, 0.24120, -0.00105),
        b"gXYZ": xyz(0.29198, 0.69225, 0.04189),
        b"bXYZ": xyz(0.15710, 0.06657, 0.78407),
        b"rTRC": curve,
        b"gTRC": curve,
        b"bTRC": curve,
    }
    offset = 128 + 4 + 12 * len(tags)
    table, body = struct.pack(">I", len(tags)), b""
    for name, data in tags.items():
        table += name + struct.pack(">II", offset + len(body), len(data))
        body += data
    size = struct.pack(">I", offset + len(body))
    header = size + bytes(4) + struct.pack(">I", 0x02400000) + b"mntrRGB XYZ " + bytes(12)
    header += b"acsp" + bytes(28) + fixed(0.9642) + fixed(1.0) + fixed(0.8249)
    return header.ljust(128, b"\0") + table + body


@pytest.mark.parametrize("kind", ["jpeg", "png", "webp", "heic"])
def test_a_display_p3_selfie_is_as_red_as_the_skin(kind: str) -> None:
    skin_in_p3 = Image.new("RGB", (100, 100), (200, 140, 115))
    options = {"icc_profile": display_p3(), "quality": 98}
    data = (
        heic(skin_in_p3, icc_profile=display_p3())
        if kind == "heic"
        else stored(skin_in_p3, kind.upper(), **options)
    )
    # The matrix between the two sets of primaries, both with a D65 white (SMPTE EG 432-1).
    to_srgb_primaries = np.array(
        [[1.2249, -0.2247, 0.0], [-0.0420, 1.0419, 0.0], [-0.0197, -0.0786, 1.0979]]
    )
    light = to_srgb_primaries @ (np.array([200, 140, 115]) / 255) ** 2.2
    expected = to_srgb(LinearImage(light.astype(np.float32).reshape(1, 1, 3))).pixels[0, 0]
    assert decode_photo(data).pixels[50, 50] * 255 == pytest.approx(expected * 255, abs=2.2)


def test_an_srgb_profile_changes_nothing() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    decoded = decode_photo(stored(picture(), "PNG", icc_profile=profile))
    assert average_gap(decoded, picture()) < 0.003


@pytest.mark.parametrize("profile", [b"nonsense", display_p3()[:200]])
def test_a_broken_colour_profile_counts_as_srgb(profile: bytes) -> None:
    decoded = decode_photo(stored(picture(), "JPEG", quality=95, icc_profile=profile))
    assert average_gap(decoded, picture()) < 0.02


def test_a_profile_for_another_kind_of_pixel_counts_as_srgb() -> None:
    decoded = decode_photo(stored(picture("L"), "PNG", icc_profile=display_p3()))
    assert average_gap(decoded, picture("L")) < 0.003


@pytest.mark.parametrize("mode", ["L", "1", "P", "LA", "RGBA", "CMYK"])
def test_every_kind_of_pixel_becomes_rgb(mode: str) -> None:
    image = picture(mode)
    decoded = decode_photo(stored(image, "JPEG" if mode == "CMYK" else "PNG"))
    assert average_gap(decoded, image) < 0.02


def test_sixteen_bit_grey_is_scaled_and_not_clipped() -> None:
    ramp = np.linspace(0, 65535, 100 * 100).reshape(100, 100).astype(np.uint16)
    decoded = decode_photo(stored(Image.fromarray(ramp), "PNG"))
    assert decoded.pixels[..., 0] == pytest.approx(ramp / 65535, abs=0.005)


def test_transparency_is_laid_on_white() -> None:
    glass = Image.new("RGBA", (100, 100), (255, 0, 0, 0))
    assert decode_photo(stored(glass, "PNG")).pixels.min() == 1


def test_the_largest_photos_are_brought_to_working_size() -> None:
    data = stored(picture(size=(9_000, 3_000)), "JPEG")
    decoded = decode_photo(data)
    assert decoded.size == (WORKING_EDGE, round(WORKING_EDGE / 3))
    assert average_gap(decoded, picture(size=decoded.size)) < 0.02


@pytest.mark.parametrize(
    ("taken", "offset", "expected"),
    [
        ("2026:03:05 08:00:01", None, datetime(2026, 3, 5, 8, 0, 1)),  # noqa: DTZ001
        ("2026:03:05 08:00:01", "+01:00", datetime(2026, 3, 5, 7, 0, 1, tzinfo=UTC)),
        ("2026:03:05 08:00:01", "sometime", datetime(2026, 3, 5, 8, 0, 1)),  # noqa: DTZ001
        ("0000:00:00 00:00:00", None, None),
        (None, None, None),
    ],
)
def test_the_cameras_own_time_is_kept(
    taken: str | None, offset: str | None, expected: datetime | None
) -> None:
    exif = Image.Exif()
    details = exif.get_ifd(0x8769)
    if taken:
        details[0x9003] = taken
    if offset:
        details[0x9011] = offset
    decoded = decode_photo(stored(picture(), "JPEG", exif=exif.tobytes()))
    assert decoded.captured_at == expected
    if offset == "+01:00" and decoded.captured_at:
        assert decoded.captured_at.tzinfo == timezone(timedelta(hours=1))


def test_a_stored_photo_keeps_its_pixels_and_nothing_else() -> None:
    exif = Image.Exif()
    exif[0x010F] = "A camera maker"
    original = decode_photo(stored(picture(), "PNG", exif=exif.tobytes()))
    data = encode_photo(original)
    with Image.open(BytesIO(data)) as reopened:
        assert not reopened.getexif()
        assert not {"exif", "icc_profile", "comment", "xmp"} & set(reopened.info)
    assert np.abs(decode_photo(data).pixels - original.pixels).mean() < 0.01


def test_linear_light_and_back_is_the_same_picture() -> None:
    ramp = np.linspace(0, 1, 3 * 64, dtype=np.float32).reshape(1, 64, 3)
    linear = to_linear(SrgbImage(ramp))
    assert linear.pixels.mean() < ramp.mean()
    assert to_srgb(linear).pixels == pytest.approx(ramp, abs=2e-6)
    assert float(to_linear(SrgbImage(np.full((1, 1, 3), 0.5, np.float32))).pixels[0, 0, 0]) == (
        pytest.approx(0.21404, abs=1e-4)
    )
