"""Record the daily answers; red flags are told at once."""

from dataclasses import dataclass
from datetime import datetime

from sqlite_utils import Database

from tracker.check_ins import Answers, CheckIn
from tracker.protocols import RedFlag
from tracker.signs import tripped_red_flags
from tracker.storage import check_ins, protocol_files, treatments
from tracker.storage.columns import new_id
from tracker.storage.connection import IntegrityError, writing


@dataclass(frozen=True, slots=True)
class Recorded:
    """The check-in is kept; `red_flags` are for the patient's next screen."""

    check_in: CheckIn
    red_flags: tuple[RedFlag, ...]


@dataclass(frozen=True, slots=True)
class NothingToAnswer:
    """There is no treatment that the answers could belong to."""


def record_check_in(
    db: Database, patient_id: str, answers: Answers, now: datetime
) -> Recorded | NothingToAnswer:
    """Keep the answers given at `now`. The same answers sent twice at one moment are kept once."""
    treatment = treatments.current(db, patient_id)
    if treatment is None:
        return NothingToAnswer()
    check_in = CheckIn(new_id(), treatment.id, patient_id, now, answers)
    try:
        with writing(db):
            check_ins.insert(db, check_in)
            treatments.tell_news(db, treatment.id)
    except IntegrityError:
        check_in = next(c for c in check_ins.of_treatment(db, treatment.id) if c.at == now)
    protocol = protocol_files.load(treatment.kind)
    return Recorded(check_in, tripped_red_flags([check_in], protocol))
