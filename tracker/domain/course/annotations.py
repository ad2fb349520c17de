"""What the care team draws on a photo, with a note. Every version is kept."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from tracker.domain.course.photos import View

MAX_ANNOTATION_LENGTH = 500
MAX_POINTS = 300

Place = tuple[float, float]
"""Shares 0–1 of a picture's width from its left and of its height from its top."""


class Shape(StrEnum):
    """What is drawn, which decides what its places mean."""

    POINT = "point"  # one place
    CIRCLE = "circle"  # its centre, and a place at the same height on its edge
    ARROW = "arrow"  # its start, and what it points at
    OUTLINE = "outline"  # the corners in turn; the last is joined to the first


_PLACES_OF = {Shape.POINT: (1, 1), Shape.CIRCLE: (2, 2), Shape.ARROW: (2, 2)}
_PLACES_NEEDED = {
    Shape.POINT: "a point has one place",
    Shape.CIRCLE: "a circle has two places: its middle and its edge",
    Shape.ARROW: "an arrow has two places: its tail and its tip",
    Shape.OUTLINE: f"an outline has 3 to {MAX_POINTS} corners",
}


@dataclass(frozen=True, slots=True)
class Drawing:
    """A shape with its note. Raises ValueError, with the remedy, for what cannot be drawn.

    Front photos are drawn on in the crop that is aligned across all days, so that a place is the
    same place on every day; side photos on the whole picture.
    """

    shape: Shape
    places: tuple[Place, ...]
    note: str

    def __post_init__(self) -> None:
        check_places(self.shape, self.places)
        check_note(self.note)


def check_places(shape: Shape, places: tuple[Place, ...]) -> None:
    """Raise ValueError, with the remedy, unless these places make this shape."""
    fewest, most = _PLACES_OF.get(shape, (3, MAX_POINTS))
    if not fewest <= len(places) <= most:
        raise ValueError(_PLACES_NEEDED[shape])
    if not all(0 <= share <= 1 for place in places for share in place):
        raise ValueError("a place must lie on the picture, from 0 to 100 percent")


def check_note(note: str) -> None:
    """Raise ValueError, with the remedy, unless this can be a note."""
    if not note:
        raise ValueError("write what you see there")
    if len(note) > MAX_ANNOTATION_LENGTH:
        raise ValueError(f"the note is too long; keep it under {MAX_ANNOTATION_LENGTH} characters")


@dataclass(frozen=True, slots=True)
class Version:
    """The content of an annotation at one time; `number` grows over all annotations."""

    number: int
    drawing: Drawing
    author_id: str
    author: str
    at: datetime
    is_withdrawn: bool


@dataclass(frozen=True, slots=True)
class Annotation:
    """One annotation of one photo; `versions` oldest first, never empty."""

    id: str
    photo_id: str
    view: View
    versions: tuple[Version, ...]

    @property
    def latest(self) -> Version:
        """The current version."""
        return self.versions[-1]
