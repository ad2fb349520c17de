"""Links with which people choose a new passphrase, until they are used."""

from datetime import datetime

from sqlite_utils import Database

from tracker.domain.people.signed_links import Renewal
from tracker.storage.columns import read_row, row_of, time_text


def insert(db: Database, renewal: Renewal) -> None:
    """Add a link."""
    db.table("renewals").insert(row_of(renewal))


def get(db: Database, renewal_id: str) -> Renewal | None:
    """The link with this id."""
    rows = db.query("SELECT * FROM renewals WHERE id = ?", [renewal_id])
    return next((read_row(Renewal, row) for row in rows), None)


def was_asked_since(db: Database, person_id: str, at: datetime) -> bool:
    """Whether a link that no colleague issued was made for this person at `at` or later."""
    sql = "SELECT 1 FROM renewals WHERE person_id = ? AND issued_by IS NULL AND created_at >= ?"
    return any(db.query(sql, [person_id, time_text(at)]))


def forget_made_before(db: Database, at: datetime) -> None:
    """Remove all links that were made before `at`."""
    db.execute("DELETE FROM renewals WHERE created_at < ?", [time_text(at)])


def end_all_of(db: Database, person_id: str) -> None:
    """End every link of a person."""
    db.execute("DELETE FROM renewals WHERE person_id = ?", [person_id])
