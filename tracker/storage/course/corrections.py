"""Corrections of treatments: the earlier values, who changed them and why."""

import json
from datetime import datetime

from sqlite_utils import Database

from tracker.domain.course.treatments import Correction, Treatment
from tracker.storage.columns import read_time, time_text
from tracker.storage.course import treatments


def insert(db: Database, before: Treatment, at: datetime, by_id: str, why: str) -> None:
    """Keep the values that were valid until now."""
    db.table("corrections").insert(
        {
            "treatment_id": before.id,
            "before": json.dumps(treatments.columns_of(before), ensure_ascii=False),
            "at": time_text(at),
            "by_id": by_id,
            "why": why,
        }
    )


def of_treatment(db: Database, treatment_id: str) -> list[Correction]:
    """All corrections of a treatment in the order they were made."""
    sql = """SELECT corrections.*, people.name FROM corrections
             JOIN people ON people.id = corrections.by_id
             WHERE treatment_id = ? ORDER BY corrections.id"""
    return [
        Correction(
            before=treatments.read(json.loads(row["before"]) | {"id": treatment_id}),
            at=read_time(row["at"]),
            by=row["name"],
            why=row["why"],
        )
        for row in db.query(sql, [treatment_id])
    ]


def count(db: Database, treatment_id: str) -> int:
    """How often a treatment was corrected."""
    sql = "SELECT count(*) AS n FROM corrections WHERE treatment_id = ?"
    (row,) = db.query(sql, [treatment_id])
    return int(row["n"])
