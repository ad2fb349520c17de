"""Photos that came before any treatment was entered; they wait here for the first one."""

from typing import Any

from sqlite_utils import Database

from tracker.domain.course.photo_times import role_once_treated
from tracker.domain.course.photos import EarlyPhoto
from tracker.domain.course.treatments import Treatment
from tracker.storage.columns import names_text, read_row, row_of
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
        sql = "UPDATE photos SET seen_at = ?, early_dated = ? WHERE id = ?"
        db.execute(sql, [row["seen_at"], row["is_dated"], early.id])
        db.table("early_photos").delete(early.id)
    after = photos.baseline(db, treatment.id)
    if before and after and before.id != after.id:
        photos.measure_again(db, treatment.id)


def take_back(db: Database, treatment_id: str) -> None:
    """Let the photos that a treatment took wait again: it was given to another patient.

    What was measured of them goes, because it can be measured again. A photo stays if a person has
    drawn on it, said anything about it or decided about its use, if another photo was measured
    against it, or if an alert may rest on it.
    """
    taken = {row["id"]: row for row in db.query(_TAKEN, [treatment_id])}
    while others := [row["id"] for row in db.query(_COMPARED, [names_text(taken), treatment_id])]:
        for each in others:
            del taken[each]
    ids = names_text(taken)
    for sql in _FORGET:
        db.execute(sql, [ids])
    for row in taken.values():
        early = read_row(EarlyPhoto, {**row, "is_dated": row["early_dated"]})
        insert(db, early, row["digest"])


_TAKEN = """SELECT * FROM photos WHERE treatment_id = ? AND early_dated IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM alerts WHERE alerts.treatment_id = photos.treatment_id)
    AND NOT EXISTS (SELECT 1 FROM annotations WHERE photo_id = photos.id)
    AND NOT EXISTS (SELECT 1 FROM outlines WHERE baseline_id = photos.id)
    AND NOT EXISTS (SELECT 1 FROM consents WHERE photo_id = photos.id)
    AND NOT EXISTS (SELECT 1 FROM sides_answers
        WHERE photo_id = photos.id AND person_id IS NOT NULL)"""
_COMPARED = """SELECT DISTINCT asked.value AS id FROM json_each(?1) AS asked
    JOIN readings ON readings.baseline_id = asked.value
    JOIN photos ON photos.id = readings.photo_id AND photos.treatment_id = ?2
    WHERE photos.id NOT IN (SELECT value FROM json_each(?1))"""
_OF_THEM = "photo_id IN (SELECT value FROM json_each(?))"
_FORGET = (
    f"""DELETE FROM region_readings
        WHERE reading_id IN (SELECT id FROM readings WHERE {_OF_THEM})""",  # noqa: S608
    *(f"DELETE FROM {t} WHERE {_OF_THEM}" for t in ("readings", "trial_readings", "sides_answers")),  # noqa: S608
    "DELETE FROM photos WHERE id IN (SELECT value FROM json_each(?))",
)


def _photo(row: dict[str, Any]) -> EarlyPhoto:
    return read_row(EarlyPhoto, row)
