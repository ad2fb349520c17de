"""Receive a photo while the patient still holds the phone."""

import hashlib
import logging
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlite_utils import Database

from analysis import (
    VERSION,
    KnownPhotos,
    decode_photo,
    judge_photo,
    to_stored_form,
    turn_stored_form,
)
from analysis.errors import Fault, Unmeasurable
from analysis.face.faces import FindFace, find_face
from analysis.images import SrgbImage, turn_photo
from analysis.quality import Quality
from analysis.stored_form import StoredForm
from tracker.domain.course.photo_times import CLOCK_TOLERANCE, TimeFault, judge_time
from tracker.domain.course.photos import (
    FAILED,
    EarlyPhoto,
    Photo,
    PhotoRole,
    Sides,
    Upload,
    View,
)
from tracker.domain.course.treatments import Treatment
from tracker.domain.own_data.consents import CareWithdrawn
from tracker.domain.people.people import Person
from tracker.storage.columns import new_id
from tracker.storage.connection import IntegrityError, writing
from tracker.storage.course import early_photos, photos, treatments
from tracker.storage.own_data import consents
from tracker.storage.people import people
from tracker.wires.compute import recalling
from tracker.wires.photo_files import (
    HANDED_ON,
    PhotoFiles,
    PhotoUnreadable,
    Picture,
    deleted_without_row,
)
from tracker.wires.processes import Apart, Busy, here

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Accepted:
    """The photo is kept and waits to be measured."""

    photo: Photo


@dataclass(frozen=True, slots=True)
class AlreadyReceived:
    """Exactly this photo arrived before; nothing was stored twice."""

    photo: Photo


@dataclass(frozen=True, slots=True)
class Early:
    """The photo is kept until a treatment is entered; `already` if it had come before."""

    photo: EarlyPhoto
    already: bool = False


@dataclass(frozen=True, slots=True)
class Refused:
    """The photo was not kept; each fault has one name and one remedy."""

    faults: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NoTreatment:
    """There is no treatment that the photo could belong to, and no clinic that will enter one."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """What the pixels of an accepted upload say, the form in which they are stored, and what was
    computed on the way and need not be computed again."""

    taken_at: datetime
    warnings: tuple[str, ...]
    sides: Sides
    is_selfie: bool
    stored_form: bytes
    known: bytes
    handed_on: bytes


@dataclass(frozen=True, slots=True)
class Before:
    """The file of the photo from before, and what was computed of it."""

    data: bytes
    known: bytes = b""


def receive_photo(
    db: Database,
    files: PhotoFiles,
    patient_id: str,
    upload: Upload,
    now: datetime,
    find: FindFace = find_face,
    apart: Apart = here,
) -> Accepted | AlreadyReceived | Early | Refused | NoTreatment | CareWithdrawn:
    """Judge an upload and keep it if it can be measured.

    A patient of a clinic may send photos before the treatment is entered; they are kept for it.

    If the photo from before cannot be read at the moment, the upload is judged by itself and waits.
    Its file is stored before its row. If the row cannot be stored, the file is deleted; after a
    crash between the two it is deleted later. Raises Busy when that happened too early.
    """
    belongs_to = _belongs_to(db, patient_id, upload.role, now)
    if isinstance(belongs_to, NoTreatment | CareWithdrawn):
        return belongs_to
    patient, treatment = belongs_to
    digest = hashlib.sha256(upload.data).hexdigest()
    if treatment is None:
        return _receive_early(db, files, patient, upload, digest, now, find, apart)
    known = photos.by_digest(db, treatment.id, digest)
    if known is not None:
        return _sent_again(db, files, known, upload, find, apart)
    before = _before(db, files, treatment)
    seen = _judged(upload, before, treatment.performed_at, patient.zone, now, find, apart)
    if isinstance(seen, Refused):
        return seen
    photo = _kept(patient, upload, seen, now).as_photo(treatment.id, upload.role)
    try:
        with deleted_without_row(files, photo.id, lambda: photos.get(db, photo.id)):
            _save(files, photo.id, seen)
            with writing(db):
                _insert(db, files, photo, digest)
    except IntegrityError:  # the same bytes, sent twice at once: the other request was faster
        first = photos.by_digest(db, treatment.id, digest)
        if first is None:
            raise
        return AlreadyReceived(first)
    return Accepted(photo)


def _receive_early(
    db: Database,
    files: PhotoFiles,
    patient: Person,
    upload: Upload,
    digest: str,
    now: datetime,
    find: FindFace,
    apart: Apart,
) -> Early | Refused:
    """Judge a photo by itself, and keep it for the treatment; its time decides what it is then."""
    known = early_photos.by_digest(db, patient.id, digest)
    if known is not None:
        if files.opens(f"{known.id}/{Picture.PHOTO}"):
            return Early(known, already=True)
        return _restored(files, known, upload, find, apart) or Early(known)
    upload, still_to_come = replace(upload, role=PhotoRole.BASELINE), now + CLOCK_TOLERANCE
    seen = _judged(upload, None, still_to_come, patient.zone, now, find, apart)
    if isinstance(seen, Refused):
        return seen
    photo = _kept(patient, upload, seen, now)

    def row() -> object:
        return early_photos.get(db, photo.id) or photos.get(db, photo.id)

    try:
        with deleted_without_row(files, photo.id, row):
            _save(files, photo.id, seen)
            with writing(db):
                early_photos.insert(db, photo, digest)
                if not files.is_whole(photo.id):
                    raise Busy("its file was swept away meanwhile")
                entered = treatments.current(db, patient.id, now)
                if entered is not None:  # while the photo was judged
                    early_photos.move_to(db, entered)
    except IntegrityError:  # the same bytes, sent twice at once: the other request was faster
        first = early_photos.by_digest(db, patient.id, digest)
        if first is None:
            raise
        return Early(first, already=True)
    return Early(photo)


def _kept(patient: Person, upload: Upload, seen: _Seen, now: datetime) -> EarlyPhoto:
    return EarlyPhoto(
        id=new_id(),
        patient_id=patient.id,
        taken_at=seen.taken_at,
        received_at=now,
        skin_state=upload.skin_state,
        view=upload.view,
        sides=seen.sides,
        is_selfie=seen.is_selfie,
        is_dated=upload.is_fresh or upload.is_just_now or upload.taken_at is not None,
        warnings=seen.warnings,
    )


def _judged(
    upload: Upload,
    before: Before | None,
    performed_at: datetime,
    zone: ZoneInfo,
    now: datetime,
    find: FindFace,
    apart: Apart,
) -> _Seen | Refused:
    """What the process that touches the pixels of strangers says about them."""
    try:
        return apart(_look, upload, before, performed_at, zone, now, find)
    except Unmeasurable as verdict:
        return Refused((str(verdict.fault),))


def _save(files: PhotoFiles, photo_id: str, seen: _Seen) -> None:
    """The photo, and what need not be computed again if there is space for it."""
    files.save(photo_id, Picture.PHOTO, seen.stored_form)
    if seen.known:
        files.save_known(photo_id, seen.known)
    if seen.handed_on:
        files.save_known(photo_id, seen.handed_on, HANDED_ON)


def _insert(db: Database, files: PhotoFiles, photo: Photo, digest: str) -> None:
    """Within a transaction. Raises Busy, IntegrityError."""
    baseline = photos.baseline(db, photo.treatment_id)
    photos.insert(db, photo, digest)
    early_photos.forget(db, photo.patient_id, digest)
    if not files.is_whole(photo.id):
        raise Busy("its file was swept away meanwhile")
    after = photos.baseline(db, photo.treatment_id)
    if baseline and after and baseline.id != after.id:  # the one before has lost its file
        photos.measure_again(db, photo.treatment_id)


def _sent_again(
    db: Database, files: PhotoFiles, known: Photo, upload: Upload, find: FindFace, apart: Apart
) -> Accepted | AlreadyReceived | Refused:
    """The same bytes sent again repair a fault here: a lost file, or a photo that was given up."""
    is_lost = known.file_fault is not None or not files.opens(f"{known.id}/{Picture.PHOTO}")
    if not is_lost and FAILED not in known.faults:
        return AlreadyReceived(known)
    if is_lost and (refused := _restored(files, known, upload, find, apart)) is not None:
        return refused
    with writing(db):
        photos.record_file_fault(db, known, None)
        photos.try_again(db, known.treatment_id)
    return Accepted(photos.get(db, known.id) or known)


def _restored(
    files: PhotoFiles, known: Photo | EarlyPhoto, upload: Upload, find: FindFace, apart: Apart
) -> Refused | None:
    """Put a lost file back from the same bytes; None where that went well."""
    try:
        stored_form = apart(_repaired, upload, known, find)
    except Unmeasurable as verdict:
        return Refused((str(verdict.fault),))
    files.save(known.id, Picture.PHOTO, stored_form)
    return None


def _repaired(upload: Upload, known: Photo | EarlyPhoto, find: FindFace) -> bytes:
    """The form in which the photo was stored before its file was lost. Raises Unmeasurable.

    Photos that came before sides were looked for were not turned; they are not sure.
    """
    form = to_stored_form(upload.data)
    is_front, once = known.view is View.FRONT, KnownPhotos(find)
    image = once.open(form.data) if is_front else decode_photo(form.data)
    quarters, is_mirrored = 0, False
    if is_front:
        image, quarters, _ = _upright(image, form, None, once)
    if known.sides is Sides.SURE:
        _, is_mirrored = _sides(image, replace(upload, view=known.view), once)
    return turn_stored_form(form.data, quarters, is_mirrored=is_mirrored)


def _belongs_to(
    db: Database, patient_id: str, role: PhotoRole, now: datetime
) -> tuple[Person, Treatment | None] | NoTreatment | CareWithdrawn:
    """The treatment is None while a clinic cares for the patient and has not entered one."""
    patient, treatment = people.get(db, patient_id), treatments.for_photo(db, patient_id, role, now)
    if patient is None or (treatment is None and not people.practitioners_of(db, patient_id)):
        return NoTreatment()
    if consents.care_withdrawn_at(db, patient_id) is not None:
        return CareWithdrawn()
    return patient, treatment


def _before(db: Database, files: PhotoFiles, treatment: Treatment) -> Before | None:
    """The photo to compare with; None when there is none, or it cannot be read at the moment."""
    baseline = photos.baseline(db, treatment.id)
    if baseline is None:
        return None
    try:
        return Before(files.load(baseline.id, Picture.PHOTO), files.known(baseline.id))
    except PhotoUnreadable as error:
        log.error("the file of photo %s is %s", baseline.id, error.fault)  # noqa: TRY400 (no trace)
        with writing(db):
            photos.record_file_fault(db, baseline, error.fault)
    except OSError as error:
        log.warning("photo %s cannot be read: %s", baseline.id, type(error).__name__)
    return None


def _look(
    upload: Upload,
    baseline: Before | None,
    performed_at: datetime,
    zone: ZoneInfo,
    now: datetime,
    find: FindFace,
) -> _Seen | Refused:
    """Judge the upload by its pixels, without database and files. Raises Unmeasurable."""
    form = to_stored_form(upload.data)
    taken_at = judge_time(upload, form.captured_at, performed_at, zone, now)
    if isinstance(taken_at, TimeFault):
        return Refused((str(taken_at),))
    is_front = upload.view is View.FRONT
    once = recalling(find, [(baseline.data, [baseline.known])] if baseline else [])
    before, quarters = None, 0
    image = once.open(form.data) if is_front else decode_photo(form.data)
    warnings = tuple(sorted(str(lost) for lost in form.lost))
    if is_front:
        before = _decoded(baseline, once)
        image, quarters, quality = _upright(image, form, before, once)
        if quality.faults:
            return Refused(tuple(str(fault) for fault in quality.faults))
        warnings += tuple(str(fault) for fault in quality.warnings)
    sides, is_mirrored = _sides(image, upload, once)
    stored = turn_stored_form(form.data, quarters, is_mirrored=is_mirrored)
    known = handed_on = b""
    if before and stored == form.data:
        known = once.tell(image, VERSION, against=before)
        handed_on = once.hand_on(image, VERSION, against=before)
    return _Seen(taken_at, warnings, sides, form.is_selfie, stored, known, handed_on)


def _decoded(baseline: Before | None, once: KnownPhotos) -> SrgbImage | None:
    """None when there is no photo from before, or it cannot be read any more."""
    try:
        return once.open(baseline.data, is_whole=True) if baseline is not None else None
    except Unmeasurable as error:
        log.warning("a photo from before cannot be read: %s", error.fault)
        return None


def _upright(
    image: SrgbImage, form: StoredForm, before: SrgbImage | None, find: FindFace
) -> tuple[SrgbImage, int, Quality]:
    """The photo, by how many quarters it was turned, and the verdict.

    The face decides which way is up where the file does not say.
    """
    quality = _quality(image, before, find)
    if form.is_turn_known or Fault.NO_FACE not in quality.faults:
        return image, 0, quality
    for quarters in (1, 3, 2):
        turned = turn_photo(image, quarters)
        verdict = _quality(turned, before, find)
        if Fault.NO_FACE not in verdict.faults:
            return turned, quarters, verdict
    return image, 0, quality


def _sides(image: SrgbImage, upload: Upload, known: KnownPhotos) -> tuple[Sides, bool]:
    """Whether the sides of the face are sure, and whether the photo is a mirror image.

    The card cannot lie about it. A later photo is laid onto the one from before, mirrored or not.
    Where its own sides are sure, they tell which way round the one from before is.
    """
    if upload.view is not View.FRONT:
        return Sides.UNKNOWN, False
    card = known.card(image)
    return (upload.sides, False) if card.is_mirrored is None else (Sides.SURE, card.is_mirrored)


def _quality(image: SrgbImage, before: SrgbImage | None, find: FindFace) -> Quality:
    """The gate's verdict; by the photo alone if no face is found any more in the one before."""
    try:
        return judge_photo(image, before, find)
    except Unmeasurable:
        return judge_photo(image, None, find)
