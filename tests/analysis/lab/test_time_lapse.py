"""A time-lapse: one crop, one pose, one light; what moves is the skin."""

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from analysis.__main__ import main
from analysis.images import SrgbImage, encode_photo
from analysis.lab.time_lapse import Day, animate, draw_frames
from analysis.pipeline import analyse_photo
from tests.analysis.retouching import CHEEKS, portrait, retouched, turned

NOSE, CHEEK = np.s_[470:500, 330:370], np.s_[480:520, 210:250]


@pytest.fixture(scope="module")
def frames() -> list[SrgbImage]:
    warm = turned(retouched(CHEEKS, blood=1, light=(1.15, 1.0, 0.75)), 4, scale=0.93)
    days = [
        Day(caption, photo, analyse_photo(photo, portrait(), CHEEKS))
        for caption, photo in (("day 1", warm), ("day 7", retouched(light=(0.8, 0.8, 0.8))))
    ]
    return list(draw_frames(portrait(), days))


def test_the_baseline_comes_first_and_all_frames_are_of_one_size(frames: list[SrgbImage]) -> None:
    assert len(frames) == 3
    assert len({frame.size for frame in frames}) == 1


def test_untreated_skin_keeps_its_colour_and_treated_skin_shows_its_own(
    frames: list[SrgbImage],
) -> None:
    before, red, healed = (frame.pixels for frame in frames)
    assert np.abs(np.median(red[NOSE] - before[NOSE], axis=(0, 1))).max() < 0.02
    assert np.abs(np.median(healed[CHEEK] - before[CHEEK], axis=(0, 1))).max() < 0.02
    change = np.median(red[CHEEK] - before[CHEEK], axis=(0, 1))
    assert change[1] < change[0] - 0.02  # blood absorbs green


def test_frames_become_one_moving_picture(frames: list[SrgbImage]) -> None:
    with Image.open(BytesIO(animate(frames))) as moving:
        assert moving.format == "WEBP"
        assert getattr(moving, "n_frames", 1) == 3
        assert moving.size == frames[0].size
    with pytest.raises(ValueError, match="at least one"):
        animate([])


def test_a_course_of_photos_is_measured_and_animated(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, blood in (("before", 0.0), ("d1", 1.0), ("d2", 0.5)):
        photo = retouched(CHEEKS, blood=blood)
        (tmp_path / f"{name}.jpg").write_bytes(encode_photo(photo))
    photos = [str(tmp_path / f"{name}.jpg") for name in ("d1", "d2")]
    film = tmp_path / "new" / "course.webp"
    command = [*photos, "--baseline", str(tmp_path / "before.jpg"), "--time-lapse", str(film)]
    assert main([*command, "--treated", *CHEEKS]) == 0
    assert capsys.readouterr().out.startswith("[")
    with Image.open(film) as moving:
        assert getattr(moving, "n_frames", 1) == 3
