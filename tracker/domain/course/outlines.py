"""What a practitioner drew on the photo from before: the treated area, and skin left untreated."""

import re
from dataclasses import dataclass
from datetime import datetime

from tracker.domain.course.treatments import Region

Corner = tuple[float, float]
Outline = tuple[Corner, ...]
"""Corners (x, y) in shares of the upright photo's width and height, from its upper left corner."""

MOST_OUTLINES = 12
MOST_CORNERS = 120
_CORNER = re.compile(r"(\d{1,3}(?:[.,]\d{1,3})?)\s+(\d{1,3}(?:[.,]\d{1,3})?)")


@dataclass(frozen=True, slots=True)
class Outlines:
    """Both kinds together. Where none are drawn, the treated regions and the neck are used."""

    treated: tuple[Outline, ...] = ()
    untreated: tuple[Outline, ...] = ()

    def __post_init__(self) -> None:
        for outlines in (self.treated, self.untreated):
            if len(outlines) > MOST_OUTLINES:
                raise ValueError(f"draw {MOST_OUTLINES} outlines of a kind at most")
            if any(len(outline) > MOST_CORNERS for outline in outlines):
                raise ValueError(f"an outline has {MOST_CORNERS} corners at most")

    def mirrored(self) -> "Outlines":
        """The same skin in the mirror image of the photo."""
        return Outlines(_mirrored(self.treated), _mirrored(self.untreated))


NOTHING_DRAWN = Outlines()


@dataclass(frozen=True, slots=True)
class Marking:
    """One version of the outlines on a baseline; `by` is the name of the person who drew it."""

    id: int
    outlines: Outlines
    at: datetime
    by: str


@dataclass(frozen=True, slots=True)
class Basis:
    """What a photo is measured against: readings on different bases are not of the same skin.

    With `is_turned` the file of the baseline is a mirror image and is turned first. Outlines are
    kept as they are in the file.
    """

    baseline_id: str
    areas: frozenset[Region]
    marking: Marking | None
    is_turned: bool = False

    @property
    def outlines(self) -> Outlines:
        """The outlines in force, on the photo as others see the face."""
        drawn = self.marking.outlines if self.marking else NOTHING_DRAWN
        return drawn.mirrored() if self.is_turned else drawn


def outlines_text(outlines: tuple[Outline, ...]) -> str:
    """Outlines in the form in which people read and correct them: one a line, `x y` in percent.

    `parse_outlines` reads it.
    """
    return "\n".join(
        "; ".join(f"{100 * x:.4g} {100 * y:.4g}" for x, y in outline) for outline in outlines
    )


def parse_outlines(text: str) -> tuple[Outline, ...]:
    """The outlines in a text; ValueError names the line and corner that cannot be read."""
    lines = [line.strip(" ;\t") for line in text.splitlines()]
    return tuple(_outline(line, number) for number, line in enumerate(filter(None, lines), 1))


def _mirrored(outlines: tuple[Outline, ...]) -> tuple[Outline, ...]:
    return tuple(tuple((1 - x, y) for x, y in outline) for outline in outlines)


def _outline(line: str, number: int) -> Outline:
    corners = []
    for place, corner in enumerate(line.split(";"), 1):
        found = _CORNER.fullmatch(corner.strip())
        if found is None:
            raise ValueError(
                f"line {number}, corner {place}: write two percentages, such as 31.5 42"
            )
        x, y = (float(share.replace(",", ".")) / 100 for share in found.groups())
        corners.append((x, y))
    return tuple(corners)
