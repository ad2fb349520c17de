"""Rows of a patient's record as lines of its files and back, and records that came from elsewhere.

What is a row of which kind, `tracker.domain.own_data.record_form` says.
"""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlite_utils import Database

from tracker.domain.own_data.permits import Permit
from tracker.domain.own_data.record_form import BY_NAME, PEOPLE, Field, Holds, Kind
from tracker.domain.own_data.record_manifest import (
    EXPORT_AGAIN,
    MOST_TEXT,
    Elsewhere,
    Json,
    Line,
    RecordError,
    checked_id,
)
from tracker.domain.people.people import Person, Role
from tracker.storage.columns import names_text, new_id, read_row, row_of, time_text
from tracker.storage.connection import IntegrityError
from tracker.storage.people import people

NOWHERE = "elsewhere.invalid"  # the domain of the addresses of people of another clinic

BROKEN = "broken off"  # in place of the id of an import


class Fresh:
    """The ids here of what a record names: (kind, id in the record)."""

    def __init__(self, patient: str, named: Iterable[str]) -> None:
        """`patient` and `named` are the ids in the record of the patient and of other people."""
        self.patient_id = new_id()
        self._known: dict[tuple[str, Json], Json] = {(PEOPLE, each): new_id() for each in named}
        self._known |= {(kind, patient): self.patient_id for kind in (PEOPLE, "patient")}

    def of_key(self, kind: str, old: str) -> str:
        """The id of a row, made when it is first named. Raises ValueError."""
        if kind == "patient" and (kind, old) not in self._known:
            raise ValueError(old)
        return str(self._known.setdefault((kind, checked_id(old)), new_id()))

    def of_row(self, kind: str, old: Json) -> Json:
        """The id of a row that came before. Raises ValueError."""
        if (kind, old) not in self._known:
            raise ValueError(old)
        return self._known[kind, old]

    def keep(self, kind: str, old: Json, new: int) -> None:
        """Note the number that the database gave a row. Raises ValueError."""
        self._known[kind, int(old)] = new


def lines(db: Database, kind: Kind, patient_id: str) -> Iterator[Line]:
    """The patient's rows of a kind as lines, in the order in which they were stored."""
    order = "rowid" if "rowid" in _keys(db, kind) else ", ".join(_keys(db, kind))
    sql = f"""SELECT * FROM {kind.table} WHERE {_belongs(kind)}
              ORDER BY {order}"""  # noqa: S608 (names of ours)
    return (
        {name: _told(each, row[kind.column(name)]) for name, each in kind.fields.items()}
        for row in db.query(sql, [patient_id])
    )


def _keys(db: Database, kind: Kind) -> Collection[str]:
    """The columns by which the rows are in order; `rowid` where the table has it."""
    return db.table(kind.table).pks if _is_without_rowid(db, kind) else ("rowid",)


def _is_without_rowid(db: Database, kind: Kind) -> bool:
    return "WITHOUT ROWID" in db.table(kind.table).schema


def _belongs(kind: Kind) -> str:
    """The condition for rows of one patient, whose id is the one value."""
    if kind.under in {"id", "patient_id"}:
        return f"{kind.under} = ?"
    parent = BY_NAME[kind.parent]
    return f"{kind.under} IN (SELECT id FROM {parent.table} WHERE {_belongs(parent)})"  # noqa: S608


def _told(each: Field, value: Any) -> Json:
    if value is None:
        return None
    if each.holds is Holds.BEFORE:
        columns = json.loads(value)
        return {name: told for name, told in columns.items() if name != "patient_id"}
    if each.holds is Holds.JSON:
        return json.loads(value)
    return bool(value) if each.holds is Holds.TRUTH else value


def people_in(kind: Kind, line: Line) -> Iterator[str]:
    """The ids of people whom a line names."""
    for name, each in kind.fields.items():
        told = line[name].get("ended_by") if each.holds is Holds.BEFORE else line[name]
        if told and (each.of == PEOPLE or each.holds is Holds.BEFORE):
            yield told


def insert_lines(
    db: Database, kind: Kind, numbered: Iterable[tuple[int, Json]], fresh: Fresh
) -> int:
    """Add rows, within a transaction, and return how many. Raises RecordError that names the line.

    What the rows contain is not judged beyond the tables' own conditions.
    """
    count = 0
    for number, line in numbered:
        try:
            columns = _columns(kind, line, fresh)
            names = ", ".join(columns)
            marks = ", ".join("?" * len(columns))
            sql = f"INSERT INTO {kind.table} ({names}) VALUES ({marks})"  # noqa: S608 (ours)
            cursor = db.execute(sql, list(columns.values()))
            if kind.fields.get("id", Field(Holds.TEXT)).holds is Holds.NUMBER:
                fresh.keep(kind.name, line["id"], cursor.lastrowid or 0)
        except (RecordError, IntegrityError, ValueError, TypeError, OverflowError) as error:
            raise RecordError(f"{kind.path}, line {number}: {error}; {EXPORT_AGAIN}") from error
        count += 1
    return count


def _columns(kind: Kind, line: Json, fresh: Fresh) -> Mapping[str, Any]:
    """The columns of a line. Raises RecordError that names the field."""
    if not isinstance(line, dict) or line.keys() != kind.fields.keys():
        raise RecordError(f"its fields must be {', '.join(kind.fields)}")
    columns: dict[str, Any] = dict(kind.fixed)
    for name, each in kind.fields.items():
        try:
            if each.holds is not Holds.NUMBER:
                columns[kind.column(name)] = _value(kind, each, line[name], fresh)
        except (ValueError, TypeError) as error:
            raise RecordError(f"{name} must be {each.holds}") from error
    if kind.under == "patient_id":
        columns["patient_id"] = fresh.patient_id
    if kind.name == "messages":
        columns["key"] = new_id()
    return columns


def _value(kind: Kind, each: Field, value: Json, fresh: Fresh) -> Any:
    """The value for a column. Raises ValueError, TypeError."""
    match each.holds, value:
        case _, None:
            written = None
        case Holds.KEY, str():
            written = fresh.of_key(kind.name, value)
        case Holds.REF, str() | int():
            written = fresh.of_row(each.of, value)
        case Holds.BEFORE, dict():
            by = value.get("ended_by")
            ids = {"patient_id": fresh.patient_id, "ended_by": by and fresh.of_row(PEOPLE, by)}
            written = json.dumps(value | ids, ensure_ascii=False)
        case _:
            written = _plain(each.holds, value)
    return written


def _plain(holds: Holds, value: Json) -> Any:
    """A value that names no row, for a column. Raises ValueError, TypeError."""
    if holds is Holds.JSON:
        return json.dumps(value, ensure_ascii=False)
    if holds is Holds.TIME and (at := datetime.fromisoformat(value)).tzinfo is not None:
        return time_text(at)
    if holds is Holds.DAY:
        return date.fromisoformat(value).isoformat()
    is_truth = isinstance(value, bool)
    if is_truth is not (holds is Holds.TRUTH):
        raise ValueError(value)
    fitting = {Holds.TEXT: str, Holds.WHOLE: int, Holds.REAL: int | float, Holds.TRUTH: bool}
    if holds not in fitting or not isinstance(value, fitting[holds]):
        raise ValueError(value)
    if isinstance(value, str) and len(value) > MOST_TEXT:
        raise ValueError(len(value))
    return float(value) if holds is Holds.REAL else value


def settle(db: Database, fresh: Fresh, lost: Mapping[str, Collection[str]]) -> None:
    """What the clinic that takes a record adds to its rows, within the transaction.

    `lost` are ids in the record, by kind, of photos whose file the other clinic could not read.
    Every course is judged here, by the protocol that is in force here.
    """
    mine = [fresh.patient_id]
    db.execute(
        "UPDATE photos SET status = 'waiting' WHERE patient_id = ? AND status = 'measuring'", mine
    )
    db.execute("UPDATE treatments SET news = news + 1 WHERE patient_id = ?", mine)
    for kind, sql in (
        ("photos", "UPDATE photos SET file_fault = 'missing'"),
        ("early_photos", "DELETE FROM early_photos"),
        ("messages", "UPDATE remarks SET has_photo = 0"),
    ):
        ids = [fresh.of_row(kind, each) for each in lost.get(kind, ())]
        where = "WHERE id IN (SELECT value FROM json_each(?))"
        db.execute(f"{sql} {where}", [names_text(ids)])


def insert_elsewhere(db: Database, fresh: Fresh, named: Iterable[Elsewhere], now: datetime) -> None:
    """Add people of another clinic: suspended for ever, without an address or a way to sign in."""
    for each in named:
        person_id = fresh.of_row(PEOPLE, each.id)
        person = Person(
            id=person_id,
            role=each.role,
            name=each.shown_as,
            email=f"{person_id}@{NOWHERE}",
            time_zone="UTC",
            reminder_hour=None,
            suspended_at=now,
        )
        people.insert(db, person)
        db.table("people_elsewhere").insert(
            {
                "person_id": person_id,
                "patient_id": fresh.patient_id,
                "name": each.name,
                "clinic": each.clinic,
            }
        )


def named_in(db: Database, ids: Set[str], clinic: str) -> list[Elsewhere]:
    """These people for another clinic to read; `clinic` is the name of this one."""
    sql = """SELECT people.id, people.role, coalesce(people_elsewhere.name, people.name) AS name,
                 coalesce(people_elsewhere.clinic, ?) AS clinic
             FROM people LEFT JOIN people_elsewhere ON person_id = people.id
             WHERE people.id IN (SELECT value FROM json_each(?)) ORDER BY people.id"""
    return [read_row(Elsewhere, row) for row in db.query(sql, [clinic, names_text(ids)])]


def elsewhere_of(db: Database, patient_id: str) -> list[str]:
    """The ids of the people of other clinics whom a patient's record names."""
    sql = "SELECT person_id FROM people_elsewhere WHERE patient_id = ?"
    return [row["person_id"] for row in db.query(sql, [patient_id])]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a record came from, and when it left there and came here."""

    clinic: str
    exported_at: datetime
    imported_at: datetime


def note_origin(db: Database, patient_id: str, origin: Origin, ids: Iterable[str]) -> None:
    """Keep where a record came from, and the `ids` that the patient had at the clinics before."""
    db.table("imports").insert(row_of(origin) | {"patient_id": patient_id})
    rows = [(each, patient_id) for each in ids]
    db.conn.executemany("INSERT INTO import_origins (origin, patient_id) VALUES (?, ?)", rows)


def origin_of(db: Database, patient_id: str) -> Origin | None:
    """Where a patient's record came from; None for a patient of this clinic alone."""
    rows = db.query("SELECT * FROM imports WHERE patient_id = ?", [patient_id])
    return next((read_row(Origin, row) for row in rows), None)


def came_since(db: Database, since: datetime) -> dict[str, str]:
    """The clinics from which records came since a time, by patient."""
    sql = "SELECT patient_id, clinic FROM imports WHERE imported_at >= ?"
    rows = db.query(sql, [time_text(since)])
    return {row["patient_id"]: row["clinic"] or "another clinic" for row in rows}


def origins_of(db: Database, patient_id: str) -> list[str]:
    """All ids that the patient has and had, here and at the clinics before."""
    sql = "SELECT origin FROM import_origins WHERE patient_id = ? ORDER BY origin"
    return [patient_id, *(row["origin"] for row in db.query(sql, [patient_id]))]


def known_as(db: Database, origins: Collection[str]) -> Person | None:
    """The patient whose record has come before, or who is of this clinic, under one of the ids."""
    sql = """SELECT id FROM people WHERE id IN (SELECT value FROM json_each(:ids))
             UNION SELECT patient_id FROM import_origins
             WHERE origin IN (SELECT value FROM json_each(:ids))"""
    found = [row["id"] for row in db.query(sql, {"ids": names_text(origins)})]
    return people.get(db, found[0]) if found else None


def with_number(db: Database, record_number: str) -> Person | None:
    """The patient with this record number, whatever the case and the form of its letters."""
    sql = "SELECT * FROM people WHERE id IN (SELECT value FROM json_each(?)) AND role = ?"
    ids = people.ids_with_number(db, record_number)
    rows = db.query(sql, [names_text(ids), str(Role.PATIENT)])
    return next((read_row(Person, row) for row in rows), None)


def with_photos(db: Database) -> dict[str, set[str]]:
    """The ids of all rows that have a photo, by kind."""
    return {
        kind: {row["id"] for row in db.query(sql)}
        for kind, sql in (
            ("photos", "SELECT id FROM photos"),
            ("early_photos", "SELECT id FROM early_photos"),
            ("messages", "SELECT id FROM remarks WHERE has_photo"),
        )
    }


def begin_files(db: Database, import_id: str, photo_ids: Iterable[str], now: datetime) -> None:
    """Note that files of these ids may be stored from now on, although no row refers to them."""
    ids = [(each, import_id, time_text(now)) for each in photo_ids]
    db.conn.executemany("INSERT INTO import_files VALUES (?, ?, ?)", ids)


def end_files(db: Database, import_id: str) -> int:
    """Forget that; returns how many they were, none when the import was taken for broken off."""
    cursor = db.execute("DELETE FROM import_files WHERE import_id = ?", [import_id])
    return int(cursor.rowcount)


def under_way(db: Database, ids: Set[str]) -> set[str]:
    """Those of the ids whose files belong to a record that is being taken in, or broke off."""
    sql = """SELECT photo_id FROM import_files
             WHERE photo_id IN (SELECT value FROM json_each(?))"""
    return {row["photo_id"] for row in db.query(sql, [names_text(ids)])}


def break_off(db: Database, before: datetime) -> list[str]:
    """Take imports that began before a time for broken off: their rows can no longer be stored.

    Returns the ids of all photos whose files can be deleted; then call `end_files` with BROKEN.
    """
    sql = "UPDATE import_files SET import_id = ? WHERE began_at < ?"
    db.execute(sql, [BROKEN, time_text(before)])
    sql = "SELECT photo_id FROM import_files WHERE import_id = ? ORDER BY photo_id"
    return [row["photo_id"] for row in db.query(sql, [BROKEN])]


def insert_permit(db: Database, permit: Permit) -> None:
    """Keep that somebody asked for it."""
    db.table("export_permits").insert(row_of(permit))


def allow(db: Database, permit: Permit, by: str, now: datetime) -> None:
    """Keep who allowed it."""
    sql = "UPDATE export_permits SET allowed_by = ?, allowed_at = ? WHERE id = ?"
    db.execute(sql, [by, time_text(now), permit.id])


def permit(db: Database, permit_id: str) -> Permit | None:
    """The permit with this id."""
    rows = db.query("SELECT * FROM export_permits WHERE id = ?", [permit_id])
    return next((read_row(Permit, row) for row in rows), None)


def latest_permit(db: Database, patient_id: str, asked_by: str) -> Permit | None:
    """What this person asked last about the patient."""
    sql = """SELECT * FROM export_permits WHERE patient_id = ? AND asked_by = ?
             ORDER BY asked_at DESC LIMIT 1"""
    rows = db.query(sql, [patient_id, asked_by])
    return next((read_row(Permit, row) for row in rows), None)


def permits_not_allowed(db: Database) -> list[Permit]:
    """All that no one has allowed, the oldest first."""
    sql = "SELECT * FROM export_permits WHERE allowed_at IS NULL ORDER BY asked_at, id"
    return [read_row(Permit, row) for row in db.query(sql)]
