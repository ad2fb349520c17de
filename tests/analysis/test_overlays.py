"""The evidence: pictures that a person can read, in one scale for all."""

from io import BytesIO

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from skimage.color import deltaE_ciede2000, rgb2lab

from analysis.face.crop import CROP, ENLARGED
from analysis.face.regions import Region
from analysis.images import LinearImage, SrgbImage, to_linear, to_srgb
from analysis.overlays import SCALE, draw_evidence, paint_scale
from analysis.pipeline import analyse_photo
from tests.analysis.retouching import CHEEKS, portrait, retouched

# Machado, Oliveira and Fernandes (2009), severity 1.0, on linear RGB.
EYES = {
    "all cones": np.eye(3).tolist(),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
}


def picture(data: bytes) -> NDArray[np.float32]:
    return np.asarray(Image.open(BytesIO(data)), np.float32)


def on_picture(where: NDArray[np.bool_]) -> tuple[NDArray[np.int_], NDArray[np.int_]]:
    """Rows and columns of the pictures that show these pixels of the grid."""
    rows, columns = np.nonzero(where[CROP])
    return (ENLARGED * rows).astype(np.int_), (ENLARGED * columns).astype(np.int_)


def difference(a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.float32]:
    """CIEDE2000 between CIELAB colours."""
    gap: NDArray[np.float32] = deltaE_ciede2000(a, b)
    return gap


def colour_of(doublings: float, lightness: float = 0.6) -> NDArray[np.float32]:
    value = np.full((1, 1), doublings, np.float32)
    painted = paint_scale(value, np.full((1, 1), lightness, np.float32))
    return painted.reshape(3)


def test_no_change_leaves_the_face_grey() -> None:
    red, green, blue = colour_of(0.0)
    assert max(red, green, blue) - min(red, green, blue) < 0.01
    assert np.allclose(colour_of(0.0), colour_of(float("nan")))


def test_more_is_orange_and_less_is_blue() -> None:
    more, less = colour_of(1.0), colour_of(-1.0)
    assert more[0] > more[2] + 0.2
    assert less[2] > less[0] + 0.2


def test_the_scale_ends_at_two_doublings() -> None:
    assert np.array_equal(colour_of(SCALE), colour_of(5.0))
    assert not np.array_equal(colour_of(SCALE), colour_of(1.5))


@pytest.mark.parametrize("eyes", EYES)
@pytest.mark.parametrize("lightness", [0.35, 0.6, 0.85])
def test_every_quarter_doubling_is_a_like_step_to_everybodys_eyes(
    lightness: float, eyes: str
) -> None:
    values = np.linspace(-SCALE, SCALE, 17, dtype=np.float32)
    painted = paint_scale(values[np.newaxis], np.full((1, 17), lightness, np.float32))
    seen = np.clip(to_linear(SrgbImage(painted)).pixels @ np.array(EYES[eyes]).T, 0, 1)
    lab = rgb2lab(to_srgb(LinearImage(seen.astype(np.float32))).pixels[0])
    steps = difference(lab[1:], lab[:-1])
    assert steps.min() > 1.8
    assert steps.max() < 3.5 * steps.min()
    assert difference(lab[4], lab[12]) > 30  # half as much against twice as much


def test_noise_is_not_painted() -> None:
    grainy = retouched()
    grain = np.random.default_rng(1).normal(0, 0.02, grainy.pixels.shape)
    photo = SrgbImage(np.clip(grainy.pixels + grain, 0, 1).astype(np.float32))
    analysis = analyse_photo(photo, portrait(), CHEEKS)
    redness = picture(draw_evidence(analysis, photo, portrait())["redness"])
    rows, columns = on_picture(analysis.areas[Region.RIGHT_CHEEK].pixels)
    colourful = np.ptp(redness[rows, columns], axis=-1) > 25
    assert colourful.mean() < 0.05


def test_the_legend_is_as_wide_as_the_picture_and_the_same_for_all() -> None:
    legends = []
    for photo in (retouched(CHEEKS, blood=1.5), retouched(melanin=0.5)):
        drawn = draw_evidence(analyse_photo(photo, portrait(), CHEEKS), photo, portrait())
        redness = picture(drawn["redness"])
        legends.append(redness[round(ENLARGED * (CROP[0].stop - CROP[0].start)) :])
    assert legends[0].shape == legends[1].shape
    assert np.abs(legends[0] - legends[1])[8:].max() <= 2  # JPEG blocks span the upper edge
    bar = legends[0][75]
    assert bar[5, 2] > bar[5, 0] + 100
    assert bar[-5, 0] > bar[-5, 2] + 100


def test_where_one_photo_ends_the_other_ends_too() -> None:
    cut = SrgbImage(portrait().pixels[:, 720:].copy())
    drawn = draw_evidence(analyse_photo(cut, portrait(), CHEEKS), cut, portrait())
    today, before = picture(drawn["aligned"]), picture(drawn["baseline"])
    outside = np.s_[300:700, :40]
    for shown in (today, before):
        assert np.ptp(shown[outside]) < 12
        assert 215 < shown[outside].mean() < 240


def test_colours_stay_inside_the_screen() -> None:
    values = np.tile(np.linspace(-2, 2, 41, dtype=np.float32), (9, 1))
    greys = np.tile(np.linspace(0.3, 0.88, 9, dtype=np.float32)[:, np.newaxis], (1, 41))
    painted = paint_scale(values, greys)
    assert painted.min() >= 0
    assert painted.max() <= 1


def test_the_evidence_shows_where_the_blood_is() -> None:
    photo = retouched(CHEEKS, blood=1.5)
    analysis = analyse_photo(photo, portrait(), CHEEKS)
    drawn = draw_evidence(analysis, photo, portrait())
    assert set(drawn) == {"redness", "pigment", "aligned", "as_taken", "baseline", "thumbnail"}
    pictures = {name: Image.open(BytesIO(data)) for name, data in drawn.items()}
    assert all(not picture.getexif() for picture in pictures.values())
    assert pictures["thumbnail"].width <= 320
    assert len(drawn["thumbnail"]) < 16_000, "a list loads a hundred of them"
    assert pictures["aligned"].size == pictures["baseline"].size
    redness = np.asarray(pictures["redness"], np.float32)
    cheek = analysis.areas[Region.LEFT_CHEEK].pixels & analysis.counted.pixels
    red, _, blue = np.median(redness[on_picture(cheek)], axis=0)
    assert red > blue + 40
    nose = np.median(redness[on_picture(analysis.areas[Region.NOSE].pixels)], axis=0)
    assert np.ptp(nose) < 25


def test_the_pair_is_drawn_from_the_same_skin_in_the_same_light() -> None:
    photo = retouched(light=(1.1, 1.0, 0.75))
    drawn = draw_evidence(analyse_photo(photo, portrait(), CHEEKS), photo, portrait())
    today, before = picture(drawn["aligned"]), picture(drawn["baseline"])
    face = np.s_[350:650, 160:540]
    assert np.abs(today[face] - before[face]).mean() < 5


def test_the_light_of_the_day_is_kept_beside_that_of_the_baseline() -> None:
    photo = retouched(light=(1.1, 1.0, 0.75))
    drawn = draw_evidence(analyse_photo(photo, portrait(), CHEEKS), photo, portrait())
    as_taken, before = picture(drawn["as_taken"]), picture(drawn["baseline"])
    face = np.s_[350:650, 160:540]
    red, _, blue = (as_taken[face] - before[face]).mean(axis=(0, 1))
    assert as_taken.shape == before.shape
    assert red > 3
    assert blue < -8


def test_a_large_photo_is_averaged_down_and_not_sampled() -> None:
    small = portrait().pixels[:1000, 450:1350]
    rng = np.random.default_rng(2)
    grain_left = []
    for plain in (small, np.repeat(np.repeat(small, 3, axis=0), 3, axis=1)):
        rough = plain + rng.normal(0, 0.04, (*plain.shape[:2], 1))
        clean, grainy = (
            SrgbImage(np.clip(pixels, 0, 1).astype(np.float32)) for pixels in (plain, rough)
        )
        analysis = analyse_photo(clean, portrait(), CHEEKS)
        drawn = [draw_evidence(analysis, photo, portrait()) for photo in (clean, grainy)]
        without, with_grain = (picture(pictures["aligned"]) for pictures in drawn)
        grain_left.append(float((with_grain - without)[400:600, 200:500].std()))
    assert grain_left[1] < 0.6 * grain_left[0]
