"""Messages of the conversations, in the table `remarks`, and who has read them."""

from collections import defaultdict
from collections.abc import Collection, Set
from datetime import datetime

from sqlite_utils import Database

from tracker.domain.talk.conversation import Message, Receipt
from tracker.storage.columns import names_text, read_row, read_time, time_text


def insert(db: Database, message: Message, key: str) -> None:
    """Add a message; IntegrityError when its author has sent one with this key before."""
    db.table("remarks").insert(
        {
            "id": message.id,
            "patient_id": message.patient_id,
            "author_id": message.author_id,
            "at": time_text(message.at),
            "text": message.text,
            "has_photo": int(message.has_photo),
            "key": key,
        }
    )


def is_known(db: Database, author_id: str, key: str) -> bool:
    """Whether this author has sent a message with this key."""
    sql = "SELECT 1 FROM remarks WHERE author_id = ? AND key = ?"
    return any(db.query(sql, [author_id, key]))


def unknown_ids(db: Database, ids: Set[str]) -> set[str]:
    """Those of the ids that belong to no message."""
    sql = "SELECT value FROM json_each(?) WHERE value NOT IN (SELECT id FROM remarks)"
    return {row["value"] for row in db.query(sql, [names_text(ids)])}


def ids_with_photo(db: Database) -> list[str]:
    """The ids of all messages that have a photo."""
    return [row["id"] for row in db.query("SELECT id FROM remarks WHERE has_photo ORDER BY id")]


def of_patient(db: Database, patient_id: str) -> list[Message]:
    """A patient's whole conversation, oldest first; at equal times, in the order of arrival."""
    receipts: dict[str, list[Receipt]] = defaultdict(list)
    sql = """SELECT remark_id, person_id, name, seen_at FROM remark_receipts
             JOIN remarks ON remarks.id = remark_id JOIN people ON people.id = person_id
             WHERE remarks.patient_id = ? ORDER BY seen_at, name"""
    for row in db.query(sql, [patient_id]):
        receipt = Receipt(row["person_id"], row["name"], read_time(row["seen_at"]))
        receipts[row["remark_id"]].append(receipt)
    sql = """SELECT remarks.*, people.name FROM remarks JOIN people ON people.id = author_id
             WHERE patient_id = ? ORDER BY at, remarks.rowid"""
    return [
        read_row(Message, row, author=row["name"], receipts=tuple(receipts[row["id"]]))
        for row in db.query(sql, [patient_id])
    ]


def mark_read(db: Database, patient_id: str, reader_id: str, now: datetime) -> None:
    """Record that a person has read what the other side wrote; the first time is kept."""
    db.execute(
        """INSERT OR IGNORE INTO remark_receipts (remark_id, person_id, seen_at)
           SELECT id, :reader, :now FROM remarks
           WHERE patient_id = :patient AND (author_id = :patient) <> (:reader = :patient)""",
        {"patient": patient_id, "reader": reader_id, "now": time_text(now)},
    )


def unread_by_patient(db: Database, patient_id: str) -> int:
    """How many messages of the care team the patient has not read."""
    sql = """SELECT count(*) AS n FROM remarks WHERE patient_id = :patient
             AND author_id <> :patient AND NOT EXISTS (SELECT 1 FROM remark_receipts
                 WHERE remark_id = remarks.id AND person_id = :patient)"""
    (row,) = db.query(sql, {"patient": patient_id})
    return int(row["n"])


def unread_by_clinic(db: Database, patient_id: str) -> int:
    """How many messages of the patient no one in the care team has read."""
    sql = """SELECT count(*) AS n FROM remarks WHERE patient_id = :patient
             AND author_id = :patient AND NOT EXISTS (
                 SELECT 1 FROM remark_receipts WHERE remark_id = remarks.id)"""
    (row,) = db.query(sql, {"patient": patient_id})
    return int(row["n"])


def count_with_unread(db: Database, patient_ids: Collection[str]) -> int:
    """How many of these patients have written something that no one in the clinic has read."""
    sql = """SELECT count(*) AS n FROM json_each(?) AS mine WHERE EXISTS (
                 SELECT 1 FROM remarks WHERE patient_id = mine.value AND author_id = patient_id
                 AND NOT EXISTS (SELECT 1 FROM remark_receipts WHERE remark_id = remarks.id))"""
    (row,) = db.query(sql, [names_text(patient_ids)])
    return int(row["n"])


def with_unread(db: Database, patient_ids: Collection[str]) -> list[tuple[str, int, datetime]]:
    """Who of these patients wrote what no one has read, how much, and since when; oldest first."""
    sql = """SELECT patient_id, count(*) AS n, min(at) AS since FROM remarks
             WHERE author_id = patient_id AND patient_id IN (SELECT value FROM json_each(?))
               AND NOT EXISTS (SELECT 1 FROM remark_receipts WHERE remark_id = remarks.id)
             GROUP BY patient_id ORDER BY since, patient_id"""
    return [
        (row["patient_id"], int(row["n"]), read_time(row["since"]))
        for row in db.query(sql, [names_text(patient_ids)])
    ]
