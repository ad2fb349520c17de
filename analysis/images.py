"""Bytes to pixels and back: one upright, profile-managed sRGB picture, decoded in one place.

Pillow alone decodes. OpenCV is twice as fast (26 against 58 ms for 12 megapixels) but ignores
colour profiles, turns by EXIF on its own and returns a grey-bottomed picture for a truncated file.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from io import BytesIO
from math import floor, log2
from typing import Any, Final

import cv2
import numpy as np
import pi_heif
from numpy.typing import NDArray
from PIL import ExifTags, Image

from analysis.containers import jpeg
from analysis.containers.colours import adobe_rgb, in_srgb
from analysis.containers.contents import Contents
from analysis.containers.notes import Lost, Notes, read_notes
from analysis.containers.opening import FORMATS, decoding, open_container, refuse_costly
from analysis.errors import Fault, Unmeasurable

MAX_PIXELS: Final = 100_000_000
MIN_EDGE: Final = 64
"""Below this many pixels no face could be measured, whatever the picture shows."""
WORKING_EDGE: Final = 4096
"""Longer edges are reduced to this: the sensor of a common phone passes untouched."""

_TURNS: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

pi_heif.register_heif_opener()
Image.MAX_IMAGE_PIXELS = None  # Pillow would warn and go on; `_check_size` refuses


@dataclass(frozen=True, slots=True, eq=False)
class SrgbImage:
    """An upright photo: (h, w, 3) RGB, display-encoded sRGB.

    `samples` are uint8, 0..255, as files hold them, or float32, 0..1, where they were computed.
    `captured_at` is the camera's own clock from EXIF; naive when the camera gave no offset. `lost`
    are the parts of the file's notes that were there and could not be read. `is_turn_known` tells
    whether the file said which way is up, `is_selfie` whether it names a front camera. `scale` is
    1, or less where the file was decoded to fewer pixels than it could have been: one pixel of the
    full photo is so many of these.
    """

    samples: NDArray[np.float32] | NDArray[np.uint8]
    captured_at: datetime | None = None
    lost: frozenset[Lost] = frozenset()
    is_turn_known: bool = False
    is_selfie: bool = False
    scale: float = 1.0

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.samples.shape[1], self.samples.shape[0]

    @property
    def pixels(self) -> NDArray[np.float32]:
        """The samples as float32, 0..1; those of a file take four times their memory."""
        if self.samples.dtype == np.uint8:
            return np.divide(self.samples, np.float32(255), dtype=np.float32)
        return self.samples.astype(np.float32, copy=False)

    @property
    def codes(self) -> NDArray[np.uint8]:
        """The samples as uint8, 0..255; computed ones are rounded and clipped."""
        if self.samples.dtype == np.uint8:
            return self.samples.astype(np.uint8, copy=False)
        return to_bytes(self.pixels)

    def part(self, rows: slice, columns: slice) -> "SrgbImage":
        """A rectangle of the photo, in the same memory."""
        return self.with_samples(self.samples[rows, columns])

    def with_samples(self, samples: NDArray[np.float32] | NDArray[np.uint8]) -> "SrgbImage":
        """Other samples with all that is known of this photo."""
        return SrgbImage(
            samples,
            self.captured_at,
            self.lost,
            is_turn_known=self.is_turn_known,
            is_selfie=self.is_selfie,
            scale=self.scale,
        )

    def reduced(self, scale: float) -> "SrgbImage":
        """A copy in float32, `scale` (at most 1) times as wide and high, averaged as encoded.

        A large photo of 8 bits is brought to twice that size in 8 bits first, which is quick; what
        is rounded there is averaged out by the second step.
        """
        if scale < 0.25 and self.samples.dtype == np.uint8:
            return SrgbImage(_resized(self.samples, 2 * scale)).reduced(0.5)
        return SrgbImage(_resized(self.pixels, scale).astype(np.float32, copy=False))


class UnopenedImage(SrgbImage):
    """A photo whose size is known, and that is decoded when its samples are first asked for.

    `decode` may raise `Unmeasurable`, as does a photo that turns out to have another size.
    """

    __slots__ = ("_decode", "_size")

    def __init__(
        self, size: tuple[int, int], scale: float, decode: Callable[[], SrgbImage]
    ) -> None:
        for name, value in (("_size", size), ("scale", scale), ("_decode", decode)):
            object.__setattr__(self, name, value)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        size: tuple[int, int] = self._size
        return size

    def __getattr__(self, name: str) -> Any:
        """All other attributes are those of the decoded photo."""
        if name not in {"samples", "captured_at", "lost", "is_turn_known", "is_selfie"}:
            raise AttributeError(name)
        decoded = self._decode()
        if (decoded.size, decoded.scale) != (self._size, self.scale):
            raise Unmeasurable(Fault.UNREADABLE, f"{decoded.size} pixels instead of {self._size}")
        for field in ("samples", "captured_at", "lost", "is_turn_known", "is_selfie"):
            object.__setattr__(self, field, getattr(decoded, field))
        return getattr(self, name)


@dataclass(frozen=True, slots=True, eq=False)
class LinearImage:
    """The same light, linear: float32 (h, w, 3) RGB with sRGB primaries, 1 is display white."""

    pixels: NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Mask:
    """Which pixels are meant: bool (h, w)."""

    pixels: NDArray[np.bool_]


def decode_photo(
    data: bytes, long_edge: int = WORKING_EDGE, *, is_whole: bool = False
) -> SrgbImage:
    """Read JPEG, PNG, WebP, HEIC/HEIF or AVIF bytes; the content decides, not a file name.

    The EXIF turn is applied once, declared colours (profiles, code points, gamma, Adobe RGB) become
    sRGB, and transparency is laid on white. Notes of the file that are damaged count as absent and
    are named in `lost`; no damage to them keeps the picture from being read.

    Both edges are halved while the long one keeps `long_edge` pixels; JPEG does so as it decodes,
    which is quicker. A file that `is_whole` for sure is not searched for missing rows. Raises
    `Unmeasurable` with `UNREADABLE`, `TOO_LARGE`, `TOO_COSTLY`, `MOVING` or `UNKNOWN_COLOURS`.
    """
    with decoding(data):
        contents = open_container(data, is_whole=is_whole)
        notes = read_notes(contents)
        with Image.open(BytesIO(contents.picture), formats=FORMATS) as picture:
            _check_size(picture.size)
            refuse_costly(picture)
            halved = 0.5 ** _halvings(picture.size, long_edge)
            upright, has_lost_colours = _load_upright(picture, contents, notes, halved)
    return SrgbImage(
        np.asarray(upright, np.uint8),
        notes.captured_at,
        notes.lost | ({Lost.COLOURS} if has_lost_colours else set()),
        is_turn_known=notes.is_turn_sure or contents.turns_itself,
        is_selfie=notes.is_selfie,
        scale=halved,
    )


def encode_photo(image: SrgbImage) -> bytes:
    """A JPEG of these pixels: quality 95, 4:4:4, sRGB, without any metadata."""
    buffer = BytesIO()
    Image.fromarray(image.codes).save(buffer, "JPEG", quality=95, subsampling=0)
    return buffer.getvalue()


def encode_small(image: SrgbImage) -> bytes:
    """A JPEG for lists, where many are loaded at once: quality 70, 4:2:0, sRGB, no metadata."""
    buffer = BytesIO()
    Image.fromarray(image.codes).save(
        buffer, "JPEG", quality=70, subsampling="4:2:0", optimize=True, progressive=True
    )
    return buffer.getvalue()


def turn_photo(image: SrgbImage, quarters: int) -> SrgbImage:
    """The photo turned by so many quarters, counter-clockwise."""
    turned: NDArray[Any] = np.ascontiguousarray(np.rot90(image.samples, quarters))
    return image.with_samples(turned)


def mirror_photo(image: SrgbImage) -> SrgbImage:
    """The photo with left and right exchanged."""
    mirrored: NDArray[Any] = np.ascontiguousarray(image.samples[:, ::-1])
    return image.with_samples(mirrored)


def to_linear(image: SrgbImage) -> LinearImage:
    """Undo the sRGB transfer curve (IEC 61966-2-1); of 8 bits by a table."""
    if image.samples.dtype == np.uint8:
        return LinearImage(cv2.LUT(image.codes, _linear_of_codes()).astype(np.float32, copy=False))
    encoded = image.pixels
    powered = cv2.pow((np.maximum(encoded, 0) + np.float32(0.055)) / np.float32(1.055), 2.4)
    linear = np.where(encoded <= 0.04045, encoded / np.float32(12.92), powered)
    return LinearImage(linear.astype(np.float32, copy=False))


@cache
def _linear_of_codes() -> NDArray[np.float32]:
    """The linear light (256,) of every code of 8 bits."""
    codes = np.arange(256, dtype=np.float32).reshape(-1, 1) / np.float32(255)
    return to_linear(SrgbImage(codes)).pixels.ravel()


def to_srgb(image: LinearImage) -> SrgbImage:
    """Apply the sRGB transfer curve (IEC 61966-2-1); values are clipped to 0..1."""
    linear = np.clip(image.pixels, 0, 1)
    powered = np.float32(1.055) * cv2.pow(linear, 1 / 2.4) - np.float32(0.055)
    encoded = np.where(linear <= 0.0031308, linear * np.float32(12.92), powered)
    return SrgbImage(encoded.astype(np.float32, copy=False))


def to_bytes(encoded: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Display-encoded 0..1 to 0..255, rounded and clipped; any shape."""
    return np.rint(np.clip(encoded, 0, 1) * 255).astype(np.uint8)


def _resized(samples: NDArray[Any], scale: float) -> NDArray[Any]:
    """The same samples averaged down, `scale` times as wide and high."""
    return np.asarray(cv2.resize(samples, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA))


def _check_size(size: tuple[int, int]) -> None:
    width, height = size
    if width * height > MAX_PIXELS:
        raise Unmeasurable(Fault.TOO_LARGE, f"{width} x {height} pixels")
    if min(size) < MIN_EDGE:
        raise Unmeasurable(Fault.UNREADABLE, f"only {width} x {height} pixels")


def _halvings(size: tuple[int, int], long_edge: int) -> int:
    """How often a photo of this size, brought to working size, can be halved."""
    return max(0, floor(log2(min(WORKING_EDGE, max(size)) / long_edge)))


def _load_upright(
    picture: Image.Image, contents: Contents, notes: Notes, halved: float
) -> tuple[Image.Image, bool]:
    """The loaded picture as upright 8-bit sRGB, `halved` times the working size.

    The second value tells whether it declares colours that cannot be read.
    """
    scale = min(1.0, WORKING_EDGE / max(picture.size)) * halved
    target = (round(picture.width * scale), round(picture.height * scale))
    if scale < 1:
        picture.draft(None, target)  # JPEG only: halve while decoding, as far as it stays larger
    picture.load()
    if contents.tells_by_last_block and jpeg.may_lack_rows(picture):
        jpeg.refuse_lost_rows(contents.picture)
    _check_size(picture.size)  # HEIF may only know its true size now
    # HEIF comes turned; of AVIF the decoder tells how the container turns it.
    turn = notes.turn or picture.getexif().get(ExifTags.Base.Orientation, 1)
    profile = contents.profile or picture.info.get("icc_profile")
    flat = _without_transparency(picture)
    if max(np.subtract(flat.size, target)) > 1:  # an odd edge is rounded up
        flat = flat.resize(target, Image.Resampling.BOX)
    colours = contents.colours or (adobe_rgb() if notes.is_adobe_rgb else None)
    managed, has_lost_colours = in_srgb(flat, profile, colours)
    method = _TURNS.get(turn)
    return (managed if method is None else managed.transpose(method)), has_lost_colours


def _without_transparency(picture: Image.Image) -> Image.Image:
    """An opaque picture in mode L, RGB or CMYK, transparent parts laid on white."""
    if picture.has_transparency_data:
        rgba = picture.convert("RGBA")
        white = Image.new("RGBA", rgba.size, "white")
        return Image.alpha_composite(white, rgba).convert("RGB")
    if picture.mode.startswith("I"):  # 16-bit grey, which Pillow would clip instead of scaling
        return Image.fromarray((np.asarray(picture).astype(np.uint32) >> 8).astype(np.uint8))
    if picture.mode in {"L", "RGB", "CMYK"}:
        return picture
    return picture.convert("L" if picture.mode == "1" else "RGB")
