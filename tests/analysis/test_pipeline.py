"""One photo, the whole path: pixels give blood and melanin; light and camera have no influence."""

import cv2
import numpy as np
import pytest

from analysis.errors import Fault, Unmeasurable
from analysis.face.regions import FACE_REGIONS, Region
from analysis.images import SrgbImage
from analysis.light.chromophores import Reference
from analysis.pipeline import Analysis, analyse_photo
from tests.analysis.retouching import CHEEKS, portrait, retouched, turned

EVERYWHERE = frozenset({Region.LEFT_CHEEK, Region.RIGHT_CHEEK, Region.NOSE, Region.CHIN})


def analyse(photo: SrgbImage, treated: frozenset[Region] = CHEEKS) -> Analysis:
    return analyse_photo(photo, portrait(), treated)


def test_nothing_has_changed_in_the_same_photo() -> None:
    analysis = analyse(portrait())
    for region in analysis.regions.values():
        assert abs(region.redness.value) < 0.02
        assert abs(region.pigment.value) < 0.02
    assert analysis.warnings == ()
    assert not analysis.mirrored


@pytest.mark.parametrize(
    "light",
    [(1.0, 1.0, 1.0), (1.2, 1.2, 1.2), (0.6, 0.6, 0.6), (1.1, 1.0, 0.75), (0.85, 1.0, 1.15)],
    ids=["same", "brighter", "darker", "warm", "cold"],
)
def test_a_doubling_of_blood_is_read_under_any_light(light: tuple[float, float, float]) -> None:
    analysis = analyse(retouched(CHEEKS, blood=1, light=light))
    assert analysis.reference is Reference.SKIN
    for name in (*CHEEKS, Region.FACE):
        region = analysis.regions[name]
        assert region.redness.value == pytest.approx(1, abs=0.15)
        assert abs(region.pigment.value) < 0.1
        assert 0.02 < region.redness.sd < 0.3
    assert abs(analysis.regions[Region.NOSE].redness.value) < 0.12  # untreated


def test_a_yellow_lamp_does_not_look_like_inflammation() -> None:
    analysis = analyse(retouched(light=(1.15, 1.0, 0.6)))
    assert abs(analysis.regions[Region.FACE].redness.value) < 0.1
    assert abs(analysis.regions[Region.FACE].pigment.value) < 0.06


def test_more_melanin_is_read_as_pigment_and_not_as_redness() -> None:
    face = analyse(retouched(CHEEKS, melanin=0.58)).regions[Region.FACE]
    assert face.pigment.value == pytest.approx(0.58, abs=0.1)
    assert abs(face.redness.value) < 0.1


def test_one_cheek_is_told_from_the_other() -> None:
    regions = analyse(retouched(frozenset({Region.LEFT_CHEEK}), blood=1)).regions
    assert regions[Region.LEFT_CHEEK].redness.value > 0.85
    assert abs(regions[Region.RIGHT_CHEEK].redness.value) < 0.1


def test_a_mirrored_selfie_keeps_left_and_right() -> None:
    photo = retouched(frozenset({Region.LEFT_CHEEK}), blood=1)
    analysis = analyse(SrgbImage(np.ascontiguousarray(photo.pixels[:, ::-1])))
    assert analysis.mirrored
    assert analysis.regions[Region.LEFT_CHEEK].redness.value > 0.85
    assert abs(analysis.regions[Region.RIGHT_CHEEK].redness.value) < 0.1


def test_another_pose_measures_the_same() -> None:
    photo = turned(retouched(CHEEKS, blood=1), 7, scale=0.9)
    face = analyse(photo).regions[Region.FACE]
    assert face.redness.value == pytest.approx(1, abs=0.15)


def test_without_untreated_skin_the_frame_carries_it_with_a_wider_spread() -> None:
    photo = retouched(EVERYWHERE, blood=1, light=(1.1, 1.0, 0.85))
    analysis = analyse(photo, EVERYWHERE)
    redness = analysis.regions[Region.FACE].redness
    assert analysis.reference is Reference.HISTORY
    assert redness.sd > 0.3
    assert redness.value == pytest.approx(1, abs=1.5 * redness.sd)


def test_the_whole_face_is_another_word_for_all_its_parts() -> None:
    photo = retouched(EVERYWHERE, blood=1)
    whole, parts = analyse(photo, frozenset({Region.FACE})), analyse(photo, FACE_REGIONS)
    assert whole.regions == parts.regions


def test_hair_over_the_forehead_leaves_the_forehead_out() -> None:
    assert Region.FOREHEAD not in analyse(portrait(), CHEEKS | {Region.FOREHEAD}).regions


def test_reference_values_describe_the_skin_in_the_baselines_light() -> None:
    before = analyse(portrait()).regions[Region.FACE]
    warm = analyse(retouched(light=(1.1, 1.0, 0.75))).regions[Region.FACE]
    red = analyse(retouched(CHEEKS, blood=1)).regions[Region.FACE]
    assert warm.lab == pytest.approx(before.lab, abs=1.0)  # what an eye just sees
    assert warm.ita == pytest.approx(before.ita, abs=2.0)
    assert red.lab[1] > before.lab[1] + 2
    assert red.erythema_index > before.erythema_index + 2
    assert before.melanin_index > 0


def test_a_reading_does_not_depend_on_the_maker_of_the_processor() -> None:
    assert not cv2.ipp.useIPP()


def test_a_covered_cheek_is_left_out_and_said() -> None:
    photo = portrait().pixels.copy()
    photo[440:680, 965:1100] = (0.1, 0.3, 0.8)
    analysis = analyse(SrgbImage(photo))
    assert Region.LEFT_CHEEK not in analysis.regions
    assert Region.RIGHT_CHEEK in analysis.regions
    assert Fault.OCCLUDED in analysis.warnings


def test_maps_lie_on_skin_and_hold_doublings() -> None:
    analysis = analyse(retouched(CHEEKS, blood=1))
    seen = np.isfinite(analysis.redness_map)
    cheeks = analysis.areas[Region.LEFT_CHEEK].pixels & analysis.counted.pixels
    assert seen.mean() < 0.5
    assert float(np.median(analysis.redness_map[cheeks & seen])) == pytest.approx(1, abs=0.15)
    assert not seen[270:290, 190:210].any()


def test_without_a_face_nothing_is_measured() -> None:
    with pytest.raises(Unmeasurable) as caught:
        analyse(SrgbImage(np.full((400, 400, 3), 0.5, np.float32)))
    assert caught.value.fault is Fault.NO_FACE


def test_inputs_are_left_as_they_were() -> None:
    photo = retouched(CHEEKS, blood=1)
    before = photo.pixels.copy(), portrait().pixels.copy()
    analyse(photo)
    assert np.array_equal(photo.pixels, before[0])
    assert np.array_equal(portrait().pixels, before[1])


def test_the_face_is_the_mean_of_its_skin_by_area_not_its_middle() -> None:
    photo = retouched(CHEEKS, blood=1.1)
    analysis = analyse(photo, EVERYWHERE)
    parts = {name: analysis.regions[name].redness.value for name in EVERYWHERE}
    areas = {name: np.count_nonzero(analysis.areas[name].pixels) for name in EVERYWHERE}
    mean = sum(parts[name] * areas[name] for name in EVERYWHERE) / sum(areas.values())
    assert mean > 0.3
    assert analysis.regions[Region.FACE].redness.value == pytest.approx(mean, abs=0.1)


def test_an_abscess_in_a_third_of_a_cheek_reddens_the_cheek_and_is_told_from_the_other() -> None:
    red, plain = retouched(CHEEKS, blood=1.5), retouched()
    columns = np.arange(portrait().size[0])  # the patient's left cheek lies between 938 and 1092
    share = ((columns > 900) & (columns < 997)).astype(np.float32)
    focus = plain.pixels + (red.pixels - plain.pixels) * share[:, np.newaxis]
    regions = analyse(SrgbImage(focus)).regions
    assert regions[Region.LEFT_CHEEK].redness.value > 0.25
    assert abs(regions[Region.RIGHT_CHEEK].redness.value) < 0.1
