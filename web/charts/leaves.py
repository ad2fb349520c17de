"""Long lists in parts: one leaf of a list at a time, the newest first."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

Kept = TypeVar("Kept")
Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Leaf(Generic[Row]):
    """The part of a list that a page shows: rows `first` to `last` of `total`, counted from 1.

    `number` is that of the leaf, of `of_leaves`; leaf 1 holds the newest. An empty list has one
    leaf, on which `first` and `last` are 0.
    """

    rows: tuple[Row, ...]
    number: int
    of_leaves: int
    first: int
    last: int
    total: int

    @property
    def span(self) -> str:
        """`25–48 of 400`; empty if the leaf shows everything."""
        return "" if self.of_leaves == 1 else f"{self.first:,}–{self.last:,} of {self.total:,}"

    @property
    def left_out(self) -> int:
        """How many rows are on other leaves."""
        return self.total - len(self.rows)


@dataclass(frozen=True, slots=True)
class Leaves:
    """Which leaf of each list of a page is asked for; None: the first, and its table stays closed.

    `photo` is the id of a photo whose leaf is asked for, whatever `photos` says.
    """

    photos: int | None = None
    values: int | None = None
    spots: int | None = None
    answers: int | None = None
    photo: str = ""


def leaf(
    newest_first: Sequence[Kept], number: int | None, size: int, row: Callable[[Kept], Row]
) -> Leaf[Row]:
    """Leaf `number` of a list, of at most `size` rows; a number beyond the end gives the last.

    Only what is shown is made into rows.
    """
    total = len(newest_first)
    leaves = max(1, -(-total // size))
    at = min(max(number or 1, 1), leaves)
    shown = newest_first[(at - 1) * size : at * size]
    first = (at - 1) * size + 1 if shown else 0
    return Leaf(tuple(map(row, shown)), at, leaves, first, (at - 1) * size + len(shown), total)
