"""Regions are where the patient feels them, and only skin counts."""

import numpy as np
import pytest

from analysis.face.faces import find_face
from analysis.face.grid import EYE_CENTRE, GridView, view_on_grid
from analysis.face.regions import FACE_REGIONS, Region, is_evenly_lit, map_skin, still_comparable
from analysis.face.registration import align, register
from analysis.images import LinearImage, Mask, SrgbImage
from tests.analysis.retouching import portrait, retouched


def baseline() -> GridView:
    return view_on_grid(portrait(), find_face(portrait()))


def today(photo: SrgbImage) -> GridView:
    return align(register(photo, find_face(photo), onto=baseline()))


def share(counted: Mask, area: Mask) -> float:
    return float(counted.pixels[area.pixels].mean())


def test_left_is_the_patients_own_left() -> None:
    areas = map_skin(baseline()).areas
    _, left = np.nonzero(areas[Region.LEFT_CHEEK].pixels)
    _, right = np.nonzero(areas[Region.RIGHT_CHEEK].pixels)
    assert left.mean() > EYE_CENTRE[0] > right.mean()


def test_regions_do_not_overlap_and_lie_on_the_face() -> None:
    skin = map_skin(baseline())
    assert set(skin.areas) == FACE_REGIONS
    together = np.sum([area.pixels for area in skin.areas.values()], axis=0)
    assert together.max() == 1
    assert skin.face.pixels[together > 0].all()
    assert not (skin.reference.pixels & ~skin.counted.pixels).any()


def test_skin_counts_and_hair_eyes_and_lips_do_not() -> None:
    skin = map_skin(baseline())
    assert share(skin.counted, skin.areas[Region.LEFT_CHEEK]) > 0.5
    assert share(skin.counted, skin.areas[Region.RIGHT_CHEEK]) > 0.5
    assert share(skin.counted, skin.areas[Region.FOREHEAD]) < 0.10  # under her fringe
    assert not skin.counted.pixels[270:290, 190:210].any()  # the eye
    assert not skin.counted.pixels[450:470, 260:300].any()  # the mouth


def test_a_black_collar_and_an_orange_suit_are_no_neck() -> None:
    skin = map_skin(baseline())
    assert np.count_nonzero(skin.reference.pixels & ~skin.face.pixels) < 500


def test_a_brighter_photo_counts_the_same_skin() -> None:
    view = baseline()
    brighter = GridView(LinearImage(view.light.pixels * np.float32(0.4)), view.covered)
    first, second = map_skin(view).counted.pixels, map_skin(brighter).counted.pixels
    agreement = (first & second).sum() / (first | second).sum()
    assert agreement > 0.85


def test_shine_and_hard_shadow_do_not_count() -> None:
    light = np.full((960, 560, 3), (0.30, 0.18, 0.12), np.float32)
    light[300:330, 100:140] = 0.6  # the lamp itself, mirrored
    light[400:430, 100:140] *= 0.4
    light[500:530, 100:140] *= np.array((0.75, 0.5, 0.4), np.float32)  # a dark brown spot
    even = is_evenly_lit(LinearImage(light), Mask(np.ones((960, 560), np.bool_))).pixels
    assert not even[310:320, 110:130].any()
    assert not even[410:420, 110:130].any()
    assert even[510:520, 110:130].all()
    assert even[600:, :].all()


@pytest.mark.parametrize("colour", [(0.1, 0.3, 0.8), (0.9, 0.9, 0.9), (0.05, 0.05, 0.05)])
def test_what_covers_the_skin_today_does_not_count(colour: tuple[float, float, float]) -> None:
    photo = portrait().pixels.copy()
    photo[460:640, 970:1060] = colour  # a mask's ribbon over the patient's left cheek
    skin = map_skin(baseline())
    comparable = still_comparable(today(SrgbImage(photo)), baseline(), skin)
    covered, free = skin.areas[Region.LEFT_CHEEK], skin.areas[Region.RIGHT_CHEEK]
    assert share(comparable, covered) < 0.5 * share(skin.counted, covered)
    assert share(comparable, free) > 0.9 * share(skin.counted, free)


def test_inflamed_skin_still_counts() -> None:
    skin = map_skin(baseline())
    red = today(retouched(FACE_REGIONS, blood=2))
    comparable = still_comparable(red, baseline(), skin)
    for region in (Region.LEFT_CHEEK, Region.RIGHT_CHEEK, Region.NOSE):
        area = skin.areas[region]
        assert share(comparable, area) > 0.85 * share(skin.counted, area)
