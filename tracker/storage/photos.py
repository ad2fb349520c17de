"""Photos; the row is also the place of the photo in the queue."""

from datetime import datetime
from typing import Any

from sqlite_utils import Database

from tracker.photos import CLAIM_LEASE, Photo, PhotoRole, PhotoStatus, SkinState, View
from tracker.storage.columns import names_text, read_names, read_time, time_text


def insert(db: Database, photo: Photo, digest: str) -> None:
    """Add a photo; IntegrityError when the same bytes have come for this treatment before."""
    db.table("photos").insert(
        {
            "id": photo.id,
            "treatment_id": photo.treatment_id,
            "patient_id": photo.patient_id,
            "role": str(photo.role),
            "status": str(photo.status),
            "taken_at": time_text(photo.taken_at),
            "received_at": time_text(photo.received_at),
            "skin_state": str(photo.skin_state),
            "view": str(photo.view),
            "warnings": names_text(photo.warnings),
            "digest": digest,
        }
    )


def get(db: Database, photo_id: str) -> Photo | None:
    """The photo with this id."""
    return _first(db, "SELECT * FROM photos WHERE id = ?", photo_id)


def by_digest(db: Database, treatment_id: str, digest: str) -> Photo | None:
    """The photo of this treatment that came with exactly these bytes."""
    sql = "SELECT * FROM photos WHERE treatment_id = ? AND digest = ?"
    return _first(db, sql, treatment_id, digest)


def of_treatment(db: Database, treatment_id: str) -> list[Photo]:
    """All photos of a treatment in the order they were taken."""
    sql = "SELECT * FROM photos WHERE treatment_id = ? ORDER BY taken_at, id"
    return [_photo(row) for row in db.query(sql, [treatment_id])]


def of_patient(db: Database, patient_id: str) -> list[Photo]:
    """All photos of a patient, of whichever treatment, in the order they were taken."""
    sql = "SELECT * FROM photos WHERE patient_id = ? ORDER BY taken_at, id"
    return [_photo(row) for row in db.query(sql, [patient_id])]


def baseline(db: Database, treatment_id: str) -> Photo | None:
    """The photo that the others are compared with: the first usable baseline that came."""
    sql = """SELECT * FROM photos WHERE treatment_id = ? AND role = 'baseline' AND view = 'front'
             AND status <> 'unmeasurable' ORDER BY received_at, taken_at, id LIMIT 1"""
    return _first(db, sql, treatment_id)


def claimable(db: Database, now: datetime, most: int, only_treatment: str | None) -> list[Photo]:
    """Photos that can be measured now: waiting, or claimed by a worker that has died since.

    A photo whose treatment has no baseline yet has nothing to be compared with and waits on; so
    does one whose patient has withdrawn consent to care.
    """
    sql = """SELECT * FROM photos AS photo
             WHERE (status = 'waiting' OR (status = 'measuring' AND claimed_at <= :stale))
               AND EXISTS (SELECT 1 FROM photos AS other WHERE other.role = 'baseline'
                   AND other.view = 'front'
                   AND other.treatment_id = photo.treatment_id AND other.status <> 'unmeasurable')
               AND patient_id NOT IN (SELECT patient_id FROM care_withdrawn)
               AND (:treatment IS NULL OR treatment_id = :treatment)
             ORDER BY taken_at, id LIMIT :most"""
    values = {
        "stale": time_text(now - CLAIM_LEASE),
        "treatment": only_treatment,
        "most": most,
    }
    return [_photo(row) for row in db.query(sql, values)]


def is_any_claimed(db: Database, patient_id: str, now: datetime) -> bool:
    """Whether somebody may be measuring a photo of this patient right now."""
    sql = """SELECT 1 FROM photos
             WHERE patient_id = ? AND status = 'measuring' AND claimed_at > ?"""
    return any(db.query(sql, [patient_id, time_text(now - CLAIM_LEASE)]))


def claim(db: Database, photo: Photo, now: datetime) -> bool:
    """Take the photo if nobody else has since it was read; False when somebody was faster."""
    cursor = db.execute(
        """UPDATE photos SET status = 'measuring', claimed_at = ?, attempts = attempts + 1
           WHERE id = ? AND status = ? AND attempts = ?""",
        [time_text(now), photo.id, str(photo.status), photo.attempts],
    )
    return bool(cursor.rowcount == 1)


def revive(db: Database, photo_id: str) -> None:
    """Let a photo that was set aside wait for its measurement once more."""
    db.execute(
        "UPDATE photos SET status = 'waiting', faults = '[]', attempts = 0 WHERE id = ?", [photo_id]
    )


def measure_again(db: Database, treatment_id: str) -> int:
    """Let all photos of a treatment wait again that were measured, or could not be; their number.

    A photo counts as measured only while its newest reading lies on what now counts. One that is
    being measured right now is handed back by whoever measures it.
    """
    cursor = db.execute(
        """UPDATE photos SET status = 'waiting', faults = '[]', attempts = 0
           WHERE treatment_id = ? AND (status = 'measured'
               OR (status = 'unmeasurable' AND role = 'follow_up'))""",
        [treatment_id],
    )
    return int(cursor.rowcount)


def finish(db: Database, photo: Photo, attempt: int) -> bool:
    """End a claim with the photo's new status, faults and warnings.

    False when the claim (the `attempt`-th) was lost meanwhile; then the result must be dropped.
    """
    cursor = db.execute(
        """UPDATE photos SET status = ?, faults = ?, warnings = ?, claimed_at = NULL
           WHERE id = ? AND status = 'measuring' AND attempts = ?""",
        [
            str(photo.status),
            names_text(photo.faults),
            names_text(photo.warnings),
            photo.id,
            attempt,
        ],
    )
    return bool(cursor.rowcount == 1)


def _first(db: Database, sql: str, *values: str) -> Photo | None:
    return next((_photo(row) for row in db.query(sql, [str(v) for v in values])), None)


def _photo(row: dict[str, Any]) -> Photo:
    return Photo(
        id=row["id"],
        treatment_id=row["treatment_id"],
        patient_id=row["patient_id"],
        role=PhotoRole(row["role"]),
        status=PhotoStatus(row["status"]),
        taken_at=read_time(row["taken_at"]),
        received_at=read_time(row["received_at"]),
        skin_state=SkinState(row["skin_state"]),
        faults=read_names(row["faults"]),
        warnings=read_names(row["warnings"]),
        attempts=row["attempts"],
        view=View(row["view"]),
    )
