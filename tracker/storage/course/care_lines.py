"""Aftercare lines for one patient only; a line that was ended keeps its row."""

from datetime import datetime

from sqlite_utils import Database

from tracker.domain.protocols.aftercare import OwnLine
from tracker.storage.columns import read_optional_time, read_row, row_of, time_text


def insert(db: Database, line: OwnLine) -> None:
    """Add a line."""
    db.table("care_lines").insert(row_of(line))


def of_patient(db: Database, patient_id: str) -> list[OwnLine]:
    """The lines of a patient that have not been ended, in the order they were added."""
    return [line for line, ended_at in ever_of_patient(db, patient_id) if ended_at is None]


def ever_of_patient(db: Database, patient_id: str) -> list[tuple[OwnLine, datetime | None]]:
    """All lines that a patient was ever given, each with when it was withdrawn, in that order."""
    sql = "SELECT * FROM care_lines WHERE patient_id = ? ORDER BY added_at, id"
    return [
        (read_row(OwnLine, row), read_optional_time(row["ended_at"]))
        for row in db.query(sql, [patient_id])
    ]


def end(db: Database, line_id: str, by: str, at: datetime) -> str | None:
    """Record who withdrew a line and when; whose line it was, None when it ended before."""
    sql = """UPDATE care_lines SET ended_at = ?, ended_by = ? WHERE id = ? AND ended_at IS NULL
             RETURNING patient_id"""
    rows = db.execute(sql, [time_text(at), by, line_id]).fetchall()
    return next((str(patient_id) for (patient_id,) in rows), None)
