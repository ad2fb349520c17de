"""The light that a file declares is the light that is measured, however it is coded."""

import struct
from collections.abc import Callable, Mapping
from typing import Final

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from analysis.containers.notes import Lost
from analysis.errors import Fault, Unmeasurable
from analysis.images import decode_photo
from tests.analysis.containers.files import (
    COLOUR_SPACE,
    avif,
    chunk,
    heic,
    jpeg,
    png,
    tiff,
    webp,
    with_chunks,
)

Curve = Callable[[NDArray[np.float64]], NDArray[np.float64]]

# Light of fair, dark, bright and inflamed skin, with the primaries of sRGB; 1 is paper.
SKINS: Final = np.array(
    [[0.45, 0.25, 0.18], [0.10, 0.05, 0.03], [0.70, 0.50, 0.42], [0.30, 0.08, 0.07]]
)
# From the primaries of sRGB; CSS Color 4, section 17, through XYZ (D65).
TO_P3: Final = np.array([[0.82246, 0.17754, 0], [0.03319, 0.96681, 0], [0.01708, 0.07240, 0.91052]])
TO_2020: Final = np.array(
    [[0.62740, 0.32928, 0.04331], [0.06910, 0.91954, 0.01136], [0.01639, 0.08801, 0.89560]]
)
TO_ADOBE: Final = np.array([[0.71512, 0.28488, 0], [0, 1, 0], [0, 0.04117, 0.95883]])
AS_IT_IS: Final = np.eye(3)


def srgb(light: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)


def pq(light: NDArray[np.float64]) -> NDArray[np.float64]:
    """ST 2084; paper is 203 cd/m2 (BT.2408)."""
    y = (light * 203 / 10_000) ** 0.1593017578125
    return ((0.8359375 + 18.8515625 * y) / (1 + 18.6875 * y)) ** 78.84375


def hlg(light: NDArray[np.float64]) -> NDArray[np.float64]:
    """BT.2100 on a display of 1000 cd/m2, from light with the primaries of BT.2020."""
    display = light * 0.203
    luminance = display @ [0.2627, 0.6780, 0.0593]
    scene = display * luminance[:, None] ** ((1 - 1.2) / 1.2)
    logarithmic = 0.17883277 * np.log(np.maximum(12 * scene - 0.28466892, 1e-9)) + 0.55991073
    return np.where(scene <= 1 / 12, np.sqrt(3 * scene), logarithmic)


def power(gamma: float) -> Curve:
    return lambda light: light**gamma


# Name, code points of H.273, primaries, curve, and how many codes 8 bits of it may be off.
CODED: Final[Mapping[str, tuple[int, int, NDArray[np.float64], Curve, float]]] = {
    "sRGB": (1, 13, AS_IT_IS, srgb, 2.0),
    "unspecified": (2, 2, AS_IT_IS, srgb, 2.0),
    "video curve": (1, 1, AS_IT_IS, srgb, 2.0),
    "P3": (12, 13, TO_P3, srgb, 2.5),
    "P3, gamma 2.2": (12, 4, TO_P3, power(1 / 2.2), 2.5),
    "gamma 2.8": (1, 5, AS_IT_IS, power(1 / 2.8), 3.0),
    "BT.2020": (9, 13, TO_2020, srgb, 3.0),
    "BT.2020, video curve": (9, 14, TO_2020, srgb, 3.0),
    "linear": (1, 8, AS_IT_IS, power(1.0), 6.0),
    "PQ": (9, 16, TO_2020, pq, 6.0),
    "P3, PQ": (12, 16, TO_P3, pq, 6.0),
    "HLG": (9, 18, TO_2020, hlg, 4.0),
}


def patches(codes: NDArray[np.float64]) -> Image.Image:
    """A square for each skin, of coded values 0..1."""
    quarters = np.rint(255 * codes).astype(np.uint8).reshape(2, 2, 3)
    return Image.fromarray(np.kron(quarters, np.ones((48, 48, 1), np.uint8)))


def read(data: bytes) -> NDArray[np.float32]:
    """The codes of sRGB (0..255) in the middle of each square."""
    pixels = decode_photo(data).pixels
    return 255 * pixels[24::48, 24::48].reshape(4, 3)


def with_nclx(data: bytes, primaries: int, transfer: int) -> bytes:
    place = data.index(b"nclx") + 4
    return data[:place] + struct.pack(">HH", primaries, transfer) + data[place + 4 :]


CONTAINERS: Final[Mapping[str, Callable[[Image.Image, int, int], bytes]]] = {
    "png": lambda image, primaries, transfer: with_chunks(
        png(image), chunk(b"cICP", bytes((primaries, transfer, 0, 1)))
    ),
    "avif": lambda image, primaries, transfer: with_nclx(avif(image), primaries, transfer),
    "heic": lambda image, primaries, transfer: with_nclx(heic(image), primaries, transfer),
}


@pytest.mark.parametrize("name", CODED)
@pytest.mark.parametrize("kind", CONTAINERS)
def test_code_points_are_honoured(kind: str, name: str) -> None:
    primaries, transfer, matrix, curve, tolerance = CODED[name]
    codes = curve(SKINS @ matrix.T)
    found = read(CONTAINERS[kind](patches(codes), primaries, transfer))
    assert found == pytest.approx(255 * srgb(SKINS), abs=tolerance)


@pytest.mark.parametrize("points", [(3, 13), (200, 13), (1, 0), (1, 9), (1, 12), (1, 77)])
@pytest.mark.parametrize("kind", CONTAINERS)
def test_unknown_code_points_are_refused_by_name(kind: str, points: tuple[int, int]) -> None:
    with pytest.raises(Unmeasurable) as caught:
        decode_photo(CONTAINERS[kind](patches(SKINS), *points))
    assert caught.value.fault is Fault.UNKNOWN_COLOURS


def test_the_narrow_range_of_a_png_is_widened() -> None:
    image = patches((16 + 219 * srgb(SKINS)) / 255)
    data = with_chunks(png(image), chunk(b"cICP", bytes((1, 13, 0, 0))))
    assert read(data) == pytest.approx(255 * srgb(SKINS), abs=2)


@pytest.mark.parametrize("kind", ["jpeg", "png", "webp"])
@pytest.mark.parametrize("space", [0xFFFF, 2])
@pytest.mark.parametrize("order", ["<", ">"])
def test_adobe_rgb_by_exif_is_honoured(kind: str, space: int, order: str) -> None:
    image = patches((SKINS @ TO_ADOBE.T) ** (256 / 563))
    exif = (tiff(details={COLOUR_SPACE: space}, interop="R03", order=order),)
    write = {"jpeg": jpeg, "png": png, "webp": webp}[kind]
    assert read(write(image, exif)) == pytest.approx(255 * srgb(SKINS), abs=3)


@pytest.mark.parametrize(("space", "interop"), [(1, "R98"), (0xFFFF, "R98"), (1, "R03"), (1, "")])
def test_srgb_by_exif_stays_srgb(space: int, interop: str) -> None:
    exif = (tiff(details={COLOUR_SPACE: space}, interop=interop),)
    assert read(png(patches(srgb(SKINS)), exif)) == pytest.approx(255 * srgb(SKINS), abs=1)


def gamma_chunk(gamma: float) -> bytes:
    return chunk(b"gAMA", struct.pack(">I", round(gamma * 100_000)))


@pytest.mark.parametrize("gamma", [0.3, 0.35714, 0.50, 0.55556, 0.7, 1.0])
def test_the_gamma_of_a_png_is_honoured(gamma: float) -> None:
    data = with_chunks(png(patches(power(gamma)(SKINS))), gamma_chunk(gamma))
    assert read(data) == pytest.approx(255 * srgb(SKINS), abs=6)


def test_the_primaries_of_a_png_are_honoured() -> None:
    corners = (31270, 32900, 68000, 32000, 26500, 69000, 15000, 6000)
    image = patches(power(0.5)(SKINS @ TO_P3.T))
    data = with_chunks(png(image), gamma_chunk(0.5), chunk(b"cHRM", struct.pack(">8I", *corners)))
    assert read(data) == pytest.approx(255 * srgb(SKINS), abs=3)


@pytest.mark.parametrize("gamma", [0.0, 0.001, 0.45455, 40.0])
def test_a_gamma_of_srgb_or_none_at_all_changes_nothing(gamma: float) -> None:
    data = with_chunks(png(patches(srgb(SKINS))), gamma_chunk(gamma))
    assert read(data) == pytest.approx(255 * srgb(SKINS), abs=1)


def test_what_a_png_says_more_surely_counts() -> None:
    image = png(patches(srgb(SKINS)))
    as_srgb, as_p3 = chunk(b"sRGB", b"\0"), chunk(b"cICP", bytes((12, 13, 0, 1)))
    assert read(with_chunks(image, as_srgb, gamma_chunk(1.0))) == pytest.approx(
        255 * srgb(SKINS), abs=1
    )
    both = read(with_chunks(image, as_p3, as_srgb, gamma_chunk(1.0)))
    assert both == pytest.approx(read(with_chunks(image, as_p3)), abs=0)


@pytest.mark.parametrize(
    "corners", [(0,) * 8, (31270, 32900, 1, 0, 2, 0, 3, 0), (31270, 32900, *(50000, 50000) * 3)]
)
def test_corners_that_enclose_no_colour_count_as_srgb_and_are_named(
    corners: tuple[int, ...],
) -> None:
    told = chunk(b"cHRM", struct.pack(">8I", *corners))
    data = with_chunks(png(patches(srgb(SKINS))), gamma_chunk(0.5), told)
    assert read(data) == pytest.approx(255 * srgb(SKINS), abs=1)
    assert decode_photo(data).lost == {Lost.COLOURS}
