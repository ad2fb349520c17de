"""Screenings: every edition is kept as it was answered, and the last one counts."""

import json
from collections.abc import Mapping
from typing import Any

from sqlite_utils import Database

from tracker.domain.protocols.screening import Edition, Screening
from tracker.storage.columns import names_text, read_row, time_text


def insert(db: Database, treatment_id: str, screening: Screening) -> None:
    """Add an edition of a treatment's screening; from now on it counts."""
    db.table("screening_editions").insert(
        {
            "treatment_id": treatment_id,
            "edition": count(db, treatment_id) + 1,
            "answers": json.dumps(dict(screening.answers), ensure_ascii=False),
            "at": time_text(screening.at),
            "by_id": screening.by,
            "reason": screening.reason,
            "warned": names_text(screening.warned),
            "why": screening.why,
        }
    )


def count(db: Database, treatment_id: str) -> int:
    """How many editions there are; 0 when nothing was asked."""
    sql = "SELECT count(*) AS n FROM screening_editions WHERE treatment_id = ?"
    (row,) = db.query(sql, [treatment_id])
    return int(row["n"])


def of_treatment(db: Database, treatment_id: str) -> Screening | None:
    """The screening that counts, or None when nothing was asked."""
    sql = """SELECT * FROM screening_editions WHERE treatment_id = ?
             ORDER BY edition DESC LIMIT 1"""
    return next((_read(row) for row in db.query(sql, [treatment_id])), None)


def editions(db: Database, treatment_id: str) -> list[Edition]:
    """Every edition in the order they were entered, each with the name of who did."""
    sql = """SELECT screening_editions.*, people.name FROM screening_editions
             LEFT JOIN people ON people.id = by_id WHERE treatment_id = ? ORDER BY edition"""
    return [Edition(_read(row), row["name"] or "") for row in db.query(sql, [treatment_id])]


def _read(row: Mapping[str, Any]) -> Screening:
    return read_row(Screening, row, answers=json.loads(row["answers"]), by=row["by_id"])
