"""Find the face in a photo, its eyes, its size and its tilt.

Haar cascades detect differences of brightness, so they are given *log* luminance, in which a dark
face has the same contrast as a light one. A candidate counts when eyes are found in it or when
other cascades agree; patches, stars and folded arms rarely have either.
"""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from math import atan2, degrees, hypot
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from cv2 import data as cascade_data
from numpy.typing import NDArray
from skimage.transform import AffineTransform

from analysis.errors import Fault, Unmeasurable
from analysis.images import SrgbImage

Point = tuple[float, float]
Box = tuple[float, float, float]
"""Left, top and width of a square, in pixels."""

_SEARCH_EDGE: Final = 420  # long edge of the copy searched; a face of 1/16 of it is still found
_SMALLEST: Final = 26
_USUAL: Final = 80  # a face at arm's length is never narrower than this many pixels of the copy
_EYE_CROP: Final = 200  # width to which a face is scaled before its eyes are looked for
_RIVAL_SHARE: Final = 0.45  # smaller faces are pictures on the wall, not a second person
_LOOKS: Final = ((0.0, 99), (0.0, 30), (-18.0, 99), (18.0, 99), (-34.0, 99), (34.0, 99))
"""Tilt in degrees, and the percentile of the light from which all is white: before a bright wall a
dark face fills only the lower third of the scale."""
_TYPICAL_EYES: Final = ((0.305, 0.39), (0.695, 0.39))  # where eyes are in a cascade's square
_EYE_SEARCH_BOTTOM: Final = 0.62
_EYE_REACH: Final = 0.15  # of the square's width
_WIDTH_IN_EYE_DISTANCES: Final = 2.2  # 138 mm between the cheekbones, 63 mm between the pupils

# Mostly red light: inflammation changes skin least there.
_STEADY: Final = np.array([0.5, 0.4, 0.1], np.float32)


@dataclass(frozen=True, slots=True)
class Face:
    """A face seen from the front; coordinates are pixels of the photo, x to the right, y down.

    `eyes` are the pupils, the one further left in the picture first; `eyes_seen` (0 to 2) says how
    many were found and not placed by proportion.
    """

    eyes: tuple[Point, Point]
    eyes_seen: int

    @property
    def eye_distance(self) -> float:
        """Pixels between the pupils."""
        (left_x, left_y), (right_x, right_y) = self.eyes
        return hypot(right_x - left_x, right_y - left_y)

    @property
    def width(self) -> float:
        """Pixels from temple to temple, by the proportions of an adult face."""
        return _WIDTH_IN_EYE_DISTANCES * self.eye_distance

    @property
    def centre(self) -> Point:
        """The middle between the pupils."""
        (left_x, left_y), (right_x, right_y) = self.eyes
        return (left_x + right_x) / 2, (left_y + right_y) / 2

    @property
    def tilt(self) -> float:
        """Degrees by which the line of the eyes falls to the right in the picture."""
        (left_x, left_y), (right_x, right_y) = self.eyes
        return degrees(atan2(right_y - left_y, right_x - left_x))


class _Cascade(Enum):
    """The trained detectors that ship with OpenCV, by the name of their file."""

    FRONT = "haarcascade_frontalface_alt2"
    FRONT_STRICT = "haarcascade_frontalface_alt"
    FRONT_BROAD = "haarcascade_frontalface_default"
    PROFILE = "haarcascade_profileface"
    EYE = "haarcascade_eye_tree_eyeglasses"
    EYE_BARE = "haarcascade_eye"


_FRONTAL: Final = (_Cascade.FRONT, _Cascade.FRONT_STRICT, _Cascade.FRONT_BROAD)


def find_faces(photo: SrgbImage) -> tuple[Face, ...]:
    """Every frontal face in the photo, the largest first; smaller than 45 % of it do not count."""
    luminance, scale = _log_luminance(photo)
    for tilt, white in _LOOKS:
        turned, back = _turned(_equalised(luminance, white), tilt)
        faces = _faces_in(turned, doubtful=tilt != 0)
        if faces:
            to_photo = back + AffineTransform(scale=1 / scale)
            placed = sorted((_moved(face, to_photo) for face in faces), key=lambda f: -f.width)
            return tuple(rivals(placed))
    return ()


FindFace = Callable[[SrgbImage], Face]
"""Finds the one face in a photo, or raises `Unmeasurable` as `find_face` does."""


def find_face(photo: SrgbImage) -> Face:
    """The one face in the photo.

    Raises `Unmeasurable` with `SEVERAL_FACES`, `TURNED_AWAY` (a profile) or `NO_FACE`.
    """
    faces = find_faces(photo)
    if len(faces) > 1:
        raise Unmeasurable(Fault.SEVERAL_FACES, f"{len(faces)} faces")
    if faces:
        return faces[0]
    raise Unmeasurable(Fault.TURNED_AWAY if sees_profile(photo) else Fault.NO_FACE)


def sees_profile(photo: SrgbImage) -> bool:
    """Whether a face is seen from the side."""
    luminance = _equalised(_log_luminance(photo)[0])
    return any(
        _boxes(view, _Cascade.PROFILE)
        for view in (luminance, np.ascontiguousarray(luminance[:, ::-1]))
    )


def _faces_in(luminance: NDArray[np.uint8], *, doubtful: bool) -> list[Face]:
    """Confirmed faces; the second cascade is used only when the first finds none.

    Searching for small faces takes longest, so it is done only when no large one is found.
    """
    for smallest in (_USUAL, _SMALLEST):
        for kind in (_Cascade.FRONT, _Cascade.FRONT_BROAD):
            boxes = _boxes(luminance, kind, smallest)
            faces = _confirmed(luminance, boxes, doubtful=doubtful)
            rival = int(_RIVAL_SHARE * max((width for _, _, width in boxes), default=0))
            if faces and _SMALLEST <= rival < smallest:
                boxes = _boxes(luminance, kind, rival)
                faces = _confirmed(luminance, boxes, doubtful=doubtful)
            if faces:
                return faces
    return []


def rivals(faces: list[Face]) -> Iterator[Face]:
    """The largest face, then those that are equally certain and of comparable size."""
    first, *others = faces
    yield first
    for other in others:
        apart = hypot(other.centre[0] - first.centre[0], other.centre[1] - first.centre[1])
        comparable = other.width >= _RIVAL_SHARE * first.width
        if comparable and other.eyes_seen == 2 and apart > first.width / 2:
            yield other


def _log_luminance(photo: SrgbImage) -> tuple[NDArray[np.float32], float]:
    """Log luminance (h, w) of a reduced copy, and the copy's scale."""
    scale = min(1.0, _SEARCH_EDGE / max(photo.size))
    small = photo.reduced(scale).pixels
    luminance = np.log(cv2.pow(np.maximum(small, 0), 2.2) @ _STEADY + np.float32(0.002))
    return luminance.astype(np.float32, copy=False), scale


def _equalised(luminance: NDArray[np.float32], white: float = _LOOKS[0][1]) -> NDArray[np.uint8]:
    """The same in 8 bits, its contrast stretched to the percentile `white` and made even."""
    low, high = np.percentile(luminance, (1, white))
    stretched = np.clip((luminance - low) / max(high - low, 1e-3), 0, 1)
    equalise = cv2.createCLAHE(clipLimit=2.0, tileGridSize=(8, 8))
    evened: NDArray[np.uint8] = equalise.apply((stretched * 255).astype(np.uint8)).astype(np.uint8)
    return evened


def _turned(luminance: NDArray[np.uint8], tilt: float) -> tuple[NDArray[np.uint8], AffineTransform]:
    """The picture turned upright by `tilt` degrees, and the way back."""
    if tilt == 0:
        return luminance, AffineTransform()
    height, width = luminance.shape
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), tilt, 1.0)
    turned = cv2.warpAffine(luminance, turn, (width, height), borderMode=cv2.BORDER_REPLICATE)
    return turned.astype(np.uint8), AffineTransform(np.vstack([turn, [0, 0, 1]])).inverse


def _boxes(luminance: NDArray[np.uint8], kind: _Cascade, smallest: int = _SMALLEST) -> list[Box]:
    found = _cascade(kind).detectMultiScale(
        luminance, scaleFactor=1.1, minNeighbors=3, minSize=(smallest, smallest)
    )
    return [(float(x), float(y), float(width)) for x, y, width, _ in found]


def _confirmed(luminance: NDArray[np.uint8], boxes: list[Box], *, doubtful: bool) -> list[Face]:
    """The faces in these squares: each must contain both eyes, or the other cascades must agree.

    `doubtful` requires both: the picture was turned to look for a tilted head, and cups, coins and
    cats that are turned often enough look like faces.
    """
    faces = []
    for box in boxes:
        eyes, seen = _eyes_in(luminance, box)
        if doubtful and seen < 2:
            continue
        certain = seen == 2 and not doubtful
        if certain or all(_agrees(luminance, box, kind) for kind in _FRONTAL):
            faces.append(Face(eyes, seen))
    return faces


def _agrees(luminance: NDArray[np.uint8], box: Box, kind: _Cascade) -> bool:
    """Whether another cascade sees a face of about this size at about this place."""
    left, top, width = box
    margin = 0.35 * width
    crop, _ = _crop(luminance, (left - margin, top - margin, width + 2 * margin), 120)
    expected = 120 * width / (width + 2 * margin)
    return any(0.7 < found / expected < 1.4 for _, _, found in _boxes(crop, kind))


def _eyes_in(luminance: NDArray[np.uint8], box: Box) -> tuple[tuple[Point, Point], int]:
    """Both eyes in a face's square, and how many were found; the rest is placed by proportion."""
    left, top, _ = box
    crop, factor = _crop(luminance, box, _EYE_CROP)
    upper = np.ascontiguousarray(crop[: round(_EYE_SEARCH_BOTTOM * _EYE_CROP)])
    expected = [(x * _EYE_CROP, y * _EYE_CROP) for x, y in _TYPICAL_EYES]
    found: list[Point | None] = [None, None]
    for kind in (_Cascade.EYE, _Cascade.EYE_BARE):
        if None in found:
            centres = _eye_centres(upper, kind)
            found = [f or _nearest(centres, e) for f, e in zip(found, expected, strict=True)]
    first, second = (
        (left + (f or e)[0] / factor, top + (f or e)[1] / factor)
        for f, e in zip(found, expected, strict=True)
    )
    return (first, second), sum(f is not None for f in found)


def _eye_centres(upper: NDArray[np.uint8], kind: _Cascade) -> list[Point]:
    found = _cascade(kind).detectMultiScale(
        upper, scaleFactor=1.08, minNeighbors=2, minSize=(28, 28), maxSize=(84, 84)
    )
    return [(float(x + width / 2), float(y + height / 2)) for x, y, width, height in found]


def _nearest(centres: list[Point], expected: Point) -> Point | None:
    """The eye nearest to the usual place, unless all are too far away."""
    if not centres:
        return None
    nearest = min(centres, key=lambda c: hypot(c[0] - expected[0], c[1] - expected[1]))
    away = hypot(nearest[0] - expected[0], nearest[1] - expected[1])
    return nearest if away < _EYE_REACH * _EYE_CROP else None


def _crop(luminance: NDArray[np.uint8], box: Box, target: int) -> tuple[NDArray[np.uint8], float]:
    """A square cut out and scaled to `target` pixels; beyond the picture its edge is repeated."""
    left, top, width = box
    factor = target / width
    place = np.array([[factor, 0, -left * factor], [0, factor, -top * factor]])
    crop = cv2.warpAffine(
        luminance, place, (target, target), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return crop.astype(np.uint8), factor


def _moved(face: Face, to_photo: AffineTransform) -> Face:
    left, right = ((float(x), float(y)) for x, y in to_photo(face.eyes))
    return Face((left, right), face.eyes_seen)


class _Loaded(threading.local):
    """The cascades read so far, one set a thread: a cascade keeps state while it searches."""

    def __init__(self) -> None:
        self.cascades: dict[_Cascade, cv2.CascadeClassifier] = {}


_loaded = _Loaded()


def _cascade(kind: _Cascade) -> cv2.CascadeClassifier:
    if kind not in _loaded.cascades:
        path = Path(cascade_data.haarcascades) / f"{kind.value}.xml"
        cascade = cv2.CascadeClassifier(str(path))
        if cascade.empty():
            raise RuntimeError(f"{path} cannot be read: install opencv-python >= 4.13, < 5")
        _loaded.cascades[kind] = cascade
    return _loaded.cascades[kind]
