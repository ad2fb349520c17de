"""What patients answered before a treatment: every answer is kept as it was given."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlite_utils import Database

from tracker.domain.protocols.ahead import AheadAnswer
from tracker.domain.protocols.protocols import ScreeningQuestion
from tracker.storage.columns import read_row, time_text

WORDS: Mapping[bool | None, str] = {True: "yes", False: "no", None: "unknown"}


def insert(
    db: Database,
    patient_id: str,
    kind: str,
    question: ScreeningQuestion,
    answer: bool | None,
    at: datetime,
) -> None:
    """Add an answer; from now on it counts."""
    db.table("ahead_answers").insert(
        {
            "patient_id": patient_id,
            "kind": kind,
            "question": question.id,
            "asked": question.question,
            "answer": WORDS[answer],
            "at": time_text(at),
        }
    )


def of_patient(db: Database, patient_id: str) -> list[AheadAnswer]:
    """Every answer of a patient in the order they were given.

    One that was confirmed with a treatment of the wrong patient is open again.
    """
    sql = """SELECT ahead_answers.number, ahead_answers.kind, question, asked, answer, at,
             CASE WHEN ended_as_mistake = 0 THEN treatment_id END AS treatment_id,
             CASE WHEN ended_as_mistake = 0 THEN edition END AS edition
             FROM ahead_answers LEFT JOIN treatments ON treatments.id = treatment_id
             WHERE ahead_answers.patient_id = ? ORDER BY ahead_answers.number"""
    return [_read(row) for row in db.query(sql, [patient_id])]


def confirm(db: Database, numbers: Iterable[int], treatment_id: str, edition: int) -> None:
    """Note with which edition of a screening these answers were confirmed or corrected."""
    for number in numbers:
        db.table("ahead_answers").update(number, {"treatment_id": treatment_id, "edition": edition})


def _read(row: Mapping[str, Any]) -> AheadAnswer:
    by_word = {word: answer for answer, word in WORDS.items()}
    return read_row(AheadAnswer, row, answer=by_word[row["answer"]])
