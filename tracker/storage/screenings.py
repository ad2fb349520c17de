"""Screenings: one a treatment, kept as it was answered."""

import json

from sqlite_utils import Database

from tracker.screening import Screening
from tracker.storage.columns import read_time, time_text


def insert(db: Database, treatment_id: str, screening: Screening) -> None:
    """Add the screening of a treatment."""
    db.table("screenings").insert(
        {
            "treatment_id": treatment_id,
            "answers": json.dumps(dict(screening.answers), ensure_ascii=False),
            "at": time_text(screening.at),
            "by_id": screening.by,
            "reason": screening.reason,
        }
    )


def of_treatment(db: Database, treatment_id: str) -> Screening | None:
    """The screening before a treatment, or None when nothing was asked."""
    rows = db.query("SELECT * FROM screenings WHERE treatment_id = ?", [treatment_id])
    for row in rows:
        at, answers = read_time(row["at"]), json.loads(row["answers"])
        return Screening(answers, at, row["by_id"], row["reason"])
    return None
