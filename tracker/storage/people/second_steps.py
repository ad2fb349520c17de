"""What the second step of signing in needs: apps, recovery codes, half sign-ins, tries."""

from collections.abc import Iterable
from datetime import datetime

from sqlite_utils import Database

from tracker.domain.people.second_step import HALF_GOOD_FOR, REMEMBERED, Authenticator, Ways
from tracker.domain.people.sessions import Session
from tracker.storage.columns import read_row, read_time, row_of, time_text


def ways_of(db: Database, person_id: str) -> Ways:
    """What a person can take the second step with."""
    sql = """SELECT EXISTS (SELECT 1 FROM authenticators WHERE person_id = :id) AS has_app,
                 (SELECT count(*) FROM passkeys WHERE person_id = :id) AS passkeys,
                 (SELECT count(*) FROM recovery_codes WHERE person_id = :id) AS codes"""
    (row,) = db.query(sql, {"id": person_id})
    return Ways(bool(row["has_app"]), row["passkeys"], row["codes"])


def app_of(db: Database, person_id: str) -> Authenticator | None:
    """A person's app."""
    rows = db.query("SELECT * FROM authenticators WHERE person_id = ?", [person_id])
    return next((read_row(Authenticator, row) for row in rows), None)


def keep_app(db: Database, app: Authenticator) -> None:
    """Store an app, or its last used step, in place of the one before."""
    db.table("authenticators").insert(row_of(app), replace=True)


def remove_app(db: Database, person_id: str) -> bool:
    """Forget a person's app; False when there was none."""
    sql = "DELETE FROM authenticators WHERE person_id = ?"
    return bool(db.execute(sql, [person_id]).rowcount)


def renew_codes(db: Database, person_id: str, hashes: Iterable[str]) -> None:
    """Store recovery codes in place of those before."""
    db.execute("DELETE FROM recovery_codes WHERE person_id = ?", [person_id])
    for each in hashes:
        db.execute("INSERT INTO recovery_codes VALUES (?, ?)", [each, person_id])


def codes_of(db: Database, person_id: str) -> list[str]:
    """The hashes of the recovery codes that are left."""
    sql = "SELECT code_hash FROM recovery_codes WHERE person_id = ?"
    return [row["code_hash"] for row in db.query(sql, [person_id])]


def use_code(db: Database, code_hash: str) -> bool:
    """Take a recovery code away; False when another request was faster."""
    sql = "DELETE FROM recovery_codes WHERE code_hash = ?"
    return bool(db.execute(sql, [code_hash]).rowcount == 1)


def begin_half(db: Database, digest: str, half: Session) -> None:
    """Add a sign-in that waits for its second step, under the digest of its token."""
    too_old = time_text(half.began_at - HALF_GOOD_FOR)
    db.execute("DELETE FROM half_sessions WHERE began_at < ?", [too_old])
    began_at = time_text(half.began_at)
    db.execute("INSERT INTO half_sessions VALUES (?, ?, ?)", [digest, half.person_id, began_at])


def half(db: Database, digest: str) -> Session | None:
    """The sign-in that waits, whose token has this digest."""
    rows = db.query("SELECT * FROM half_sessions WHERE token_digest = ?", [digest])
    return next((Session(row["person_id"], read_time(row["began_at"])) for row in rows), None)


def end_half(db: Database, digest: str) -> bool:
    """Remove the sign-in that waits; False when another request was faster."""
    sql = "DELETE FROM half_sessions WHERE token_digest = ?"
    return bool(db.execute(sql, [digest]).rowcount == 1)


def end_halves_of(db: Database, person_id: str) -> None:
    """Remove every sign-in of a person that waits."""
    db.execute("DELETE FROM half_sessions WHERE person_id = ?", [person_id])


def count_try(db: Database, person_id: str, now: datetime) -> None:
    """Note a try, before it is checked."""
    too_old = time_text(now - REMEMBERED)
    db.execute("DELETE FROM second_step_tries WHERE at < ?", [too_old])
    sql = "INSERT INTO second_step_tries (person_id, at) VALUES (?, ?)"
    db.execute(sql, [person_id, time_text(now)])


def tries_of(db: Database, person_id: str) -> list[datetime]:
    """The times of the tries since the last right code."""
    rows = db.query("SELECT at FROM second_step_tries WHERE person_id = ?", [person_id])
    return [read_time(row["at"]) for row in rows]


def forget_tries(db: Database, person_id: str) -> None:
    """Begin to count from zero."""
    db.execute("DELETE FROM second_step_tries WHERE person_id = ?", [person_id])
