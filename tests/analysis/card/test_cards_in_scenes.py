"""A printed card next to a rendered face: what the card says of the light holds for the skin."""

from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest

from analysis.card.comparison import see_card
from analysis.card.layout import PATCHES
from analysis.card.locator import CardTrouble
from analysis.face.regions import FACE_REGIONS, Region
from analysis.images import SrgbImage, decode_photo, encode_photo, mirror_photo
from analysis.light.chromophores import Reference
from analysis.light.skin_optics import linear_srgb
from analysis.pipeline import Analysis, analyse_photo
from analysis.scenes import Pose, Shot, photograph
from analysis.scenes.cameras import Camera
from analysis.scenes.cards import CardInHand, patch_reflectances
from analysis.scenes.head.changes import SkinState
from analysis.scenes.lamps import Lamp
from sample_images.cast import JUNE, NORA

ROOM_FOR_A_CARD = Pose(scale=0.75)
CARD = CardInHand(printer=7, turn_degrees=82.0)
TODAY = replace(CARD, turn_degrees=97.0, tilt_degrees=10.0, lean_degrees=-8.0)


@lru_cache(maxsize=8)
def photo(dark: bool, lamp: Lamp, card: CardInHand | None, seed: int) -> SrgbImage:
    shot = Shot(
        camera=Camera.CEDAR, lamp=lamp, pose=ROOM_FOR_A_CARD, card=card, seed=seed, size=(840, 1092)
    )
    person = JUNE if dark else NORA
    return decode_photo(encode_photo(photograph(person, SkinState(), shot).image))


def analysed(dark: bool, lamp: Lamp, card: CardInHand | None = TODAY) -> Analysis:
    return analyse_photo(photo(dark, lamp, card, 2), photo(dark, Lamp.D65, CARD, 1), FACE_REGIONS)


@pytest.mark.parametrize("printer", [1, 2, 3])
def test_printers_come_near_the_colours_asked_for_and_differ(printer: int) -> None:
    printed = linear_srgb(patch_reflectances(printer)[-len(PATCHES) :])
    asked = np.array([patch.colour for patch in PATCHES])
    off = np.abs(np.log(np.maximum(printed, 0.01)) - np.log(np.maximum(asked, 0.01)))
    assert np.median(off) < 0.4
    assert not np.allclose(printed, linear_srgb(patch_reflectances(9)[-len(PATCHES) :]), rtol=0.02)


@pytest.mark.parametrize("dark", [False, True], ids=["light skin", "dark skin"])
def test_another_lamp_is_not_read_as_redness(dark: bool) -> None:
    analysis = analysed(dark, Lamp.LED_WARM)
    face = analysis.regions[Region.FACE]
    assert analysis.reference is Reference.CARD
    assert analysis.card is None
    assert abs(face.redness.value) < max(0.2, 1.96 * face.redness.sd)
    assert abs(face.pigment.value) < 0.1


def test_a_card_in_one_photo_only_is_told_and_the_skin_carries() -> None:
    analysis = analysed(False, Lamp.D65, None)
    assert analysis.reference is Reference.SKIN
    assert analysis.card is CardTrouble.NOT_FOUND


def test_a_card_over_the_chest_is_no_skin() -> None:
    low = replace(CARD, middle_mm=(10.0, 150.0), turn_degrees=0.0)
    analysis = analysed(False, Lamp.D65, low)
    columns, rows = analysis.photo_positions[..., 0], analysis.photo_positions[..., 1]
    shown = photo(False, Lamp.D65, low, 2).pixels
    x, y = (
        np.clip(np.rint(places), 0, edge - 1).astype(int)
        for places, edge in ((columns, shown.shape[1]), (rows, shown.shape[0]))
    )
    white = shown[y, x].min(axis=2) > 0.8
    assert not (analysis.counted.pixels & white).any()
    assert abs(analysis.regions[Region.FACE].redness.value) < 0.15


@pytest.mark.parametrize("dark", [False, True], ids=["light skin", "dark skin"])
def test_the_card_tells_a_mirror_image_on_every_skin(dark: bool) -> None:
    shown = photo(dark, Lamp.D65, CARD, 1)
    assert see_card(shown).is_mirrored is False
    assert see_card(mirror_photo(shown)).is_mirrored is True


def test_a_mirrored_selfie_with_a_card_is_measured() -> None:
    today = photo(False, Lamp.LED_WARM, TODAY, 2)
    mirrored = SrgbImage(np.ascontiguousarray(today.pixels[:, ::-1]))
    analysis = analyse_photo(mirrored, photo(False, Lamp.D65, CARD, 1), FACE_REGIONS)
    assert analysis.reference is Reference.CARD
    assert analysis.card is None
    assert abs(analysis.regions[Region.FACE].redness.value) < 0.3
