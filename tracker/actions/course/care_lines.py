"""Lines of aftercare for one patient."""

from dataclasses import replace
from datetime import datetime

from sqlite_utils import Database

from tracker.domain.protocols.aftercare import OwnLine
from tracker.storage.columns import new_id
from tracker.storage.connection import writing
from tracker.storage.course import care_lines


def add_care_line(db: Database, line: OwnLine) -> OwnLine:
    """Store the line under a fresh id; one that the patient has already is kept once."""
    with writing(db):
        for known in care_lines.of_patient(db, line.patient_id):
            if _says(known) == _says(line):
                return known
        added = replace(line, id=new_id())
        care_lines.insert(db, added)
    return added


def _says(line: OwnLine) -> tuple[object, ...]:
    return line.heading, line.line, line.first_date, line.last_date


def end_care_line(db: Database, line_id: str, practitioner_id: str, now: datetime) -> bool:
    """Note who ended it; the row stays. False when there is no such line any more."""
    with writing(db):
        return care_lines.end(db, line_id, practitioner_id, now)
