"""What a protocol says to people after a treatment, and how long the next treatment must wait."""

from dataclasses import dataclass
from enum import StrEnum
from math import inf

from tracker.domain.course.treatments import Treatment

LAST_DAY = 400  # no plan and no window is longer


class Heading(StrEnum):
    """The headings for lines of aftercare."""

    DO = "do"
    AVOID = "avoid"
    NORMAL = "normal"
    CALL_US = "call_us"


@dataclass(frozen=True, slots=True)
class CareLine:
    """One line of aftercare for days `first_day` to `last_day`; None: from then on always.

    `variants` empty: for all. `over_mm` and `up_to_mm` narrow it to needles deeper than the first
    and not deeper than the second, in millimetres. `things` name what a line to do uses or a line
    to avoid forbids, so that one treatment's advice can be compared with another's prohibition.
    `about` names signs that the words of the line do not name themselves. `tells_apart` is the
    sentence that says how to tell what is normal from the sign that is not.
    """

    first_day: int
    last_day: int | None
    line: str
    variants: frozenset[str] = frozenset()
    things: frozenset[str] = frozenset()
    over_mm: float | None = None
    up_to_mm: float | None = None
    about: frozenset[str] = frozenset()
    tells_apart: str = ""

    @property
    def words(self) -> str:
        """The line as the patient reads it."""
        return f"{self.line} {self.tells_apart}".strip()

    def holds(self, day: int, variant: str | None, depth_mm: float | None) -> bool:
        """Whether the line is for this day after such a treatment.

        An unknown depth counts as deeper than any, as it does for healing.
        """
        depth = inf if depth_mm is None else depth_mm
        return (
            self.first_day <= day <= (LAST_DAY if self.last_day is None else self.last_day)
            and (not self.variants or variant in self.variants)
            and depth > (self.over_mm or 0.0)
            and depth <= (inf if self.up_to_mm is None else self.up_to_mm)
        )


@dataclass(frozen=True, slots=True)
class Spacing:
    """How many days a treatment must wait after an earlier one of `after_kind`, and why, in words.

    `variants` and `from_mm` narrow the earlier treatment; empty and None: all of them. Depths are
    in millimetres, and `from_mm` itself is included.
    """

    after_kind: str
    variants: frozenset[str]
    from_mm: float | None
    least_days: int
    words: str

    def follows(self, earlier: Treatment) -> bool:
        """Whether the wait applies after this treatment; an unknown depth counts as a deep one."""
        depth = earlier.needle_depth_mm
        return (
            earlier.kind == self.after_kind
            and (not self.variants or earlier.variant in self.variants)
            and (self.from_mm is None or depth is None or depth >= self.from_mm)
        )
