"""Photos; the row is also the photo's place in the queue."""

from collections.abc import Set
from datetime import datetime, timedelta
from typing import Any

from sqlite_utils import Database

from tracker.domain.clinic.health import CLOCKS_DIFFER
from tracker.domain.course.photos import (
    CLAIM_LEASE,
    FAILED,
    RETRY_DELAYS,
    TROUBLE_DELAYS,
    FileFault,
    GivenUp,
    Photo,
    Sides,
)
from tracker.storage.columns import names_text, read_row, read_time, time_text


def insert(db: Database, photo: Photo, digest: str) -> None:
    """Add a photo; IntegrityError when the same bytes have arrived for this treatment before."""
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
            "sides": str(photo.sides),
            "is_selfie": photo.is_selfie,
            "warnings": names_text(photo.warnings),
            "digest": digest,
        }
    )


def get(db: Database, photo_id: str) -> Photo | None:
    """The photo with this id."""
    return _first(db, "SELECT * FROM photos WHERE id = ?", photo_id)


def by_digest(db: Database, treatment_id: str, digest: str) -> Photo | None:
    """The photo of this treatment that arrived with exactly these bytes."""
    sql = "SELECT * FROM photos WHERE treatment_id = ? AND digest = ?"
    return _first(db, sql, treatment_id, digest)


def of_treatment(db: Database, treatment_id: str) -> list[Photo]:
    """All photos of a treatment in the order they were taken."""
    sql = "SELECT * FROM photos WHERE treatment_id = ? ORDER BY taken_at, id"
    return [_photo(row) for row in db.query(sql, [treatment_id])]


def of_patient(db: Database, patient_id: str) -> list[Photo]:
    """All photos of a patient, of any treatment, in the order they were taken."""
    sql = "SELECT * FROM photos WHERE patient_id = ? ORDER BY taken_at, id"
    return [_photo(row) for row in db.query(sql, [patient_id])]


def baseline(db: Database, treatment_id: str) -> Photo | None:
    """The photo that the others are compared with: the first usable baseline that arrived.

    One whose file cannot be read counts only while there is no other.
    """
    sql = """SELECT * FROM photos WHERE treatment_id = ? AND role = 'baseline' AND view = 'front'
             AND status <> 'unmeasurable'
             ORDER BY file_fault IS NOT NULL, received_at, taken_at, id LIMIT 1"""
    return _first(db, sql, treatment_id)


def claimable(db: Database, now: datetime, most: int, only_treatment: str | None) -> list[Photo]:
    """Photos that can be measured now; those whose worker died come last, one at a time.

    These photos wait: one whose treatment has no baseline yet to compare with, one whose patient
    has withdrawn consent to care, and one whose next try is still in the future. A next try further
    ahead than any delay after that many failures or troubles comes from a clock that was set back.
    """
    sql = f"""SELECT * FROM photos AS photo {_TO_DO} AND status = 'waiting'
               AND (next_try_at IS NULL OR next_try_at <= :now OR next_try_at >
                    CASE WHEN troubles THEN :troubled
                         ELSE json_extract(:failed, '$[' || failures || ']') END)
               AND EXISTS (SELECT 1 FROM photos AS other WHERE other.role = 'baseline'
                   AND other.view = 'front'
                   AND other.treatment_id = photo.treatment_id AND other.status <> 'unmeasurable')
               AND patient_id NOT IN (SELECT patient_id FROM care_withdrawn)
               AND (:treatment IS NULL OR treatment_id = :treatment)
             ORDER BY lapses > 0, taken_at, id LIMIT :most"""  # noqa: S608 (no input in it)
    values = {
        "now": time_text(now),
        "troubled": time_text(now + max(TROUBLE_DELAYS) + CLOCKS_DIFFER),
        "failed": names_text(
            time_text(now + delay + CLOCKS_DIFFER) for delay in (timedelta(0), *RETRY_DELAYS)
        ),
        "treatment": only_treatment,
        "most": most,
    }
    found = [_photo(row) for row in db.query(sql, values)]
    return [photo for photo in found if not photo.lapses] or found[:1]


def lapsed(db: Database, now: datetime, only_treatment: str | None) -> list[Photo]:
    """Photos claimed by a worker that has died since."""
    sql = f"""SELECT * FROM photos {_TO_DO} AND status = 'measuring' AND NOT {_CLAIMED}
              AND (:treatment IS NULL OR treatment_id = :treatment)"""  # noqa: S608 (no input in it)
    return [_photo(row) for row in db.query(sql, {"treatment": only_treatment, **_lease(now)})]


def is_any_claimed(db: Database, patient_id: str, now: datetime) -> bool:
    """Whether a photo of this patient may be under measurement right now."""
    sql = f"""SELECT 1 FROM photos
              WHERE patient_id = :patient AND status = 'measuring' AND {_CLAIMED}"""  # noqa: S608
    return any(db.query(sql, {"patient": patient_id, **_lease(now)}))


# SQLite takes an index of some rows only where its condition is repeated word for word.
_TO_DO = "INDEXED BY photos_to_do WHERE status IN ('waiting', 'measuring')"
_CLAIMED = "(claimed_at > :stale AND claimed_at < :ahead)"


def _lease(now: datetime) -> dict[str, str]:
    """The times between which a claim is valid; one from the future predates a clock change."""
    return {"stale": time_text(now - CLAIM_LEASE), "ahead": time_text(now + CLAIM_LEASE)}


def claim(db: Database, photo: Photo, now: datetime) -> bool:
    """Take the photo if it is still unclaimed; False when another worker was faster."""
    cursor = db.execute(
        """UPDATE photos SET status = 'measuring', claimed_at = ?, attempts = attempts + 1
           WHERE id = ? AND status = ? AND attempts = ?""",
        [time_text(now), photo.id, str(photo.status), photo.attempts],
    )
    return bool(cursor.rowcount == 1)


def renew_claim(db: Database, photo: Photo, now: datetime) -> None:
    """Keep the claim of a photo that is being measured; one that was lost stays lost."""
    db.execute(
        "UPDATE photos SET claimed_at = ? WHERE id = ? AND status = 'measuring' AND attempts = ?",
        [time_text(now), photo.id, photo.attempts],
    )


def hand_back(db: Database, photo: Photo, next_try_at: datetime) -> bool:
    """End a claim without a result, to be tried again then; False when the claim was lost."""
    cursor = db.execute(
        """UPDATE photos SET status = 'waiting', claimed_at = NULL, next_try_at = ?, failures = ?,
               troubles = ?, lapses = ?
           WHERE id = ? AND status = 'measuring' AND attempts = ?""",
        [
            time_text(next_try_at),
            photo.failures,
            photo.troubles,
            photo.lapses,
            photo.id,
            photo.attempts,
        ],
    )
    return bool(cursor.rowcount == 1)


def record_file_fault(db: Database, photo: Photo, fault: FileFault | None) -> None:
    """Record what was found when the photo's file was read.

    If that makes another photo the baseline, the course is measured again.
    """
    before = baseline(db, photo.treatment_id)
    sql = "UPDATE photos SET file_fault = ? WHERE id = ?"
    db.execute(sql, [None if fault is None else str(fault), photo.id])
    after = baseline(db, photo.treatment_id)
    if before and after and before.id != after.id:
        measure_again(db, photo.treatment_id)


def set_sides(db: Database, photo_id: str, sides: Sides) -> None:
    """Record what is known of left and right in the file."""
    db.execute("UPDATE photos SET sides = ? WHERE id = ?", [str(sides), photo_id])


def unseen(db: Database, patient_id: str) -> list[Photo]:
    """The photos of any view that may show treated skin and that no one at the clinic has opened.

    They are measured, kept, still wait, or were given up, and come in the order in which they were
    taken. One from before counts if it came after a treatment.
    """
    sql = f"""SELECT * FROM photos AS photo WHERE patient_id = ? AND seen_at IS NULL
              AND (role = 'follow_up' OR {AFTER_A_TREATMENT}) AND (status <> 'unmeasurable'
                  OR file_fault IS NOT NULL OR faults LIKE '%"{FAILED}"%')
              ORDER BY taken_at, id"""  # noqa: S608 (no input in it)
    return [_photo(row) for row in db.query(sql, [patient_id])]


AFTER_A_TREATMENT = """EXISTS (SELECT 1 FROM treatments AS done
    WHERE done.patient_id = photo.patient_id AND NOT done.ended_as_mistake
        AND done.performed_at < photo.received_at)"""


def unknown_ids(db: Database, ids: Set[str]) -> set[str]:
    """Those of the ids that belong to no photo, of a treatment or without one yet."""
    sql = """SELECT value FROM json_each(?) WHERE value NOT IN (SELECT id FROM photos)
             AND value NOT IN (SELECT id FROM early_photos)"""
    return {row["value"] for row in db.query(sql, [names_text(ids)])}


def all_ids(db: Database) -> list[str]:
    """The ids of all photos, also of those that wait for a treatment to be entered."""
    sql = "SELECT id FROM photos UNION ALL SELECT id FROM early_photos ORDER BY id"
    return [row["id"] for row in db.query(sql)]


def given_up(db: Database) -> list[GivenUp]:
    """What a person of the clinic must look at or correct, because the system has given up.

    A baseline counts while its course has no other usable one and has not been ended; any other
    photo until a person of the clinic has opened it.
    """
    return [
        GivenUp(
            photo_id=row["id"],
            patient_id=row["patient_id"],
            treatment_id=row["treatment_id"],
            received_at=read_time(row["received_at"]),
            is_baseline=row["role"] == "baseline",
            file_fault=FileFault(row["file_fault"]) if row["file_fault"] else None,
        )
        for row in db.query(GIVEN_UP)
    ]


GIVEN_UP = f"""
SELECT * FROM photos AS photo
WHERE (status = 'unmeasurable' OR file_fault IS NOT NULL)
    AND (role = 'follow_up' OR view = 'front')
    AND CASE role WHEN 'baseline' THEN
        NOT EXISTS (SELECT 1 FROM photos AS other WHERE other.treatment_id = photo.treatment_id
            AND other.role = 'baseline' AND other.view = 'front'
            AND other.status <> 'unmeasurable' AND other.file_fault IS NULL)
        AND NOT EXISTS (SELECT 1 FROM treatments WHERE treatments.id = photo.treatment_id
            AND treatments.ended_at IS NOT NULL)
        AND patient_id NOT IN (SELECT patient_id FROM care_withdrawn)
    ELSE seen_at IS NULL AND (file_fault IS NOT NULL OR faults LIKE '%"{FAILED}"%') END
ORDER BY received_at, id
"""  # noqa: S608 (no input in it)


def revive(db: Database, photo_id: str) -> None:
    """Let a photo that was set aside wait for its measurement once more, from now on."""
    db.execute(f"UPDATE photos SET {_AFRESH} WHERE id = ?", [photo_id])  # noqa: S608


_UNTRIED = "failures = 0, troubles = 0, lapses = 0, next_try_at = NULL"
_AFRESH = f"status = 'waiting', faults = '[]', {_UNTRIED}"


def try_again(db: Database, treatment_id: str) -> int:
    """Let all photos of a treatment wait again that were given up, or that wait for a later try."""
    cursor = db.execute(
        f"""UPDATE photos SET {_AFRESH} WHERE treatment_id = ? AND view = 'front'
            AND (status = 'waiting' AND next_try_at IS NOT NULL
                 OR status = 'unmeasurable' AND faults LIKE '%"{FAILED}"%')""",  # noqa: S608
        [treatment_id],
    )
    return int(cursor.rowcount)


def measure_again(db: Database, treatment_id: str) -> int:
    """Let all photos of a treatment wait again that were measured, or could not be; their number.

    A photo counts as measured only while its newest reading has the current basis. One that is
    being measured right now is released by the worker that measures it.
    """
    cursor = db.execute(
        f"""UPDATE photos SET {_AFRESH} WHERE treatment_id = ? AND (status = 'measured'
               OR (status = 'unmeasurable' AND role = 'follow_up'))""",  # noqa: S608
        [treatment_id],
    )
    return int(cursor.rowcount)


def wait_again(db: Database, treatment_id: str) -> bool:
    """Whether a photo of a treatment that has been measured before waits to be measured again."""
    sql = """SELECT 1 FROM photos WHERE treatment_id = ? AND status IN ('waiting', 'measuring')
             AND EXISTS (SELECT 1 FROM readings WHERE readings.photo_id = photos.id) LIMIT 1"""
    return any(db.query(sql, [treatment_id]))


def finish(db: Database, photo: Photo, attempt: int) -> bool:
    """End a claim with the photo's new status, faults and warnings.

    False when the claim (the `attempt`-th) was lost meanwhile; then the result must be dropped.
    """
    cursor = db.execute(
        f"""UPDATE photos SET status = ?, faults = ?, warnings = ?, claimed_at = NULL,
               {_UNTRIED}
           WHERE id = ? AND status = 'measuring' AND attempts = ?""",  # noqa: S608
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
    return read_row(Photo, row)
