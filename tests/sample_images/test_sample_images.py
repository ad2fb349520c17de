"""The sample courses: readable, complete, true to their stories, and made by their command."""

import tomllib
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import sample_images
from analysis.face.regions import Region
from analysis.images import decode_photo
from sample_images.__main__ import main
from sample_images.course_folders import course_toml, encode_jpeg, take, write_course
from sample_images.stories import STORIES, TREATED, Story, calming
from tracker.domain.own_data.course_folders import parse_course

FOLDER = Path(sample_images.__file__).parent
EVERY_STORY = pytest.mark.parametrize("story", STORIES, ids=lambda story: story.name)
BY_NAME = {story.name: story for story in STORIES}


def pixels(data: bytes) -> NDArray[np.float32]:
    return decode_photo(data).pixels


@EVERY_STORY
def test_a_course_can_be_imported_and_is_the_story_told(story: Story) -> None:
    text = (FOLDER / story.name / "course.toml").read_text(encoding="utf-8")
    assert text == course_toml(story)
    course = parse_course(text)
    assert len(course.photos) == len(story.pictures)
    assert len(course.check_ins) == len(story.check_in_days)


@EVERY_STORY
def test_two_baselines_come_before_the_treatment_and_all_else_after(story: Story) -> None:
    times = {picture.file: story.taken_at(picture) for picture in story.pictures}
    before = [file for file, at in times.items() if at < story.performed_at]
    assert before == ["baseline-1.jpg", "baseline-2.jpg"]
    assert list(times.values()) == sorted(set(times.values()))


@EVERY_STORY
def test_every_photo_has_its_truth_in_every_region(story: Story) -> None:
    folder = FOLDER / story.name
    truth = tomllib.loads((folder / "truth.toml").read_text(encoding="utf-8"))
    assert truth["expected"] == (story.expected or "none")
    assert {row["file"] for row in truth["photos"]} == {file.name for file in folder.glob("*.jpg")}
    for row in truth["photos"]:
        assert set(row["regions"]) == {region.value for region in TREATED}
        assert isinstance(row["usable"], bool)


def test_the_command_makes_the_committed_picture_again() -> None:
    story = BY_NAME["infection_type_6"]
    picture = story.pictures[-1]
    again = pixels(encode_jpeg(take(story, picture), story.taken_at(picture)))
    committed = pixels((FOLDER / story.name / picture.file).read_bytes())
    assert np.abs(again - committed).mean() < 0.5 / 255


@EVERY_STORY
def test_photos_carry_the_clock_of_the_patients_phone(story: Story) -> None:
    for picture in story.pictures[::6]:
        photo = decode_photo((FOLDER / story.name / picture.file).read_bytes())
        assert photo.captured_at == story.taken_at(picture)


def test_all_pictures_together_stay_within_a_few_megabytes() -> None:
    assert sum(file.stat().st_size for file in FOLDER.glob("*/*.jpg")) <= 6_000_000


def test_every_folder_of_photos_is_a_course_of_the_command() -> None:
    assert {file.parent.name for file in FOLDER.glob("*/course.toml")} == set(BY_NAME)


def test_a_course_written_elsewhere_has_photos_course_and_truth(tmp_path: Path) -> None:
    story = BY_NAME["infection_type_6"]
    short = replace(story, pictures=story.pictures[:2])
    written: list[int] = []
    write_course(short, tmp_path / "course", lambda: written.append(1))
    names = sorted(path.name for path in (tmp_path / "course").iterdir())
    assert names == ["baseline-1.jpg", "baseline-2.jpg", "course.toml", "truth.toml"]
    assert len(written) == 2


def test_an_unknown_course_name_is_refused_with_the_names_to_choose_from(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["sample_images", "no_such_course"])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 2
    assert "normal_type_2" in capsys.readouterr().err


def test_normal_redness_halves_with_its_half_life() -> None:
    assert calming(-1.0, peak=1.6, half_life_hours=30.0) == 0.0
    at_peak = calming(2 / 24, peak=1.6, half_life_hours=30.0)
    assert at_peak == pytest.approx(1.6)
    assert calming(32 / 24, peak=1.6, half_life_hours=30.0) == pytest.approx(0.8)


def test_the_infected_cheek_rises_again_and_the_other_does_not() -> None:
    skin = BY_NAME["infection_type_6"].skin
    assert skin(3).redness[Region.LEFT_CHEEK] < skin(1).redness[Region.LEFT_CHEEK] - 0.4
    assert skin(6).redness[Region.LEFT_CHEEK] > skin(3).redness[Region.LEFT_CHEEK] + 0.4
    assert skin(6).redness[Region.RIGHT_CHEEK] < skin(3).redness[Region.RIGHT_CHEEK]
    assert skin(7).patches[0].radius > skin(5).patches[0].radius


def test_prolonged_redness_stays_while_its_answers_name_no_infection() -> None:
    story = BY_NAME["prolonged_inflammation_type_4"]
    assert story.skin(10).redness[Region.FOREHEAD] > 0.6
    for day in story.check_in_days:
        answers = story.answers(day)
        assert not any([answers.pus, answers.spreading, answers.fever])
        assert answers.trend in {"better", "same"}


def test_pigment_comes_late_while_redness_is_gone() -> None:
    skin = BY_NAME["hyperpigmentation_type_5"].skin
    assert skin(7).spots == ()
    assert skin(28).spots[0].pigment > 2 * skin(12).spots[0].pigment
    assert abs(skin(28).redness[Region.LEFT_CHEEK]) < 0.15


def test_mornings_stay_mornings_across_the_change_to_summer_time() -> None:
    story = BY_NAME["infection_type_6"]
    times = [story.taken_at(picture) for picture in story.pictures if picture.day >= 1]
    offsets = {at.utcoffset() for at in times}
    assert offsets == {timedelta(hours=1), timedelta(hours=2)}
    assert all(isinstance(at, datetime) and 7 <= at.hour <= 9 for at in times)
