"""What is planned for one patient, and what they answer before it.

Sessions, lines of aftercare for this patient alone, and the questions before a session.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from sqlite_utils import Database

from tracker.domain.clinic.audit import Act, Entry
from tracker.domain.course.session_plans import SessionPlan, sessions_so_far
from tracker.domain.mail.mails import message_mail
from tracker.domain.own_data.consents import CareWithdrawn
from tracker.domain.people.people import Person, in_turn
from tracker.domain.protocols.aftercare import OwnLine
from tracker.domain.protocols.ahead import (
    AheadSession,
    AskedAhead,
    asked_ahead,
    session_to_ask,
    stop_message,
)
from tracker.domain.protocols.protocols import Protocols
from tracker.domain.talk.conversation import Message
from tracker.storage.clinic import audit_log
from tracker.storage.columns import new_id
from tracker.storage.connection import writing
from tracker.storage.course import ahead_answers, care_lines, treatments
from tracker.storage.mail import mails
from tracker.storage.own_data import consents
from tracker.storage.people import absences
from tracker.storage.talk import conversation


def add_care_line(db: Database, line: OwnLine) -> OwnLine:
    """Store the line under a fresh id; one that the patient already has is kept once."""
    with writing(db):
        for known in care_lines.of_patient(db, line.patient_id):
            if _says(known) == _says(line):
                return known
        added = replace(line, id=new_id())
        care_lines.insert(db, added)
        what = "care line added"
        told = Entry(Act.RECORD_CHANGED, line.added_at, line.added_by, line.patient_id, what)
        audit_log.add(db, told)
    return added


def _says(line: OwnLine) -> tuple[object, ...]:
    return line.heading, line.line, line.first_date, line.last_date


def end_care_line(db: Database, line_id: str, practitioner_id: str, now: datetime) -> bool:
    """Record who ended it; the row is kept. False when there is no such line any more."""
    with writing(db):
        whose = care_lines.end(db, line_id, practitioner_id, now)
        if whose is not None:
            told = Entry(Act.RECORD_CHANGED, now, practitioner_id, whose, "care line ended")
            audit_log.add(db, told)
    return whose is not None


def plan_sessions(db: Database, plan: SessionPlan) -> None:
    """Keep the plan in the place of an earlier one; the audit log has both.

    Raises KeyError when the treatment is not one of this patient.
    """
    told = f"session {plan.number} of {plan.sessions}, one every {plan.every_days} days"
    with writing(db):
        if treatments.get(db, plan.treatment_id).patient_id != plan.patient_id:
            raise KeyError(plan.treatment_id)
        treatments.keep_plan(db, plan)
        entry = Entry(Act.RECORD_CHANGED, plan.made_at, plan.made_by, plan.patient_id, told)
        audit_log.add(db, entry)


@dataclass(frozen=True, slots=True)
class NothingAsked:
    """No session is planned, or the clinic has planned another kind meanwhile.

    No answer was kept; `is_passed_on` says that a contraindication was written to the clinic.
    """

    is_passed_on: bool = False


def answer_ahead(
    db: Database,
    protocols: Protocols,
    patient: Person,
    kind: str,
    given: Mapping[str, bool | None],
    now: datetime,
) -> AskedAhead | NothingAsked | CareWithdrawn:
    """Keep the answers to the questions before a session of a kind, by question id.

    None is "I don't know". An answer that is on record and still counts keeps its time, so that a
    form that is sent twice is kept once; every other one is added, and the earlier ones stay.
    Answers to questions that are not asked are left out. A contraindication, given or taken back,
    is also written into the conversation, with a mail to each person who cares for the patient.
    It is so even where no such session is planned any more: the next one may come soon. Returns
    what was asked.
    """
    with writing(db):
        if consents.care_withdrawn_at(db, patient.id) is not None:
            return CareWithdrawn()
        session = _session(db, patient, now)
        said = ahead_answers.of_patient(db, patient.id)
        asked = asked_ahead(session, protocols, said)
        if asked is None or asked.session.kind != kind:
            late = asked_ahead(AheadSession(kind, now), protocols, said)
            text = stop_message(late, given) if late else ""
            if text:
                _write_to_clinic(db, patient, text, now)
            return NothingAsked(is_passed_on=bool(text))
        counting, kept = asked.counting(now), {}
        for question in asked.questions:
            name = question.id
            if name not in given or (name in counting and counting[name].answer == given[name]):
                continue
            ahead_answers.insert(db, patient.id, kind, question, given[name], now)
            kept[name] = given[name]
        if kept:
            told = f"answers before a treatment: {len(kept)}"
            audit_log.add(db, Entry(Act.RECORD_CHANGED, now, patient.id, patient.id, told))
        if text := stop_message(asked, kept):
            _write_to_clinic(db, patient, text, now)
    return asked


def _write_to_clinic(db: Database, patient: Person, text: str, now: datetime) -> None:
    """A message waits on the work list until it is read; each mail goes out even so."""
    message = Message(new_id(), patient.id, patient.id, patient.name, now, text, has_photo=False)
    conversation.insert(db, message, key=message.id)
    for reader in in_turn(absences.caring_on_duty(db, patient.id, now), asked=0):
        mails.insert(db, message_mail(message, reader, now))


def _session(db: Database, patient: Person, now: datetime) -> AheadSession | None:
    current = treatments.current(db, patient.id, now)
    if current is None:
        return None
    plan, series = treatments.plan_of(db, patient.id), treatments.of_patient(db, patient.id)
    return session_to_ask(
        sessions_so_far(plan, series, now, patient.zone), current, now, patient.zone
    )
