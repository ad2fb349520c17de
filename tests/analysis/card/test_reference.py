"""The card is found however it is held, read where it is clean, and refused with a reason."""

from functools import lru_cache

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from analysis.card.comparison import see_card
from analysis.card.layout import MARKER_IDS, MIRRORED_IDS, family
from analysis.card.light import light_by_card
from analysis.card.locator import CardTrouble, Unusable
from analysis.card.reference import (
    FEWEST_PATCHES,
    CardReading,
    is_covered,
    misfit_of_light,
    read_card,
)
from analysis.images import SrgbImage, decode_photo, encode_photo, mirror_photo
from analysis.scenes.cameras import Camera
from analysis.scenes.cards import CardInHand, show_card
from analysis.scenes.head.light import Room
from analysis.scenes.lamps import Lamp

SKIN = np.array([0.40, 0.25, 0.18])


def held(
    width: int = 1200,
    share: float = 0.3,
    *,
    lamp: Lamp = Lamp.D65,
    middle: tuple[float, float] = (0.0, 0.0),
    exposure: float = 0.9,
    seed: int = 0,
    **card: float,
) -> SrgbImage:
    """A card before a grey wall, as a phone takes it."""
    rng = np.random.default_rng(seed)
    wall = np.full((width * 4 // 3, width, 3), 0.22, np.float32)
    in_hand = CardInHand(middle_mm=middle, **{"turn_degrees": 0.0, **card})  # type: ignore[arg-type]
    scene = show_card(
        wall, in_hand, Camera.AMBER, lamp, Room(),
        pixels_per_mm=share * width / 108, centre_mm=(0.0, 0.0), viewing_distance_mm=900.0,
        skin=SKIN,
    )  # fmt: skip
    blurred = cv2.GaussianBlur(scene * exposure, (0, 0), 0.7)
    noisy = blurred + rng.normal(0, 0.004, scene.shape)
    encoded = np.clip(noisy, 0, 1) ** (1 / 2.2)
    return decode_photo(encode_photo(SrgbImage(encoded.astype(np.float32))))


@lru_cache(maxsize=1)
def baseline() -> CardReading:
    return read_card(held())


def trouble_with(photo: SrgbImage) -> CardTrouble:
    with pytest.raises(Unusable) as caught:
        read_card(photo)
    assert caught.value.trouble.remedy.endswith(".")
    return caught.value.trouble


@pytest.mark.parametrize("turn", [0, 37, 90, 145, 180, 270])
def test_the_card_is_found_at_any_rotation(turn: float) -> None:
    reading = read_card(held(turn_degrees=turn))
    assert reading.good.all()
    assert misfit_of_light(reading, baseline()) < 1


@pytest.mark.parametrize(("tilt", "lean"), [(35.0, 0.0), (0.0, -35.0), (25.0, 25.0)])
def test_the_card_is_found_tilted(tilt: float, lean: float) -> None:
    reading = read_card(held(turn_degrees=20.0, tilt_degrees=tilt, lean_degrees=lean))
    assert misfit_of_light(reading, baseline()) < 1.5


@pytest.mark.parametrize(("width", "share"), [(2600, 0.06), (1200, 0.12), (1200, 0.4)])
def test_the_card_is_found_near_and_far(width: int, share: float) -> None:
    reading = read_card(held(width, share))
    assert reading.width == pytest.approx(share, rel=0.03)
    assert misfit_of_light(reading, baseline()) < 2


def test_a_mirrored_selfie_shows_the_same_patches() -> None:
    photo = held(turn_degrees=15.0)
    flipped = read_card(SrgbImage(np.ascontiguousarray(photo.pixels[:, ::-1])))
    assert np.linalg.det(flipped.to_photo) < 0 < np.linalg.det(read_card(photo).to_photo)
    assert flipped.colours == pytest.approx(read_card(photo).colours, abs=0.01)


def test_no_marker_of_the_family_looks_like_the_mirror_image_of_ours() -> None:
    markers = family()
    for mirrored in MIRRORED_IDS:
        bits = cv2.aruco.Dictionary.getBitsFromByteList(
            markers.bytesList[mirrored : mirrored + 1], markers.markerSize
        )
        gaps = [markers.getDistanceToId(bits, i) for i in range(50)]
        assert min(gaps) >= 3
    assert len(set(MARKER_IDS)) == 4


def test_fingers_take_away_patches_but_not_the_card() -> None:
    reading = read_card(held(fingers=0.5))
    assert FEWEST_PATCHES <= np.count_nonzero(reading.good) <= 30
    light = light_by_card(reading, baseline())
    assert len(light.used) < 30
    assert np.abs(_tint(light.shift_on(np.log(SKIN)).value)).max() < 0.02


def test_a_shadow_over_a_corner_is_left_out() -> None:
    light = light_by_card(read_card(held(shadow=0.6)), baseline())
    assert FEWEST_PATCHES <= len(light.used) < 30
    assert np.abs(_tint(light.shift_on(np.log(SKIN)).value)).max() < 0.02


def test_a_shining_card_is_refused_or_read_without_its_shine() -> None:
    reading = read_card(held(gloss=1.5, tilt_degrees=20.0))
    light = light_by_card(reading, baseline())
    assert np.abs(_tint(light.shift_on(np.log(SKIN)).value)).max() < 0.04


def test_too_bright_a_card_is_refused() -> None:
    assert trouble_with(held(exposure=9.0)) in {
        CardTrouble.TOO_FEW_PATCHES,
        CardTrouble.NOT_FOUND,
    }


def test_no_card_is_not_found() -> None:
    wall = np.random.default_rng(3).uniform(0.2, 0.8, (600, 450, 3)).astype(np.float32)
    assert trouble_with(SrgbImage(wall)) is CardTrouble.NOT_FOUND


def test_a_card_too_far_away_is_called_too_small() -> None:
    assert trouble_with(held(1000, 0.06)) is CardTrouble.TOO_SMALL


def with_markers(ids: tuple[int, ...]) -> SrgbImage:
    page = np.ones((800, 600, 3), np.float32)
    for place, marker in enumerate(ids):
        drawn = cv2.aruco.generateImageMarker(family(), marker, 120)
        row, column = 80 + 300 * (place // 2), 60 + 260 * (place % 2)
        page[row : row + 120, column : column + 120] = drawn[..., np.newaxis] / 255
    return SrgbImage(page)


def test_another_card_is_told_from_ours() -> None:
    assert trouble_with(with_markers((1, 2, 4, 6))) is CardTrouble.OTHER_CARD


def test_our_markers_in_another_place_are_not_our_card() -> None:
    elsewhere = (MARKER_IDS[2], MARKER_IDS[0], MARKER_IDS[1], MARKER_IDS[3])
    assert trouble_with(with_markers(elsewhere)) in {
        CardTrouble.NOT_FOUND,
        CardTrouble.BENT,
        CardTrouble.TOO_FEW_PATCHES,
    }


def test_of_two_cards_the_larger_is_read_as_one() -> None:
    small, large = held(share=0.2, middle=(0.0, 120.0)), held(share=0.35, middle=(0.0, -50.0))
    both = large.pixels.copy()
    half = both.shape[0] * 5 // 9
    both[half:] = small.pixels[half:]
    reading = read_card(SrgbImage(both))
    assert reading.width == pytest.approx(0.35, rel=0.05)
    assert misfit_of_light(reading, baseline()) < 1


def test_the_card_hides_what_lies_under_it_and_nothing_else() -> None:
    reading = read_card(held())
    x, y = np.meshgrid(np.arange(1200, dtype=np.float32), np.arange(1600, dtype=np.float32))
    covered = is_covered(reading.to_photo, np.dstack([x, y]), 0.0).pixels
    assert covered[800, 600]
    assert covered.mean() == pytest.approx(0.3 * 0.3 * 72 / 108 * 0.75, rel=0.03)


@pytest.mark.parametrize("lamp", [Lamp.A, Lamp.LED_WARM, Lamp.FL2])
def test_another_lamp_is_no_reason_to_refuse_the_card(lamp: Lamp) -> None:
    assert misfit_of_light(read_card(held(lamp=lamp, exposure=0.7)), baseline()) < 2


def test_patches_that_do_not_change_together_are_refused() -> None:
    today = read_card(held())
    shuffled = CardReading(today.colours[::-1].copy(), today.good, today.to_photo, today.width)
    for refuse in (misfit_of_light, light_by_card):
        with pytest.raises(Unusable) as caught:
            refuse(shuffled, baseline())
        assert caught.value.trouble in {CardTrouble.HIGH_RESIDUAL, CardTrouble.TOO_FEW_PATCHES}


def test_the_same_light_moves_no_skin() -> None:
    shift = light_by_card(read_card(held(seed=5)), baseline()).shift_on(np.log(SKIN))
    assert np.abs(_tint(shift.value)).max() < 0.01
    assert np.linalg.eigvalsh(shift.covariance).min() > 0


def test_more_has_to_be_believed_where_the_lamp_has_changed() -> None:
    same = light_by_card(read_card(held(seed=5)), baseline()).shift_on(np.log(SKIN))
    other = light_by_card(read_card(held(lamp=Lamp.FL11)), baseline()).shift_on(np.log(SKIN))
    assert np.trace(_tint(_tint(other.covariance).T)) > np.trace(_tint(_tint(same.covariance).T))


def test_patches_disagree_where_the_lamp_has_changed_and_else_hardly() -> None:
    same, other = (read_card(held(lamp=lamp, seed=5)) for lamp in (Lamp.D65, Lamp.FL11))
    assert light_by_card(same, baseline()).apart < 0.06
    assert light_by_card(other, baseline()).apart > 0.1


def rendered(colours: NDArray[np.float64]) -> NDArray[np.float64]:
    """Linear RGB as a phone of strong colours and a steep tone curve would show it."""
    grey = colours.mean(axis=-1, keepdims=True)
    return np.asarray(np.maximum(grey + 1.25 * (colours - grey), 0.003) ** 1.15)


def test_a_phone_of_stronger_colours_is_told_from_redder_skin() -> None:
    before = baseline()
    today = CardReading(rendered(before.colours), before.good, before.to_photo, before.width)
    shift = light_by_card(today, before).shift_on(np.log(SKIN))
    assert _tint(shift.value - np.log(rendered(SKIN) / SKIN)) == pytest.approx([0, 0, 0], abs=0.05)


def test_reading_leaves_the_photo_as_it_was() -> None:
    photo = held()
    before = photo.pixels.copy()
    read_card(photo)
    assert np.array_equal(photo.pixels, before)


def _tint(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """What is left without the common exposure."""
    tint: NDArray[np.float64] = values - values.mean(axis=-1, keepdims=True)
    return tint


@pytest.mark.parametrize("turn", [0.0, 20.0, -35.0])
def test_the_card_tells_a_mirror_image(turn: float) -> None:
    photo = held(turn_degrees=turn)
    assert see_card(photo).is_mirrored is False
    assert see_card(mirror_photo(photo)).is_mirrored is True
    assert see_card(SrgbImage(np.full((400, 300, 3), 0.4, np.float32))).is_mirrored is None
