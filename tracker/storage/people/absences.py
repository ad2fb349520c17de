"""Absences: no row is ever deleted; one that was ended early only gets an earlier end."""

from datetime import datetime
from typing import Any

from sqlite_utils import Database

from tracker.domain.people.absences import Absence, deputies_of, on_duty, stood_in_for
from tracker.domain.people.people import Person
from tracker.storage.columns import read_row, row_of, time_text
from tracker.storage.people import people


def save(db: Database, absence: Absence) -> None:
    """Add an absence, or bring its row up to date."""
    db.table("absences").upsert(row_of(absence), pk="id")


def get(db: Database, absence_id: str) -> Absence | None:
    """The absence with this id."""
    rows = db.query("SELECT * FROM absences WHERE id = ?", [absence_id])
    return next((_absence(row) for row in rows), None)


def of_person(db: Database, person_id: str) -> list[Absence]:
    """All absences of a person, the latest first."""
    sql = "SELECT * FROM absences WHERE person_id = ? ORDER BY begins_at DESC, id"
    return [_absence(row) for row in db.query(sql, [person_id])]


def not_over(db: Database, now: datetime) -> list[Absence]:
    """Everyone's absences that last or are to come, the earliest first."""
    sql = """SELECT * FROM absences WHERE ends_at > ? AND begins_at < ends_at
             ORDER BY begins_at, id"""
    return [_absence(row) for row in db.query(sql, [time_text(now)])]


def running(db: Database, now: datetime) -> dict[str, Absence]:
    """The absences that last now, by person."""
    return {each.person_id: each for each in not_over(db, now) if each.lasts_at(now)}


def stood_in_for_by(db: Database, deputy: Person, now: datetime) -> list[str]:
    """The ids of everyone for whom this person deputises now.

    A suspended person has no deputy: their access is suspended too.
    """
    if not deputy.answers_alerts:
        return []
    absent_ids = stood_in_for(deputy.id, running(db, now))
    known = people.by_ids(db, absent_ids) if absent_ids else {}
    return [each for each in absent_ids if known[each].suspended_at is None]


def answering_on_duty(db: Database, patient_id: str, now: datetime) -> list[tuple[Person, int]]:
    """Whom to ask about a patient's alerts now, each with the turn."""
    return _on_duty(db, people.answering_team_of(db, patient_id), now)


def caring_on_duty(db: Database, patient_id: str, now: datetime) -> list[tuple[Person, int]]:
    """Who cares for a patient now, each with the turn; those away come last."""
    return _on_duty(db, people.care_team_of(db, patient_id), now)


def _on_duty(
    db: Database, team: list[tuple[Person, int]], now: datetime
) -> list[tuple[Person, int]]:
    away = running(db, now)
    if not any(person.id in away for person, _ in team):
        return team
    named = {deputy for person, _ in team for deputy in deputies_of(person.id, away)}
    able = {d.id: d for d in people.by_ids(db, named).values() if d.answers_alerts}
    return on_duty(team, away, able)


def _absence(row: dict[str, Any]) -> Absence:
    return read_row(Absence, row)


def ids_seen_by(db: Database, person: Person, now: datetime) -> frozenset[str]:
    """The ids of the patients in a person's care, or in that of those whom they stand in for."""
    if not person.role.has_patients:
        return frozenset()
    return people.ids_in_care_of(db, [person.id, *stood_in_for_by(db, person, now)])
