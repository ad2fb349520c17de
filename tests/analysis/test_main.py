"""`python -m analysis`: readings and pictures of one photo, or one line that says why not."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from analysis.__main__ import main
from analysis.errors import Fault
from analysis.face.regions import Region
from analysis.images import SrgbImage, encode_photo
from tests.analysis.retouching import CHEEKS, portrait, retouched


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    here = tmp_path_factory.mktemp("photos")
    (here / "before.jpg").write_bytes(encode_photo(portrait()))
    (here / "red.jpg").write_bytes(encode_photo(retouched(CHEEKS, blood=1)))
    wall = SrgbImage(np.full((400, 400, 3), 0.5, np.float32))
    (here / "wall.jpg").write_bytes(encode_photo(wall))
    (here / "note.jpg").write_text("not a picture")
    return here


def test_readings_are_json_and_every_step_a_picture(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "new" / "evidence"
    arguments = [str(folder / "red.jpg"), "--baseline", str(folder / "before.jpg")]
    treated = ["--treated", "left_cheek", "right_cheek"]
    assert main([*arguments, *treated, "--evidence", str(out)]) == 0
    readings = json.loads(capsys.readouterr().out)
    cheek = readings["regions"][Region.LEFT_CHEEK]
    assert readings["reference"] == "skin"
    assert cheek["redness"]["value"] == pytest.approx(1, abs=0.15)
    assert cheek["redness"]["sd"] > 0
    assert cheek["affected"] > 0.8
    assert cheek["spots"]["darker"] == {"count": 0, "share": 0.0}
    assert abs(readings["asymmetry"]["value"]) < 2 * readings["asymmetry"]["sd"]
    names = sorted(path.name for path in out.iterdir())
    assert names == [
        "01-photo-face.jpg",
        "02-baseline-skin.jpg",
        "03-photo-skin.jpg",
        "04-checkerboard.jpg",
        "05-spots.jpg",
        "06-redness.jpg",
        "07-pigment.jpg",
        "08-aligned.jpg",
        "09-as_taken.jpg",
        "10-baseline.jpg",
        "11-thumbnail.jpg",
    ]
    for name in names:
        with Image.open(out / name) as picture:
            assert picture.format == "JPEG"


@pytest.mark.parametrize(
    ("photo", "words"),
    [
        ("wall.jpg", [Fault.NO_FACE, "from the front"]),
        ("note.jpg", [Fault.UNREADABLE, "give a whole JPEG"]),
        ("none.jpg", ["No such file", "name a picture"]),
    ],
)
def test_what_cannot_be_measured_is_refused_in_one_line(
    folder: Path, photo: str, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(folder / photo), "--baseline", str(folder / "before.jpg")]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.count("\n") == 1
    assert photo in told.err
    assert all(word in told.err for word in words)


@pytest.mark.parametrize(
    ("corners", "words"),
    [
        (["0.1,0.9", "0.15,0.9", "0.1,0.95"], ["red.jpg", "outline more skin"]),
        (["0,2", "1,1", "0,0"], ["--treated-area", "leaves the photo"]),
        (["nan,0", "1,1", "0,1"], ["--treated-area", "leaves the photo"]),
        (["0,0", "1,1"], ["--treated-area", "three corners"]),
    ],
)
def test_an_area_that_cannot_be_used_is_refused_in_one_line(
    folder: Path, corners: list[str], words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    pair = [str(folder / "red.jpg"), "--baseline", str(folder / "before.jpg")]
    assert main([*pair, "--treated-area", *corners]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.count("\n") == 1
    assert all(word in told.err for word in words)


def test_a_corner_that_is_no_pair_of_numbers_is_shown_how_to_write_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["a.jpg", "--baseline", "b.jpg", "--treated-area", "left", "1,1", "0,1"])
    assert ended.value.code == 2
    assert "'left' is no corner" in capsys.readouterr().err


def test_steps_are_plain_grey_where_a_photo_ends(folder: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.jpg"
    cut.write_bytes(encode_photo(SrgbImage(portrait().pixels[:1000])))
    pair = [str(cut), "--baseline", str(folder / "before.jpg")]
    assert main([*pair, "--evidence", str(tmp_path / "out")]) == 0
    for name, ends in (("02-baseline-skin", False), ("03-photo-skin", True), ("05-spots", True)):
        with Image.open(tmp_path / "out" / f"{name}.jpg") as picture:
            lowest = np.asarray(picture)[-1].astype(float)
        assert (np.abs(lowest - 0.9 * 255).max() < 4) == ends


def test_photos_of_one_name_keep_pictures_of_their_own(folder: Path, tmp_path: Path) -> None:
    twin = tmp_path / "red.jpg"
    twin.write_bytes((folder / "red.jpg").read_bytes())
    photos = [str(folder / "red.jpg"), str(twin)]
    out = tmp_path / "out"
    assert main([*photos, "--baseline", str(folder / "before.jpg"), "--evidence", str(out)]) == 0
    assert sorted(path.name for path in out.iterdir()) == ["01-red", "02-red"]


def test_a_bad_baseline_is_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(folder / "red.jpg"), "--baseline", str(folder / "wall.jpg")]) == 2
    assert "wall.jpg" in capsys.readouterr().err


@pytest.mark.parametrize(("option", "place"), [("--evidence", "note.jpg"), ("--time-lapse", ".")])
def test_pictures_that_cannot_be_written_are_told(
    folder: Path, option: str, place: str, capsys: pytest.CaptureFixture[str]
) -> None:
    pair = [str(folder / "red.jpg"), "--baseline", str(folder / "before.jpg")]
    assert main([*pair, option, str(folder / place)]) == 2
    told = capsys.readouterr().err
    assert told.startswith(f"{folder / place}: ")
    assert "name a place" in told


def test_help_tells_what_is_measured_and_how_it_ends(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    told = " ".join(capsys.readouterr().out.split())
    for words in (
        "--baseline",
        "--treated",
        "--evidence",
        "left_cheek",
        "Exit status: 0 measured; 2",
    ):
        assert words in told


@pytest.mark.parametrize(
    "arguments", [[], ["a.jpg"], ["a.jpg", "--baseline", "b", "--treated", "x"]]
)
def test_misuse_ends_with_status_2(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
