"""Whom an alert can be passed to."""

from dataclasses import dataclass
from datetime import datetime

from sqlite_utils import Database

from tracker.people import Person, Role
from tracker.storage import absences, people


@dataclass(frozen=True, slots=True)
class Colleagues:
    """Practitioners who can answer: those who care for the patient, and the others, by name.

    `away` are the ids of those who are away now.
    """

    in_care: tuple[Person, ...]
    others: tuple[Person, ...]
    away: frozenset[str]


def show_colleagues(db: Database, patient_id: str, asking_id: str, now: datetime) -> Colleagues:
    """Everybody but the one who asks."""
    team = {person.id for person, _ in people.care_team_of(db, patient_id)}
    able = [
        person
        for person, _, _ in people.staff(db)
        if person.role is Role.PRACTITIONER
        and person.suspended_at is None
        and person.id != asking_id
    ]
    return Colleagues(
        in_care=tuple(person for person in able if person.id in team),
        others=tuple(person for person in able if person.id not in team),
        away=frozenset(absences.running(db, now)),
    )
