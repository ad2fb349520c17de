"""Share codes; only the newest of each patient counts."""

from datetime import datetime

from sqlite_utils import Database

from tracker.domain.people.share_codes import ShareCode
from tracker.storage.columns import read_optional_time, read_time, time_text


def renew(db: Database, digest: str, code: ShareCode) -> None:
    """Store a code under its digest in place of any open one of that patient."""
    db.execute(
        "DELETE FROM share_codes WHERE patient_id = ? AND used_at IS NULL", [code.patient_id]
    )
    row = {
        "digest": digest,
        "patient_id": code.patient_id,
        "created_at": time_text(code.created_at),
    }
    db.table("share_codes").insert(row)


def get(db: Database, digest: str) -> ShareCode | None:
    """The code with this digest."""
    rows = db.query("SELECT * FROM share_codes WHERE digest = ?", [digest])
    row = next(rows, None)
    if row is None:
        return None
    used_at = read_optional_time(row["used_at"])
    return ShareCode(row["patient_id"], read_time(row["created_at"]), used_at)


def use(db: Database, digest: str, now: datetime) -> None:
    """Mark the code as used."""
    db.execute("UPDATE share_codes SET used_at = ? WHERE digest = ?", [time_text(now), digest])
