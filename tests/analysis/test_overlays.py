"""The evidence: pictures that a person can read, in one scale for all."""

from io import BytesIO
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from analysis.overlays import SCALE, draw_evidence, paint_scale
from analysis.pipeline import analyse_photo
from analysis.regions import Region
from tests.analysis.retouching import CHEEKS, portrait, retouched


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


@pytest.mark.parametrize("lightness", [0.3, 0.6, 0.88])
def test_every_step_is_a_visible_step_on_dark_and_light_faces(lightness: float) -> None:
    steps = [colour_of(v, lightness) for v in np.linspace(-SCALE, SCALE, 9)]
    gaps = [np.abs(b - a).sum() for a, b in pairwise(steps)]
    assert min(gaps) > 0.02


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
    assert set(drawn) == {"redness", "pigment", "aligned", "baseline", "thumbnail"}
    pictures = {name: Image.open(BytesIO(data)) for name, data in drawn.items()}
    assert all(not picture.getexif() for picture in pictures.values())
    assert pictures["thumbnail"].width <= 320
    assert pictures["aligned"].size == pictures["baseline"].size
    redness = np.asarray(pictures["redness"], np.float32)
    cheek = np.nonzero(analysis.areas[Region.LEFT_CHEEK].pixels & analysis.counted.pixels)
    rows, columns = 2 * (cheek[0] - 30), 2 * cheek[1]
    red, _, blue = np.median(redness[rows, columns], axis=0)
    assert red > blue + 40
    nose = redness[2 * (360 - 30), 2 * 280]
    assert np.ptp(nose) < 25


def test_the_pair_is_drawn_from_the_same_skin_in_the_same_light() -> None:
    photo = retouched(light=(1.1, 1.0, 0.75))
    drawn = draw_evidence(analyse_photo(photo, portrait(), CHEEKS), photo, portrait())
    today, before = (
        np.asarray(Image.open(BytesIO(drawn[name])), np.float32) for name in ("aligned", "baseline")
    )
    face = np.s_[500:900, 320:800]
    assert np.abs(today[face] - before[face]).mean() < 5
