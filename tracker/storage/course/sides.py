"""What was said about left and right in photos from before; rows are added and never changed."""

from dataclasses import replace
from typing import Any

from sqlite_utils import Database

from tracker.domain.alerts.alert_life import relabelled
from tracker.domain.clinic.audit import Act, Entry
from tracker.domain.course.photos import Photo
from tracker.domain.course.sides import Said, SidesAnswer, sides_after, what_was_said, words_of
from tracker.storage.alerts import alerts
from tracker.storage.clinic import audit_log
from tracker.storage.columns import read_row, row_of
from tracker.storage.course import photos
from tracker.storage.mail import mails


def of_photo(db: Database, photo_id: str) -> list[SidesAnswer]:
    """The answers about one photo in the order they came."""
    sql = "SELECT * FROM sides_answers WHERE photo_id = ? ORDER BY id"
    return [_answer(row) for row in db.query(sql, [photo_id])]


def of_reference(db: Database, treatment_id: str) -> list[SidesAnswer]:
    """The answers about the photo that the others of a treatment are compared with."""
    reference = photos.baseline(db, treatment_id)
    return of_photo(db, reference.id) if reference else []


def record(db: Database, photo: Photo, answer: SidesAnswer) -> int:
    """Keep an answer about the reference of a course; how many photos wait to be measured again.

    If left and right are exchanged by it, the whole course is measured again, because the treated
    areas lie on the other side, too. Its alerts are relabelled at once: until then they would name
    the wrong cheek.
    """
    db.table("sides_answers").insert(row_of(answer))
    if answer.said is Said.LATER:
        return 0
    if answer.person_id is not None:
        told = what_was_said(answer.said)
        about = Entry(Act.SIDES_SAID, answer.at, answer.person_id, photo.patient_id, told)
        audit_log.add(db, about)
    after = replace(photo, sides=sides_after(photo, answer.said))
    photos.set_sides(db, photo.id, after.sides)
    if after.is_mirrored is photo.is_mirrored:
        return 0
    _relabel_alerts(db, photo.treatment_id, answer)
    return photos.measure_again(db, photo.treatment_id)


def _relabel_alerts(db: Database, treatment_id: str, answer: SidesAnswer) -> None:
    """Of each concern only the latest alert: an earlier one was judged by a person since."""
    latest = {alert.concern: alert for alert in alerts.of_treatment(db, treatment_id)}
    for alert in latest.values():
        moved = relabelled(alert, answer.person_id, words_of(answer), answer.at)
        alerts.move(db, moved)
        if moved.transition is not None and moved.alert.needs_answer:
            mails.insert_urgent(db, moved.alert, answer.at)


def _answer(row: dict[str, Any]) -> SidesAnswer:
    return read_row(SidesAnswer, row)
