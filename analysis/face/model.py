"""An optional face detector of the operator's own: a file for OpenCV's `FaceDetectorYN`."""

import threading
from dataclasses import dataclass
from typing import Any, Final, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from analysis.errors import Fault, Unmeasurable
from analysis.face.faces import Face, rivals, sees_profile
from analysis.images import SrgbImage

_SEARCH_EDGE: Final = 640  # long edge of the copy searched
_SURE: Final = 0.6  # score from which a face counts
_EYES: Final = np.s_[4:8]  # x and y of both pupils in a row of what was detected


class FaceModelError(ValueError):
    """The file is missing or is not a face detector."""


class Detector(Protocol):
    """The part of `cv2.FaceDetectorYN` that is used."""

    def setInputSize(self, input_size: tuple[int, int], /) -> None:  # noqa: N802  (OpenCV's name)
        """Width and height of the pictures to come."""

    def detect(self, image: NDArray[np.uint8], /) -> Any:
        """Status, and rows of box (4), five landmarks (10: the eyes first) and score, or None."""


@dataclass(frozen=True, slots=True)
class FaceModel:
    """Finds the face in a photo as `analysis.face.faces.find_face` does, by the model in a file."""

    path: str

    def __call__(self, photo: SrgbImage) -> Face:
        """The one face in the photo; raises `Unmeasurable` as `find_face` does."""
        return find_by(_detector(self.path), photo)


def open_face_model(path: str) -> FaceModel:
    """The model in this file, tried once; raises FaceModelError when it cannot be loaded."""
    _detector(path)
    return FaceModel(path)


def find_by(detector: Detector, photo: SrgbImage) -> Face:
    """The one face that a detector sees.

    Raises `Unmeasurable` with `SEVERAL_FACES`, `TURNED_AWAY` (a profile) or `NO_FACE`.
    """
    scale = min(1.0, _SEARCH_EDGE / max(photo.size))
    picture = np.ascontiguousarray(photo.reduced(scale).codes[..., ::-1])
    detector.setInputSize((picture.shape[1], picture.shape[0]))
    _, rows = detector.detect(picture)
    faces = [_face(row, scale) for row in (() if rows is None else rows) if row[-1] >= _SURE]
    found = list(rivals(sorted(faces, key=lambda face: -face.width))) if faces else []
    if len(found) > 1:
        raise Unmeasurable(Fault.SEVERAL_FACES, f"{len(found)} faces")
    if found:
        return found[0]
    raise Unmeasurable(Fault.TURNED_AWAY if sees_profile(photo) else Fault.NO_FACE)


def _face(row: NDArray[np.float32], scale: float) -> Face:
    (x1, y1), (x2, y2) = ((row[_EYES].reshape(2, 2) + 0.5) / scale - 0.5).tolist()
    first, second = sorted([(x1, y1), (x2, y2)])
    return Face((first, second), eyes_seen=2)


class _Loaded(threading.local):
    """The models read so far, one set a thread: a detector keeps state while it searches."""

    def __init__(self) -> None:
        self.detectors: dict[str, cv2.FaceDetectorYN] = {}


_loaded = _Loaded()


def _detector(path: str) -> Detector:
    if path not in _loaded.detectors:
        try:
            detector = cv2.FaceDetectorYN.create(path, "", (320, 320), _SURE)
        except cv2.error as error:
            raise FaceModelError(f"{path} is no face detector that OpenCV can load") from error
        _loaded.detectors[path] = detector
    return _loaded.detectors[path]
