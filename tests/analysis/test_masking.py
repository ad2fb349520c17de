"""A copy for teaching hides the eyes of every face, or there is none."""

import numpy as np
import pytest

from analysis.errors import Fault, Unmeasurable
from analysis.face.faces import Face, find_face
from analysis.images import LinearImage, SrgbImage, decode_photo, encode_photo, to_linear, to_srgb
from analysis.masking import BAR, mask_eyes
from tests.analysis.retouching import portrait, turned

PUPILS = ((810, 401), (989, 411))  # of the portrait, by hand


def darker() -> SrgbImage:
    return to_srgb(LinearImage(to_linear(portrait()).pixels * np.float32(0.15)))


@pytest.mark.parametrize(
    "photo", [portrait(), darker(), turned(portrait(), 12)], ids=["plain", "dark", "tilted"]
)
def test_eyes_and_brows_are_one_colour_and_nothing_else_changes(photo: SrgbImage) -> None:
    masked = mask_eyes(photo, find_face)
    face = find_face(photo)
    for x, y in face.eyes:
        reach = round(0.25 * face.eye_distance)
        eye = masked.codes[round(y) - reach : round(y) + reach, round(x) - reach : round(x) + reach]
        assert (eye == BAR).all()
    changed = (masked.codes != photo.codes).any(axis=2)
    assert 0.5 < changed.sum() / (0.85 * 2.3 * face.eye_distance**2) < 1.05
    again = decode_photo(encode_photo(masked))
    assert np.abs(again.codes[changed].astype(int) - BAR[0]).mean() < 2


def test_without_both_eyes_there_is_no_copy() -> None:
    def one_eye(photo: SrgbImage) -> Face:
        return Face(find_face(photo).eyes, eyes_seen=1)

    def never_hidden(photo: SrgbImage) -> Face:
        return Face(PUPILS, eyes_seen=2)

    for find in (one_eye, never_hidden):
        with pytest.raises(Unmeasurable) as caught:
            mask_eyes(portrait(), find)
        assert caught.value.fault is Fault.OCCLUDED
    with pytest.raises(Unmeasurable):
        mask_eyes(SrgbImage(np.full((400, 400, 3), 128, np.uint8)), find_face)


def test_a_face_in_the_background_is_no_reason_to_hand_out_its_eyes() -> None:
    photo = portrait().codes.copy()
    small = photo[150:700:3, 650:1150:3]
    photo[40 : 40 + small.shape[0], 40 : 40 + small.shape[1]] = small
    with pytest.raises(Unmeasurable):
        mask_eyes(SrgbImage(photo), find_face)
