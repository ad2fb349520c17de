"""Photos with known truth: invented people under known lamps."""

from dataclasses import replace
from functools import cache

import cv2
import numpy as np
import pytest
import skimage.data
from numpy.typing import NDArray

from analysis.face.regions import Region
from analysis.images import LinearImage, SrgbImage, to_linear
from analysis.light.skin_optics import BASELINE_BLOOD, TONES, linear_srgb, reflectance
from analysis.quality import judge_photo
from analysis.scenes import Photograph, Pose, Shot, change_photo, photograph
from analysis.scenes.cameras import Camera, channel_weights, colour_cast, paint_matrix
from analysis.scenes.head.changes import Papules, Patch, SkinState, SpottedPigment
from analysis.scenes.head.heads import Person
from analysis.scenes.lamps import Lamp
from sample_images.cast import KWAME, NORA

PEOPLE = pytest.mark.parametrize("person", [NORA, KWAME], ids=["type II", "type VI"])
LEFT_CHEEK, RIGHT_CHEEK = np.s_[560:680, 590:680], np.s_[560:680, 280:370]  # of a frontal photo


@cache
def plain_photo(person: Person) -> Photograph:
    return photograph(person, SkinState(), Shot())


def red_over_green(photo: Photograph, where: tuple[slice, slice]) -> float:
    light = to_linear(photo.image).pixels[where]
    return float(np.median(np.log(light[..., 0] / light[..., 1])))


def luminance(photo: Photograph) -> NDArray[np.float32]:
    pixels: NDArray[np.float32] = photo.image.pixels.mean(axis=2)
    return pixels


def test_the_same_shot_twice_gives_the_same_picture() -> None:
    again = photograph(NORA, SkinState(), Shot())
    np.testing.assert_array_equal(again.image.pixels, plain_photo(NORA).image.pixels)
    assert again.truth == plain_photo(NORA).truth


def test_skin_as_at_baseline_has_a_truth_of_zero_everywhere() -> None:
    truth = plain_photo(NORA).truth
    assert set(truth) == set(Region) - {Region.FACE}
    assert all(t.redness == 0.0 and t.pigment == 0.0 for t in truth.values())


def test_the_truth_is_the_change_that_was_asked_for() -> None:
    state = SkinState(
        redness={Region.FOREHEAD: 1.0, Region.LEFT_CHEEK: 0.5, Region.CHIN: -0.4},
        pigment={Region.RIGHT_CHEEK: 0.6},
    )
    truth = photograph(NORA, state, Shot()).truth
    assert truth[Region.FOREHEAD].redness == pytest.approx(1.0, abs=0.08)
    assert truth[Region.LEFT_CHEEK].redness == pytest.approx(0.5, abs=0.08)
    assert truth[Region.RIGHT_CHEEK].redness == pytest.approx(0.0, abs=0.08)
    assert truth[Region.CHIN].redness == pytest.approx(-0.4, abs=0.08)
    assert truth[Region.RIGHT_CHEEK].pigment == pytest.approx(0.6, abs=0.08)
    assert truth[Region.FOREHEAD].pigment == pytest.approx(0.0, abs=0.08)


@PEOPLE
def test_more_blood_in_the_left_cheek_reddens_the_right_half_of_the_picture(
    person: Person,
) -> None:
    calm = plain_photo(person)
    red = photograph(person, SkinState(redness={Region.LEFT_CHEEK: 1.5}), Shot())
    assert red_over_green(red, LEFT_CHEEK) - red_over_green(calm, LEFT_CHEEK) > 0.05
    assert abs(red_over_green(red, RIGHT_CHEEK) - red_over_green(calm, RIGHT_CHEEK)) < 0.02


def test_a_patch_with_papules_raises_only_its_own_cheek() -> None:
    state = SkinState(
        patches=(Patch((39.0, 38.0), radius=25.0, redness=1.0),),
        papules=(Papules(Region.LEFT_CHEEK, count=8, pustules=2),),
    )
    truth = photograph(NORA, state, Shot()).truth
    assert truth[Region.LEFT_CHEEK].redness > 0.7
    assert truth[Region.RIGHT_CHEEK].redness == 0.0


def test_spots_of_pigment_are_patchy_and_keep_their_mean() -> None:
    state = SkinState(spots=(SpottedPigment(Region.FOREHEAD, 0.5),))
    dark = photograph(NORA, state, Shot())
    before, after = luminance(plain_photo(NORA)), luminance(dark)
    forehead = np.s_[200:300, 350:610]
    change = cv2.GaussianBlur((after - before)[forehead], (0, 0), 3.0)
    assert change.mean() < -0.01
    assert change.std() > 0.005
    assert dark.truth[Region.FOREHEAD].pigment == pytest.approx(0.45, abs=0.1)


@PEOPLE
def test_a_face_and_its_eyes_are_found_in_every_tone(person: Person) -> None:
    grey = np.round(luminance(plain_photo(person)) * 255).astype(np.uint8)
    faces = cv2.CascadeClassifier(
        cv2.data.haarcascades + "haarcascade_frontalface_default.xml"
    ).detectMultiScale(grey, 1.1, 5, minSize=(300, 300))
    assert len(faces) == 1
    left, top, width, height = faces[0]
    assert width >= 600
    eyes = cv2.CascadeClassifier(
        cv2.data.haarcascades + "haarcascade_eye_tree_eyeglasses.xml"
    ).detectMultiScale(grey[top : top + height, left : left + width], 1.05, 4, minSize=(40, 40))
    assert len(eyes) >= 2


@PEOPLE
def test_the_gate_takes_a_good_photo_and_refuses_a_shaken_one(person: Person) -> None:
    sharp = plain_photo(person).image
    another_day = replace(Shot(), seed=1, pose=Pose(right_mm=3.0, tilt_degrees=1.0))
    assert judge_photo(photograph(person, SkinState(), another_day).image, sharp).acceptable
    shaken = photograph(person, SkinState(), replace(another_day, blur_mm=2.2)).image
    assert not judge_photo(shaken, sharp).acceptable


@pytest.mark.parametrize("camera", Camera)
@pytest.mark.parametrize("lamp", Lamp)
def test_white_paper_is_white_for_every_camera_under_every_lamp(camera: Camera, lamp: Lamp) -> None:
    np.testing.assert_allclose(channel_weights(camera, lamp) @ np.ones(31), 1.0, atol=1e-9)
    np.testing.assert_allclose(paint_matrix(camera, lamp) @ np.ones(3), 1.0, atol=1e-9)


@pytest.mark.parametrize("camera", Camera)
def test_a_camera_sees_skin_nearly_but_not_quite_as_the_standard_observer(camera: Camera) -> None:
    spectra = reflectance([tone.melanin for tone in TONES[:6]], BASELINE_BLOOD, glare=0.02)
    seen = spectra @ channel_weights(camera, Lamp.D65).T
    difference = np.abs(seen - linear_srgb(spectra))
    assert 0.001 < difference.max() < 0.03


def test_another_lamp_changes_how_skin_looks_against_white() -> None:
    skin = reflectance(0.03, BASELINE_BLOOD)
    day = channel_weights(Camera.AMBER, Lamp.D65) @ skin
    shop = channel_weights(Camera.AMBER, Lamp.FL11) @ skin
    assert np.abs(shop / day - 1.0).max() > 0.02


def test_a_longer_exposure_is_brighter_and_a_shaken_photo_is_softer() -> None:
    plain = luminance(plain_photo(NORA))
    longer = luminance(photograph(NORA, SkinState(), Shot(exposure_ev=0.5)))
    shaken = luminance(photograph(NORA, SkinState(), Shot(blur_mm=2.0)))
    assert longer.mean() > plain.mean() + 0.03
    assert np.abs(np.diff(shaken)).mean() < 0.7 * np.abs(np.diff(plain)).mean()


def test_a_phone_with_a_look_shows_more_colour_more_contrast_and_less_texture() -> None:
    plain = plain_photo(NORA).image.pixels

    def phoned(shot: Shot) -> NDArray[np.float32]:
        return photograph(NORA, SkinState(), shot).image.pixels

    colourful, steep = phoned(Shot(chroma=1.1)), phoned(Shot(contrast=0.3))
    even, smooth = phoned(Shot(evening=0.25)), phoned(Shot(smoothing=1.0))
    cheek, lit = LEFT_CHEEK, RIGHT_CHEEK
    assert np.ptp(np.median(colourful[cheek], (0, 1))) > 1.08 * np.ptp(
        np.median(plain[cheek], (0, 1))
    )
    assert steep.std() > 1.05 * plain.std()
    lifted = np.median(even[cheek]) / np.median(even[lit])
    assert lifted > 1.02 * np.median(plain[cheek]) / np.median(plain[lit])
    assert (
        np.abs(np.diff(smooth[cheek], axis=0)).mean()
        < 0.9 * np.abs(np.diff(plain[cheek], axis=0)).mean()
    )


def test_skin_that_scatters_more_is_lighter_in_the_photo() -> None:
    pale = replace(NORA, complexion=replace(NORA.complexion, scattering=1.5))
    lighter = luminance(photograph(pale, SkinState(), Shot(exposure_ev=-0.5)))[LEFT_CHEEK]
    assert (
        lighter.mean()
        > luminance(photograph(NORA, SkinState(), Shot(exposure_ev=-0.5)))[LEFT_CHEEK].mean()
    )


def test_a_filament_is_redder_than_daylight_to_every_camera() -> None:
    for camera in Camera:
        red, blue = colour_cast(camera, Lamp.A)
        assert red > 1.2
        assert blue < 0.6
        assert colour_cast(camera, Lamp.D65) == (1.0, 1.0)


def test_a_head_moves_in_the_frame_as_its_pose_says() -> None:
    straight = luminance(plain_photo(NORA))
    moved = luminance(photograph(NORA, SkinState(), Shot(pose=Pose(right_mm=5.0, down_mm=4.0))))
    middle = np.s_[300:900, 250:700]
    (right, down), _ = cv2.phaseCorrelate(
        straight[middle].astype(np.float64), moved[middle].astype(np.float64)
    )
    pixels_per_mm = 1248 / 276
    assert right == pytest.approx(5.0 * pixels_per_mm, abs=2.0)
    assert down == pytest.approx(4.0 * pixels_per_mm, abs=2.0)


def test_a_real_face_reddens_by_the_optics_and_keeps_its_shading() -> None:
    portrait: NDArray[np.uint8] = skimage.data.astronaut()
    real = SrgbImage((portrait[60:200, 160:290] / 255).astype(np.float32))
    light = to_linear(real)
    coverage = np.zeros(light.pixels.shape[:2], dtype=np.float32)
    coverage[40:110, 40:90] = 1.0
    kept = light.pixels.copy()
    red = change_photo(light, coverage, (0.02, BASELINE_BLOOD), redness=1.0, pigment=0.0)
    assert isinstance(red, LinearImage)
    np.testing.assert_array_equal(light.pixels, kept)
    np.testing.assert_allclose(red.pixels[:30], light.pixels[:30], atol=1e-6)
    ratio = red.pixels[60:90, 50:80] / light.pixels[60:90, 50:80]
    np.testing.assert_allclose(ratio, np.broadcast_to(ratio[0, 0], ratio.shape), rtol=1e-3)
    assert ratio[0, 0, 1] < ratio[0, 0, 0] < 1.0
