"""Tombstones of closed accounts, and the deletion of every row that refers to a person."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from sqlite_utils import Database

from tracker.domain.own_data.erasures import Erasure
from tracker.storage.columns import read_row, row_of, time_text


def insert(db: Database, erasure: Erasure) -> None:
    """Add a tombstone; from now on the histories of this patient may be deleted, too."""
    db.table("erasures").insert(row_of(erasure))


def due(db: Database, now: datetime) -> list[Erasure]:
    """What is to be erased now and is not done yet, the oldest request first."""
    sql = """SELECT * FROM erasures WHERE erased_at IS NULL AND due_at <= ?
             ORDER BY asked_at, patient_id"""
    return [read_row(Erasure, row) for row in db.query(sql, [time_text(now)])]


def finish(db: Database, patient_id: str, now: datetime) -> None:
    """Record that nothing is left."""
    sql = "UPDATE erasures SET erased_at = ? WHERE patient_id = ?"
    db.execute(sql, [time_text(now), patient_id])


def erase_rows(db: Database, person_id: str) -> None:
    """Delete the person and every row that refers to the person, directly or indirectly.

    It follows the foreign keys, so that a table that is added later cannot be forgotten.
    """
    _erase(db, "people", "id", [person_id])


def _erase(db: Database, table: str, column: str, values: Sequence[object]) -> None:
    """Delete the rows with one of these values, after all rows that refer to them."""
    for child, child_column, key in _referring(db, table):
        rows = db.table(table).rows_where(_one_of(column, values), values, select=key)
        keys = list({row[key] for row in rows})
        if keys:
            _erase(db, child, child_column, keys)
    db.table(table).delete_where(_one_of(column, values), values)


def _referring(db: Database, table: str) -> Iterator[tuple[str, str, str]]:
    """Every (table, column) that refers to a column of `table`."""
    for child in db.table_names():
        for foreign in db.table(child).foreign_keys:
            if foreign.other_table == table and foreign.column and foreign.other_column:
                yield child, foreign.column, foreign.other_column


def _one_of(column: str, values: Sequence[object]) -> str:
    return f"{column} IN ({', '.join('?' * len(values))})"


def wipe_log(db: Database) -> bool:
    """Copy the write-ahead log into the file and empty it; False while another reader uses it.

    Deleted rows are overwritten in the file (`secure_delete`), but older pages stay in the log.
    """
    ((busy, _, _),) = db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    return not busy
