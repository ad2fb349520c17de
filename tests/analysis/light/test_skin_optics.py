"""The forward model of skin."""

import numpy as np
import pytest
from numpy.typing import NDArray

from analysis.light.skin_optics import (
    BASELINE_BLOOD,
    DAYLIGHT_D65,
    OBSERVER_1931,
    TONES,
    TYPICAL_GLARE,
    Tone,
    linear_srgb,
    log_rgb,
    reflectance,
)


def lab(spectral_reflectance: NDArray[np.float64]) -> NDArray[np.float64]:
    weights = OBSERVER_1931 * DAYLIGHT_D65[:, np.newaxis]
    f = np.cbrt(spectral_reflectance @ weights / weights.sum(axis=0))
    return np.stack(
        [116 * f[..., 1] - 16, 500 * (f[..., 0] - f[..., 1]), 200 * (f[..., 1] - f[..., 2])],
        axis=-1,
    )


def ita(spectral_reflectance: NDArray[np.float64]) -> float:
    lightness, _, yellowness = lab(spectral_reflectance)
    return float(np.degrees(np.arctan2(lightness - 50, yellowness)))


@pytest.mark.parametrize("tone", TONES[:-1], ids=lambda tone: f"ITA {tone.ita:+.0f}")
def test_each_tone_has_the_ita_it_is_named_after(tone: Tone) -> None:
    assert ita(reflectance(tone.melanin, BASELINE_BLOOD)) == pytest.approx(tone.ita, abs=2.0)


def test_the_darkest_tone_is_darker_than_all_others() -> None:
    itas = [ita(reflectance(tone.melanin, BASELINE_BLOOD)) for tone in TONES]
    assert itas == sorted(itas, reverse=True)
    assert itas[-1] == pytest.approx(TONES[-1].ita, abs=7.0)


@pytest.mark.parametrize(("melanin", "expected"), [(0.012, 3.3), (0.18, 0.9)])
def test_doubled_blood_reddens_dark_skin_far_less_than_light_skin(
    melanin: float, expected: float
) -> None:
    before = lab(reflectance(melanin, BASELINE_BLOOD, glare=0.02))
    after = lab(reflectance(melanin, 2 * BASELINE_BLOOD, glare=0.02))
    assert after[1] - before[1] == pytest.approx(expected, abs=0.1)


def test_a_perfect_white_is_one_in_every_channel() -> None:
    np.testing.assert_allclose(linear_srgb(np.ones(31)), 1.0, rtol=1e-12)


def test_reflectance_lies_between_black_and_white_for_every_person() -> None:
    melanin = np.geomspace(0.005, 0.5, 20)[:, np.newaxis]
    blood = np.geomspace(0.001, 0.1, 15)
    spectra = reflectance(melanin, blood)
    assert spectra.shape == (20, 15, 31)
    assert np.all((spectra > 0.0) & (spectra < 1.0))


def test_blood_takes_green_most_and_melanin_takes_blue_most() -> None:
    start = log_rgb(0.02, BASELINE_BLOOD)
    blood = log_rgb(0.02, 2 * BASELINE_BLOOD) - start
    melanin = log_rgb(0.04, BASELINE_BLOOD) - start
    assert np.all(blood < 0.0)
    assert np.all(melanin < 0.0)
    assert np.argmin(blood) == 1
    assert np.argmin(melanin) == 2


def test_venous_blood_looks_darker_in_red_light_than_arterial_blood() -> None:
    arterial = reflectance(0.02, 0.02, saturation=0.95)
    venous = reflectance(0.02, 0.02, saturation=0.4)
    assert np.all(venous[24:] < arterial[24:])  # 640 nm and above


def test_more_scattering_sends_more_light_back() -> None:
    assert np.all(reflectance(0.02, 0.01, scattering=1.3) > reflectance(0.02, 0.01))


def test_glare_lies_over_the_skin_like_a_thin_white_veil() -> None:
    matte = np.exp(log_rgb(0.05, 0.01, glare=0.0))
    shiny = np.exp(log_rgb(0.05, 0.01, glare=0.04))
    np.testing.assert_allclose(shiny, 0.04 + 0.96 * matte, rtol=1e-9)


def test_the_table_agrees_with_the_formula_for_random_skins() -> None:
    rng = np.random.default_rng(5)
    melanin = np.exp(rng.uniform(np.log(0.008), np.log(0.4), 3000))
    blood = np.exp(rng.uniform(np.log(0.002), np.log(0.1), 3000))
    exact = np.log(linear_srgb(reflectance(melanin, blood, glare=TYPICAL_GLARE)))
    np.testing.assert_allclose(log_rgb(melanin, blood), exact, atol=1e-3)


def test_skins_beyond_the_table_are_read_at_its_edge() -> None:
    np.testing.assert_array_equal(log_rgb(0.0001, 0.9), log_rgb(2.0**-9, 2.0**-2.5))


def test_very_dark_skin_without_glare_still_has_a_finite_logarithm() -> None:
    assert np.all(np.isfinite(log_rgb(0.5, 0.1, glare=0.0)))


def test_fractions_broadcast_and_are_left_untouched() -> None:
    melanin, blood = np.full((4, 1), 0.03), np.array([0.004, 0.008, 0.016])
    kept = melanin.copy(), blood.copy()
    assert log_rgb(melanin, blood).shape == (4, 3, 3)
    np.testing.assert_array_equal(melanin, kept[0])
    np.testing.assert_array_equal(blood, kept[1])
