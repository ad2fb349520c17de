"""Aligning a photo to the baseline: the same person is recognised, another is not."""

from importlib.resources import files
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from analysis.errors import Fault, Unmeasurable
from analysis.face.faces import find_face
from analysis.face.grid import EYE_DISTANCE, locate, view_on_grid
from analysis.face.regions import FACE_REGIONS
from analysis.face.registration import Registration, align, register
from analysis.images import SrgbImage, decode_photo, mirror_photo
from tests.analysis.retouching import portrait, retouched, turned


def lay(photo: SrgbImage) -> Registration:
    baseline = view_on_grid(portrait(), find_face(portrait()))
    return register(photo, find_face(photo), onto=baseline)


def misplacement(registration: Registration, photo_of_baseline: NDArray[np.float64]) -> float:
    """Median distance, in eye distances, from the true place of the baseline's cheeks in the photo.

    `photo_of_baseline` is the 2×3 affine from baseline photo to photo.
    """
    baseline = view_on_grid(portrait(), find_face(portrait()))
    grid = np.stack(np.meshgrid(np.arange(160, 400, 20), np.arange(200, 560, 20)), -1)
    points = grid.reshape(-1, 2).astype(np.float32)
    in_baseline = locate(baseline, points)
    truth = in_baseline @ photo_of_baseline[:, :2].T + photo_of_baseline[:, 2]
    found = locate(
        registration.view, registration.source[points[:, 1].astype(int), points[:, 0].astype(int)]
    )
    scale = np.hypot(*photo_of_baseline[:, 0]) * find_face(portrait()).eye_distance
    return float(np.median(np.hypot(*(found - truth).T)) / scale)


def test_the_same_photo_lies_on_itself() -> None:
    registration = lay(portrait())
    assert registration.residual < 0.002
    assert registration.likeness > 0.99
    assert not registration.mirrored
    assert abs(registration.turn) < 0.5


@pytest.mark.parametrize(("degrees", "scale"), [(8.0, 1.0), (-10.0, 0.75), (3.0, 1.2)])
def test_tilt_and_distance_are_undone(degrees: float, scale: float) -> None:
    photo = turned(portrait(), degrees, scale=scale)
    width, height = portrait().size
    truth = cv2.getRotationMatrix2D((width / 2, height / 2), -degrees, scale).astype(np.float64)
    assert misplacement(lay(photo), truth) < 0.01


def test_inflamed_skin_under_a_warm_lamp_is_still_the_same_face() -> None:
    photo = retouched(FACE_REGIONS, blood=2, light=(0.8, 0.6, 0.3))
    registration = lay(photo)
    assert registration.likeness > 0.95
    assert misplacement(registration, np.eye(2, 3)) < 0.01


def test_a_mirrored_selfie_is_turned_back() -> None:
    mirrored = SrgbImage(np.ascontiguousarray(portrait().pixels[:, ::-1]))
    registration = lay(mirrored)
    assert registration.mirrored
    flip = np.array([[-1.0, 0.0, portrait().size[0] - 1], [0.0, 1.0, 0.0]])
    assert misplacement(registration, flip) < 0.01


@pytest.mark.parametrize("course", ["infection_type_6", "normal_type_2"])
def test_of_a_later_photo_of_any_skin_it_is_clear_which_way_round_it_is(course: str) -> None:
    folder = Path(str(files("sample_images"))) / course
    before, day = (
        decode_photo((folder / name).read_bytes()) for name in ("baseline-1.jpg", "d05.jpg")
    )
    onto = view_on_grid(before, find_face(before))
    for photo, is_mirrored in ((day, False), (mirror_photo(day), True)):
        registration = register(photo, find_face(photo), onto=onto)
        assert registration.is_way_round_clear
        assert registration.mirrored is is_mirrored


def test_light_from_the_other_side_does_not_mirror_a_face() -> None:
    across = np.linspace(1.2, 0.4, portrait().size[0], dtype=np.float32)[np.newaxis, :, np.newaxis]
    assert not lay(SrgbImage(portrait().pixels * across)).mirrored


def test_another_person_is_told_apart() -> None:
    """The same head with eyes, nose and mouth moved is another person's."""
    photo = portrait().pixels.copy()
    rows, columns = np.mgrid[: photo.shape[0], : photo.shape[1]].astype(np.float32)
    near = np.exp(-(((columns - 900) / 230) ** 2) - ((rows - 520) / 260) ** 2)
    wider = columns + near * 60 * np.sin((rows - 300) / 75) * np.sign(columns - 900)
    longer = rows + near * 55 * np.cos((columns - 900) / 60)
    other = cv2.remap(photo, wider.astype(np.float32), longer.astype(np.float32), cv2.INTER_LINEAR)
    baseline = view_on_grid(portrait(), find_face(portrait()))
    with pytest.raises(Unmeasurable) as caught:
        register(SrgbImage(other.astype(np.float32)), find_face(portrait()), onto=baseline)
    assert caught.value.fault is Fault.DIFFERENT_PERSON


def test_the_aligned_photo_shows_the_baselines_pixels() -> None:
    baseline = view_on_grid(portrait(), find_face(portrait()))
    aligned = align(lay(turned(portrait(), 6, scale=0.9)))
    face = np.s_[200:560, 160:400]
    gap = np.abs(aligned.light.pixels[face] - baseline.light.pixels[face])
    assert float(np.median(gap)) < 0.01
    assert aligned.covered.pixels[face].all()


def test_what_lies_beyond_the_photo_is_marked() -> None:
    cut = SrgbImage(portrait().pixels[:, 700:].copy())
    view = view_on_grid(cut, find_face(cut))
    assert not view.covered.pixels[:, 0].any()
    assert view.covered.pixels[280, 200 : 200 + EYE_DISTANCE].all()
