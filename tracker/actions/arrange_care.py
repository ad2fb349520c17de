"""Put somebody in a patient's care team, change the turn, or let them leave."""

from dataclasses import dataclass
from datetime import datetime

from sqlite_utils import Database

from tracker.audit import Act, Entry
from tracker.people import Person, Role
from tracker.storage import audit_log, care_team, people
from tracker.storage.connection import writing

TURNS = range(1, 10)


@dataclass(frozen=True, slots=True)
class Arranged:
    """It is done."""


@dataclass(frozen=True, slots=True)
class NobodyLeft:
    """Nothing was changed: no practitioner would be left to answer for the patient."""


def arrange_care(
    db: Database, patient_id: str, person: Person, turn: int | None, by: str, now: datetime
) -> Arranged | NobodyLeft:
    """Join or move to a `turn` (1 is told first), or leave with None.

    Raises ValueError for a turn out of range and for somebody who cares for no patients.
    """
    if turn is not None and (turn not in TURNS or not _can_join(person)):
        raise ValueError(f"choose somebody who works here, and a turn from 1 to {TURNS[-1]}")
    with writing(db):
        answering = [each.id for each in people.practitioners_of(db, patient_id)]
        if turn is None and answering == [person.id]:
            return NobodyLeft()
        if turn is None:
            care_team.leave(db, person.id, patient_id)
            details = f"{person.name} left"
        else:
            people.add_to_care(db, person.id, patient_id, turn)
            details = f"{person.name}: turn {turn}"
        audit_log.add(db, Entry(Act.CARE_TEAM_CHANGED, now, by, patient_id, details))
    return Arranged()


def _can_join(person: Person) -> bool:
    return person.role in {Role.PRACTITIONER, Role.ASSISTANT} and person.suspended_at is None
