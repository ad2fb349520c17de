"""Who a patient is, who cares for the patient, and in which order they are notified."""

from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256

from sqlite_utils import Database

from tracker.domain.clinic.audit import Act, Entry
from tracker.domain.people.access import Viewer
from tracker.domain.people.people import (
    Person,
    Role,
    check_birth_date,
    check_name,
    check_record_number,
)
from tracker.storage.clinic import audit_log
from tracker.storage.connection import writing
from tracker.storage.people import absences, care_team, people

TURNS = range(1, 10)
_MARK_SIGNS = 16


@dataclass(frozen=True, slots=True)
class Arranged:
    """It is done."""


@dataclass(frozen=True, slots=True)
class NobodyLeft:
    """Nothing was changed: no practitioner would be left to answer for the patient."""


def arrange_care(
    db: Database, patient_id: str, person: Person, turn: int | None, by: str, now: datetime
) -> Arranged | NobodyLeft:
    """Join or move to a `turn` (1 is notified first), or leave with None.

    Raises ValueError for a turn out of range and for a person who cares for no patients.
    """
    if turn is not None and (turn not in TURNS or not _can_join(person)):
        raise ValueError(f"choose a person who works here, and a turn from 1 to {TURNS[-1]}")
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


def show_patients(db: Database, viewer: Viewer) -> list[Person]:
    """The patients whom a viewer may see: those in care, or the patient who looks."""
    seen = {viewer.person_id} if viewer.role is Role.PATIENT else viewer.cares_for
    return list(people.by_ids(db, seen).values())


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


@dataclass(frozen=True, slots=True)
class Colleagues:
    """Practitioners who can answer: those who care for the patient, and the others, by name.

    `away` are the ids of those who are away now.
    """

    in_care: tuple[Person, ...]
    others: tuple[Person, ...]
    away: frozenset[str]


def show_colleagues(db: Database, patient_id: str, asking_id: str, now: datetime) -> Colleagues:
    """Everyone except the person who asks."""
    team = {person.id for person, _ in people.care_team_of(db, patient_id)}
    able = [
        person
        for person, _, _ in people.staff(db)
        if person.answers_alerts and person.id != asking_id
    ]
    return Colleagues(
        in_care=tuple(person for person in able if person.id in team),
        others=tuple(person for person in able if person.id not in team),
        away=frozenset(absences.running(db, now)),
    )


def show_practitioners(db: Database) -> list[Person]:
    """Those who are not suspended, by name."""
    return [person for person, _, _ in people.staff(db) if person.answers_alerts]


@dataclass(frozen=True, slots=True)
class IdentityChanged:
    """Another person corrected it after the form was opened; nothing was changed."""

    patient: Person


def identity_mark(patient: Person) -> str:
    """A text that changes with what tells the patient from another, and does not say it."""
    told = (patient.id, patient.name, patient.birth_date, patient.record_number)
    return sha256(repr(told).encode()).hexdigest()[:_MARK_SIGNS]


def correct_identity(
    db: Database,
    patient_id: str,
    name: str,
    birth_date: date | None,
    record_number: str,
    by: Person,
    now: datetime,
    *,
    shown: str,
) -> IdentityChanged | None:
    """Store what tells a patient from another, and note which of it changed.

    `shown` is the `identity_mark` of what the form was filled with: a form that was open for long
    would take a birth date away again, and links would no longer ask for its year. Raises
    ValueError that names what is wrong with what was given; KeyError without such a patient.
    """
    name, record_number = check_name(name), check_record_number(record_number)
    if birth_date is not None:
        check_birth_date(birth_date, by.date_at(now))
    with writing(db):
        before = people.get(db, patient_id)
        if before is None:
            raise KeyError(patient_id)
        changed = {
            "name": name != before.name,
            "birth date": birth_date != before.birth_date,
            "record number": record_number != before.record_number,
        }
        if not any(changed.values()):
            return None
        if shown != identity_mark(before):
            return IdentityChanged(before)
        people.refuse_number_of_another(db, patient_id, record_number)
        people.rename(db, patient_id, name)
        people.set_birth_date(db, patient_id, birth_date)
        people.set_record_number(db, patient_id, record_number)
        what = ", ".join(each for each, is_other in changed.items() if is_other)
        audit_log.add(db, Entry(Act.RECORD_CHANGED, now, by.id, patient_id, f"corrected: {what}"))
    return None
