"""Record the daily answers; floors are told at once."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlite_utils import Database

from tracker.check_ins import CLOSE_ENOUGH, Answers, CheckIn, Queued
from tracker.consents import CareWithdrawn
from tracker.protocols import Floor, Protocols
from tracker.signs import day_heard, floors_of
from tracker.storage import check_ins, consents, people, treatments
from tracker.storage.columns import new_id
from tracker.storage.connection import writing

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
) -> Recorded | NothingToAnswer | CareWithdrawn:
    """Keep the answers given at `now`, or when they were `queued`; a repeat is kept once."""
    at = queued.given_at(now) if queued else now
    treatment = treatments.current(db, patient_id, at)
    if treatment is None:
        return NothingToAnswer()
    if consents.care_withdrawn_at(db, patient_id) is not None:
        return CareWithdrawn()
    is_off = queued is not None and abs(at - queued.made_at) > CLOSE_ENOUGH
    phone_at = queued.made_at if queued and is_off else None
    check_in = CheckIn(new_id(), treatment.id, patient_id, at, answers, now, phone_at)
    person = people.get(db, patient_id)
    day = day_heard(check_in, treatment, person.zone if person else ZoneInfo("UTC"))
    floors = floors_of(answers, protocols.of(treatment.kind), day, treatment.variant)
    with writing(db):
        repeated = _repeated(db, check_in, queued)
        if repeated is not None:
            return Recorded(repeated, floors)
        check_ins.insert(db, check_in, queued.key if queued else None)
        treatments.tell_news(db, treatment.id)
    return Recorded(check_in, floors)


def _repeated(db: Database, sent: CheckIn, queued: Queued | None) -> CheckIn | None:
    """The check-in that is sent once more: under its key, or by a double tap."""
    known = check_ins.by_key(db, sent.patient_id, queued.key) if queued else None
    if known is not None:
        return known
    for earlier in check_ins.of_treatment(db, sent.treatment_id):
        if earlier.answers == sent.answers and timedelta(0) <= sent.at - earlier.at < DOUBLE_TAP:
            return earlier
    return None
