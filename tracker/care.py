"""What a protocol tells people after a treatment, and how long the next treatment must wait."""

from dataclasses import dataclass
from enum import StrEnum

from tracker.treatments import Treatment

LAST_DAY = 400  # no plan and no window is longer


class Heading(StrEnum):
    """Under which heading a line of aftercare stands."""

    DO = "do"
    AVOID = "avoid"
    NORMAL = "normal"
    CALL_US = "call_us"


@dataclass(frozen=True, slots=True)
class CareLine:
    """One line of aftercare for days `first_day` to `last_day`.

    `things` name what a line to do uses or a line to avoid forbids, so that one treatment's advice
    can be held against another's prohibition. `variants` empty: for all.
    """

    first_day: int
    last_day: int
    line: str
    variants: frozenset[str] = frozenset()
    things: frozenset[str] = frozenset()


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
