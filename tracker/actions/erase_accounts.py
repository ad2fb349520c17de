"""Erase the closed accounts whose time has come: photo files, mails in the outbox, and rows.

The tombstone is struck off last, so that whatever breaks off is begun again; every step may be
taken twice.
"""

import logging
from datetime import datetime
from pathlib import Path

from sqlite_utils import Database

from tracker.erasures import Erasure
from tracker.mail import forget
from tracker.photo_files import PhotoFiles
from tracker.storage import conversation, erasures, messages, photos
from tracker.storage.connection import writing

log = logging.getLogger(__name__)


def erase_accounts(db: Database, files: PhotoFiles, outbox: Path, now: datetime) -> list[Erasure]:
    """Return the erasures of which nothing is left; one that breaks off holds up no other."""
    done = []
    for erasure in erasures.due(db, now):
        try:
            if _erase(db, files, outbox, erasure.patient_id, now):
                done.append(erasure)
        except Exception:  # a store that is away comes back; the others need not wait for it
            log.exception("an account could not be erased; will try again")
    return done


def _erase(db: Database, files: PhotoFiles, outbox: Path, patient_id: str, now: datetime) -> bool:
    """False when it must wait: for a photo that is being measured, or a reader of the log."""
    if photos.is_any_claimed(db, patient_id, now):
        return False
    with_files = [photo.id for photo in photos.of_patient(db, patient_id)]
    with_files += [remark.id for remark in conversation.of_patient(db, patient_id)]
    for each in with_files:
        files.delete(each)
    forget(outbox, [message.id for message in messages.of_recipient(db, patient_id)])
    with writing(db):
        messages.forget_alerts_of(db, patient_id)
        erasures.erase_rows(db, patient_id)
    if not erasures.wipe_log(db):
        return False
    with writing(db):
        erasures.finish(db, patient_id, now)
    return True
