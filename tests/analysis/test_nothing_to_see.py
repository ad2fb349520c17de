"""Where nothing can be seen the analysis says so by name, or answers with finite numbers."""

from dataclasses import replace
from math import isfinite

import numpy as np
import pytest
from numpy.typing import NDArray

from analysis import decode_photo, draw_evidence, encode_photo, judge_photo
from analysis.card.comparison import compare_cards, see_card
from analysis.errors import Unmeasurable
from analysis.face.crop import crop_to_face
from analysis.face.faces import Face, find_face
from analysis.face.grid import GRID_SIZE, GridView, locate, view_on_grid
from analysis.face.measures import measure_blur, measure_noise
from analysis.face.regions import (
    FACE_REGIONS,
    Region,
    SkinMap,
    is_evenly_lit,
    local_mean,
    map_skin,
    parts_within,
    still_comparable,
)
from analysis.face.registration import align, register
from analysis.images import LinearImage, Mask, SrgbImage
from analysis.lab.repeatability import smallest_detectable_change
from analysis.light.chromophores import (
    Estimate,
    Shift,
    blood_slope,
    elsewhere,
    explain,
    explain_pixels,
    log_light,
    median_shift,
    patch_medians,
)
from analysis.light.plausible_skin import SkinState, estimate_state, known_skin
from analysis.light.references import (
    compare_days,
    compare_frames,
    see_frame,
    see_untreated,
    untreated_skin,
)
from analysis.marked_areas import MarkedAreas
from analysis.marking import judge_marked, outline_region
from analysis.overlays import in_light_of_baseline, paint_scale
from analysis.pipeline import Analysis, analyse_photo
from analysis.spots import affected_share, count_spots, find_spots, local_noise
from tests.analysis.retouching import CHEEKS, portrait, retouched

SHAPE = GRID_SIZE[::-1]
FACE = Face(eyes=((240.0, 400.0), (400.0, 400.0)), eyes_seen=2)


def flat(level: float) -> SrgbImage:
    """A picture in which every pixel is the same."""
    return SrgbImage(np.full((1000, 640, 3), level, np.float32))


def on_grid(level: float, *, covered: bool = True) -> GridView:
    light = LinearImage(np.full((*SHAPE, 3), level, np.float32))
    return GridView(light, Mask(np.full(SHAPE, covered)))


def mask(kind: str) -> Mask:
    pixels = np.full(SHAPE, kind == "all")
    if kind == "one pixel":
        pixels[345, 280] = True
    return Mask(pixels)


MASKS = ["empty", "one pixel", "all"]
LEVELS = [0.0, 1e-9, 0.5, 1.0]


def finite(*values: object) -> bool:
    return all(bool(np.all(np.isfinite(np.asarray(value, np.float64)))) for value in values)


@pytest.mark.parametrize("level", LEVELS)
def test_a_picture_of_one_colour_shows_no_face(level: float) -> None:
    with pytest.raises(Unmeasurable):
        find_face(flat(level))
    with pytest.raises(Unmeasurable):
        analyse_photo(flat(level), portrait())
    with pytest.raises(Unmeasurable):
        outline_region(Region.NOSE, flat(level))
    assert judge_photo(flat(level), portrait()).faults
    assert decode_photo(encode_photo(flat(level))).size == (640, 1000)


@pytest.mark.parametrize("baseline", LEVELS)
@pytest.mark.parametrize("today", LEVELS)
def test_a_face_in_which_nothing_can_be_seen_is_not_measured(today: float, baseline: float) -> None:
    def find(_: SrgbImage) -> Face:  # a model of the operator's own may see faces anywhere
        return FACE

    with pytest.raises(Unmeasurable):
        analyse_photo(flat(today), flat(baseline), find=find)
    assert judge_photo(flat(today), flat(baseline), find).faults
    assert judge_photo(flat(today), None, find).faults
    assert today == 0.5 or judge_marked(flat(today), FACE_REGIONS, MarkedAreas(), find)


@pytest.mark.parametrize("eyes", [((5.0, 5.0), (5.0, 5.0)), ((-900.0, 9.0), (-700.0, 9.0))])
def test_eyes_in_one_point_or_beyond_the_photo_are_no_face(
    eyes: tuple[tuple[float, float], tuple[float, float]],
) -> None:
    with pytest.raises(Unmeasurable):
        view_on_grid(flat(0.5), Face(eyes, 2))


@pytest.mark.parametrize("level", LEVELS)
def test_gauges_of_one_colour_are_numbers(level: float) -> None:
    light = on_grid(level).light
    assert finite(measure_blur(light), measure_noise(light), log_light(light))


@pytest.mark.parametrize("covered", [True, False])
@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("treated", MASKS)
def test_skin_is_not_found_where_there_is_none(treated: str, level: float, covered: bool) -> None:
    view = on_grid(level, covered=covered)
    skin = map_skin(view, mask(treated))
    everything = skin_map(mask("all"))
    for each in (skin, everything):
        assert still_comparable(view, view, each).pixels.shape == SHAPE
        untreated = untreated_skin(each, mask("all"), mask(treated), besides=Region.FACE)
        assert untreated.pixels.shape == SHAPE
    assert is_evenly_lit(view.light, mask(treated)).pixels.shape == SHAPE
    assert finite(local_mean(view.light.pixels[..., 0], mask(treated).pixels))
    assert parts_within(mask(treated)) <= frozenset(Region)


def skin_map(counted: Mask) -> SkinMap:
    areas = map_skin(on_grid(0.5)).areas
    return SkinMap(areas, mask("all"), counted, counted)


@pytest.mark.parametrize("where", MASKS)
@pytest.mark.parametrize("change", [0.0, 3.0, -7.6])
def test_changes_of_no_pixel_are_none_and_of_like_pixels_are_finite(
    where: str, change: float
) -> None:
    plane = np.full((*SHAPE, 3), change, np.float32)
    assert finite(patch_medians(plane, mask(where).pixels))
    shift = median_shift(plane, mask(where))
    untreated = see_untreated(plane, plane, mask(where))
    assert (shift is None) == (untreated is None) == (where != "all")
    if shift is not None and untreated is not None:
        assert finite(shift.value, shift.covariance, untreated.shading)
        frame = Shift(np.zeros(3), np.eye(3) * 0.01)
        compared = compare_days(known(), frame, untreated=untreated)
        assert finite(compared.light, compared.covariance, compared.on_skin, compared.state.weight)


def known() -> SkinState:
    return estimate_state(np.log([0.5, 0.3, 0.2]), -1.0, 0.25)


@pytest.mark.parametrize("colour", [5e-4, 1.0])
@pytest.mark.parametrize("shift", [0.0, 7.6, -7.6, 700.0])
def test_a_change_that_no_skin_explains_stays_a_number(colour: float, shift: float) -> None:
    state = estimate_state(np.log([colour] * 3), float(np.log(colour)), 0.25)
    assert finite(state.weight, state.melanin, blood_slope(state))
    seen = Shift(np.array([shift, 0.0, -shift]), np.zeros((3, 3)))
    there = elsewhere(state, seen)
    assert finite(there.weight, there.melanin, there.blood, there.glare_after)
    for skin in (state, there, known_skin(0.02, 0.05)):
        change = explain(seen, np.zeros(3), skin)
        assert isfinite(change.redness.value)
        assert isfinite(change.pigment.sd)
        assert finite(*explain_pixels(seen.value[np.newaxis], skin, 0.03))
        assert finite(*explain_pixels(np.zeros((0, 3)), skin, 0.03))


def test_evidence_against_every_guess_leaves_weights() -> None:
    state = replace(known_skin(0.02, 0.05), weight=np.array([1.0]))
    two = SkinState(
        **{name: np.repeat(getattr(state, name), 2) for name in SkinState.__dataclass_fields__}
    )
    torn = replace(two, weight=np.array([1.0, 0.0])).reweighed(np.array([-4000.0, 0.0]))
    assert finite(torn.weight)
    assert torn.weight.sum() == pytest.approx(1)


@pytest.mark.parametrize("values", [np.nan, 0.0, 9.0])
@pytest.mark.parametrize("area", MASKS)
def test_maps_that_know_nothing_show_no_spot(values: float, area: str) -> None:
    plane = np.full(SHAPE, values, np.float32)
    found = find_spots(plane, plane)
    spots = count_spots(found, mask(area))
    assert finite(spots.redder.share, spots.darker.share, local_noise(plane))
    assert finite(affected_share(found, mask(area)))
    assert finite(paint_scale(plane[:2, :2], np.full((2, 2), 0.5, np.float32)))


@pytest.mark.parametrize("level", LEVELS)
def test_a_frame_of_one_colour_tells_of_no_light_it_does_not_know(level: float) -> None:
    shift = compare_frames(see_frame(flat(level), FACE), see_frame(flat(0.5), FACE))
    filled = Face(eyes=((0.0, 400.0), (640.0, 400.0)), eyes_seen=2)  # nothing around the head
    assert see_frame(flat(level), filled) is None
    assert compare_frames(None, see_frame(flat(0.5), FACE)) is None
    assert (shift is not None) == (level == 0.5)
    assert shift is None or finite(shift.value, shift.covariance)


@pytest.mark.parametrize("level", LEVELS)
def test_no_card_is_seen_where_nothing_is(level: float) -> None:
    sight = see_card(flat(level))
    assert sight.reading is None
    assert compare_cards(sight, sight) is None


def test_what_is_no_number_is_no_estimate() -> None:
    for value, sd in ((float("nan"), 0.1), (0.0, float("inf"))):
        with pytest.raises(ValueError, match="finite"):
            Estimate(value, sd)
    with pytest.raises(ValueError, match="baseline"):
        smallest_detectable_change([])


def test_a_face_without_features_is_laid_onto_itself_with_a_finite_residual(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def none(*_: object) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        return np.zeros((0, 2), np.float32), np.zeros((0, 2), np.float32)

    monkeypatch.setattr("analysis.face.registration.match_features", none)
    photo = portrait()
    face = find_face(photo)
    view = view_on_grid(photo, face)
    laid = register(photo, face, onto=view)
    assert finite(laid.residual, laid.likeness, laid.turn, align(laid).light.pixels, locate(view))


def without(regions: frozenset[Region], monkeypatch: pytest.MonkeyPatch) -> None:
    """Skin of these regions does not count, as when shine or hair covers it."""

    def part(before: GridView, *known: Mask | None) -> SkinMap:
        skin = map_skin(before, *known)
        gone = np.logical_or.reduce([skin.areas[region].pixels for region in regions])
        return replace(skin, counted=Mask(skin.counted.pixels & ~gone))

    monkeypatch.setattr("analysis.pipeline.map_skin", part)


def test_a_face_without_cheeks_and_nose_gives_no_wrong_skin(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    without(CHEEKS | {Region.NOSE}, monkeypatch)
    elsewhere_treated = frozenset({Region.FOREHEAD, Region.CHIN})
    photo = retouched(elsewhere_treated, blood=1)
    found = analyse_photo(photo, portrait(), elsewhere_treated)
    assert numbers_are_finite(found)
    assert found.regions[Region.FACE].redness.value == pytest.approx(1, abs=0.25)


def test_evidence_is_drawn_where_no_skin_that_counts_lies_in_the_picture() -> None:
    photo = portrait()
    found = replace(analyse_photo(photo, photo), counted=mask("empty"))
    pictures = draw_evidence(found, photo, photo)
    assert all(finite(decode_photo(data).pixels) for data in pictures.values())
    crop = crop_to_face(photo, found.photo_positions)
    black = SrgbImage(np.zeros_like(crop.image.pixels))
    assert finite(in_light_of_baseline(black, black, found).pixels)


def numbers_are_finite(found: Analysis) -> bool:
    return finite(
        found.residual,
        found.light,
        *(
            (*region.lab, region.ita, region.erythema_index, region.melanin_index, region.share)
            for region in found.regions.values()
        ),
        *(
            (r.redness.value, r.redness.sd, r.pigment.value, r.pigment.sd)
            for r in found.regions.values()
        ),
    )
