"""The inverse on numbers alone: what was put into the optics comes out again, with its spread."""

import numpy as np
import pytest

from analysis.images import Mask
from analysis.light.chromophores import (
    Shift,
    elsewhere,
    explain,
    explain_pixels,
    median_shift,
    patch_medians,
    patchwise_shift,
)
from analysis.light.plausible_skin import SkinState, estimate_state, known_skin
from analysis.light.skin_optics import BASELINE_BLOOD, TONES, Tone, log_rgb
from analysis.light.viewings import Floats

LUMINANCE = np.array([0.2126, 0.7152, 0.0722])
SAME_LIGHT = np.zeros(3)
SHADING = 0.05  # log units


def known(tone: Tone) -> SkinState:
    return known_skin(tone.melanin, BASELINE_BLOOD)


def shift_of(
    tone: Tone, *, blood: float = 0, melanin: float = 0, sd: float = 0.002, shading: float = SHADING
) -> Shift:
    after = log_rgb(tone.melanin * 2**melanin, BASELINE_BLOOD * 2**blood)
    covariance = np.eye(3) * sd**2 + shading**2
    return Shift(after - log_rgb(tone.melanin, BASELINE_BLOOD), covariance)


@pytest.mark.parametrize("tone", TONES)
@pytest.mark.parametrize("blood", [-0.5, 0.3, 1.0, 2.0])
def test_blood_doublings_are_read_on_every_tone(tone: Tone, blood: float) -> None:
    change = explain(shift_of(tone, blood=blood), SAME_LIGHT, known(tone))
    assert change.redness.value == pytest.approx(blood, abs=max(0.12, 0.6 * change.redness.sd))
    assert abs(change.pigment.value) < 0.06


@pytest.mark.parametrize("tone", TONES)
@pytest.mark.parametrize("melanin", [-0.4, 0.2, 0.58])
def test_melanin_doublings_are_read_on_every_tone(tone: Tone, melanin: float) -> None:
    change = explain(shift_of(tone, melanin=melanin), SAME_LIGHT, known(tone))
    assert change.pigment.value == pytest.approx(melanin, abs=0.08)
    assert abs(change.redness.value) < max(0.1, 0.6 * change.redness.sd)


@pytest.mark.parametrize("exposure", [-0.5, 0.3, 0.5])
def test_exposure_and_shading_cancel(exposure: float) -> None:
    tone = TONES[2]
    plain = shift_of(tone, blood=1, shading=0.6)
    brighter = Shift(plain.value + exposure, plain.covariance)
    expected, seen = (explain(shift, SAME_LIGHT, known(tone)) for shift in (plain, brighter))
    assert seen.redness.value == pytest.approx(expected.redness.value, abs=0.08)
    assert seen.pigment.value == pytest.approx(expected.pigment.value, abs=0.05)


def test_noise_makes_the_spread_and_no_news_says_nothing() -> None:
    state = known(TONES[1])
    spreads = [
        explain(shift_of(TONES[1], sd=sd), SAME_LIGHT, state).redness.sd
        for sd in (0.001, 0.01, 0.1, 100)
    ]
    assert spreads == sorted(spreads)
    assert spreads[-1] > 1.4


def test_the_spread_covers_the_error_as_often_as_it_says() -> None:
    rng = np.random.default_rng(11)
    tone = TONES[3]
    state = known(tone)
    misses = []
    for _ in range(400):
        blood, melanin = rng.normal(0, 1.2), rng.normal(0, 0.3)
        shift = shift_of(tone, blood=blood, melanin=melanin, sd=0.01)
        noisy = Shift(shift.value + rng.normal(0, 0.01, 3), shift.covariance)
        redness = explain(noisy, SAME_LIGHT, state).redness
        misses.append(abs(redness.value - blood) / redness.sd)
    assert np.mean([miss < 1.96 for miss in misses]) > 0.92
    assert np.mean([miss < 0.5 for miss in misses]) < 0.75


def test_a_phone_of_unknown_contrast_leaves_a_large_change_less_certain_than_none() -> None:
    skin = known(TONES[2]).pick(np.zeros(40, np.intp))
    contrast = np.exp(np.linspace(-0.35, 0.35, 40))
    none, large = (
        [
            explain(shift_of(TONES[2], blood=blood), SAME_LIGHT, skin, curve).redness
            for curve in (1.0, contrast)
        ]
        for blood in (0.0, 2.0)
    )
    assert none[1].sd == pytest.approx(none[0].sd, rel=0.2)
    assert large[1].sd > 2 * large[0].sd
    assert abs(large[1].value - 2) < 1.96 * large[1].sd


def test_contrast_is_taken_out_of_a_change_and_out_of_its_noise() -> None:
    plain = shift_of(TONES[2], blood=1)
    steep = Shift(1.3 * plain.value, 1.3**2 * plain.covariance)
    expected = explain(plain, SAME_LIGHT, known(TONES[2])).redness
    seen = explain(steep, SAME_LIGHT, known(TONES[2]), 1.3).redness
    assert (seen.value, seen.sd) == pytest.approx((expected.value, expected.sd), rel=1e-6)


def seen_in_baseline(tone: Tone, tint: Floats, sd: float) -> SkinState:
    colour = log_rgb(tone.melanin, BASELINE_BLOOD)
    brightness = float(np.log(np.exp(colour) @ LUMINANCE))
    return estimate_state(colour + tint - 0.4, brightness, sd)


@pytest.mark.parametrize("tone", TONES)
def test_the_persons_own_tone_is_known_whatever_the_exposure(tone: Tone) -> None:
    state = seen_in_baseline(tone, np.zeros(3), 0.35)
    assert state.weight.sum() == pytest.approx(1)
    log_melanin = np.log2(state.melanin / tone.melanin)
    mean = float(state.weight @ log_melanin)
    sd = float(np.sqrt(state.weight @ (log_melanin - mean) ** 2))
    assert abs(mean) < max(1.5 * sd, 0.15)
    assert sd < 0.8


@pytest.mark.parametrize("tone", TONES)
def test_a_tone_known_roughly_still_reads_a_doubling_of_blood(tone: Tone) -> None:
    state = seen_in_baseline(tone, np.array([0.05, 0.0, -0.05]), 0.35)
    redness = explain(shift_of(tone, blood=1), SAME_LIGHT, state).redness
    assert abs(redness.value - 1) < 1.96 * redness.sd
    assert redness.value > 2 * redness.sd  # seen for certain, in dark skin too


@pytest.mark.parametrize("tone", TONES[3:])
def test_a_misleading_brightness_leaves_the_truth_inside_the_interval(tone: Tone) -> None:
    colour = log_rgb(tone.melanin, BASELINE_BLOOD)
    brightness = float(np.log(np.exp(colour) @ LUMINANCE)) + 1.2
    redness = explain(shift_of(tone, blood=1), SAME_LIGHT, estimate_state(colour, brightness, 0.25))
    assert abs(redness.redness.value - 1) < 1.96 * redness.redness.sd


@pytest.mark.parametrize("tone", TONES[:5])
def test_a_flushed_cheek_is_known_to_hold_more_blood_than_the_face(tone: Tone) -> None:
    state = seen_in_baseline(tone, np.zeros(3), 0.35)
    cheek = elsewhere(state, shift_of(tone, blood=0.5, shading=0))
    more = np.log2(cheek.blood / state.blood)
    assert cheek.weight @ more == pytest.approx(0.5, abs=0.2)


def test_maps_agree_with_regions() -> None:
    tone = TONES[2]
    change = np.stack([shift_of(tone, blood=b).value for b in (0.0, 1.0, 2.0)])
    redness, pigment = explain_pixels(change, known(tone), 0.005)
    assert redness == pytest.approx([0, 1, 2], abs=0.15)
    assert pigment == pytest.approx([0, 0, 0], abs=0.06)


def test_maps_show_more_melanin_as_more_in_very_dark_skin_that_was_misjudged() -> None:
    darker = shift_of(TONES[6], melanin=0.58).value[np.newaxis] + np.array([[0.0], [0.05], [-0.05]])
    judged_lighter = known_skin(0.13, BASELINE_BLOOD, 0.013)
    _, pigment = explain_pixels(darker, judged_lighter, 0.03)
    assert pigment == pytest.approx([0.6, 0.6, 0.6], abs=0.35)


def test_the_median_shift_ignores_a_mole_and_its_spread_is_that_of_the_median() -> None:
    rng = np.random.default_rng(5)
    scatter = []
    for _ in range(30):
        change = np.zeros((240, 240, 3), np.float32)
        change += np.repeat(np.repeat(rng.normal(0, 0.05, (10, 10, 3)), 24, 0), 24, 1)
        change[:24, :24] = -3
        shift = median_shift(change.astype(np.float32), Mask(np.ones((240, 240), np.bool_)))
        assert shift is not None
        scatter.append(shift.value / np.sqrt(np.diag(shift.covariance)))
    assert np.std(scatter) == pytest.approx(1, abs=0.3)


def test_a_focus_in_a_quarter_of_a_part_counts_for_a_quarter() -> None:
    rng = np.random.default_rng(6)
    change = rng.normal(0, 0.02, (240, 240, 3)).astype(np.float32)
    change[:120, :120, 1] -= 0.4
    everywhere = Mask(np.ones((240, 240), np.bool_))
    shift, middle = patchwise_shift(change, everywhere), median_shift(change, everywhere)
    assert shift is not None
    assert middle is not None
    assert shift.value == pytest.approx([0, -0.1, 0], abs=0.005)
    assert middle.value == pytest.approx([0, 0, 0], abs=0.02)
    assert np.sqrt(shift.covariance[1, 1]) == pytest.approx(0.4 * np.sqrt(3) / 4 / 10, rel=0.1)


def test_too_little_skin_gives_no_shift() -> None:
    change = np.zeros((240, 240, 3), np.float32)
    speck = np.zeros((240, 240), np.bool_)
    speck[:30, :30] = True
    assert median_shift(change, Mask(speck)) is None
    assert patchwise_shift(change, Mask(speck)) is None
    assert median_shift(change, Mask(np.zeros_like(speck))) is None


def test_patches_have_the_medians_that_one_takes_patch_by_patch() -> None:
    rng = np.random.default_rng(5)
    change = rng.normal(size=(100, 61, 3)).astype(np.float32)
    inside = rng.random((100, 61)) < np.linspace(0, 1, 61)  # the first columns hardly count
    patches = [
        (change[cell], inside[cell])
        for top in range(0, 100, 24)
        for left in range(0, 61, 24)
        for cell in [np.s_[top : top + 24, left : left + 24]]
    ]
    wanted = [np.median(part[within], axis=0) for part, within in patches if within.sum() >= 144]
    assert 3 < len(wanted) < len(patches)
    assert patch_medians(change, inside) == pytest.approx(np.array(wanted), abs=1e-6)
    assert patch_medians(change, np.zeros_like(inside)).shape == (0, 3)
