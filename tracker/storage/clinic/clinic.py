"""How to reach the clinic: one row, once it has been entered."""

import json
from datetime import date

from sqlite_utils import Database

from tracker.domain.clinic.clinic import Clinic
from tracker.domain.clinic.opening_hours import ClosedDays, OpeningHours, Span


def get(db: Database) -> Clinic | None:
    """What was entered, or None while nothing was."""
    row = next(db.query("SELECT * FROM clinic"), None)
    if row is None:
        return None
    week = json.loads(row["week"])
    closed = json.loads(row["closed"])
    return Clinic(
        hours=OpeningHours(
            time_zone=row["time_zone"],
            week=tuple(tuple(Span(*span) for span in spans) for spans in week),
            closed=tuple(ClosedDays(*map(date.fromisoformat, days)) for days in closed),
        ),
        phone=row["phone"],
        emergency_number=row["emergency_number"],
        edition=row["edition"],
        name=row["name"],
    )


def hours(db: Database) -> OpeningHours:
    """The opening hours; none are known while nothing was entered."""
    known = get(db)
    return known.hours if known else OpeningHours("UTC")


def replace(db: Database, clinic: Clinic) -> None:
    """Store it in place of what was there."""
    hours = clinic.hours
    db.table("clinic").insert(
        {
            "id": 1,
            "name": clinic.name,
            "phone": clinic.phone,
            "emergency_number": clinic.emergency_number,
            "time_zone": hours.time_zone,
            "week": json.dumps([[[s.opens, s.closes] for s in spans] for spans in hours.week]),
            "closed": json.dumps([[f"{d.first}", f"{d.last}"] for d in hours.closed]),
            "edition": clinic.edition,
        },
        replace=True,
    )
