"""The audit log; a row is added in the transaction of the act that it records."""

from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Any

from sqlite_utils import Database

from tracker.domain.clinic.audit import (
    POSITION_BEGINS,
    Entry,
    Head,
    Search,
    Verdict,
    chained,
)
from tracker.storage.columns import names_text, read_row, time_text

_COLUMNS = ("id", "act", "at", "by_id", "about_id", "details")


def add(db: Database, entry: Entry) -> None:
    """Add an entry to the end of the chain, in the caller's transaction."""
    last = head(db)
    number, previous = (last.number + 1, last.digest) if last else (1, "")
    act, at = str(entry.act), time_text(entry.at)
    parts = (number, act, at, entry.by, entry.about, entry.details)
    row = dict(zip(_COLUMNS, parts, strict=True)) | {"digest": chained(previous, parts)}
    db.table("audit_log").insert(row)


def head(db: Database) -> Head | None:
    """The last entry's number and digest; None while there is none."""
    rows = db.query("SELECT id, digest FROM audit_log ORDER BY id DESC LIMIT 1")
    return next((Head(row["id"], row["digest"]) for row in rows), None)


def verify(db: Database, heads: Collection[Head]) -> Verdict:
    """Calculate the whole chain again, and look for the `heads` in it."""
    previous, last, broken_at = "", None, None
    missing = set(heads)
    for row in db.query("SELECT * FROM audit_log ORDER BY id"):
        digest = chained(previous, [row[name] for name in _COLUMNS])
        if broken_at is None and digest != row["digest"]:
            broken_at = row["id"]
        previous, last = row["digest"], Head(row["id"], row["digest"])
        missing.discard(last)
    misfits = tuple(sorted(missing, key=lambda each: each.number))
    return Verdict(last, broken_at, misfits)


def is_recorded(db: Database, entry: Entry, since: datetime) -> bool:
    """Whether the same person did the same about the same person since a given time."""
    sql = """SELECT 1 FROM audit_log WHERE by_id = ? AND at > ? AND act = ? AND about_id IS ?"""
    values = [entry.by, time_text(since), str(entry.act), entry.about]
    return any(db.query(sql, values))


def has_position_begun_since(db: Database, person_id: str, at: datetime) -> bool:
    """Whether a person was invited, came or got another position since a given time."""
    sql = """SELECT 1 FROM audit_log WHERE about_id = ? AND at > ?
                 AND act IN (SELECT value FROM json_each(?))"""
    return any(db.query(sql, [person_id, time_text(at), names_text(POSITION_BEGINS)]))


def search(db: Database, wanted: Search, most: int = -1, skip: int = 0) -> Iterator[Entry]:
    """The entries found, newest first."""
    conditions: list[str] = ["1"]
    values: list[Any] = []
    for condition, value in (
        ("by_id = ?", wanted.by),
        ("act = ?", wanted.act and str(wanted.act)),
        ("at >= ?", wanted.since and time_text(wanted.since)),
        ("at < ?", wanted.until and time_text(wanted.until)),
    ):
        if value is not None:
            conditions.append(condition)
            values.append(value)
    if wanted.about is not None:
        starts = " OR ".join(["instr(about_id, ?) = 1"] * len(wanted.about))
        conditions.append(f"({starts or 0})")
        values += sorted(wanted.about)
    sql = f"""SELECT * FROM audit_log WHERE {" AND ".join(conditions)}
              ORDER BY at DESC, id DESC LIMIT ? OFFSET ?"""  # noqa: S608 (no input in it)
    return (_entry(row) for row in db.query(sql, [*values, most, skip]))


def _entry(row: dict[str, Any]) -> Entry:
    return read_row(Entry, row, by=row["by_id"], about=row["about_id"])
