"""What is printed on the reference card, and where: markers, greys, skin tones, primaries.

All lengths are millimetres from the card's top left corner, x to the right, y downwards.
"""

from dataclasses import dataclass
from functools import cache
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from analysis.light.skin_optics import BASELINE_BLOOD, log_rgb

CARD_VERSION: Final = "1"
"""Printed on the card; changes with the layout, as do the markers."""
CARD_SIZE_MM: Final = (108.0, 72.0)
MARKER_MM: Final = 18.0
MARKER_EDGE_MM: Final = 3.0  # white around a marker, without which it is not found
# Top left, top right, bottom right, bottom left. Mirrored, these four are at least three bits from
# every marker of the family, so a mirrored photo is told from a plain one by what it shows.
MARKER_IDS: Final = (11, 23, 27, 33)
_MODULES: Final = 6  # squares along a marker's edge: four bits and the black border
_COLUMNS, _ROWS = 6, 5
_PATCH_AREA: Final = (24.0, 4.0, 60.0, 64.0)  # left, top, width, height: between the markers
_GAP_MM: Final = 1.0
_BLACK: Final = (0.0, 0.0, 0.0)

_GREYS: Final = (0.90, 0.55, 0.35, 0.20, 0.10, 0.035)
_PRIMARIES: Final = (
    (0.55, 0.06, 0.06),
    (0.08, 0.35, 0.12),
    (0.07, 0.10, 0.45),
    (0.65, 0.50, 0.06),
    (0.50, 0.10, 0.30),
    (0.08, 0.38, 0.50),
)
_SKIN_MELANIN: Final = (0.012, 0.02, 0.035, 0.05, 0.08, 0.12, 0.18, 0.25, 0.32)
_SKIN_BLOOD: Final = (BASELINE_BLOOD, 2.8 * BASELINE_BLOOD)


@dataclass(frozen=True, slots=True)
class Field:
    """A rectangle of one colour: its left, top, width and height, and its linear sRGB."""

    left: float
    top: float
    width: float
    height: float
    colour: tuple[float, float, float]

    def core(self, share: float) -> tuple[float, float, float, float]:
        """Left, top, width and height of the middle `share` of the field's edges."""
        width, height = self.width * share, self.height * share
        return (
            self.left + (self.width - width) / 2,
            self.top + (self.height - height) / 2,
            width,
            height,
        )


@dataclass(frozen=True, slots=True)
class Patch(Field):
    """A field whose colour is read in a photo."""

    @property
    def centre(self) -> tuple[float, float]:
        """Its middle (x, y)."""
        return self.left + self.width / 2, self.top + self.height / 2


def _colours() -> list[tuple[float, float, float]]:
    skin = [np.exp(log_rgb(melanin, blood)) for blood in _SKIN_BLOOD for melanin in _SKIN_MELANIN]
    greys = [(grey, grey, grey) for grey in _GREYS]
    # Neighbours differ in kind, so that a thumb or a reflection takes away some of each.
    rest = [colour for pair in zip(greys, _PRIMARIES, strict=True) for colour in pair]
    toned = [(float(red), float(green), float(blue)) for red, green, blue in skin]
    total, every = len(rest) + len(toned), len(rest)
    turns = [(i + 1) * every // total > i * every // total for i in range(total)]
    return [rest.pop(0) if turn else toned.pop(0) for turn in turns]


def _lay_out() -> tuple[Patch, ...]:
    left, top, width, height = _PATCH_AREA
    step_x, step_y = width / _COLUMNS, height / _ROWS
    return tuple(
        Patch(
            left=left + (i % _COLUMNS) * step_x + _GAP_MM / 2,
            top=top + (i // _COLUMNS) * step_y + _GAP_MM / 2,
            width=step_x - _GAP_MM,
            height=step_y - _GAP_MM,
            colour=colour,
        )
        for i, colour in enumerate(_colours())
    )


PATCHES: Final = _lay_out()


@cache
def family() -> cv2.aruco.Dictionary:
    """The markers that are sought: the family of 50, then the mirror images of the card's four.

    Four bits an edge can be read at the smallest size; chance finds in hair or cloth do not lie as
    the card's markers do.
    """
    plain = cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_4X4_50)
    mirrored = [
        cv2.aruco.Dictionary.getByteListFromBits(np.ascontiguousarray(_bits(marker)[:, ::-1]))
        for marker in MARKER_IDS
    ]
    return cv2.aruco.Dictionary(
        np.concatenate([plain.bytesList, *mirrored]), plain.markerSize, plain.maxCorrectionBits
    )


MIRRORED_IDS: Final = tuple(50 + place for place in range(len(MARKER_IDS)))
"""What `family` calls the mirror images of `MARKER_IDS`, in the same order."""


def marker_corners(marker: int) -> NDArray[np.float64]:
    """The corners (4, 2) of a marker, clockwise from its top left.

    Of a mirrored one in the order in which its mirror image shows them.
    """
    if marker in MIRRORED_IDS:
        return marker_corners(MARKER_IDS[MIRRORED_IDS.index(marker)])[[1, 0, 3, 2]]
    width, height = CARD_SIZE_MM
    near, far = MARKER_EDGE_MM, MARKER_EDGE_MM + MARKER_MM
    place = MARKER_IDS.index(marker)
    left = near if place in {0, 3} else width - far
    top = near if place in {0, 1} else height - far
    corners = [(left, top), (left + MARKER_MM, top)]
    corners += [(left + MARKER_MM, top + MARKER_MM), (left, top + MARKER_MM)]
    return np.array(corners, np.float64)


def printed_fields() -> tuple[Field, ...]:
    """Everything that is printed on the white card but its words: the markers and the patches."""
    step = MARKER_MM / _MODULES
    fields: list[Field] = []
    for marker in MARKER_IDS:
        left, top = marker_corners(marker)[0]
        black = np.pad(_bits(marker), 1) == 0
        for row, runs in enumerate(_runs(line) for line in black):
            fields += [
                Field(left + step * start, top + step * row, step * length, step, _BLACK)
                for start, length in runs
            ]
    return (*fields, *PATCHES)


def card_markers() -> tuple[str, ...]:
    """The white (1) and black (0) squares inside the border of each marker, row by row."""
    return tuple("".join(map(str, _bits(marker).ravel())) for marker in MARKER_IDS)


def _bits(marker: int) -> NDArray[np.uint8]:
    """The white (1) and black (0) squares (4, 4) inside a marker's border."""
    drawn = cv2.aruco.generateImageMarker(
        cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_4X4_50), marker, _MODULES
    )
    return (drawn[1:-1, 1:-1] > 0).astype(np.uint8)


def _runs(line: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Start and length of every stretch of true values."""
    edges = np.flatnonzero(np.diff(np.pad(line.astype(np.int8), 1)))
    return [(int(a), int(b - a)) for a, b in zip(edges[::2], edges[1::2], strict=True)]
