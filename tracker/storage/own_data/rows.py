"""All rows of the database by the patient whom they belong to: to erase, and for backups.

A row belongs to a patient if it refers to that person, directly or through other rows. It follows
the foreign keys, so that a table that is added later cannot be forgotten.
"""

import heapq
import secrets
from collections.abc import Iterator, Mapping, Sequence
from graphlib import TopologicalSorter
from itertools import groupby
from typing import Any

from sqlite_utils import Database

from tracker.domain.people.people import Role
from tracker.storage.connection import writing

KEY_BYTES = 64  # AES-SIV
CLINIC = ""  # owner of the rows that belong to no patient

Rows = Mapping[str, Mapping[str, Sequence[Any]]]
"""For each table its `columns`, and its `rows` as lists of values in that order."""


def erase_rows(db: Database, person_id: str) -> None:
    """Delete the person and every row that refers to the person, directly or indirectly.

    With a record from elsewhere go the names that only it brought.
    """
    sql = "SELECT person_id FROM people_elsewhere WHERE patient_id = ?"
    brought = [row["person_id"] for row in db.query(sql, [person_id])]
    _erase(db, "people", "id", [person_id])
    if brought:
        _erase(db, "people", "id", brought)


def keys(db: Database) -> dict[str, bytes]:
    """The key of every patient's rows in backups, by person; those without one get it now."""
    with writing(db):
        without = db.query(
            "SELECT id FROM people WHERE role = ? AND id NOT IN (SELECT person_id FROM row_keys)",
            [str(Role.PATIENT)],
        )
        fresh = [(row["id"], secrets.token_bytes(KEY_BYTES)) for row in without]
        db.conn.executemany("INSERT INTO row_keys (person_id, key) VALUES (?, ?)", fresh)
    return {row["person_id"]: row["key"] for row in db.table("row_keys").rows}


def schema(db: Database) -> list[str]:
    """The statements that make the tables, and after them the indexes, triggers and views."""
    sql = """SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND substr(name, 1, 7) <> 'sqlite_'
             ORDER BY type <> 'table', type = 'trigger', name"""
    return [row["sql"] for row in db.query(sql)]


def by_owner(db: Database) -> Iterator[tuple[str, Rows]]:
    """Every row of the database: those of the CLINIC, then patient by patient, in a fixed order.

    It holds the rows of one patient at a time. The caller's transaction must last until its end.
    """
    tables = _in_order(db)
    for table in tables:
        _note_owners(db, table)
    columns = {table: [column.name for column in db.table(table).columns] for table in tables}
    cursors = [_owned_rows(db, table) for table in tables]
    for owner, rows in groupby(heapq.merge(*cursors, key=lambda row: row[0]), lambda row: row[0]):
        found: dict[str, list[Any]] = {}
        for _, table, values in rows:
            found.setdefault(table, []).append(values)
        yield (
            owner,
            {table: {"columns": columns[table], "rows": found[table]} for table in sorted(found)},
        )
    for table in tables:
        db.execute(f"DROP TABLE temp.{_owners(table)}")


def insert(db: Database, rows: Rows) -> None:
    """Put rows back that `by_owner` took along; the foreign keys must not be watched meanwhile."""
    for table, each in rows.items():
        columns = ", ".join(f'"{column}"' for column in each["columns"])
        marks = ", ".join("?" * len(each["columns"]))
        sql = f'INSERT INTO "{table}" ({columns}) VALUES ({marks})'  # noqa: S608 (names of ours)
        db.conn.executemany(sql, each["rows"])


def dangling(db: Database) -> int:
    """How many rows refer to a row that is not there."""
    return len(db.execute("PRAGMA foreign_key_check").fetchall())


def _erase(db: Database, table: str, column: str, values: Sequence[object]) -> None:
    """Delete the rows with one of these values, after all rows that refer to them."""
    for child, child_column, key in _referring(db, table):
        rows = db.table(table).rows_where(_one_of(column, values), values, select=key)
        found = list({row[key] for row in rows})
        if found:
            _erase(db, child, child_column, found)
    db.table(table).delete_where(_one_of(column, values), values)


def _referring(db: Database, table: str) -> Iterator[tuple[str, str, str]]:
    """Every (table, column) that refers to a column of `table`."""
    for child in db.table_names():
        for foreign in db.table(child).foreign_keys:
            if foreign.other_table == table and foreign.column and foreign.other_column:
                yield child, foreign.column, foreign.other_column


def _one_of(column: str, values: Sequence[object]) -> str:
    return f"{column} IN ({', '.join('?' * len(values))})"


def _in_order(db: Database) -> list[str]:
    """The tables, each after those that it refers to. Raises CycleError if that is impossible."""
    refers = {
        table: sorted({foreign.other_table for foreign in db.table(table).foreign_keys})
        for table in sorted(db.table_names())
    }
    return list(TopologicalSorter(refers).static_order())


def _owners(table: str) -> str:
    return f'"owners of {table}"'


def _note_owners(db: Database, table: str) -> None:
    """Make a temporary table with the owner of every value by which rows of `table` are meant."""
    referred = sorted({column for _, _, column in _referring(db, table)})
    parts = [
        f"""SELECT '{column}' AS meant, own."{column}" AS value, {_owner(db, table)} AS owner
            FROM {_joined(db, table)}"""  # noqa: S608 (names of ours)
        for column in referred
    ]
    nothing = "SELECT '' AS meant, '' AS value, NULL AS owner WHERE 0"
    db.execute(
        f"CREATE TEMP TABLE {_owners(table)} (meant, value, owner, PRIMARY KEY (meant, value))"
    )
    db.execute(f"INSERT INTO temp.{_owners(table)} {' UNION ALL '.join(parts) or nothing}")


def _owner(db: Database, table: str) -> str:
    """An expression for the patient whom a row of `table` belongs to; NULL if to none."""
    if table == "people":
        return f"CASE WHEN role = '{Role.PATIENT}' THEN id END"
    found = [f"parent{n}.owner" for n, _ in enumerate(db.table(table).foreign_keys)]
    return f"coalesce({', '.join([*found, 'NULL', 'NULL'])})"


def _joined(db: Database, table: str) -> str:
    """The table with the owners of the rows that it refers to."""
    if table == "people":
        return '"people" AS own'
    joins = [
        f" LEFT JOIN temp.{_owners(foreign.other_table)} AS parent{n}"
        f" ON parent{n}.meant = '{foreign.other_column}'"
        f' AND parent{n}.value = own."{foreign.column}"'
        for n, foreign in enumerate(db.table(table).foreign_keys)
    ]
    return f'"{table}" AS own{"".join(joins)}'


def _owned_rows(db: Database, table: str) -> Iterator[tuple[str, str, list[Any]]]:
    """(owner, table, values) of each row, by owner and then by primary key."""
    names = ", ".join(f'own."{column.name}"' for column in db.table(table).columns)
    keys_of_rows = ", ".join(f'own."{column}"' for column in db.table(table).pks)
    sql = f"""SELECT coalesce({_owner(db, table)}, '') AS owner, {names}
              FROM {_joined(db, table)} ORDER BY 1, {keys_of_rows}"""  # noqa: S608 (names of ours)
    for owner, *values in db.execute(sql):
        yield owner, table, values
