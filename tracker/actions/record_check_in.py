"""Record the daily answers; red flags are told at once."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlite_utils import Database

from tracker.check_ins import Answers, CheckIn
from tracker.protocols import Protocols, RedFlag
from tracker.signs import flags_of
from tracker.storage import check_ins, treatments
from tracker.storage.columns import new_id
from tracker.storage.connection import writing

DOUBLE_TAP = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Recorded:
    """The check-in is kept; `red_flags` are for the patient's next screen."""

    check_in: CheckIn
    red_flags: tuple[RedFlag, ...]


@dataclass(frozen=True, slots=True)
class NothingToAnswer:
    """There is no treatment that the answers could belong to."""


def record_check_in(
    db: Database, protocols: Protocols, patient_id: str, answers: Answers, now: datetime
) -> Recorded | NothingToAnswer:
    """Keep the answers given at `now`; of a double tap one is kept."""
    treatment = treatments.current(db, patient_id, now)
    if treatment is None:
        return NothingToAnswer()
    protocol = protocols.of(treatment.kind)
    for earlier in check_ins.of_treatment(db, treatment.id):
        if earlier.answers == answers and timedelta(0) <= now - earlier.at < DOUBLE_TAP:
            return Recorded(earlier, flags_of(answers, protocol))
    check_in = CheckIn(new_id(), treatment.id, patient_id, now, answers)
    with writing(db):
        check_ins.insert(db, check_in)
        treatments.tell_news(db, treatment.id)
    return Recorded(check_in, flags_of(answers, protocol))
