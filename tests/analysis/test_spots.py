"""Focal lesions: papules and patches are counted; evenly changed or noisy skin is not."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from analysis.face.regions import FACE_REGIONS, Region, outlined_areas
from analysis.images import SrgbImage, decode_photo, encode_photo
from analysis.pipeline import Analysis, analyse_photo
from analysis.scenes import Pose, Shot, photograph
from analysis.scenes.head.changes import Papules, Patch, SkinState
from analysis.spots import (
    Lesions,
    SpotMap,
    Spots,
    affected_share,
    count_spots,
    find_spots,
    local_noise,
)
from sample_images.cast import KWAME, NORA
from tests.analysis.retouching import CHEEKS, portrait, retouched

NONE = Lesions(0, 0.0)
CHEEK = outlined_areas()[Region.LEFT_CHEEK]
CENTRE = (390, 400)  # of the patient's left cheek on the grid


def face(doublings: float = 0.0, noise: float = 0.02) -> NDArray[np.float32]:
    """A map of all regions that changed evenly, with noise as fine as a real map's."""
    grain = np.random.default_rng(5).normal(0, 1, (960, 560)).astype(np.float32)
    smooth = cv2.GaussianBlur(grain, (0, 0), 4)
    plane: NDArray[np.float32] = (doublings + noise * smooth / smooth.std()).astype(np.float32)
    plane[~np.logical_or.reduce([area.pixels for area in outlined_areas().values()])] = np.nan
    return plane


def with_spot(plane: NDArray[np.float32], radius: int, doublings: float) -> NDArray[np.float32]:
    spot = cv2.circle(np.zeros((960, 560), np.float32), CENTRE, radius, 1.0, -1)
    soft = cv2.GaussianBlur(spot, (0, 0), 2)
    spotted: NDArray[np.float32] = (plane + doublings * soft).astype(np.float32)
    return spotted


def spots_of(redness: NDArray[np.float32], pigment: NDArray[np.float32]) -> Spots:
    return count_spots(find_spots(redness, pigment), CHEEK)


@pytest.mark.parametrize("doublings", [-0.5, 0.0, 1.5])
def test_an_evenly_changed_face_has_no_spots(doublings: float) -> None:
    assert spots_of(face(doublings), face(doublings)) == Spots(NONE, NONE)


def test_grain_is_no_rash() -> None:
    assert spots_of(face(noise=0.2), face(noise=0.1)) == Spots(NONE, NONE)


def test_a_papule_is_one_redder_spot_of_its_size() -> None:
    found = spots_of(with_spot(face(), 8, 1.0), face())
    assert found.darker == NONE
    assert found.redder.count == 1
    true_share = np.pi * 8**2 / np.count_nonzero(CHEEK.pixels)
    assert found.redder.share == pytest.approx(true_share, rel=0.5)


def test_a_stain_is_darker_and_not_redder() -> None:
    found = spots_of(face(), with_spot(face(), 12, 0.5))
    assert found.redder == NONE
    assert found.darker.count == 1


def test_a_wide_patch_does_not_hide_in_its_own_surroundings() -> None:
    found = spots_of(with_spot(face(0.5), 28, 0.9), face())
    assert found.redder.count == 1
    assert found.redder.share > 0.7 * np.pi * 28**2 / np.count_nonzero(CHEEK.pixels)


def test_what_is_too_small_or_only_grazes_the_limit_is_no_spot() -> None:
    dot = face(noise=0)
    dot[400:404, 390:395] += 1  # 20 pixels; 21 are enough
    assert spots_of(dot, face()) == Spots(NONE, NONE)
    dot[404, 390] += 1
    assert spots_of(dot, face()).redder.count == 1
    low, high = face(noise=0), face(noise=0)
    low[380:420, 380:420] += 0.3  # 0.25 is the limit, and 1.3 times as much must be reached
    high[380:420, 380:420] += 0.5
    assert spots_of(low, face()).redder.count == 0
    assert spots_of(high, face()).redder.count == 1


def test_patches_that_touch_at_a_corner_are_one_spot() -> None:
    plane = face(noise=0)
    plane[390:396, 384:390] += 1
    plane[396:402, 390:396] += 1
    assert spots_of(plane, face()).redder.count == 1


def test_a_paler_spot_is_none() -> None:
    assert spots_of(with_spot(face(), 12, -1.0), face()) == Spots(NONE, NONE)


def test_a_spot_belongs_to_the_region_that_holds_most_of_it() -> None:
    redness = with_spot(face(), 10, 1.0)
    found = find_spots(redness, face())
    for region, area in outlined_areas().items():
        expected = 1 if region is Region.LEFT_CHEEK else 0
        assert count_spots(found, area).redder.count == expected


def test_a_spot_that_grows_stays_one_spot_and_takes_more_skin() -> None:
    small, large = (spots_of(with_spot(face(), radius, 1.0), face()) for radius in (8, 20))
    assert small.redder.count == large.redder.count == 1
    assert large.redder.share > small.redder.share + 0.05
    assert large.darker == NONE


def test_the_affected_share_counts_what_is_clearly_redder() -> None:
    def found(redness: NDArray[np.float32]) -> SpotMap:
        return find_spots(redness, face())

    half = face()
    half[:, CENTRE[0] :] += 0.8
    right_half = CHEEK.pixels[:, CENTRE[0] :].sum() / CHEEK.pixels.sum()
    assert affected_share(found(half), CHEEK) == pytest.approx(right_half, abs=0.03)
    assert affected_share(found(face(0.3)), CHEEK) == 0
    assert affected_share(found(face(0.6, noise=0.4)), CHEEK) < 0.2  # no more than its grain
    assert affected_share(found(np.full((960, 560), np.nan, np.float32)), CHEEK) == 0


def test_spots_do_not_raise_the_noise() -> None:
    assert local_noise(with_spot(face(), 14, 2.0)) == pytest.approx(local_noise(face()), rel=0.2)
    assert local_noise(np.full((960, 560), np.nan, np.float32)) == 0


def taken(state: SkinState, *, dark: bool, seed: int) -> SrgbImage:
    pose = Pose(3, -2, 2, 3) if seed else Pose()
    shot = Shot(seed=seed, pose=pose)
    image = photograph(KWAME if dark else NORA, state, shot).image
    return decode_photo(encode_photo(image))


def analysed(state: SkinState, *, dark: bool) -> Analysis:
    baseline = taken(SkinState(), dark=dark, seed=0)
    return analyse_photo(taken(state, dark=dark, seed=9), baseline)


@pytest.mark.parametrize("dark", [False, True])
def test_a_patch_and_papules_are_found_on_light_and_dark_skin(dark: bool) -> None:
    state = SkinState(
        redness=dict.fromkeys(FACE_REGIONS, 0.4),
        patches=(Patch((38.0, 38.0), 9.0, redness=1.2),),
        papules=(Papules(Region.FOREHEAD, 6, redness=1.8),),
    )
    regions = analysed(state, dark=dark).regions
    assert regions[Region.LEFT_CHEEK].spots.redder.count == 1
    assert 0.1 < regions[Region.LEFT_CHEEK].spots.redder.share < 0.45
    assert 1 <= regions[Region.FOREHEAD].spots.redder.count <= 6
    assert regions[Region.RIGHT_CHEEK].spots.redder.count == 0
    assert regions[Region.CHIN].spots == Spots(NONE, NONE)


def test_one_inflamed_cheek_is_an_asymmetry() -> None:
    photo = retouched(frozenset({Region.LEFT_CHEEK}), blood=1, light=(1.1, 1.0, 0.85))
    analysis = analyse_photo(photo, portrait(), CHEEKS)
    assert analysis.asymmetry is not None
    assert analysis.asymmetry.value == pytest.approx(1.0, abs=0.15)
    assert analysis.asymmetry.sd < 0.23  # an unknown contrast of the phone is 0.15 of it
    assert analysis.regions[Region.LEFT_CHEEK].affected > 0.8
    assert analysis.regions[Region.RIGHT_CHEEK].affected == 0


def test_two_inflamed_cheeks_are_none() -> None:
    asymmetry = analyse_photo(retouched(CHEEKS, blood=1), portrait(), CHEEKS).asymmetry
    assert asymmetry is not None
    assert abs(asymmetry.value) < 2 * asymmetry.sd < 0.4
