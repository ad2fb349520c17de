"""Where the reference card lies in a photo: its markers, and the plane they span."""

from collections.abc import Iterator
from enum import StrEnum
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from analysis.card.layout import (
    CARD_SIZE_MM,
    MARKER_IDS,
    MARKER_MM,
    MIRRORED_IDS,
    family,
    marker_corners,
)
from analysis.images import SrgbImage

Floats = NDArray[np.float64]
Pixels = NDArray[np.uint8]

FEWEST_MARKERS: Final = 2  # eight corners hold a plane; one marker alone leaves its tilt open
_SURE_MARKERS: Final = 3  # fewer are sought again in more detail
_FIRST_EDGE: Final = 1400  # long edge of the copy searched first: a card as usually held
_SMALL_EDGE: Final = 2000  # smaller photos are searched once more at twice their size
_SMALLEST_MODULE: Final = 2.5  # pixels along one square of a marker; below, it cannot be read
_MISFIT: Final = 0.02  # of the card's edge: markers that disagree more are not on one plane
_NEIGHBOUR: Final = 1.0  # marker edges by which another marker of the same card may be mispredicted
_STEEPEST: Final = 4.0  # a plane seen so obliquely that one direction shrinks this much more


class CardTrouble(StrEnum):
    """Why a card could not be used."""

    NOT_FOUND = "not_found"
    OTHER_CARD = "other_card"
    BENT = "bent"
    TOO_SMALL = "too_small"
    TOO_FEW_PATCHES = "too_few_patches"
    HIGH_RESIDUAL = "high_residual"

    @property
    def remedy(self) -> str:
        """What the person who holds the card can do about it, in plain words."""
        return _REMEDIES[self]


_REMEDIES: Final = {
    CardTrouble.NOT_FOUND: "Hold the card so that all four black squares are in sight.",
    CardTrouble.OTHER_CARD: "Use the card that Afterglow prints.",
    CardTrouble.BENT: "Hold the card flat.",
    CardTrouble.TOO_SMALL: "Hold the card as near as your face, or send the photo in full size.",
    CardTrouble.TOO_FEW_PATCHES: "Keep fingers, shadows and reflections off the card's colours.",
    CardTrouble.HIGH_RESIDUAL: "Use the same printed card as in the first photo, in even light.",
}


class Unusable(Exception):  # noqa: N818  (a verdict on the card, not a programming error)
    """The card cannot carry a correction; `trouble` says why."""

    def __init__(self, trouble: CardTrouble, detail: str = "") -> None:
        super().__init__(f"{trouble.value}: {detail}" if detail else trouble.value)
        self.trouble = trouble


_Marker = tuple[int, Floats]  # its name in the family and its corners (4, 2) in the photo


def locate_card(photo: SrgbImage) -> Floats:
    """The homography (3, 3) from millimetres on the card to pixels (x, y) of the photo.

    Its determinant is negative where the photo is mirrored. Of several cards the largest is taken.
    Raises `Unusable`.
    """
    luminance = cv2.cvtColor(photo.codes, cv2.COLOR_RGB2GRAY).astype(np.uint8, copy=False)
    best: list[_Marker] = []
    others = 0
    for scale in _scales(photo.size):
        found = _markers(luminance, scale)
        card = _one_card([marker for marker in found if _is_ours(marker[0])])
        best = max(best, card, key=len)
        others = max(others, sum(not _is_ours(name) for name, _ in found))
        if len(best) >= _SURE_MARKERS:
            break
    if len(best) < FEWEST_MARKERS:
        raise _missing(best, others)
    return _plane([(name, _refined(luminance, corners)) for name, corners in best])


def card_edge(to_photo: Floats) -> float:
    """Length in pixels of the card's long side, the mean of both."""
    width, height = CARD_SIZE_MM
    ends = mapped(to_photo, np.array([[0, 0], [width, 0], [0, height], [width, height]], float))
    return float(np.linalg.norm(ends[1::2] - ends[::2], axis=1).mean())


def mapped(homography: Floats, points: Floats) -> Floats:
    """Points (n, 2) moved by a homography (3, 3)."""
    moved = cv2.perspectiveTransform(points.reshape(-1, 1, 2), homography)
    return np.asarray(moved.reshape(-1, 2), np.float64)


def _scales(size: tuple[int, int]) -> Iterator[float]:
    """The sizes at which a photo is searched: coarse is quick and calm, fine finds small cards."""
    edge = max(size)
    if edge > 1.5 * _FIRST_EDGE:
        yield _FIRST_EDGE / edge
    yield 1.0
    if edge <= _SMALL_EDGE:
        yield 2.0


def _markers(luminance: Pixels, scale: float) -> list[_Marker]:
    """All markers of the family, their corners in pixels of the photo."""
    kind = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    scaled = luminance
    if scale != 1:
        scaled = cv2.resize(luminance, None, fx=scale, fy=scale, interpolation=kind).astype(
            np.uint8
        )
    settings = cv2.aruco.DetectorParameters()
    settings.minMarkerPerimeterRate = 0.01
    settings.cornerRefinementMethod = cv2.aruco.CORNER_REFINE_SUBPIX
    corners, names, _ = cv2.aruco.ArucoDetector(family(), settings).detectMarkers(scaled)
    if names is None:
        return []
    return [
        (int(name), (c.reshape(4, 2).astype(np.float64) + 0.5) / scale - 0.5)
        for name, c in zip(names.ravel(), corners, strict=True)
    ]


def _is_ours(name: int) -> bool:
    return name in MARKER_IDS or name in MIRRORED_IDS


def _one_card(markers: list[_Marker]) -> list[_Marker]:
    """The markers that lie as on one card, at most one of each; of equal numbers the largest."""
    best: list[_Marker] = []
    for name, corners in markers:
        towards = np.asarray(
            cv2.getPerspectiveTransform(
                marker_corners(name).astype(np.float32), corners.astype(np.float32)
            ),
            np.float64,
        )
        mates: dict[int, tuple[float, Floats]] = {name: (0.0, corners)}
        for other, seen in markers:
            if other == name or (other in MIRRORED_IDS) != (name in MIRRORED_IDS):
                continue
            middle = marker_corners(other).mean(axis=0, keepdims=True)
            gap = float(np.linalg.norm(mapped(towards, middle)[0] - seen.mean(axis=0)))
            near = gap / max(_side(corners), _side(seen)) < _NEIGHBOUR
            if near and gap < mates.get(other, (np.inf, seen))[0]:
                mates[other] = (gap, seen)
        card = [(member, seen) for member, (_, seen) in mates.items()]
        best = max(best, card, key=_extent)
    return best


def _extent(card: list[_Marker]) -> tuple[int, float]:
    return len(card), max((_side(corners) for _, corners in card), default=0.0)


def _side(corners: Floats) -> float:
    """Mean length of a marker's edges in pixels."""
    return float(np.linalg.norm(corners - np.roll(corners, 1, axis=0), axis=1).mean())


def _missing(best: list[_Marker], others: int) -> Unusable:
    if best and _side(best[0][1]) < 2 * 6 * _SMALLEST_MODULE:
        return Unusable(CardTrouble.TOO_SMALL, f"a marker is {_side(best[0][1]):.0f} pixels wide")
    if not best and others >= FEWEST_MARKERS:
        return Unusable(CardTrouble.OTHER_CARD, f"{others} markers, none of them ours")
    return Unusable(CardTrouble.NOT_FOUND, f"{len(best)} of its markers are seen")


def _refined(luminance: Pixels, corners: Floats) -> Floats:
    """Corners moved to where the edges of the full photo cross."""
    reach = int(np.clip(_side(corners) / 12, 1, 8))
    stop = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_MAX_ITER, 30, 0.02)
    points = np.ascontiguousarray(corners, np.float32).reshape(-1, 1, 2)
    moved = cv2.cornerSubPix(luminance, points.copy(), (reach, reach), (-1, -1), stop)
    sound = np.linalg.norm(moved - points, axis=2, keepdims=True) <= reach
    return np.where(sound, moved, points).reshape(4, 2).astype(np.float64)


def _plane(card: list[_Marker]) -> Floats:
    on_card = np.concatenate([marker_corners(name) for name, _ in card])
    in_photo = np.concatenate([corners for _, corners in card])
    fitted, _ = cv2.findHomography(on_card, in_photo, 0)
    if fitted is None:
        raise Unusable(CardTrouble.BENT, "its markers lie on one line")
    homography = np.asarray(fitted, np.float64)
    misfit = np.linalg.norm(mapped(homography, on_card) - in_photo, axis=1).max()
    if misfit > _MISFIT * card_edge(homography) + 1.0:
        raise Unusable(CardTrouble.BENT, "its markers are not on one plane")
    stretched = np.linalg.svd(_slope(homography), compute_uv=False)
    if stretched[0] > _STEEPEST * stretched[1]:
        raise Unusable(CardTrouble.BENT, "it is seen from its edge")
    return homography


def _slope(homography: Floats) -> Floats:
    """The derivative (2, 2) of the homography in the middle of the card."""
    middle = np.array([CARD_SIZE_MM]) / 2
    here = mapped(homography, middle)[0]
    steps = mapped(homography, middle + np.array([[MARKER_MM, 0.0], [0.0, MARKER_MM]]))
    slope: Floats = (steps - here).T / MARKER_MM
    return slope
