"""Pictures of a course, who opened them, and the data for the camera page and the printer."""

from dataclasses import asdict
from datetime import datetime
from pathlib import Path

from sqlite_utils import Database

from analysis import card_markers, draw_card, framing_cascade
from analysis.card.sheet import Paper, draw_card_pdf
from tracker.domain.clinic.audit import SAME_LOOK, Act, Entry
from tracker.domain.course.photos import EarlyPhoto, FileFault, Photo
from tracker.domain.own_data.looks import is_same_look
from tracker.storage.alerts import alerts
from tracker.storage.clinic import audit_log
from tracker.storage.connection import writing
from tracker.storage.course import early_photos, photos
from tracker.storage.own_data import looks
from tracker.wires.photo_files import PhotoDamaged, PhotoFiles, PhotoMissing, Picture


def show_picture(
    db: Database,
    files: PhotoFiles,
    viewer_id: str,
    patient_id: str,
    photo_id: str,
    picture: Picture,
    now: datetime,
    *,
    is_large: bool = False,
    is_ahead: bool = False,
) -> bytes:
    """The encoded picture; PhotoMissing when it is missing or not this patient's.

    The look is recorded before the picture is handed out. If it cannot be recorded, no picture is
    shown. Once a person of the clinic has opened the photo itself, or a picture that the page shows
    large (`is_large`), the photo is not new any more; a small picture leaves it new, and so does a
    browser that fetches it ahead of any person (`is_ahead`). A photo that proves damaged counts as
    such on the work list and in health, until it can be read again.
    """
    photo = photos.get(db, photo_id)
    if photo is None:
        return _early_picture(
            db, files, viewer_id, patient_id, photo_id, picture, now, is_ahead=is_ahead
        )
    if photo.patient_id != patient_id:
        raise PhotoMissing(_NOT_THEIRS.format(photo_id))
    try:
        data = files.load(photo_id, picture)
    except PhotoDamaged:
        if picture is Picture.PHOTO and photo.file_fault is None:
            with writing(db):
                photos.record_file_fault(db, photo, FileFault.DAMAGED)
        raise
    if picture is Picture.PHOTO and photo.file_fault is not None:
        with writing(db):
            photos.record_file_fault(db, photo, None)
    if viewer_id != patient_id:
        is_opened = (is_large or picture is Picture.PHOTO) and not is_ahead
        _record_look(db, photo, viewer_id, now, is_large=is_opened)
    return data


_NOT_THEIRS = "photo {} is not this patient's"


def _early_picture(
    db: Database,
    files: PhotoFiles,
    viewer_id: str,
    patient_id: str,
    photo_id: str,
    picture: Picture,
    now: datetime,
    *,
    is_ahead: bool,
) -> bytes:
    """The picture of a photo that waits for a treatment; there is no small one."""
    early = early_photos.get(db, photo_id)
    if early is None or early.patient_id != patient_id:
        raise PhotoMissing(_NOT_THEIRS.format(photo_id))
    data = files.load(photo_id, picture)
    if viewer_id != patient_id:
        _record_look(db, early, viewer_id, now, is_large=not is_ahead)
    return data


def _record_look(
    db: Database, photo: Photo | EarlyPhoto, viewer_id: str, now: datetime, *, is_large: bool
) -> None:
    """Write only what is new: a page of a dozen pictures is opened again and again."""
    is_known = is_same_look(looks.last_at(db, photo, viewer_id), now)
    is_seen = not is_large or looks.is_seen(db, photo)
    if is_known and is_seen:
        return
    with writing(db):
        if not is_known:
            looks.record(db, photo, viewer_id, now)
        if not is_seen:
            looks.mark_seen(db, photo, now)


def record_opening(
    db: Database, by: str, now: datetime, *, patient_id: str | None, alert_id: str | None = None
) -> None:
    """Add it to the audit log; within a few minutes it is the same opening and costs no write.

    With `alert_id` the patient is the one whom that alert is about.
    """
    if alert_id is not None:
        alert = alerts.get(db, alert_id)
        patient_id = alert.patient_id if alert else None
    entry = Entry(Act.PATIENT_OPENED, now, by, patient_id)
    if audit_log.is_recorded(db, entry, now - SAME_LOOK):
        return
    with writing(db):
        if not audit_log.is_recorded(db, entry, now - SAME_LOOK):
            audit_log.add(db, entry)


def show_framing_cascade() -> dict[str, object]:
    """The cascade as plain numbers, see `analysis.face.framing`, and the markers of the card."""
    return {**asdict(framing_cascade()), "card_markers": card_markers()}


def show_card(paper: str) -> bytes | None:
    """The card's page as PDF for a size of paper (`a4`, `letter`); None for another."""
    return draw_card_pdf(Paper(paper)) if paper in set(Paper) else None


def print_card(paper: Paper, folder: Path) -> tuple[Path, Path]:
    """Write the card's page as PDF and PNG into a folder, created if missing; both paths."""
    sheet = draw_card(paper)
    folder.mkdir(parents=True, exist_ok=True)
    pdf, png = (folder / f"afterglow-card-{paper}.{kind}" for kind in ("pdf", "png"))
    pdf.write_bytes(sheet.pdf)
    png.write_bytes(sheet.png)
    return pdf, png
