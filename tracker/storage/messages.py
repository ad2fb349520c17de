"""The outbox: a row is written with its cause and sent afterwards."""

from datetime import datetime
from typing import Any

from sqlite_utils import Database

from tracker.messages import SEND_LEASE, Message
from tracker.storage.columns import read_optional_time, read_time, time_text


def insert(db: Database, message: Message) -> None:
    """Add a mail; a second one about the same raising of an alert to a person changes nothing."""
    db.execute(
        """INSERT OR IGNORE INTO messages
           (id, recipient_id, to_address, alert_id, created_at, next_attempt_at)
           VALUES (?, ?, ?, ?, ?, ?)""",
        [
            message.id,
            message.recipient_id,
            message.to_address,
            message.alert_id,
            time_text(message.created_at),
            time_text(message.next_attempt_at),
        ],
    )


def due(db: Database, now: datetime) -> list[Message]:
    """Mails to be sent now, oldest first."""
    sql = """SELECT * FROM messages
             WHERE sent_at IS NULL AND failed_at IS NULL AND next_attempt_at <= ?
             ORDER BY created_at, id"""
    return [_message(row) for row in db.query(sql, [time_text(now)])]


def claim(db: Database, message: Message, now: datetime) -> bool:
    """Take the mail for one try; False when another sender was faster."""
    cursor = db.execute(
        """UPDATE messages SET attempts = attempts + 1, next_attempt_at = ?
           WHERE id = ? AND attempts = ? AND sent_at IS NULL AND failed_at IS NULL""",
        [time_text(now + SEND_LEASE), message.id, message.attempts],
    )
    return bool(cursor.rowcount == 1)


def sent(db: Database, message_id: str, now: datetime) -> None:
    """Note success; the row is never sent again."""
    db.execute(
        "UPDATE messages SET sent_at = ?, error = '' WHERE id = ?", [time_text(now), message_id]
    )


def retry(db: Database, message_id: str, at: datetime, error: str) -> None:
    """Note a failure that will be tried again at `at`."""
    db.execute(
        "UPDATE messages SET next_attempt_at = ?, error = ? WHERE id = ?",
        [time_text(at), error, message_id],
    )


def give_up(db: Database, message_id: str, now: datetime, error: str) -> None:
    """Note the last failure."""
    db.execute(
        "UPDATE messages SET failed_at = ?, error = ? WHERE id = ?",
        [time_text(now), error, message_id],
    )


def of_recipient(db: Database, person_id: str) -> list[Message]:
    """All mails to one person, newest first."""
    sql = "SELECT * FROM messages WHERE recipient_id = ? ORDER BY created_at DESC, id"
    return [_message(row) for row in db.query(sql, [person_id])]


def undelivered_about(db: Database, patient_id: str) -> list[Message]:
    """Mails about a patient whose latest try failed, newest first."""
    sql = """SELECT messages.* FROM messages JOIN alerts ON alerts.id = messages.alert_id
             WHERE alerts.patient_id = ? AND messages.sent_at IS NULL AND messages.error <> ''
             ORDER BY messages.created_at DESC, messages.id"""
    return [_message(row) for row in db.query(sql, [patient_id])]


def _message(row: dict[str, Any]) -> Message:
    return Message(
        id=row["id"],
        recipient_id=row["recipient_id"],
        to_address=row["to_address"],
        alert_id=row["alert_id"],
        created_at=read_time(row["created_at"]),
        next_attempt_at=read_time(row["next_attempt_at"]),
        attempts=row["attempts"],
        sent_at=read_optional_time(row["sent_at"]),
        failed_at=read_optional_time(row["failed_at"]),
        error=row["error"],
    )
