"""Say something in a patient's conversation; the other side gets a neutral mail."""

from dataclasses import dataclass
from datetime import datetime
from typing import overload

from sqlite_utils import Database

from analysis import decode_photo, encode_photo
from analysis.errors import Unmeasurable
from tracker.alert_life import Refused, ShownAlert, refusal, seen
from tracker.conversation import Draft, Remark
from tracker.messages import remark_mail
from tracker.people import Person, in_turn
from tracker.photo_files import PhotoFiles, Picture
from tracker.storage import absences, alert_history, alerts, conversation, messages, people
from tracker.storage.columns import new_id
from tracker.storage.connection import IntegrityError, writing


@dataclass(frozen=True, slots=True)
class Said:
    """The remark is kept, or was kept before when the same form came twice."""


@dataclass(frozen=True, slots=True)
class PhotoRefused:
    """The attached file is no photo that can be shown; nothing was kept."""

    fault: str


@dataclass(frozen=True, slots=True)
class InReply:
    """The alert that the remark is about, as its page showed it; None when the form does not say.

    `marks_seen` tells that the author has seen the alert, by the same step.
    """

    alert_id: str
    shown: ShownAlert | None
    marks_seen: bool


@overload
def add_remark(
    db: Database, files: PhotoFiles, author: Person, patient_id: str, draft: Draft, now: datetime
) -> Said | PhotoRefused: ...


@overload
def add_remark(
    db: Database,
    files: PhotoFiles,
    author: Person,
    patient_id: str,
    draft: Draft,
    now: datetime,
    *,
    in_reply: InReply,
) -> Said | PhotoRefused | Refused: ...


def add_remark(
    db: Database,
    files: PhotoFiles,
    author: Person,
    patient_id: str,
    draft: Draft,
    now: datetime,
    *,
    in_reply: InReply | None = None,
) -> Said | PhotoRefused | Refused:
    """Keep the remark, its photo and the mails about it; one mail until the other side has read.

    The photo is decoded and encoded again, so that nothing but its pixels is kept. What is written
    about an alert goes only while the alert is as it was shown.
    """
    if conversation.is_known(db, author.id, draft.key):
        return Said()
    has_photo = draft.photo is not None
    remark = Remark(new_id(), patient_id, author.id, author.name, now, draft.text, has_photo)
    if draft.photo is not None:
        try:
            shown = encode_photo(decode_photo(draft.photo))
        except Unmeasurable as verdict:
            return PhotoRefused(str(verdict.fault))
        files.save(remark.id, Picture.PHOTO, shown)
    try:
        with writing(db):
            if in_reply is not None and (refused := _answered(db, in_reply, author, now)):
                files.delete(remark.id)
                return refused
            for reader in _to_be_told(db, remark):
                messages.insert(db, remark_mail(remark, reader, now))
            conversation.insert(db, remark, draft.key)
    except IntegrityError:  # the same form, sent twice at once: the other request was faster
        files.delete(remark.id)
        if not conversation.is_known(db, author.id, draft.key):
            raise
    return Said()


def _answered(db: Database, reply: InReply, author: Person, now: datetime) -> Refused | None:
    """Note that the author has seen the alert, where that is wished and the alert allows it."""
    alert = alerts.get(db, reply.alert_id)
    if alert is None:
        return None
    history = alert_history.of_alert(db, alert.id)
    refused = refusal(alert, history, reply.shown, author.id, needs_reading=reply.marks_seen)
    if refused is None and reply.marks_seen:
        alerts.move(db, seen(alert, author.id, now))
    return refused


def _to_be_told(db: Database, remark: Remark) -> list[Person]:
    """Nobody who has something unread already: one mail is enough to come and look."""
    if remark.is_from_patient:
        if conversation.unread_by_clinic(db, remark.patient_id):
            return []
        return in_turn(absences.caring_on_duty(db, remark.patient_id, remark.at), asked=0)
    patient = people.get(db, remark.patient_id)
    if patient is None or conversation.unread_by_patient(db, patient.id):
        return []
    return [patient]
