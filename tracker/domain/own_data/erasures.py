"""Erasures: an account that was closed, and the time from which nothing of it may be left."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Erasure:
    """A patient's request to be erased; the worker carries it out from `due_at` on.

    `patient_id` is kept after the person is erased, and leads to nothing; `erased_at` is when the
    last file and row were gone.
    """

    patient_id: str
    asked_at: datetime
    due_at: datetime
    erased_at: datetime | None = None


def erasure_asked(patient_id: str, keep_years: int, now: datetime) -> Erasure:
    """A request made now, due when records have been kept that many whole years; 0 is at once."""
    return Erasure(patient_id, now, years_later(now, keep_years))


def years_later(at: datetime, years: int) -> datetime:
    """The same date that many years later; 29 February becomes 1 March where there is none."""
    try:
        return at.replace(year=at.year + years)
    except ValueError:
        return at.replace(year=at.year + years, month=3, day=1)
