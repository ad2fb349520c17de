"""Changes of care teams, and the codes that let people in; `people` says who is in one.

Only the newest share code of each patient counts.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlite_utils import Database

from tracker.domain.people.people import Role
from tracker.domain.people.share_codes import ShareCode
from tracker.storage.columns import read_optional_time, read_time, time_text


def only_answered_by(db: Database, person_id: str) -> list[str]:
    """The patients for whom this person is the only practitioner at work."""
    sql = """SELECT patient_id FROM care_team AS mine
             WHERE practitioner_id = :person AND NOT EXISTS (
                 SELECT 1 FROM care_team JOIN people ON people.id = care_team.practitioner_id
                 WHERE care_team.patient_id = mine.patient_id AND people.id <> :person
                     AND people.role = :role AND people.suspended_at IS NULL)"""
    values = {"person": person_id, "role": str(Role.PRACTITIONER)}
    return [row["patient_id"] for row in db.query(sql, values)]


def hand_over(db: Database, patient_ids: Sequence[str], to: str) -> None:
    """Put patients in a person's care, as the first in turn."""
    for patient_id in patient_ids:
        db.execute(
            """INSERT INTO care_team (practitioner_id, patient_id, turn) VALUES (?, ?, 1)
               ON CONFLICT (practitioner_id, patient_id) DO UPDATE SET turn = 1""",
            [to, patient_id],
        )


def leave_all(db: Database, person_id: str) -> None:
    """Take a person out of every care team."""
    db.execute("DELETE FROM care_team WHERE practitioner_id = ?", [person_id])


def leave(db: Database, person_id: str, patient_id: str) -> None:
    """Take a person out of a patient's care team."""
    sql = "DELETE FROM care_team WHERE practitioner_id = ? AND patient_id = ?"
    db.execute(sql, [person_id, patient_id])


def renew_code(db: Database, digest: str, code: ShareCode) -> None:
    """Store a share code under its digest in place of any open one of that patient."""
    db.execute(
        "DELETE FROM share_codes WHERE patient_id = ? AND used_at IS NULL", [code.patient_id]
    )
    row = {
        "digest": digest,
        "patient_id": code.patient_id,
        "created_at": time_text(code.created_at),
    }
    db.table("share_codes").insert(row)


def code(db: Database, digest: str) -> ShareCode | None:
    """The share code with this digest."""
    rows = db.query("SELECT * FROM share_codes WHERE digest = ?", [digest])
    row = next(rows, None)
    if row is None:
        return None
    used_at = read_optional_time(row["used_at"])
    return ShareCode(row["patient_id"], read_time(row["created_at"]), used_at)


def use_code(db: Database, digest: str, now: datetime) -> None:
    """Mark the share code as used."""
    db.execute("UPDATE share_codes SET used_at = ? WHERE digest = ?", [time_text(now), digest])
