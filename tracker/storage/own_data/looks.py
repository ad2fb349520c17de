"""Looks at photos: one row for each photo and person, with the first and the last time."""

from datetime import datetime

from sqlite_utils import Database

from tracker.domain.own_data.looks import Look
from tracker.storage.columns import read_time, time_text


def record(db: Database, photo_id: str, person_id: str, now: datetime) -> None:
    """Record that a person of the clinic opened a photo, and so has caught up with earlier ones.

    If a later look is already recorded, it stays the last.
    """
    db.execute(
        """INSERT INTO looks (photo_id, person_id, first_at, last_at) VALUES (?, ?, ?, ?)
           ON CONFLICT (photo_id, person_id)
           DO UPDATE SET last_at = max(last_at, excluded.last_at)""",
        [photo_id, person_id, time_text(now), time_text(now)],
    )
    db.execute(
        """UPDATE photos SET seen_at = :now FROM photos AS opened
           WHERE opened.id = :photo AND photos.patient_id = opened.patient_id
             AND photos.taken_at <= opened.taken_at AND photos.seen_at IS NULL""",
        {"photo": photo_id, "now": time_text(now)},
    )


def last_at(db: Database, photo_id: str, person_id: str) -> datetime | None:
    """When the person last opened the photo."""
    sql = "SELECT last_at FROM looks WHERE photo_id = ? AND person_id = ?"
    return next((read_time(row["last_at"]) for row in db.query(sql, [photo_id, person_id])), None)


def of_patient(db: Database, patient_id: str) -> list[Look]:
    """All looks at a patient's photos, the latest first."""
    sql = """SELECT looks.*, photos.taken_at, people.name FROM looks
             JOIN photos ON photos.id = looks.photo_id JOIN people ON people.id = looks.person_id
             WHERE photos.patient_id = ? ORDER BY looks.last_at DESC, photos.taken_at DESC, name"""
    return [
        Look(
            photo_id=row["photo_id"],
            taken_at=read_time(row["taken_at"]),
            person_id=row["person_id"],
            name=row["name"],
            first_at=read_time(row["first_at"]),
            last_at=read_time(row["last_at"]),
        )
        for row in db.query(sql, [patient_id])
    ]
