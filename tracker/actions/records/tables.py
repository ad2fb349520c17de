"""Tables for analysis leave the clinic as files, as a copy without identities, or for one query."""

import csv
import hmac
import json
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from secrets import token_bytes
from typing import Any, Final, TextIO

from sqlite_utils import Database

from tracker.domain.clinic.audit import Act, Entry
from tracker.domain.own_data.consents import Purpose, is_given
from tracker.storage.clinic import audit_log
from tracker.storage.connection import reading, writing
from tracker.storage.own_data import consents, erasures
from tracker.storage.people import people
from tracker.storage.tables import TABLES, Column, Holds, Keeps, Table, open_views, rows_of

FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")  # with which a spreadsheet begins to compute
ENDLESS: Final = (float("inf"), float("-inf"))  # which JSON cannot write
SHORTEST_KEY: Final = 32  # bytes
LONGEST_VALUE: Final = 16 * 1024**2  # bytes
CHECKED_EVERY: Final = 10_000  # steps of SQLite between two looks at the clock

Row = tuple[Any, ...]


class Form(StrEnum):
    """How files are written; the value is the end of their names."""

    CSV = "csv"
    PARQUET = "parquet"


_PARQUET: Final = {Holds.TEXT: "VARCHAR", Holds.WHOLE: "BIGINT", Holds.REAL: "DOUBLE"}


class NoWriter(Exception):  # noqa: N818  (the message names the remedy)
    """What writes this form is not installed."""


class QueryError(Exception):
    """The SQL cannot be answered; the message names the remedy."""


def write_files(db: Database, folder: Path, form: Form, now: datetime) -> dict[str, int]:
    """One file a table, in a folder that is there; returns the number of rows of each. Audited.

    Raises NoWriter when Parquet is asked for and DuckDB is not installed.
    """
    write = {Form.CSV: _write_csv, Form.PARQUET: _write_parquet}[form]
    _note(db, f"tables as {form}", now)
    with _views(db):
        return {
            table.name: write(folder / f"{table.name}.{form}", table, _all_rows(db, table))
            for table in TABLES
        }


def _write_csv(file: Path, table: Table, rows: Iterable[Row]) -> int:
    with file.open("w", encoding="utf-8", newline="") as opened:
        return write_rows(opened, [each.name for each in table.columns], rows)


def write_rows(file: TextIO, names: Sequence[str], rows: Iterable[Row]) -> int:
    """Rows as CSV (RFC 4180), in which no text is a formula; returns how many."""
    writer, count = csv.writer(file), 0
    writer.writerow(names)
    for row in rows:
        writer.writerow([_harmless(value) for value in row])
        count += 1
    return count


def _harmless(value: Any) -> Any:
    is_formula = isinstance(value, str) and value.startswith(FORMULA)
    return f"'{value}" if is_formula else value


def _write_parquet(file: Path, table: Table, rows: Iterable[Row]) -> int:
    """By way of JSON lines, which keep an empty text apart from nothing."""
    try:
        import duckdb  # noqa: PLC0415  (an extra)
    except ImportError as error:
        raise NoWriter(
            "Parquet needs the extra tables: pip install -e '.[tables]'; or write CSV"
        ) from error
    names, count = [each.name for each in table.columns], 0
    lines = file.with_suffix(".ndjson")
    with lines.open("w", encoding="utf-8") as opened:
        for row in rows:
            opened.write(json.dumps(dict(zip(names, row, strict=True))) + "\n")
            count += 1
    types = ", ".join(f"{each.name}: '{_PARQUET[each.holds]}'" for each in table.columns)
    with closing(duckdb.connect(":memory:")) as writer:
        rows_there = f"read_json({_quoted(lines)}, format='newline_delimited', columns={{{types}}})"
        writer.execute(f"COPY (FROM {rows_there}) TO {_quoted(file)} (FORMAT parquet)")
    lines.unlink()
    return count


def _quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"


def write_copy(
    db: Database, file: Path, key: bytes | None, now: datetime, *, for_research: bool = False
) -> dict[str, int]:
    """A plain SQLite file without identities; returns the number of rows of each table. Audited.

    Ids are pseudonyms under `key`, of at least 32 bytes; without one, under a key that is kept
    nowhere, so that no second copy has the same ones. `for_research` needs a key and leaves out
    patients who do not allow research, and single photos that may not be used. Its table
    `withdrawn` has whose rows of earlier copies are to be deleted, of one photo or, where `photo`
    is empty, all of them.
    """
    if for_research and key is None:
        raise ValueError("a copy for research needs a key: no one could delete from it later")
    if key is not None and len(key) < SHORTEST_KEY:
        raise ValueError(f"the key has fewer than {SHORTEST_KEY} bytes; make one with openssl rand")
    _note(db, f"a copy without identities{', for research' if for_research else ''}", now)
    pseudonym = _pseudonyms(key or token_bytes(SHORTEST_KEY))
    with closing(sqlite3.connect(file)) as target:
        with _views(db):
            allowed = _allowed(db) if for_research else None
            wanted = {table: table.kept for table in TABLES}
            counts = _fill(db, target, wanted, pseudonym, allowed)
        if allowed is not None:
            target.execute("CREATE TABLE withdrawn (patient TEXT, photo TEXT)")
            gone: list[Row] = [(pseudonym(each), None) for each in allowed.withdrawn]
            gone += [(None, pseudonym(each)) for each in allowed.photos]
            target.executemany("INSERT INTO withdrawn VALUES (?, ?)", sorted(gone, key=repr))
        target.execute("CREATE TABLE dictionary (table_name TEXT, column_name TEXT, meaning TEXT)")
        lines = [(t.name, c.name, c.meaning) for t in TABLES for c in t.kept]
        target.executemany("INSERT INTO dictionary VALUES (?, ?, ?)", lines)
        target.commit()
    return counts


@dataclass(frozen=True, slots=True)
class _Allowed:
    """Whose data research may use, by id; of them without the photos in `photos`.

    `withdrawn` are those who allowed it once, and all whose account was erased: with it went what
    they had allowed.
    """

    patients: frozenset[str]
    photos: frozenset[str]
    withdrawn: frozenset[str]

    def takes(self, names: Sequence[str], row: Row) -> bool:
        """Whether a row may leave."""
        known = dict(zip(names, row, strict=True))
        return known["patient"] in self.patients and known.get("photo") not in self.photos


def _allowed(db: Database) -> _Allowed:
    decided = {each: consents.of_patient(db, each) for each in people.ids_of_patients(db)}
    uses = (Purpose.CARE, Purpose.RESEARCH)  # without care there is nothing left to study
    patients = {who for who, each in decided.items() if all(is_given(each, use) for use in uses)}
    photos = {
        consent.photo_id
        for each in decided.values()
        for consent in each
        if consent.photo_id and not is_given(each, Purpose.RESEARCH, consent.photo_id)
    }
    asked_once = {
        who
        for who, each in decided.items()
        if any(c.purpose is Purpose.RESEARCH and c.photo_id is None for c in each)
    }
    gone = (asked_once - patients) | erasures.of_whom(db)
    return _Allowed(frozenset(patients), frozenset(photos), frozenset(gone))


def _pseudonyms(key: bytes) -> Callable[[str], str]:
    def pseudonym(known: str) -> str:
        return hmac.digest(key, known.encode(), "sha256").hex()[:16]

    return pseudonym


@contextmanager
def asked(
    db: Database, sql: str, now: datetime, seconds: float
) -> Iterator[tuple[list[str], Iterator[Row]]]:
    """The names of the columns and the rows of one SELECT. Audited. Raises QueryError.

    It reads a copy of the tables in memory, so that it can neither change the clinic nor make it
    wait, and reads nothing but the tables.
    """
    _note(db, "a query", now)
    with closing(sqlite3.connect(":memory:")) as target:
        with _views(db):
            _fill(db, target, {table: table.columns for table in TABLES}, None)
        until = time.monotonic() + seconds
        # A change would be lost with the copy, and look as if it had been made.
        target.execute("PRAGMA query_only = ON")
        target.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LONGEST_VALUE)
        target.set_authorizer(_in_memory)
        target.set_progress_handler(lambda: int(time.monotonic() > until), CHECKED_EVERY)
        try:
            found = target.execute(sql)
            if found.description is None:
                raise QueryError("this is no question; begin with SELECT or WITH")
            names = [each[0] for each in found.description]
            if twice := sorted({each for each in names if names.count(each) > 1}):
                raise QueryError(f"two columns are named {twice[0]}; name each with AS")
            yield names, _rows(found, seconds)
        except (sqlite3.Error, sqlite3.Warning) as error:
            raise QueryError(_remedy(error, seconds)) from error


def _rows(found: sqlite3.Cursor, seconds: float) -> Iterator[Row]:
    try:
        for row in found:
            if any(isinstance(value, bytes) or value in ENDLESS for value in row):
                raise QueryError("a value is neither text nor a number; ask with hex() or CAST")
            yield row
    except sqlite3.Error as error:
        raise QueryError(_remedy(error, seconds)) from error


def _remedy(error: Exception, seconds: float) -> str:
    if getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_INTERRUPT:
        return f"it took longer than {seconds:g} seconds; ask for less, or give --seconds"
    names = ", ".join(table.name for table in TABLES)
    return f"{error}; the tables are {names}, and tracker/TABLES.md has their columns"


def _in_memory(act: int, *_: object) -> int:
    is_outside = act in {sqlite3.SQLITE_ATTACH, sqlite3.SQLITE_DETACH, sqlite3.SQLITE_PRAGMA}
    return sqlite3.SQLITE_DENY if is_outside else sqlite3.SQLITE_OK


@contextmanager
def _views(db: Database) -> Iterator[None]:
    """The views, and all of them as of one moment."""
    open_views(db)
    with reading(db):
        yield


def _fill(
    db: Database,
    target: sqlite3.Connection,
    wanted: Mapping[Table, Sequence[Column]],
    pseudonym: Callable[[str], str] | None,
    allowed: _Allowed | None = None,
) -> dict[str, int]:
    counts = {}
    for table, columns in wanted.items():
        named = ", ".join(f"{each.name} {each.holds}" for each in columns)
        target.execute(f"CREATE TABLE {table.name} ({named})")
        marks = ", ".join("?" * len(columns))
        rows: Iterable[Row] = rows_of(db, table, columns)
        if allowed is not None:
            names = [each.name for each in columns]
            rows = (row for row in rows if allowed.takes(names, row))
        if pseudonym is not None:  # sorted: the order of the ids would tell whose each is
            rows = sorted((_renamed(row, columns, pseudonym) for row in rows), key=repr)
        sql = f"INSERT INTO {table.name} VALUES ({marks})"  # noqa: S608 (no input in it)
        counts[table.name] = max(0, target.executemany(sql, rows).rowcount)
    return counts


def _renamed(row: Row, columns: Sequence[Column], pseudonym: Callable[[str], str]) -> Row:
    return tuple(
        pseudonym(value) if column.keeps is Keeps.PSEUDONYM else value
        for value, column in zip(row, columns, strict=True)
    )


def _all_rows(db: Database, table: Table) -> Iterator[Row]:
    return rows_of(db, table, table.columns)


def _note(db: Database, what: str, now: datetime) -> None:
    """Before anything leaves: what is written, of whom all patients are."""
    with writing(db):
        audit_log.add(db, Entry(Act.DATA_EXPORTED, now, None, None, what))
