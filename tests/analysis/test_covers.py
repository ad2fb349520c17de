"""A cover is named as a cover, and a coloured lamp as a lamp, on every tone of skin."""

from functools import cache
from typing import Final

import cv2
import numpy as np
import pytest

from analysis.errors import Fault
from analysis.face.faces import Face, find_face
from analysis.images import LinearImage, SrgbImage, to_linear, to_srgb
from analysis.light.skin_optics import BASELINE_BLOOD, TONES, Tone, log_rgb
from analysis.quality import judge_photo
from tests.analysis.retouching import MELANIN, portrait

COVERS: Final = {
    "surgical": (0.75, 0.85, 0.95),
    "white": (0.93, 0.93, 0.93),
    "black": (0.10, 0.10, 0.12),
    "red": (0.70, 0.10, 0.12),
    "green": (0.20, 0.50, 0.30),
}
LAMPS: Final = {"blue": (0.2, 0.5, 2.5), "green": (0.25, 1.0, 0.3), "red": (0.9, 0.1, 0.2)}
MASK: Final = (
    *((-0.15, 0.28), (0.15, 0.28), (0.85, 0.75), (0.8, 1.5)),
    *((0.35, 1.95), (-0.35, 1.95), (-0.8, 1.5), (-0.85, 0.75)),
)  # in eye distances from the middle between the pupils


@cache
def face() -> Face:
    return find_face(portrait())


@cache
def toned(tone: Tone) -> SrgbImage:
    change = log_rgb(tone.melanin, BASELINE_BLOOD) - log_rgb(MELANIN, BASELINE_BLOOD)
    light = to_linear(portrait()).pixels * np.exp(change).astype(np.float32)
    return to_srgb(LinearImage(light))


def masked(photo: SrgbImage, colour: tuple[float, float, float]) -> SrgbImage:
    """Cloth with a little weave over nose, mouth and cheeks."""
    (left_x, left_y), (right_x, right_y) = face().eyes
    middle = np.array([left_x + right_x, left_y + right_y]) / 2
    corners = np.round(middle + (right_x - left_x) * np.array(MASK)).astype(np.int32)
    cover = np.zeros(photo.pixels.shape[:2], np.float32)
    cv2.fillPoly(cover, [corners], 1.0)
    cover = cv2.GaussianBlur(cover, (0, 0), 2).astype(np.float32)[..., np.newaxis]
    weave = np.random.default_rng(1).normal(1, 0.03, (*photo.pixels.shape[:2], 1))
    cloth = np.clip(np.array(colour) * weave, 0, 1).astype(np.float32)
    return SrgbImage(photo.pixels * (1 - cover) + cloth * cover)


def faults(photo: SrgbImage) -> set[Fault]:
    return set(judge_photo(photo, None, lambda _: face()).faults)


@pytest.mark.parametrize("tone", [TONES[0], TONES[4], TONES[-1]])
@pytest.mark.parametrize("cover", COVERS)
def test_a_mask_on_the_photo_from_before_is_no_coloured_lamp(cover: str, tone: Tone) -> None:
    found = faults(masked(toned(tone), COVERS[cover]))
    assert Fault.OCCLUDED in found
    assert Fault.COLOUR_CAST not in found


@pytest.mark.parametrize("tone", [TONES[0], TONES[4], TONES[-1]])
@pytest.mark.parametrize("shade", [0.6, 1.0, 1.4])
def test_a_mask_of_the_colour_of_skin_is_a_cover_too(shade: float, tone: Tone) -> None:
    photo = toned(tone)
    (x, _), (_, y) = face().eyes
    forehead = photo.pixels[int(y - 130) : int(y - 90), int(x) : int(x + 100)]
    red, green, blue = (shade * float(v) for v in np.median(forehead, axis=(0, 1)))
    assert Fault.OCCLUDED in faults(masked(photo, (red, green, blue)))
    assert Fault.OCCLUDED not in faults(photo)


@pytest.mark.parametrize("tone", [TONES[0], TONES[-1]])
@pytest.mark.parametrize("lamp", LAMPS)
def test_a_coloured_lamp_is_no_cover(lamp: str, tone: Tone) -> None:
    light = to_linear(toned(tone)).pixels * np.array(LAMPS[lamp], np.float32)
    assert Fault.COLOUR_CAST in faults(to_srgb(LinearImage(light)))
