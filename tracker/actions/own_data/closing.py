"""Close an account; erase it when the law allows."""

import logging
from collections.abc import Set
from datetime import datetime, timedelta
from pathlib import Path

from sqlite_utils import Database

from tracker.domain.clinic.audit import Act, Entry
from tracker.domain.clinic.health import SignOfLife
from tracker.domain.own_data.consents import Consent, Decision, Purpose, is_given
from tracker.domain.own_data.erasures import Erasure, erasure_asked
from tracker.domain.people.tokens import KEPT_FOR
from tracker.storage.clinic import audit_log, health
from tracker.storage.connection import writing
from tracker.storage.course import early_photos, photos
from tracker.storage.mail import mails
from tracker.storage.own_data import consents, erasures, records, rows
from tracker.storage.people import people, tokens
from tracker.storage.talk import conversation
from tracker.wires.mail import forget
from tracker.wires.passphrases import fits
from tracker.wires.photo_files import PhotoFiles
from tracker.wires.upload_parts import UploadParts

SWEPT_EVERY = timedelta(hours=1)  # the whole store is listed
BROKEN_OFF_AFTER = timedelta(hours=6)  # a record of 10,000 photos is taken in within minutes

log = logging.getLogger(__name__)


def close_account(
    db: Database, patient_id: str, passphrase: str, keep_years: int, now: datetime
) -> Erasure | None:
    """End sign-in, care and mail at once, and leave the erasure to the worker.

    None when the passphrase is wrong. From now on no one sees photos and answers.
    """
    if not fits(people.passphrase_hash(db, patient_id), passphrase):
        with writing(db):
            failed = Entry(Act.SIGN_IN_FAILED, now, about=patient_id, details="to close an account")
            audit_log.add(db, failed)
        return None
    erasure = erasure_asked(patient_id, keep_years, now)
    with writing(db):
        if is_given(consents.of_patient(db, patient_id), Purpose.CARE):
            consents.insert(db, patient_id, Consent(Purpose.CARE, Decision.WITHDRAWN, now))
        mails.withdraw_all_to(db, patient_id, now)
        people.close(db, patient_id)
        erasures.insert(db, erasure)
        audit_log.add(db, Entry(Act.ACCOUNT_CLOSED, now, patient_id, patient_id))
    return erasure


def erase_accounts(
    db: Database, files: PhotoFiles, parts: UploadParts, outbox: Path, now: datetime
) -> list[Erasure]:
    """Return the erasures that are complete; one that fails holds up no other.

    Once an hour, and when an account was erased, files without a row and the parts of uploads that
    did not go on are deleted as well. Raises TooManyStrays, and deletes none of the files, when the
    database looks older than the photos.
    """
    done = []
    for erasure in erasures.due(db, now):
        try:
            if _erase(db, files, parts, outbox, erasure.patient_id, now):
                done.append(erasure)
        except Exception:  # storage that is unreachable comes back; the others need not wait
            log.exception("an account could not be erased; will try again")
    last = health.latest_signs(db).get(SignOfLife.SWEPT)
    if done or last is None or abs(now - last) >= SWEPT_EVERY:
        parts.sweep(now)
        _sweep(db, files, now)
    return done


def _sweep(db: Database, files: PhotoFiles, now: datetime) -> None:
    """A file whose upload may still be under way is left for the next time."""
    with writing(db):
        broken_off = records.break_off(db, now - BROKEN_OFF_AFTER)
        tokens.forget_answers_before(db, now - KEPT_FOR)
    if broken_off:
        for each in broken_off:
            files.delete(each)
        log.warning("deleted %d photos of a record that was not taken in", len(broken_off))
        with writing(db):
            records.end_files(db, records.BROKEN)

    def unknown(ids: Set[str]) -> Set[str]:
        strays = photos.unknown_ids(db, ids) & conversation.unknown_ids(db, ids)
        return strays - records.under_way(db, strays)

    strays = files.sweep(unknown, now, lambda: writing(db))
    if strays:
        log.warning("deleted the files of %d photos that have no row", len(strays))
    with writing(db):
        health.leave_sign(db, SignOfLife.SWEPT, now)


def _erase(
    db: Database,
    files: PhotoFiles,
    parts: UploadParts,
    outbox: Path,
    patient_id: str,
    now: datetime,
) -> bool:
    """False when it must wait: for a photo that is being measured, or a reader of the log."""
    if photos.is_any_claimed(db, patient_id, now):
        return False
    with_files = [photo.id for photo in photos.of_patient(db, patient_id)]
    with_files += [photo.id for photo in early_photos.of_patient(db, patient_id)]
    with_files += [message.id for message in conversation.of_patient(db, patient_id)]
    for each in with_files:
        files.delete(each)
    parts.forget(patient_id)
    forget(outbox, [mail.id for mail in mails.of_recipient(db, patient_id)])
    with writing(db):
        mails.forget_alerts_of(db, patient_id)
        tokens.forget_answers_about(db, patient_id)
        rows.erase_rows(db, patient_id)
    if not erasures.wipe_log(db):
        return False
    with writing(db):
        erasures.finish(db, patient_id, now)
        audit_log.add(db, Entry(Act.ACCOUNT_ERASED, now, about=patient_id))
    return True
