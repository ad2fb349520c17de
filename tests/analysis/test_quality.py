"""The gate: every fault by its name, no good photo refused, whatever the skin tone."""

import cv2
import numpy as np
import pytest

from analysis.errors import Fault
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
    """Light that falls off across the face by this much, in log units an eye distance."""
    across = (np.arange(portrait().size[0]) - 900) / 180
    return relit(np.exp(strength * np.clip(across, -2, 2))[np.newaxis, :, np.newaxis] * 0.5)


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
