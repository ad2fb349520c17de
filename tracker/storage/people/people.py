"""People, their sign-in credentials and who cares for whom."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from sqlite_utils import Database

from tracker.domain.people.people import Duty, Person, Risk, Role
from tracker.domain.texts import compared
from tracker.storage.columns import names_text, optional_time_text, read_row, row_of


def insert(db: Database, person: Person) -> None:
    """Add a person."""
    db.table("people").insert(row_of(person))


def get(db: Database, person_id: str) -> Person | None:
    """The person with this id."""
    return _first(db, "SELECT * FROM people WHERE id = ?", person_id)


def by_email(db: Database, email: str) -> Person | None:
    """The person with this address, already in the form that `check_email` gives."""
    return _first(db, "SELECT * FROM people WHERE email = ?", email)


def staff(db: Database) -> list[tuple[Person, int, bool]]:
    """Who works at the clinic, with how many patients and whether they can sign in yet.

    By name, suspended people last; without those whom a record from elsewhere names.
    """
    sql = """SELECT people.*,
                 (SELECT count(*) FROM care_team WHERE practitioner_id = people.id) AS patients,
                 EXISTS (SELECT 1 FROM credentials WHERE person_id = people.id) AS signed_up
             FROM people WHERE role <> 'patient'
                 AND id NOT IN (SELECT person_id FROM people_elsewhere)
             ORDER BY suspended_at IS NOT NULL, name COLLATE NOCASE, id"""
    return [(_person(row), row["patients"], bool(row["signed_up"])) for row in db.query(sql)]


def overseers(db: Database, but: Iterable[str] = ()) -> list[Person]:
    """Administrators and practitioners at work: they know who should see patients.

    By name, without those whose ids are in `but`.
    """
    left_out = set(but)
    return [
        person
        for person, *_ in staff(db)
        if person.suspended_at is None
        and (person.role is Role.PRACTITIONER or Duty.ADMINISTRATION in person.duties)
        and person.id not in left_out
    ]


def ids_of_patients(db: Database) -> list[str]:
    """All patients, also those whose account is closed and who were only invited, by name."""
    sql = "SELECT id FROM people WHERE role = 'patient' ORDER BY name, id"
    return [row["id"] for row in db.query(sql)]


def patients_of(db: Database, carer_id: str) -> list[Person]:
    """The patients in a person's care, by name."""
    sql = """SELECT people.* FROM people JOIN care_team ON people.id = care_team.patient_id
             WHERE care_team.practitioner_id = ? ORDER BY people.name, people.id"""
    return [_person(row) for row in db.query(sql, [carer_id])]


def ids_in_care_of(db: Database, carer_ids: Iterable[str]) -> frozenset[str]:
    """The ids of all patients in the care of any of these people."""
    sql = """SELECT patient_id FROM care_team
             WHERE practitioner_id IN (SELECT value FROM json_each(?))"""
    return frozenset(patient_id for (patient_id,) in db.execute(sql, [names_text(carer_ids)]))


def by_ids(db: Database, ids: Iterable[str]) -> dict[str, Person]:
    """The people with these ids, by id."""
    sql = "SELECT * FROM people WHERE id IN (SELECT value FROM json_each(?))"
    return {row["id"]: _person(row) for row in db.query(sql, [names_text(ids)])}


def practitioners_of(db: Database, patient_id: str) -> list[Person]:
    """The practitioners who care for a patient, by whose turn it is and then by name."""
    return [person for person, _ in answering_team_of(db, patient_id)]


def answering_team_of(db: Database, patient_id: str) -> list[tuple[Person, int]]:
    """Who may answer a patient's alerts, each with the turn (1 is notified first)."""
    team = care_team_of(db, patient_id)
    return [(person, turn) for person, turn in team if person.role is Role.PRACTITIONER]


def care_team_of(db: Database, patient_id: str) -> list[tuple[Person, int]]:
    """Who cares for a patient, each with the turn (1 first); suspended people are left out."""
    sql = """SELECT people.*, turn FROM people
             JOIN care_team ON people.id = care_team.practitioner_id
             WHERE care_team.patient_id = ? AND suspended_at IS NULL
             ORDER BY turn, people.name, people.id"""
    return [(_person(row), row["turn"]) for row in db.query(sql, [patient_id])]


def add_to_care(db: Database, practitioner_id: str, patient_id: str, turn: int = 1) -> None:
    """Put a patient in the care of a practitioner or assistant, or change that person's turn."""
    db.execute(
        """INSERT INTO care_team (practitioner_id, patient_id, turn) VALUES (?, ?, ?)
           ON CONFLICT (practitioner_id, patient_id) DO UPDATE SET turn = excluded.turn""",
        [practitioner_id, patient_id, turn],
    )


def set_duties(db: Database, person_id: str, duties: Iterable[Duty]) -> None:
    """Store a person's duties in place of those before."""
    db.execute("UPDATE people SET duties = ? WHERE id = ?", [names_text(sorted(duties)), person_id])


def set_position(db: Database, person_id: str, role: Role, duties: Iterable[Duty]) -> None:
    """Store the role and the duties of a person of the clinic."""
    db.execute("UPDATE people SET role = ? WHERE id = ?", [str(role), person_id])
    set_duties(db, person_id, duties)


def suspend(db: Database, person_id: str, since: datetime | None) -> None:
    """Suspend a person of the clinic from a given time; None reinstates them."""
    sql = "UPDATE people SET suspended_at = ? WHERE id = ?"
    db.execute(sql, [optional_time_text(since), person_id])


def add_history(db: Database, person_id: str, risks: Iterable[Risk]) -> None:
    """Add risks to a person's history."""
    person = get(db, person_id)
    if person is not None:
        history = names_text(sorted(person.history | set(risks)))
        db.execute("UPDATE people SET history = ? WHERE id = ?", [history, person_id])


def take_from_history(db: Database, person_id: str, risks: Iterable[Risk]) -> None:
    """Remove risks from a person's history, if they are in it."""
    person = get(db, person_id)
    if person is not None:
        history = names_text(sorted(person.history - set(risks)))
        db.execute("UPDATE people SET history = ? WHERE id = ?", [history, person_id])


def rename(db: Database, person_id: str, name: str) -> None:
    """Store the name by which a person wants to be known."""
    db.execute("UPDATE people SET name = ? WHERE id = ?", [name, person_id])


def refuse_number_of_another(db: Database, person_id: str, record_number: str) -> None:
    """Raise ValueError if another patient in care has this record number; empty ones may repeat.

    Case and form of its letters do not count: two patients would be taken for one.
    """
    sql = """SELECT 1 FROM people WHERE id IN (SELECT value FROM json_each(?)) AND id <> ?
             AND EXISTS (SELECT 1 FROM care_team WHERE patient_id = people.id)"""
    if any(db.query(sql, [names_text(ids_with_number(db, record_number)), person_id])):
        raise ValueError(
            f"another patient has the record number {record_number}; check it, or leave it empty"
        )


def ids_with_number(db: Database, record_number: str) -> list[str]:
    """Who has this record number, whatever the case and the form of its letters.

    SQLite folds the 26 letters of ASCII alone, so all numbers are compared here.
    """
    wanted = compared(record_number)
    rows = db.query("SELECT id, record_number FROM people WHERE record_number <> ''")
    return [row["id"] for row in rows if compared(row["record_number"]) == wanted]


def set_record_number(db: Database, person_id: str, record_number: str) -> None:
    """Store the number under which the clinic keeps a patient's other records."""
    db.execute("UPDATE people SET record_number = ? WHERE id = ?", [record_number, person_id])


def set_birth_date(db: Database, person_id: str, birth_date: date | None) -> None:
    """Store the date on which a person was born; None where it is not known."""
    sql = "UPDATE people SET birth_date = ? WHERE id = ?"
    db.execute(sql, [birth_date.isoformat() if birth_date else None, person_id])


def move(db: Database, person_id: str, time_zone: str) -> None:
    """Note the time zone in which a person lives now."""
    db.execute("UPDATE people SET time_zone = ? WHERE id = ?", [time_zone, person_id])


def set_mail(db: Database, person: Person) -> None:
    """Store a person's hours of daily mail and time zone."""
    db.execute(
        "UPDATE people SET reminder_hour = ?, digest_hour = ?, time_zone = ? WHERE id = ?",
        [person.reminder_hour, person.digest_hour, person.time_zone, person.id],
    )


def close(db: Database, person_id: str) -> None:
    """End everything by which a person signs in, is cared for and is reached.

    The address is released, so that it may open another account.
    """
    for table in ("credentials", "passkeys", "sessions", "invitations", "renewals"):
        db.execute(f"DELETE FROM {table} WHERE person_id = ?", [person_id])  # noqa: S608
    for table in ("care_team", "share_codes"):
        db.execute(f"DELETE FROM {table} WHERE patient_id = ?", [person_id])  # noqa: S608
    db.execute(
        "UPDATE people SET email = id || '@closed.invalid', reminder_hour = NULL WHERE id = ?",
        [person_id],
    )


def set_passphrase_hash(db: Database, person_id: str, passphrase_hash: str) -> None:
    """Store the hash of a person's passphrase in place of any before it."""
    db.execute("INSERT OR REPLACE INTO credentials VALUES (?, ?)", [person_id, passphrase_hash])


def passphrase_hash(db: Database, person_id: str) -> str | None:
    """The hash of the person's passphrase, or None when the person cannot sign in yet."""
    rows = db.query("SELECT passphrase_hash FROM credentials WHERE person_id = ?", [person_id])
    return next((row["passphrase_hash"] for row in rows), None)


def _first(db: Database, sql: str, *values: str) -> Person | None:
    return next((_person(row) for row in db.query(sql, list(values))), None)


def _person(row: dict[str, Any]) -> Person:
    return read_row(Person, row)
