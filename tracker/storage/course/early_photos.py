"""Photos that came before any treatment was entered; they wait here for the first one."""

from typing import Any

from sqlite_utils import Database

from tracker.domain.course.photo_times import role_once_treated
from tracker.domain.course.photos import EarlyPhoto
from tracker.domain.course.treatments import Treatment
from tracker.storage.columns import read_row, row_of
from tracker.storage.course import photos

_WAITING = """SELECT * FROM early_photos WHERE patient_id = ? AND NOT EXISTS (
    SELECT 1 FROM treatments WHERE patient_id = early_photos.patient_id AND id <> ?
    AND NOT ended_as_mistake AND performed_at < early_photos.received_at)"""


def insert(db: Database, photo: EarlyPhoto, digest: str) -> None:
    """Add a photo; IntegrityError when the patient has sent the same bytes before."""
    db.table("early_photos").insert({**row_of(photo), "digest": digest})


def get(db: Database, photo_id: str) -> EarlyPhoto | None:
    """The photo with this id, while no treatment has taken it."""
    rows = db.query("SELECT * FROM early_photos WHERE id = ?", [photo_id])
    return next((_photo(row) for row in rows), None)


def by_digest(db: Database, patient_id: str, digest: str) -> EarlyPhoto | None:
    """The patient's photo that arrived with exactly these bytes."""
    sql = "SELECT * FROM early_photos WHERE patient_id = ? AND digest = ?"
    return next((_photo(row) for row in db.query(sql, [patient_id, digest])), None)


def of_patient(db: Database, patient_id: str) -> list[EarlyPhoto]:
    """All that wait, in the order in which they were taken."""
    sql = "SELECT * FROM early_photos WHERE patient_id = ? ORDER BY taken_at, id"
    return [_photo(row) for row in db.query(sql, [patient_id])]


def unseen(db: Database, patient_id: str) -> list[EarlyPhoto]:
    """Those that no one at the clinic has opened, in the order in which they were taken."""
    return [photo for photo in of_patient(db, patient_id) if photo.seen_at is None]


def forget(db: Database, patient_id: str, digest: str) -> None:
    """Forget the photo with these bytes, which has arrived for a treatment as well."""
    sql = "DELETE FROM early_photos WHERE patient_id = ? AND digest = ?"
    db.execute(sql, [patient_id, digest])


def move_to(db: Database, treatment: Treatment) -> None:
    """Make them photos of the treatment, under their ids, as its time decides; the others stay.

    One that came after another treatment stays, because it may show the skin that was treated then.
    If one becomes the reference in place of another photo, the course is measured again.
    """
    before = photos.baseline(db, treatment.id)
    for row in list(db.query(_WAITING, [treatment.patient_id, treatment.id])):
        early = _photo(row)
        role = role_once_treated(early, treatment.performed_at)
        if role is None or photos.by_digest(db, treatment.id, row["digest"]) is not None:
            continue
        photos.insert(db, early.as_photo(treatment.id, role), row["digest"])
        db.execute("UPDATE photos SET seen_at = ? WHERE id = ?", [row["seen_at"], early.id])
        db.table("early_photos").delete(early.id)
    after = photos.baseline(db, treatment.id)
    if before and after and before.id != after.id:
        photos.measure_again(db, treatment.id)


def _photo(row: dict[str, Any]) -> EarlyPhoto:
    return read_row(EarlyPhoto, row)
