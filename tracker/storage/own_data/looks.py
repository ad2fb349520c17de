"""Looks at photos: entries of the audit log, as the patient reads them."""

from datetime import datetime

from sqlite_utils import Database

from tracker.domain.clinic.audit import Act, Entry
from tracker.domain.course.photos import EarlyPhoto, Photo
from tracker.domain.own_data.looks import Look
from tracker.storage.clinic import audit_log
from tracker.storage.columns import read_optional_time, read_time, time_text


def record(db: Database, photo: Photo | EarlyPhoto, person_id: str, now: datetime) -> None:
    """Record that a person of the clinic opened a picture of a photo, however small."""
    audit_log.add(db, Entry(Act.PHOTO_OPENED, now, person_id, photo.patient_id, photo.id))


def is_seen(db: Database, photo: Photo | EarlyPhoto) -> bool:
    """Whether a person of the clinic has opened the photo itself, so that it is not new."""
    sql = f"SELECT 1 FROM {_table(photo)} WHERE id = ? AND seen_at IS NOT NULL"  # noqa: S608
    return any(db.query(sql, [photo.id]))


def mark_seen(db: Database, photo: Photo | EarlyPhoto, now: datetime) -> None:
    """Record that a person of the clinic opened the photo itself; the first time is kept."""
    sql = f"UPDATE {_table(photo)} SET seen_at = ? WHERE id = ? AND seen_at IS NULL"  # noqa: S608
    db.execute(sql, [time_text(now), photo.id])


def _table(photo: Photo | EarlyPhoto) -> str:
    return "early_photos" if isinstance(photo, EarlyPhoto) else "photos"


def last_at(db: Database, photo: Photo | EarlyPhoto, person_id: str) -> datetime | None:
    """When the person last opened the photo."""
    sql = """SELECT max(at) AS at FROM audit_log
             WHERE act = 'photo_opened' AND details = ? AND by_id = ?"""
    (row,) = db.query(sql, [photo.id, person_id])
    return read_optional_time(row["at"])


def of_patient(db: Database, patient_id: str) -> list[Look]:
    """All looks at a patient's photos, the latest first."""
    sql = """SELECT photos.id AS photo_id, people.id AS person_id, name, taken_at, seen_at,
                 min(at) AS first_at, max(at) AS last_at FROM audit_log
             JOIN (SELECT id, taken_at, seen_at FROM photos WHERE patient_id = :patient UNION ALL
                 SELECT id, taken_at, seen_at FROM early_photos WHERE patient_id = :patient)
                 AS photos
                 ON photos.id = details
             JOIN people ON people.id = by_id
             WHERE about_id = :patient AND act = 'photo_opened' GROUP BY photos.id, people.id
             ORDER BY last_at DESC, taken_at DESC, name"""
    return [
        Look(
            photo_id=row["photo_id"],
            taken_at=read_time(row["taken_at"]),
            person_id=row["person_id"],
            name=row["name"],
            first_at=read_time(row["first_at"]),
            last_at=read_time(row["last_at"]),
            is_small=row["seen_at"] is None,
        )
        for row in db.query(sql, {"patient": patient_id})
    ]
