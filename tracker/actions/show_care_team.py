"""Who cares for a patient, and who could."""

from dataclasses import dataclass

from sqlite_utils import Database

from tracker.people import Person
from tracker.storage import people


@dataclass(frozen=True, slots=True)
class CareTeam:
    """The members in turn, each with the turn; `others` work here and could join."""

    patient: Person
    members: tuple[tuple[Person, int], ...]
    others: tuple[Person, ...]


def show_care_team(db: Database, patient_id: str) -> CareTeam | None:
    """The team of the patient with this id, or None."""
    patient = people.get(db, patient_id)
    if patient is None:
        return None
    members = tuple(people.care_team_of(db, patient_id))
    inside = {person.id for person, _ in members}
    others = tuple(
        person
        for person, *_ in people.staff(db)
        if person.role.has_patients and person.suspended_at is None and person.id not in inside
    )
    return CareTeam(patient, members, others)
