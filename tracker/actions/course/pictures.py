"""Pictures of a course, who opened them, and the data for the camera page and the printer."""

from dataclasses import asdict
from datetime import datetime
from pathlib import Path

from sqlite_utils import Database

from analysis import draw_card, framing_cascade
from analysis.card.sheet import Paper, draw_card_pdf
from tracker.domain.clinic.audit import SAME_LOOK, Act, Entry
from tracker.domain.course.photos import FileFault
from tracker.domain.own_data.looks import is_same_look
from tracker.storage.alerts import alerts
from tracker.storage.clinic import audit_log
from tracker.storage.connection import writing
from tracker.storage.course import photos
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
) -> bytes:
    """The encoded picture; PhotoMissing when it is missing or not this patient's.

    The look is recorded before the picture is handed out. If it cannot be recorded, no picture is
    shown. A photo that proves damaged counts as such on the work list and in health, until it can
    be read again.
    """
    photo = photos.get(db, photo_id)
    if photo is None or photo.patient_id != patient_id:
        raise PhotoMissing(f"photo {photo_id} is not this patient's")
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
    if viewer_id != patient_id and not is_same_look(looks.last_at(db, photo, viewer_id), now):
        with writing(db):
            looks.record(db, photo, viewer_id, now)
    return data


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
    """The cascade as plain numbers; see `analysis.face.framing`."""
    return asdict(framing_cascade())


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
