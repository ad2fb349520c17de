"""Somebody who cares for patients says when they are away and who stands in."""

from datetime import datetime

from sqlite_utils import Database

from tracker.absences import Absence, Leave, may_stand_in, planned
from tracker.audit import Act, Entry
from tracker.people import Person
from tracker.storage import absences, audit_log, people
from tracker.storage.columns import new_id
from tracker.storage.connection import writing


def enter_absence(db: Database, person: Person, leave: Leave, now: datetime) -> Absence:
    """Keep it; ValueError that tells the remedy when it cannot be so."""
    absence = planned(new_id(), person, leave, now)
    with writing(db):
        deputy = people.get(db, leave.deputy_id) if leave.deputy_id else None
        if leave.deputy_id and (deputy is None or deputy == person or not may_stand_in(deputy)):
            raise ValueError("this person cannot stand in; choose another practitioner")
        if any(absence.overlaps(other) for other in absences.of_person(db, person.id)):
            raise ValueError("you are away on some of these days already; end that absence first")
        absences.save(db, absence)
        audit_log.add(
            db, Entry(Act.CARE_TEAM_CHANGED, now, person.id, person.id, _told(absence, deputy))
        )
    return absence


def _told(absence: Absence, deputy: Person | None) -> str:
    """What the audit log says: from whom to whom the patients' access goes, and for how long."""
    stands_in = f"{deputy.name} stands in" if deputy else "nobody stands in"
    return f"away {absence.first_day} to {absence.last_day}, {stands_in}"
