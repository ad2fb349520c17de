"""The gate: every fault by its name, no good photo refused, on any skin tone."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from analysis.errors import Fault
from analysis.face.faces import find_face
from analysis.face.regions import FACE_REGIONS
from analysis.images import LinearImage, SrgbImage, to_linear, to_srgb
from analysis.light.skin_optics import BASELINE_BLOOD, TONES, Tone, log_rgb
from analysis.quality import judge_photo
from tests.analysis.retouching import MELANIN, portrait, retouched, turned


def toned(tone: Tone) -> SrgbImage:
    """The photo as if taken of a person of another tone, exposed as before."""
    change = log_rgb(tone.melanin, BASELINE_BLOOD) - log_rgb(MELANIN, BASELINE_BLOOD)
    return relit(np.exp(change))


def relit(gain: object) -> SrgbImage:
    pixels = to_linear(portrait()).pixels * np.asarray(gain, np.float32)
    return to_srgb(LinearImage(pixels))


def blurred(share_of_eye_distance: float) -> SrgbImage:
    pixels = cv2.GaussianBlur(portrait().pixels, (0, 0), 180 * share_of_eye_distance)
    return SrgbImage(pixels.astype(np.float32))


def slanted(strength: float) -> SrgbImage:
    """Light that falls off across the face by this much, in log units per eye distance."""
    across = (np.arange(portrait().size[0]) - 900) / 180
    return relit(np.exp(strength * np.clip(across, -2, 2))[np.newaxis, :, np.newaxis] * 0.5)


def shaken(down: float, across: float) -> SrgbImage:
    """The camera moved by this many eye distances during the exposure, and paused at both ends."""
    steps = [0.0] * 8 + list(np.linspace(0, 1, 15)) + [1.0] * 8
    views = [_shifted(180 * down * step, 180 * across * step) for step in steps]
    return to_srgb(LinearImage(np.mean(views, axis=0).astype(np.float32)))


def _shifted(down: float, across: float) -> NDArray[np.float32]:
    move = np.array([[1.0, 0.0, across], [0.0, 1.0, down]])
    light = to_linear(portrait()).pixels
    return cv2.warpAffine(light, move, portrait().size, borderMode=cv2.BORDER_REPLICATE).astype(
        np.float32
    )


def at_eyes(*points: tuple[float, float]) -> NDArray[np.int32]:
    """Pixels of the portrait, given in eye distances from the middle between the pupils."""
    (left_x, left_y), (right_x, right_y) = find_face(portrait()).eyes
    middle = np.array([left_x + right_x, left_y + right_y]) / 2
    return np.round(middle + (right_x - left_x) * np.array(points)).astype(np.int32)


def behind_a_hand() -> SrgbImage:
    """Fingers of the person's own colour over the tip of the nose, mouth and chin."""
    photo = portrait().pixels.copy()
    x, y = at_eyes((0.62, 0.62))[0]
    skin = np.median(photo[y - 12 : y + 12, x - 12 : x + 12].reshape(-1, 3), axis=0)
    shade = np.zeros(photo.shape[:2], np.float32)
    for finger in (-0.36, -0.12, 0.12, 0.36):
        tip, root = at_eyes((finger, 0.6), (finger * 0.9, 1.9))
        one = np.zeros_like(shade)
        cv2.line(one, tuple(map(int, tip)), tuple(map(int, root)), 1.0, 42)
        round_ = 0.6 + 0.4 * cv2.GaussianBlur(one, (0, 0), 12)
        shade = np.where(one > 0, round_, shade).astype(np.float32)
    cover = cv2.GaussianBlur((shade > 0).astype(np.float32), (0, 0), 1.5)[..., np.newaxis]
    hand = skin * np.where(shade > 0, shade, 1)[..., np.newaxis]
    return SrgbImage((photo * (1 - cover) + hand * cover).astype(np.float32))


def with_a_dark_collar(photo: SrgbImage) -> SrgbImage:
    """Black cloth up to the chin, where the chin's outline is looked for."""
    pixels = photo.pixels.copy()
    cloth = at_eyes((-1.4, 1.45), (1.4, 1.45), (1.4, 3.0), (-1.4, 3.0))
    cv2.fillPoly(pixels, [cloth], (0.05, 0.05, 0.06))
    return SrgbImage(pixels)


def with_a_beard(photo: SrgbImage) -> SrgbImage:
    """Dark strands on jaw and chin, below the lips."""
    grown: NDArray[np.float32] = np.zeros(photo.pixels.shape[:2], np.float32)
    outline = at_eyes((-0.85, 1.38), (0.85, 1.38), (0.55, 2.0), (-0.55, 2.0))
    cv2.fillPoly(grown, [outline], 1.0)
    grown = cv2.GaussianBlur(grown, (0, 0), 8).astype(np.float32)
    grain = np.random.default_rng(3).normal(0, 1, grown.shape).astype(np.float32)
    strands = cv2.GaussianBlur(grain, (0, 0), 1.2, sigmaY=4.0)
    darkened = np.exp(-grown * (2.4 + 0.5 * strands / strands.std()))
    return to_srgb(LinearImage(to_linear(photo).pixels * darkened[..., np.newaxis]))


def test_the_same_photo_again_is_good() -> None:
    quality = judge_photo(portrait(), portrait())
    assert quality.acceptable
    assert quality.warnings == (Fault.FACE_TOO_SMALL,)  # 400 pixels are enough, 600 are better
    assert quality.face is not None


@pytest.mark.parametrize("tone", TONES)
def test_no_skin_tone_is_refused(tone: Tone) -> None:
    assert judge_photo(toned(tone), toned(tone)).faults == ()
    assert judge_photo(toned(tone), None).faults == ()


@pytest.mark.parametrize("gain", [0.35, 0.7, 1.15])
def test_ordinary_exposures_are_accepted(gain: float) -> None:
    assert judge_photo(relit(gain), portrait()).acceptable


def test_inflamed_skin_is_no_fault() -> None:
    red = retouched(FACE_REGIONS, blood=1.5)
    assert judge_photo(red, portrait()).acceptable


@pytest.mark.parametrize(
    ("fault", "photo"),
    [
        (Fault.NO_FACE, lambda: SrgbImage(np.full((500, 500, 3), 0.5, np.float32))),
        (
            Fault.SEVERAL_FACES,
            lambda: SrgbImage(np.hstack([portrait().pixels[:, 500:1300]] * 2)),
        ),
        (Fault.FACE_TOO_SMALL, lambda: turned(portrait(), 0, scale=0.6)),
        (Fault.BLURRED, lambda: blurred(0.035)),
        (Fault.TOO_BRIGHT, lambda: relit(2.6)),
        (Fault.TOO_DARK, lambda: relit(0.0015)),
        (Fault.UNEVEN_LIGHT, lambda: slanted(1.9)),
        (Fault.COLOUR_CAST, lambda: relit((1.0, 0.45, 0.9))),
    ],
)
def test_every_fault_is_named(fault: Fault, photo: object) -> None:
    assert callable(photo)
    assert fault in judge_photo(photo(), portrait()).faults


def test_a_black_and_white_photo_cannot_be_a_baseline() -> None:
    grey = np.repeat(portrait().pixels.mean(axis=2, keepdims=True), 3, axis=2)
    assert Fault.COLOUR_CAST in judge_photo(SrgbImage(grey), None).faults


def test_a_little_blur_only_warns() -> None:
    quality = judge_photo(blurred(0.014), portrait())
    assert quality.acceptable
    assert Fault.BLURRED in quality.warnings


def test_a_soft_baseline_does_not_forbid_a_soft_photo() -> None:
    assert judge_photo(blurred(0.02), blurred(0.02)).acceptable


def test_a_covered_face_is_occluded() -> None:
    photo = portrait().pixels.copy()
    photo[480:760, 720:1090] = (0.75, 0.85, 0.95)  # a surgical mask
    assert Fault.OCCLUDED in judge_photo(SrgbImage(photo), portrait()).faults


def test_a_mirrored_selfie_is_accepted() -> None:
    mirrored = SrgbImage(np.ascontiguousarray(portrait().pixels[:, ::-1]))
    assert judge_photo(mirrored, portrait()).acceptable


@pytest.mark.parametrize("tone", [TONES[0], TONES[4], TONES[-1]])
@pytest.mark.parametrize("dressed", [with_a_dark_collar, with_a_beard])
def test_a_collar_or_a_beard_is_no_light_from_one_side(
    dressed: Callable[[SrgbImage], SrgbImage], tone: Tone
) -> None:
    quality = judge_photo(dressed(toned(tone)), None)
    assert Fault.UNEVEN_LIGHT not in quality.faults + quality.warnings


@pytest.mark.parametrize("strength", [-2.4, 2.4])
def test_light_from_one_side_only_cannot_be_a_baseline(strength: float) -> None:
    assert Fault.UNEVEN_LIGHT in judge_photo(slanted(strength), None).faults


@pytest.mark.parametrize("strength", [-0.8, 0.8])
def test_light_from_a_window_only_warns(strength: float) -> None:
    quality = judge_photo(slanted(strength), portrait())
    assert quality.acceptable
    assert Fault.UNEVEN_LIGHT in quality.warnings


def test_an_inflamed_face_under_a_warm_lamp_is_accepted() -> None:
    evening = retouched(FACE_REGIONS, blood=1.5, light=(1.25, 1.0, 0.58))
    quality = judge_photo(evening, portrait())
    assert quality.acceptable
    assert Fault.COLOUR_CAST in quality.warnings


def test_a_hand_before_the_face_is_occluded() -> None:
    assert Fault.OCCLUDED in judge_photo(behind_a_hand(), portrait()).faults


def test_a_beard_grown_since_does_not_refuse_a_photo() -> None:
    assert judge_photo(with_a_beard(portrait()), portrait()).acceptable


@pytest.mark.parametrize("way", [(0.0, 0.05), (0.08, 0.08), (0.11, 0.0)])
def test_a_shaken_photo_is_blurred(way: tuple[float, float]) -> None:
    assert Fault.BLURRED in judge_photo(shaken(*way), portrait()).faults
