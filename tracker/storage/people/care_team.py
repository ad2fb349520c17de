"""Changes of care teams; `people` says who is in one."""

from collections.abc import Sequence

from sqlite_utils import Database

from tracker.domain.people.people import Role


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
