"""Absences: enter, end, list."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlite_utils import Database

from tracker.domain.clinic.audit import Act, Entry
from tracker.domain.people.absences import Absence, Leave, ended, may_stand_in, planned
from tracker.domain.people.people import Person
from tracker.storage.clinic import audit_log
from tracker.storage.columns import new_id
from tracker.storage.connection import writing
from tracker.storage.people import absences, people


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


def end_absence(db: Database, absence_id: str, person_id: str, now: datetime) -> bool:
    """End one's own absence now; False when there is none of that name. It stays on record."""
    with writing(db):
        absence = absences.get(db, absence_id)
        if absence is None or absence.person_id != person_id:
            return False
        after = ended(absence, now)
        if after != absence:
            absences.save(db, after)
            told = f"absence from {absence.first_day} ended"
            audit_log.add(db, Entry(Act.CARE_TEAM_CHANGED, now, person_id, person_id, told))
    return True


@dataclass(frozen=True, slots=True)
class Absences:
    """`own` are the latest first; `others` those that last or are to come, in which this person is
    the deputy; `clashes` are absences of a deputy at the same time, by the id of the own one.

    `deputies` can be chosen, by name; `people` are all those named, by id.
    """

    own: tuple[Absence, ...]
    others: tuple[Absence, ...]
    clashes: Mapping[str, tuple[Absence, ...]]
    deputies: tuple[Person, ...]
    people: Mapping[str, Person]


def show_absences(db: Database, person: Person, now: datetime) -> Absences:
    """Collect them."""
    own = absences.of_person(db, person.id)
    coming = absences.not_over(db, now)
    others = [each for each in coming if each.deputy_id == person.id and may_stand_in(person)]
    staff = [each for each, _, _ in people.staff(db)]
    return Absences(
        own=tuple(own),
        others=tuple(others),
        clashes={
            each.id: tuple(
                other
                for other in coming
                if other.person_id == each.deputy_id and other.overlaps(each)
            )
            for each in own
            if not each.is_over(now)
        },
        deputies=tuple(each for each in staff if each.id != person.id and may_stand_in(each)),
        people={each.id: each for each in staff},
    )
