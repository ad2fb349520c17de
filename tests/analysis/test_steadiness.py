"""The same skin gets the same reading, within its interval, under other lights and cameras."""

from collections.abc import Callable
from functools import cache
from io import BytesIO

import cv2
import numpy as np
import pytest
from PIL import Image

from analysis.face.regions import Region
from analysis.images import LinearImage, SrgbImage, decode_photo, to_linear, to_srgb
from analysis.pipeline import Analysis, analyse_photo
from tests.analysis.retouching import CHEEKS, portrait, retouched, turned

LEFT = frozenset({Region.LEFT_CHEEK})


def brighter(stops: float) -> Callable[[SrgbImage], SrgbImage]:
    def shot(photo: SrgbImage) -> SrgbImage:
        light = np.clip(to_linear(photo).pixels * np.float32(2.0**stops), 0, 1)
        return to_srgb(LinearImage(light.astype(np.float32)))

    return shot


def stored(quality: int) -> Callable[[SrgbImage], SrgbImage]:
    def shot(photo: SrgbImage) -> SrgbImage:
        file = BytesIO()
        codes = np.rint(photo.pixels * 255).astype(np.uint8)
        Image.fromarray(codes).save(file, "JPEG", quality=quality)
        return decode_photo(file.getvalue())

    return shot


def cropped(photo: SrgbImage) -> SrgbImage:
    height, width = photo.pixels.shape[:2]
    return SrgbImage(photo.pixels[height // 20 :, width // 12 : -width // 10].copy())


def mirrored(photo: SrgbImage) -> SrgbImage:
    return SrgbImage(np.ascontiguousarray(photo.pixels[:, ::-1]))


@cache
def plain() -> Analysis:
    return analyse_photo(retouched(LEFT, blood=1), portrait(), CHEEKS)


@pytest.mark.parametrize(
    "shot",
    [
        brighter(-0.7), brighter(-0.3), brighter(0.3), stored(82), stored(95), cropped, mirrored,
        lambda photo: turned(photo, 4), lambda photo: turned(photo, -6),
        lambda photo: mirrored(mirrored(photo)),
    ],
    ids=[
        "darker", "a little darker", "brighter", "JPEG 82", "JPEG 95", "cropped", "mirrored",
        "tilted", "tilted back", "mirrored twice",
    ],
)  # fmt: skip
def test_a_reading_stays_inside_its_own_interval(shot: Callable[[SrgbImage], SrgbImage]) -> None:
    altered = analyse_photo(shot(retouched(LEFT, blood=1)), portrait(), CHEEKS)
    assert altered.reference is plain().reference
    for cheek in CHEEKS:
        before, after = plain().regions[cheek], altered.regions[cheek]
        assert abs(after.redness.value - before.redness.value) < 1.96 * after.redness.sd
        assert abs(after.pigment.value - before.pigment.value) < 1.96 * after.pigment.sd


def one_pixel_less(photo: SrgbImage) -> SrgbImage:
    return SrgbImage(photo.pixels[1:, 1:].copy())


def smaller(photo: SrgbImage) -> SrgbImage:
    """As decoded at three quarters of its size."""
    reduced = cv2.resize(photo.pixels, None, fx=0.75, fy=0.75, interpolation=cv2.INTER_AREA)
    return SrgbImage(np.ascontiguousarray(reduced, np.float32))


@pytest.mark.parametrize("shot", [one_pixel_less, smaller, stored(85)])
def test_what_no_eye_sees_moves_no_estimate_by_a_third_of_its_spread(
    shot: Callable[[SrgbImage], SrgbImage],
) -> None:
    altered = analyse_photo(shot(retouched(LEFT, blood=1)), portrait(), CHEEKS)
    assert altered.regions.keys() == plain().regions.keys()
    for region, before in plain().regions.items():
        after = altered.regions[region]
        assert abs(after.redness.value - before.redness.value) < 0.3 * before.redness.sd, region
        assert abs(after.pigment.value - before.pigment.value) < 0.3 * before.pigment.sd, region
