"""Pictures of a course, who opened them, copies for teaching; what camera page and printer need."""

from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from sqlite_utils import Database

from analysis import (
    card_markers,
    decode_photo,
    draw_card,
    encode_photo,
    framing_cascade,
    mask_eyes,
)
from analysis.card.sheet import Paper, draw_card_pdf
from analysis.errors import Fault, Unmeasurable
from analysis.face.faces import FindFace
from tracker.domain.clinic.audit import SAME_LOOK, Act, Entry
from tracker.domain.course.photos import EarlyPhoto, FileFault, Photo, PhotoStatus, View
from tracker.domain.own_data.consents import Consent, Decision, Purpose, is_given
from tracker.domain.own_data.looks import is_same_look
from tracker.storage.alerts import alerts
from tracker.storage.clinic import audit_log
from tracker.storage.connection import writing
from tracker.storage.course import early_photos, photos
from tracker.storage.own_data import consents, looks
from tracker.wires.photo_files import PhotoDamaged, PhotoFiles, PhotoMissing, Picture
from tracker.wires.processes import Apart


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


@dataclass(frozen=True, slots=True)
class NotAllowed:
    """The patient does not allow this photo for teaching, or has withdrawn consent to care."""


@dataclass(frozen=True, slots=True)
class EyesUnsure:
    """Both eyes were not surely found, so no copy was made; `fault` says what is in the way."""

    fault: str


def copy_for_teaching(
    db: Database,
    files: PhotoFiles,
    patient_id: str,
    photo_id: str,
    by: str,
    now: datetime,
    find: FindFace,
    apart: Apart,
) -> bytes | NotAllowed | EyesUnsure:
    """The copy as a JPEG without any notes; PhotoMissing when the photo is not this patient's.

    Before it is handed out, the audit log has who took it and since when it is allowed, and the
    patient's list of looks who saw the photo.
    """
    photo = photos.get(db, photo_id)
    if photo is None or photo.patient_id != patient_id:
        raise PhotoMissing(_NOT_THEIRS.format(photo_id))
    if _allowed_since(db, patient_id, photo_id) is None:
        return NotAllowed()
    if photo.view is not View.FRONT or photo.status is not PhotoStatus.MEASURED:
        return EyesUnsure(Fault.TURNED_AWAY)  # only the gate knows that a face looks ahead
    try:
        data = apart(_masked, files.load(photo_id, Picture.PHOTO), find)
    except Unmeasurable as error:
        return EyesUnsure(str(error.fault))
    with writing(db):
        since = _allowed_since(db, patient_id, photo_id)
        if since is None:
            return NotAllowed()
        told = (
            f"a copy for teaching, eyes covered; allowed since {since:%Y-%m-%d}; photo {photo_id}"
        )
        audit_log.add(db, Entry(Act.DATA_EXPORTED, now, by, patient_id, told))
        looks.record(db, photo, by, now)
    return data


def _masked(photo: bytes, find: FindFace) -> bytes:
    return encode_photo(mask_eyes(decode_photo(photo), find))


def _allowed_since(db: Database, patient_id: str, photo_id: str) -> datetime | None:
    """When the patient allowed it last; None where it is not allowed."""
    decided = consents.of_patient(db, patient_id)
    if consents.care_withdrawn_at(db, patient_id) is not None:
        return None
    if not is_given(decided, Purpose.TEACHING, photo_id):
        return None
    return max(each.at for each in decided if _gives(each, photo_id))


def _gives(consent: Consent, photo_id: str) -> bool:
    is_teaching = consent.purpose is Purpose.TEACHING and consent.decision is Decision.GIVEN
    return is_teaching and consent.photo_id in {None, photo_id}


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
