"""Erasures: an account that was closed, and from when on nothing of it may be left."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Erasure:
    """A patient's wish to be forgotten; the worker works it off from `due_at` on.

    `patient_id` outlives the person, to whom nothing leads from it; `erased_at` is when the last
    file and row were gone.
    """

    patient_id: str
    asked_at: datetime
    due_at: datetime
    erased_at: datetime | None = None


def erasure_asked(patient_id: str, keep_years: int, now: datetime) -> Erasure:
    """A wish made now, due when records have been kept for so many whole years; 0 is at once."""
    return Erasure(patient_id, now, years_later(now, keep_years))


def years_later(at: datetime, years: int) -> datetime:
    """The same date so many years on; 29 February becomes 1 March where there is none."""
    try:
        return at.replace(year=at.year + years)
    except ValueError:
        return at.replace(year=at.year + years, month=3, day=1)
