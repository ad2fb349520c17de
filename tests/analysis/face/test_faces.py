"""Finding the one face, whatever its tone, light and tilt, and nothing that is not a face."""

import numpy as np
import pytest
import skimage.data

from analysis.errors import Fault, Unmeasurable
from analysis.face import faces
from analysis.face.faces import find_face, find_faces
from analysis.images import LinearImage, SrgbImage, to_linear, to_srgb
from analysis.light.skin_optics import BASELINE_BLOOD, TONES, log_rgb
from tests.analysis.retouching import MELANIN, portrait, turned

EYES = ((810, 401), (989, 411))  # of the portrait, pupils by hand


def under(gain: float) -> SrgbImage:
    return to_srgb(LinearImage(to_linear(portrait()).pixels * np.float32(gain)))


def fault_of(photo: SrgbImage) -> Fault:
    with pytest.raises(Unmeasurable) as caught:
        find_face(photo)
    return caught.value.fault


def test_the_pupils_are_found() -> None:
    face = find_face(portrait())
    assert face.eyes_seen == 2
    assert np.array(face.eyes) == pytest.approx(np.array(EYES), abs=0.06 * face.eye_distance)
    assert face.width == pytest.approx(400, rel=0.1)


@pytest.mark.parametrize("tone", TONES)
def test_every_skin_tone_is_a_face(tone: object) -> None:
    """The whole photo with another skin tone and the same exposure, as of a darker person."""
    melanin = getattr(tone, "melanin", MELANIN)
    change = log_rgb(melanin, BASELINE_BLOOD) - log_rgb(MELANIN, BASELINE_BLOOD)
    darker = to_linear(portrait()).pixels * np.exp(change).astype(np.float32)
    face = find_face(to_srgb(LinearImage(darker)))
    assert np.array(face.eyes) == pytest.approx(np.array(EYES), abs=0.08 * face.eye_distance)


@pytest.mark.parametrize("gain", [0.03, 0.2, 2.0])
def test_exposure_does_not_hide_a_face(gain: float) -> None:
    assert len(find_faces(under(gain))) == 1


@pytest.mark.parametrize("gain", [0.04, 0.15, 0.5])
def test_the_second_look_finds_a_dark_face_before_a_white_wall(
    gain: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first look misses such a face where its shine and a beard break the pattern."""
    monkeypatch.setattr(faces, "_LOOKS", faces._LOOKS[1:2])
    light = to_linear(portrait()).pixels * np.float32(gain)
    rows, columns = np.ogrid[: light.shape[0], : light.shape[1]]
    wall = np.hypot((columns - 900) / 225, (rows - 486) / 342) > 1
    light[wall] = 1.0
    face = find_face(to_srgb(LinearImage(light)))
    assert np.array(face.eyes) == pytest.approx(np.array(EYES), abs=0.08 * face.eye_distance)


@pytest.mark.parametrize("degrees", [-30, -12, 12, 30])
def test_a_tilted_head_is_found_with_its_tilt(degrees: float) -> None:
    straight = find_face(portrait())
    face = find_face(turned(portrait(), degrees, scale=0.8))
    assert face.tilt - straight.tilt == pytest.approx(degrees, abs=4)
    assert face.eye_distance == pytest.approx(0.8 * straight.eye_distance, rel=0.08)


def test_a_face_far_away_is_still_a_face_with_its_size() -> None:
    face = find_face(turned(portrait(), 0, scale=0.35))
    assert face.width == pytest.approx(140, rel=0.12)


def test_two_people_are_two_faces() -> None:
    both = SrgbImage(np.hstack([portrait().pixels[:, 500:1300], portrait().pixels[:, 500:1300]]))
    assert fault_of(both) is Fault.SEVERAL_FACES


def test_a_small_picture_on_the_wall_is_no_second_person() -> None:
    beside = portrait().pixels.copy()
    small = portrait().pixels[100:900:4, 500:1300:4]
    beside[200 : 200 + small.shape[0], 1500 : 1500 + small.shape[1]] = small
    assert len(find_faces(SrgbImage(beside))) == 1


def test_flags_patches_and_rockets_are_no_faces() -> None:
    assert fault_of(SrgbImage(portrait().pixels[:, 1330:].copy())) is Fault.NO_FACE
    assert fault_of(SrgbImage(portrait().pixels[:, :480].copy())) is Fault.NO_FACE


@pytest.mark.parametrize("name", ["cat", "coffee", "coins"])
def test_cats_cups_and_coins_are_no_faces(name: str) -> None:
    picture = np.asarray(getattr(skimage.data, name)())
    grey = picture if picture.ndim == 3 else np.dstack([picture] * 3)
    assert fault_of(SrgbImage((grey / 255).astype(np.float32))) is Fault.NO_FACE


def test_an_empty_wall_has_no_face() -> None:
    assert fault_of(SrgbImage(np.full((600, 500, 3), 0.4, np.float32))) is Fault.NO_FACE
    noise = np.random.default_rng(3).random((600, 500, 3), np.float32)
    assert fault_of(SrgbImage(noise)) is Fault.NO_FACE


def test_the_photo_is_left_as_it_was() -> None:
    before = portrait().pixels.copy()
    find_faces(portrait())
    assert np.array_equal(portrait().pixels, before)
