"""The conversation between a patient and the clinic."""

from dataclasses import dataclass
from datetime import datetime
from typing import overload

from sqlite_utils import Database

from analysis.errors import Unmeasurable
from tracker.domain.alerts.alert_life import AnswerRefused, Seen, ShownAlert, refusal
from tracker.domain.alerts.promises import taken_on
from tracker.domain.clinic.audit import Act, Entry
from tracker.domain.course.treatments import Treatment
from tracker.domain.mail.mails import message_mail
from tracker.domain.people.people import Person, in_turn
from tracker.domain.talk.conversation import Draft, Message
from tracker.storage.alerts import alert_history, alerts
from tracker.storage.clinic import audit_log, clinic
from tracker.storage.columns import new_id
from tracker.storage.connection import IntegrityError, writing
from tracker.storage.course import treatments
from tracker.storage.mail import mails
from tracker.storage.people import absences, people
from tracker.storage.talk import conversation
from tracker.wires.compute import reencode_photo
from tracker.wires.photo_files import PhotoFiles, PhotoMissing, Picture, deleted_without_row
from tracker.wires.processes import Apart, Busy, here


@dataclass(frozen=True, slots=True)
class Said:
    """The message is kept, or was kept before when the same form came twice."""


@dataclass(frozen=True, slots=True)
class PhotoRefused:
    """The attached file is no photo that can be shown; nothing was kept."""

    fault: str


@dataclass(frozen=True, slots=True)
class InReply:
    """The alert that the message is about, as its page showed it; None when the form does not say.

    With `seen` the author marks the alert as seen in the same step.
    """

    alert_id: str
    shown: ShownAlert | None
    seen: Seen | None = None


@overload
def add_message(
    db: Database,
    files: PhotoFiles,
    author: Person,
    patient_id: str,
    draft: Draft,
    now: datetime,
    *,
    apart: Apart = here,
) -> Said | PhotoRefused: ...


@overload
def add_message(
    db: Database,
    files: PhotoFiles,
    author: Person,
    patient_id: str,
    draft: Draft,
    now: datetime,
    *,
    in_reply: InReply,
) -> Said | PhotoRefused | AnswerRefused: ...


def add_message(
    db: Database,
    files: PhotoFiles,
    author: Person,
    patient_id: str,
    draft: Draft,
    now: datetime,
    *,
    in_reply: InReply | None = None,
    apart: Apart = here,
) -> Said | PhotoRefused | AnswerRefused:
    """Keep the message, its photo and the mails about it; one mail until the other side has read.

    The photo is decoded and encoded again, so that nothing but its pixels is kept. A message about
    an alert is kept only while the alert is as it was shown.
    """
    if conversation.is_known(db, author.id, draft.key):
        return Said()
    has_photo = draft.photo is not None
    message = Message(new_id(), patient_id, author.id, author.name, now, draft.text, has_photo)
    shown = b""
    if draft.photo is not None:
        try:
            shown = apart(reencode_photo, draft.photo)
        except Unmeasurable as verdict:
            return PhotoRefused(str(verdict.fault))

    def row() -> bool:
        return not conversation.unknown_ids(db, {message.id})

    try:
        with deleted_without_row(files, message.id, row):
            if shown:
                files.save(message.id, Picture.PHOTO, shown)
            with writing(db):
                if in_reply is not None and (refused := _answered(db, in_reply, author, now)):
                    files.delete(message.id)
                    return refused
                _insert(db, message, draft.key)
                if has_photo and not files.is_whole(message.id):
                    raise Busy("its file was swept away meanwhile")
    except IntegrityError:  # the same form, sent twice at once: the other request was faster
        if not conversation.is_known(db, author.id, draft.key):
            raise
    return Said()


def _insert(db: Database, message: Message, key: str) -> None:
    """The message, the mails about it and its entry in the audit log, within a transaction."""
    for reader in _to_be_told(db, message):
        mails.insert(db, message_mail(message, reader, message.at))
    conversation.insert(db, message, key)
    told = Entry(
        Act.RECORD_CHANGED, message.at, message.author_id, message.patient_id, "message written"
    )
    audit_log.add(db, told)


def _answered(db: Database, reply: InReply, author: Person, now: datetime) -> AnswerRefused | None:
    """Record that the author has seen the alert, if requested and the alert allows it."""
    alert = alerts.get(db, reply.alert_id)
    if alert is None:
        return None
    history = alert_history.of_alert(db, alert.id)
    refused = refusal(alert, history, reply.shown, author.id, needs_reading=reply.seen is not None)
    if refused is None and reply.seen is not None:
        alerts.move(db, taken_on(alert, reply.seen, clinic.hours(db), author.id, now))
    return refused


def _to_be_told(db: Database, message: Message) -> list[Person]:
    """People who have something unread already are left out: one mail is enough."""
    if message.is_from_patient:
        if conversation.unread_by_clinic(db, message.patient_id):
            return []
        return in_turn(absences.caring_on_duty(db, message.patient_id, message.at), asked=0)
    patient = people.get(db, message.patient_id)
    if patient is None or conversation.unread_by_patient(db, patient.id):
        return []
    return [patient]


@dataclass(frozen=True, slots=True)
class Conversation:
    """The messages oldest first, in their state before they were read just now."""

    patient: Person
    treatment: Treatment | None
    care_team: tuple[Person, ...]
    messages: tuple[Message, ...]


def open_conversation(
    db: Database, patient_id: str, reader_id: str, now: datetime
) -> Conversation | None:
    """The conversation, or None when there is no such patient."""
    patient = people.get(db, patient_id)
    if patient is None:
        return None
    messages = tuple(conversation.of_patient(db, patient_id))
    if any(message.waits_for(reader_id) for message in messages):
        with writing(db):
            conversation.mark_read(db, patient_id, reader_id, now)
    team = tuple(person for person, _ in absences.caring_on_duty(db, patient_id, now))
    return Conversation(patient, treatments.current(db, patient_id, now), team, messages)


def show_message_photo(db: Database, files: PhotoFiles, patient_id: str, message_id: str) -> bytes:
    """The encoded photo; PhotoMissing when it is not there or not in this conversation."""
    if message_id not in {message.id for message in conversation.of_patient(db, patient_id)}:
        raise PhotoMissing(f"message {message_id} is not in this conversation")
    return files.load(message_id, Picture.PHOTO)


@dataclass(frozen=True, slots=True)
class Unread:
    """A patient whose `count` messages no one in the clinic has read; the oldest came `since`."""

    patient: Person
    count: int
    since: datetime


def show_unread(db: Database, patient_ids: frozenset[str]) -> tuple[Unread, ...]:
    """The patients among these who wait for a reader, the longest first."""
    found = conversation.with_unread(db, patient_ids)
    known = people.by_ids(db, {patient_id for patient_id, *_ in found})
    return tuple(Unread(known[patient_id], count, since) for patient_id, count, since in found)


def count_unread(db: Database, patient_ids: frozenset[str]) -> int:
    """How many of these patients have written what no one in the clinic has read."""
    return conversation.count_with_unread(db, patient_ids)
