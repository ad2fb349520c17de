"""Keep the daily answers, and pass on a call for help."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from zoneinfo import ZoneInfo

from sqlite_utils import Database

from tracker.domain.course.check_ins import CLOSE_ENOUGH, Answers, CheckIn, Queued
from tracker.domain.desk.telling_words import complaints_words
from tracker.domain.mail.mails import help_mail
from tracker.domain.own_data.consents import CareWithdrawn
from tracker.domain.people.people import Person, in_turn
from tracker.domain.protocols.protocols import Floor, Protocols
from tracker.domain.recovery.signs import day_heard, floors_of
from tracker.domain.talk.conversation import Message
from tracker.storage.columns import new_id
from tracker.storage.connection import DatabaseError, is_full, writing
from tracker.storage.course import check_ins, treatments
from tracker.storage.mail import mails
from tracker.storage.own_data import consents
from tracker.storage.people import absences, people
from tracker.storage.talk import conversation

DOUBLE_TAP = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Recorded:
    """The check-in is kept; `floors` are for the patient's next screen."""

    check_in: CheckIn
    floors: tuple[Floor, ...]


@dataclass(frozen=True, slots=True)
class NothingToAnswer:
    """There is no treatment that the answers could belong to."""


def record_check_in(
    db: Database,
    protocols: Protocols,
    patient_id: str,
    answers: Answers,
    now: datetime,
    queued: Queued | None = None,
    *,
    is_as_before: bool = False,
) -> Recorded | NothingToAnswer | CareWithdrawn:
    """Keep the answers given at `now`, or when they were `queued`; a repeat is kept once.

    `is_as_before` as in CheckIn.
    """
    at = queued.given_at(now) if queued else now
    treatment = treatments.for_answers(db, patient_id, at)
    if treatment is None:
        return NothingToAnswer()
    if consents.care_withdrawn_at(db, patient_id) is not None:
        return CareWithdrawn()
    is_off = queued is not None and abs(at - queued.made_at) > CLOSE_ENOUGH
    phone_at = queued.made_at if queued and is_off else None
    check_in = CheckIn(new_id(), treatment.id, patient_id, at, answers, now, phone_at, is_as_before)
    person = people.get(db, patient_id)
    day = day_heard(check_in, treatment, person.zone if person else ZoneInfo("UTC"))
    floors = floors_of(answers, protocols.of(treatment.kind), day, treatment.variant)
    try:
        kept = _keep(db, check_in, queued)
    except DatabaseError as error:
        if not is_full(error):
            raise
        kept = _keep(db, check_in, queued)  # the reserve is free now
    return Recorded(kept, floors)


def _keep(db: Database, check_in: CheckIn, queued: Queued | None) -> CheckIn:
    """The check-in that is kept now, or was kept before."""
    with writing(db):
        repeated = _repeated(db, check_in, queued)
        if repeated is not None:
            return repeated
        check_ins.insert(db, check_in, queued.key if queued else None)
        treatments.tell_news(db, check_in.treatment_id)
    return check_in


def _repeated(db: Database, sent: CheckIn, queued: Queued | None) -> CheckIn | None:
    """The check-in that this one repeats: under its key, or by a double tap."""
    known = check_ins.by_key(db, sent.patient_id, queued.key) if queued else None
    if known is not None:
        return known
    for earlier in check_ins.of_treatment(db, sent.treatment_id):
        if earlier.answers == sent.answers and timedelta(0) <= sent.at - earlier.at < DOUBLE_TAP:
            return earlier
    return None


CALL_ME = (
    "Afterglow writes this for me: I reported a warning sign or asked for help in the check-in,"
    " but my answers could not be kept there. Please call me."
)


def call_for_help(db: Database, patient: Person, answers: Answers, now: datetime) -> bool:
    """Write it into the patient's conversation, with an urgent mail to each person who answers.

    Returns whether there is anyone to notify. The same call within an hour is kept once. Without
    consent to care no answer is kept, only that the patient asks to be called.
    """
    team = absences.answering_on_duty(db, patient.id, now)
    team = team or absences.caring_on_duty(db, patient.id, now)
    if not team:
        return False
    may_keep = consents.care_withdrawn_at(db, patient.id) is None
    said = complaints_words(answers) if may_keep else ""
    text = f"{CALL_ME} {said}".strip()
    key = sha256(f"{patient.id} {now:%Y-%m-%dT%H} {text}".encode()).hexdigest()[:32]
    message = Message(new_id(), patient.id, patient.id, patient.name, now, text, has_photo=False)
    with writing(db):
        if not conversation.is_known(db, patient.id, key):
            conversation.insert(db, message, key)
            for reader in in_turn(team, asked=0):
                mails.insert(db, help_mail(message, reader, now))
    return True
