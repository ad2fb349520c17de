"""Lines of aftercare that a patient has alone; a line that was ended keeps its row."""

from datetime import date, datetime

from sqlite_utils import Database

from tracker.aftercare import OwnLine
from tracker.care import Heading
from tracker.storage.columns import read_optional_time, read_time, time_text


def insert(db: Database, line: OwnLine) -> None:
    """Add a line."""
    db.table("care_lines").insert(
        {
            "id": line.id,
            "patient_id": line.patient_id,
            "heading": str(line.heading),
            "line": line.line,
            "first_date": line.first_date.isoformat(),
            "last_date": line.last_date.isoformat(),
            "added_by": line.added_by,
            "added_at": time_text(line.added_at),
        }
    )


def of_patient(db: Database, patient_id: str) -> list[OwnLine]:
    """The lines of a patient that nobody has ended, in the order they were added."""
    return [line for line, ended_at in ever_of_patient(db, patient_id) if ended_at is None]


def ever_of_patient(db: Database, patient_id: str) -> list[tuple[OwnLine, datetime | None]]:
    """All lines that a patient was ever given, each with when it was taken back, in that order."""
    sql = "SELECT * FROM care_lines WHERE patient_id = ? ORDER BY added_at, id"
    return [
        (
            OwnLine(
                id=row["id"],
                patient_id=row["patient_id"],
                heading=Heading(row["heading"]),
                line=row["line"],
                first_date=date.fromisoformat(row["first_date"]),
                last_date=date.fromisoformat(row["last_date"]),
                added_by=row["added_by"],
                added_at=read_time(row["added_at"]),
            ),
            read_optional_time(row["ended_at"]),
        )
        for row in db.query(sql, [patient_id])
    ]


def end(db: Database, line_id: str, by: str, at: datetime) -> bool:
    """Note who took a line back and when; False when it was not there or ended before."""
    cursor = db.execute(
        "UPDATE care_lines SET ended_at = ?, ended_by = ? WHERE id = ? AND ended_at IS NULL",
        [time_text(at), by, line_id],
    )
    return bool(cursor.rowcount == 1)
