"""Tombstones of closed accounts."""

from datetime import datetime

from sqlite_utils import Database

from tracker.domain.own_data.erasures import Erasure
from tracker.storage.columns import read_optional_time, read_row, row_of, time_text


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


def of_whom(db: Database) -> set[str]:
    """The ids of all whose account is closed, whether erased by now or not."""
    return {row["patient_id"] for row in db.table("erasures").rows}


def last(db: Database) -> datetime | None:
    """When the latest erasure was complete."""
    (row,) = db.query("SELECT max(erased_at) AS at FROM erasures")
    return read_optional_time(row["at"])


def wipe_log(db: Database) -> bool:
    """Copy the write-ahead log into the file and empty it; False while another reader uses it.

    Deleted rows are overwritten in the file (`secure_delete`), but older pages stay in the log.
    """
    ((busy, _, _),) = db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    return not busy
