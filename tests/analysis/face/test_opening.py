"""A photo's file is opened with as many pixels as its face needs; the full photo is the measure."""

from functools import cache
from io import BytesIO

import cv2
import numpy as np
from PIL import Image

from analysis.errors import Fault, Unmeasurable
from analysis.face.faces import Face, find_face
from analysis.face.grid import EYE_DISTANCE, view_on_grid
from analysis.face.opening import open_photo
from analysis.images import SrgbImage, decode_photo, to_bytes
from tests.analysis.retouching import portrait


@cache
def large(share: float = 1.0) -> bytes:
    """A portrait as a file of 3000 x 3960 pixels, of which it fills a share of the width."""
    size = (round(3000 * share), round(3960 * share))
    room = np.full((3960, 3000, 3), 150, np.uint8)
    face = to_bytes(portrait().pixels)[:, 400:1400]
    room[: size[1], : size[0]] = cv2.resize(face, size, interpolation=cv2.INTER_CUBIC)
    buffer = BytesIO()
    Image.fromarray(room).save(buffer, "JPEG", quality=92)
    return buffer.getvalue()


def test_a_large_face_is_opened_at_half_the_size_and_looks_the_same() -> None:
    half, whole = open_photo(large(), find_face), decode_photo(large())
    assert (half.scale, whole.scale) == (0.5, 1.0)
    assert half.size == (1500, 1980)
    face = find_face(whole)
    left, right = ((x / 2 - 0.25, y / 2 - 0.25) for x, y in face.eyes)
    seen = view_on_grid(half, Face((left, right), face.eyes_seen)).light.pixels
    gap = np.abs(seen - view_on_grid(whole, face).light.pixels)
    assert np.quantile(gap, 0.99) < 0.03
    assert gap.mean() < 0.002


def test_a_small_face_is_opened_in_full() -> None:
    photo = open_photo(large(0.5), find_face)
    assert photo.scale == 1
    assert find_face(photo).eye_distance < 3 * EYE_DISTANCE


def test_a_photo_without_a_face_stays_small() -> None:
    def none(_: SrgbImage) -> Face:
        raise Unmeasurable(Fault.NO_FACE)

    assert open_photo(large(), none).scale == 0.5
