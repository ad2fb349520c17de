"""The conversation between a patient and the clinic."""

from dataclasses import dataclass
from datetime import datetime
from typing import overload

from sqlite_utils import Database

from analysis import decode_photo, encode_photo
from analysis.errors import Unmeasurable
from tracker.domain.alerts.alert_life import Refused, ShownAlert, refusal, seen
from tracker.domain.mail.mails import remark_mail
from tracker.domain.people.people import Person, in_turn
from tracker.domain.talk.conversation import Draft, Remark
from tracker.storage.alerts import alert_history, alerts
from tracker.storage.columns import new_id
from tracker.storage.connection import IntegrityError, writing
from tracker.storage.mail import mails
from tracker.storage.people import absences, people
from tracker.storage.talk import conversation
from tracker.wires.photo_files import PhotoFiles, PhotoMissing, Picture


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

    `marks_seen` means that the author marks the alert as seen in the same step.
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

    The photo is decoded and encoded again, so that nothing but its pixels is kept. A remark about
    an alert is kept only while the alert is as it was shown.
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
                mails.insert(db, remark_mail(remark, reader, now))
            conversation.insert(db, remark, draft.key)
    except IntegrityError:  # the same form, sent twice at once: the other request was faster
        files.delete(remark.id)
        if not conversation.is_known(db, author.id, draft.key):
            raise
    return Said()


def _answered(db: Database, reply: InReply, author: Person, now: datetime) -> Refused | None:
    """Record that the author has seen the alert, if requested and the alert allows it."""
    alert = alerts.get(db, reply.alert_id)
    if alert is None:
        return None
    history = alert_history.of_alert(db, alert.id)
    refused = refusal(alert, history, reply.shown, author.id, needs_reading=reply.marks_seen)
    if refused is None and reply.marks_seen:
        alerts.move(db, seen(alert, author.id, now))
    return refused


def _to_be_told(db: Database, remark: Remark) -> list[Person]:
    """People who have something unread already are left out: one mail is enough."""
    if remark.is_from_patient:
        if conversation.unread_by_clinic(db, remark.patient_id):
            return []
        return in_turn(absences.caring_on_duty(db, remark.patient_id, remark.at), asked=0)
    patient = people.get(db, remark.patient_id)
    if patient is None or conversation.unread_by_patient(db, patient.id):
        return []
    return [patient]


@dataclass(frozen=True, slots=True)
class Conversation:
    """The remarks oldest first, in their state before they were read just now."""

    patient: Person
    care_team: tuple[Person, ...]
    remarks: tuple[Remark, ...]


def open_conversation(
    db: Database, patient_id: str, reader_id: str, now: datetime
) -> Conversation | None:
    """The conversation, or None when there is no such patient."""
    patient = people.get(db, patient_id)
    if patient is None:
        return None
    remarks = tuple(conversation.of_patient(db, patient_id))
    if any(remark.waits_for(reader_id) for remark in remarks):
        with writing(db):
            conversation.mark_read(db, patient_id, reader_id, now)
    team = tuple(person for person, _ in absences.caring_on_duty(db, patient_id, now))
    return Conversation(patient, team, remarks)


def show_remark_photo(db: Database, files: PhotoFiles, patient_id: str, remark_id: str) -> bytes:
    """The encoded photo; PhotoMissing when it is not there or not in this conversation."""
    if remark_id not in {remark.id for remark in conversation.of_patient(db, patient_id)}:
        raise PhotoMissing(f"remark {remark_id} is not in this conversation")
    return files.load(remark_id, Picture.PHOTO)
