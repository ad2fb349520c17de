"""A face finder as plain numbers, for the page that frames a face while the camera runs.

Local binary patterns need only additions and comparisons, so a phone's browser can follow the face
many times a second. The decisive judgement is that of `quality.py`, after the photo.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from xml.etree import ElementTree

import skimage.data


@dataclass(frozen=True, slots=True)
class Tree:
    """One test of a feature: `patterns` are 256 bits, the set of patterns that vote `in_set`."""

    feature: int
    patterns: tuple[int, ...]
    in_set: float
    outside: float


@dataclass(frozen=True, slots=True)
class Stage:
    """A window passes when the votes of its trees reach the threshold."""

    threshold: float
    trees: tuple[Tree, ...]


@dataclass(frozen=True, slots=True)
class FramingCascade:
    """A cascade over square windows of `window` pixels.

    A feature is x, y, width and height of the first of its 3 × 3 cells.
    """

    window: int
    features: tuple[tuple[int, ...], ...]
    stages: tuple[Stage, ...]


@cache
def framing_cascade() -> FramingCascade:
    """The frontal-face cascade of local binary patterns that ships with scikit-image.

    Source: S. Liao et al., "Learning multi-scale block local binary patterns for face recognition",
    ICB 2007; trained by OpenCV's authors.
    """
    path = Path(skimage.data.lbp_frontal_face_cascade_filename())
    # The file is a part of the installed library, not user input.
    cascade = ElementTree.parse(path).getroot().find("cascade")  # noqa: S314
    if cascade is None:
        raise ValueError(f"{path.name} holds no cascade; install scikit-image again")
    return FramingCascade(
        window=int(cascade.findtext("width", "24")),
        features=tuple(_whole_numbers(rect.text) for rect in cascade.iterfind("features/_/rect")),
        stages=tuple(
            Stage(
                threshold=float(stage.findtext("stageThreshold", "0")),
                trees=tuple(_tree(tree) for tree in stage.iterfind("weakClassifiers/_")),
            )
            for stage in cascade.iterfind("stages/_")
        ),
    )


def _tree(tree: ElementTree.Element) -> Tree:
    _left, _right, feature, *patterns = _whole_numbers(tree.findtext("internalNodes"))
    in_set, outside = (float(leaf) for leaf in tree.findtext("leafValues", "").split())
    return Tree(feature, tuple(patterns), round(in_set, 5), round(outside, 5))


def _whole_numbers(text: str | None) -> tuple[int, ...]:
    return tuple(int(part) for part in (text or "").split())
