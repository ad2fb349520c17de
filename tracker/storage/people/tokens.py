"""Tokens of the HTTP API, a secret only as its digest; and what calls with a key were answered."""

from datetime import datetime

from sqlite_utils import Database

from tracker.domain.people.tokens import KeptAnswer, Token
from tracker.storage.columns import read_row, row_of, time_text


def insert(db: Database, token: Token, digest: str) -> None:
    """Add a token under the digest of its secret."""
    db.table("api_tokens").insert({**row_of(token), "secret_digest": digest})


def by_digest(db: Database, digest: str) -> Token | None:
    """The token whose secret has this digest."""
    rows = db.query("SELECT * FROM api_tokens WHERE secret_digest = ?", [digest])
    return next((read_row(Token, row) for row in rows), None)


def of_person(db: Database, person_id: str) -> list[Token]:
    """A person's tokens, also those whose time has passed, the latest first."""
    sql = "SELECT * FROM api_tokens WHERE person_id = ? ORDER BY made_at DESC, id"
    return [read_row(Token, row) for row in db.query(sql, [person_id])]


def use(db: Database, token_id: str, now: datetime) -> None:
    """Note that the token is used."""
    db.execute("UPDATE api_tokens SET used_at = ? WHERE id = ?", [time_text(now), token_id])


def end(db: Database, person_id: str, token_id: str) -> bool:
    """Remove a token of this person; False when there is none."""
    sql = "DELETE FROM api_tokens WHERE id = ? AND person_id = ?"
    return bool(db.execute(sql, [token_id, person_id]).rowcount)


def end_all_of(db: Database, person_id: str) -> None:
    """Remove every token of a person."""
    db.execute("DELETE FROM api_tokens WHERE person_id = ?", [person_id])


def end_all(db: Database) -> None:
    """Remove every token of everyone."""
    db.execute("DELETE FROM api_tokens")


def answer_to(db: Database, person_id: str, key: str) -> KeptAnswer | None:
    """What this person's call with this key was answered, or that it is under way."""
    rows = db.query("SELECT * FROM api_answers WHERE person_id = ? AND key = ?", [person_id, key])
    return next((read_row(KeptAnswer, row) for row in rows), None)


def keep_answer(db: Database, answer: KeptAnswer) -> None:
    """Store it in place of the one before."""
    db.table("api_answers").insert(row_of(answer), replace=True)


def forget_answer(db: Database, person_id: str, key: str) -> None:
    """The call may come again."""
    db.execute("DELETE FROM api_answers WHERE person_id = ? AND key = ?", [person_id, key])


def forget_answers_about(db: Database, patient_id: str) -> None:
    """Remove what programs of other people were answered about a patient, who is named in it."""
    db.execute("DELETE FROM api_answers WHERE instr(body, ?)", [patient_id])


def forget_answers_before(db: Database, at: datetime) -> None:
    """Remove what was begun before `at`."""
    db.execute("DELETE FROM api_answers WHERE begun_at < ?", [time_text(at)])
