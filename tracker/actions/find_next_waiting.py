"""Whoever waits next on somebody's work list."""

from datetime import datetime

from sqlite_utils import Database

from tracker.people import Person
from tracker.protocols import Protocols
from tracker.storage import absences, worklist
from tracker.worklist import next_waiting, standings


def find_next_waiting(
    db: Database, protocols: Protocols, reader: Person, patient_id: str, now: datetime
) -> str | None:
    """The id of the patient after this one who waits, or of the first; None when no other does."""
    absent_ids = absences.stood_in_for_by(db, reader, now)
    facts = worklist.facts_of(db, reader.id, absent_ids, now)
    return next_waiting(standings(facts, protocols, now), patient_id)
