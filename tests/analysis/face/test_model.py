"""A face detector of the operator's own replaces the one that ships with OpenCV."""

import pickle
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from analysis.errors import Fault, Unmeasurable
from analysis.face.faces import Face, find_face
from analysis.face.model import FaceModel, FaceModelError, find_by, open_face_model
from analysis.images import SrgbImage
from analysis.pipeline import analyse_photo
from analysis.quality import judge_photo
from tests.analysis.retouching import CHEEKS, portrait, retouched

WALL = SrgbImage(np.full((900, 1800, 3), 0.5, np.float32))


@dataclass
class StandIn:
    """Returns fixed answers, in pixels of the copy that it is shown."""

    rows: NDArray[np.float32] | None
    size: tuple[int, int] = (0, 0)
    seen: list[tuple[int, ...]] = field(default_factory=list)

    def setInputSize(self, input_size: tuple[int, int], /) -> None:  # noqa: N802
        self.size = input_size

    def detect(self, image: NDArray[np.uint8], /) -> tuple[int, NDArray[np.float32] | None]:
        self.seen.append(image.shape)
        return 1, self.rows


def row(*, left: float, width: float = 100, score: float = 0.9) -> NDArray[np.float32]:
    """Box, then both pupils (the patient's right one first), nose, mouth, and the score."""
    eyes = [left + 0.3 * width, 100, left + 0.7 * width, 102]
    return np.array([left, 60, width, width, *eyes, *[0] * 6, score], np.float32)


def test_pupils_come_back_in_pixels_of_the_photo() -> None:
    detector = StandIn(np.array([row(left=200)]))
    face = find_by(detector, WALL)
    scale = 640 / 1800
    assert detector.size == (640, 320)
    assert detector.seen == [(320, 640, 3)]
    assert face.eyes_seen == 2
    assert np.array(face.eyes) == pytest.approx(
        np.array([[230, 100], [270, 102]]) / scale + 0.5 / scale - 0.5, abs=0.01
    )


def test_what_it_is_not_sure_of_is_no_face() -> None:
    for rows in (None, np.array([row(left=200, score=0.3)])):
        with pytest.raises(Unmeasurable) as caught:
            find_by(StandIn(rows), WALL)
        assert caught.value.fault is Fault.NO_FACE


def test_two_people_are_two_faces_and_a_picture_on_the_wall_is_none() -> None:
    with pytest.raises(Unmeasurable) as caught:
        find_by(StandIn(np.array([row(left=100), row(left=400)])), WALL)
    assert caught.value.fault is Fault.SEVERAL_FACES
    find_by(StandIn(np.array([row(left=100), row(left=400, width=30)])), WALL)


def test_gate_and_measurement_take_the_finder_they_are_handed() -> None:
    asked = []

    def find(photo: SrgbImage) -> Face:
        asked.append(photo)
        return find_face(photo)

    photo = retouched(CHEEKS, blood=1)
    assert judge_photo(photo, portrait(), find).acceptable
    analyse_photo(photo, portrait(), CHEEKS, find=find)
    assert len(asked) == 4


def test_a_file_that_is_no_model_is_told(tmp_path: Path) -> None:
    file = tmp_path / "model.onnx"
    file.write_bytes(b"no model")
    with pytest.raises(FaceModelError, match=r"model\.onnx is no face detector"):
        open_face_model(str(file))


def test_a_model_can_be_sent_to_another_process() -> None:
    model = FaceModel("model.onnx")
    assert pickle.loads(pickle.dumps(model)) == model  # noqa: S301  (our own bytes)
