"""Sessions that have not been ended; a token is stored only as its digest.

What ends all sessions ends all tokens of the HTTP API, too.
"""

from dataclasses import replace
from datetime import datetime

from sqlite_utils import Database

from tracker.domain.clinic.audit import Act
from tracker.domain.people.sessions import Session
from tracker.storage.columns import read_optional_time, read_row, row_of, time_text
from tracker.storage.people import tokens


def begin(db: Database, digest: str, session: Session) -> None:
    """Add a session under the digest of its token."""
    seen = replace(session, seen_at=session.last_seen)
    db.table("sessions").insert({"token_digest": digest, **row_of(seen)})


def get(db: Database, digest: str) -> Session | None:
    """The session whose token has this digest."""
    rows = db.query("SELECT * FROM sessions WHERE token_digest = ?", [digest])
    return next((read_row(Session, row) for row in rows), None)


def use(db: Database, digest: str, now: datetime) -> None:
    """Note that the session is used."""
    sql = "UPDATE sessions SET seen_at = ? WHERE token_digest = ?"
    db.execute(sql, [time_text(now), digest])


def end(db: Database, digest: str) -> None:
    """Remove the session; a missing one is no error."""
    db.execute("DELETE FROM sessions WHERE token_digest = ?", [digest])


def of_person(db: Database, person_id: str) -> list[tuple[str, Session]]:
    """A person's sessions with the digest of each token, the latest first."""
    sql = "SELECT * FROM sessions WHERE person_id = ? ORDER BY began_at DESC, token_digest"
    return [(row["token_digest"], read_row(Session, row)) for row in db.query(sql, [person_id])]


def last_seen(db: Database, person_id: str) -> datetime | None:
    """When a person last used a page or signed out, as far as it was noted; None for never."""
    sql = """SELECT max(at) AS at FROM (
                 SELECT seen_at AS at FROM sessions WHERE person_id = :person
                 UNION ALL
                 SELECT at FROM audit_log WHERE by_id = :person AND act = :out)"""
    (row,) = db.query(sql, {"person": person_id, "out": str(Act.SIGNED_OUT)})
    return read_optional_time(row["at"])


def end_others_of(db: Database, person_id: str, digest: str) -> None:
    """Remove every session of a person but the one whose token has this digest."""
    db.execute(
        "DELETE FROM sessions WHERE person_id = ? AND token_digest <> ?", [person_id, digest]
    )


def end_all_of(db: Database, person_id: str) -> None:
    """Remove every session of a person, and every token."""
    db.execute("DELETE FROM sessions WHERE person_id = ?", [person_id])
    tokens.end_all_of(db, person_id)


def end_all(db: Database) -> None:
    """Remove every session of everyone, and every token."""
    db.execute("DELETE FROM sessions")
    tokens.end_all(db)


def forget_begun_before(db: Database, at: datetime) -> None:
    """Remove all sessions that began before `at`."""
    db.execute("DELETE FROM sessions WHERE began_at < ?", [time_text(at)])
