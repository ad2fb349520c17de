"""The outbox: a row is written with its cause and sent afterwards."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlite_utils import Database

from tracker.domain.alerts.alerts import Alert, Level
from tracker.domain.clinic.health import CLOCKS_DIFFER
from tracker.domain.mail.mails import RETRY_DELAYS, SEND_LEASE, Mail, MailKind, about_alert
from tracker.domain.people.people import in_turn
from tracker.storage.columns import names_text, read_names, read_row, time_text
from tracker.storage.people import absences

# How far ahead the next try may be, by the number of tries so far. A worker may have read its clock
# before another worker claimed the mail, and must not take the new lease for a clock set back.
_LONGEST_WAITS = tuple(
    longest + CLOCKS_DIFFER
    for longest in (timedelta(0), *(max(SEND_LEASE, delay) for delay in RETRY_DELAYS))
)
_OPEN = "sent_at IS NULL AND failed_at IS NULL AND withdrawn_at IS NULL"
_IN_TROUBLE = """sent_at IS NULL AND withdrawn_at IS NULL AND error <> ''
    AND NOT EXISTS (SELECT 1 FROM messages AS later
        WHERE later.recipient_id = mail.recipient_id
          AND later.sent_at > mail.created_at AND later.created_at > mail.created_at)"""


def insert(db: Database, mail: Mail) -> bool:
    """Add a mail; False when there is already one about the same cause."""
    cursor = db.execute(
        """INSERT INTO messages (id, kind, cause, recipient_id, to_address, alert_ids, day,
               created_at, next_attempt_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
           ON CONFLICT (cause) DO NOTHING""",
        [
            mail.id,
            str(mail.kind),
            mail.cause,
            mail.recipient_id,
            mail.to_address,
            names_text(mail.alert_ids),
            None if mail.day is None else mail.day.isoformat(),
            time_text(mail.created_at),
            time_text(mail.next_attempt_at),
        ],
    )
    return bool(cursor.rowcount == 1)


def insert_urgent(db: Database, alert: Alert, now: datetime) -> None:
    """An urgent alert is mailed at once to those on duty; the rest comes in the morning digest."""
    if alert.level is not Level.URGENT:
        return
    for practitioner in in_turn(absences.answering_on_duty(db, alert.patient_id, now), asked=0):
        insert(db, about_alert(MailKind.URGENT, alert, practitioner, now))


def due(
    db: Database,
    now: datetime,
    most: int = -1,
    kinds: Collection[MailKind] = tuple(MailKind),
) -> list[Mail]:
    """Mails to be sent now, at most `most`: the most urgent kind first and then the oldest.

    A mail whose next try is further ahead than any delay after that many tries was written, or
    failed, before the clock was set back.
    """
    sql = f"""SELECT * FROM messages WHERE {_OPEN}
                AND (next_attempt_at <= :now
                     OR next_attempt_at > json_extract(:latest, '$[' || attempts || ']'))
                AND kind IN (SELECT value FROM json_each(:kinds))
              ORDER BY (SELECT key FROM json_each(:order) WHERE value = kind), created_at, id
              LIMIT :most"""  # noqa: S608
    values = {
        "now": time_text(now),
        "latest": names_text(time_text(now + delay) for delay in _LONGEST_WAITS),
        "kinds": names_text(kinds),
        "order": names_text(MailKind),
        "most": most,
    }
    return [_mail(row) for row in db.query(sql, values)]


def claim(db: Database, mail: Mail, now: datetime) -> bool:
    """Take the mail for one try, `now` by the real clock; False when another worker was faster."""
    cursor = db.execute(
        f"""UPDATE messages SET attempts = attempts + 1, next_attempt_at = ?
            WHERE id = ? AND attempts = ? AND {_OPEN}""",  # noqa: S608 (no input in it)
        [time_text(now + SEND_LEASE), mail.id, mail.attempts],
    )
    return bool(cursor.rowcount == 1)


def sent(db: Database, mail_id: str, now: datetime) -> None:
    """Note success; the row is never sent again."""
    db.execute(
        "UPDATE messages SET sent_at = ?, error = '' WHERE id = ?", [time_text(now), mail_id]
    )


def is_any_sent(db: Database) -> bool:
    """Whether a mail ever went out."""
    sql = "SELECT EXISTS (SELECT 1 FROM messages WHERE sent_at IS NOT NULL) AS is_any"
    (row,) = db.query(sql)
    return bool(row["is_any"])


def retry(db: Database, mail_id: str, at: datetime, error: str) -> None:
    """Note a failure that will be tried again at `at`."""
    db.execute(
        "UPDATE messages SET next_attempt_at = ?, error = ? WHERE id = ?",
        [time_text(at), error, mail_id],
    )


def hold(db: Database, mail: Mail, now: datetime) -> None:
    """Renew the lease of a mail whose try takes long."""
    db.execute(
        f"UPDATE messages SET next_attempt_at = ? WHERE id = ? AND attempts = ? AND {_OPEN}",  # noqa: S608
        [time_text(now + SEND_LEASE), mail.id, mail.attempts],
    )


def count_unheard(db: Database, mail_id: str) -> None:
    """Note that the server had the whole mail and did not answer."""
    db.execute("UPDATE messages SET unheard = unheard + 1 WHERE id = ?", [mail_id])


def give_up(db: Database, mail_id: str, now: datetime, error: str) -> None:
    """Note a refusal or the last failure."""
    db.execute(
        "UPDATE messages SET failed_at = ?, error = ? WHERE id = ?",
        [time_text(now), error, mail_id],
    )


def withdraw_all_to(db: Database, person_id: str, now: datetime) -> None:
    """Stop all mails to this person that have not been sent."""
    sql = f"UPDATE messages SET withdrawn_at = ? WHERE recipient_id = ? AND {_OPEN}"  # noqa: S608
    db.execute(sql, [time_text(now), person_id])


def withdraw(db: Database, mail_id: str, now: datetime) -> None:
    """Record that the mail is no longer wanted."""
    db.execute("UPDATE messages SET withdrawn_at = ? WHERE id = ?", [time_text(now), mail_id])


def restore(db: Database, mail: Mail) -> bool:
    """Send a withdrawn mail after all; False when it was not withdrawn, or may have been sent."""
    cursor = db.execute(
        """UPDATE messages SET withdrawn_at = NULL, next_attempt_at = ?
           WHERE id = ? AND withdrawn_at IS NOT NULL AND attempts = 0""",
        [time_text(mail.next_attempt_at), mail.id],
    )
    return bool(cursor.rowcount == 1)


def forget_alerts_of(db: Database, patient_id: str) -> None:
    """Remove a patient's alerts from all mails, and delete the mails that name no other."""
    sql = """SELECT id, alert_ids FROM messages AS mail WHERE EXISTS (
                 SELECT 1 FROM json_each(mail.alert_ids) AS named
                 JOIN alerts ON alerts.id = named.value WHERE alerts.patient_id = ?)"""
    alerts = db.query("SELECT id FROM alerts WHERE patient_id = ?", [patient_id])
    theirs = {row["id"] for row in alerts}
    for row in list(db.query(sql, [patient_id])):
        others = [name for name in read_names(row["alert_ids"]) if name not in theirs]
        if others:
            update = "UPDATE messages SET alert_ids = ? WHERE id = ?"
            db.execute(update, [names_text(others), row["id"]])
        else:
            db.execute("DELETE FROM messages WHERE id = ?", [row["id"]])


def forget_lost_alerts(db: Database) -> None:
    """Delete the mails that name only alerts that do not exist, as of people erased since."""
    db.execute(
        """DELETE FROM messages WHERE alert_ids <> '[]' AND NOT EXISTS (
               SELECT 1 FROM json_each(messages.alert_ids) AS named
               JOIN alerts ON alerts.id = named.value)"""
    )


def of_recipient(db: Database, person_id: str) -> list[Mail]:
    """All mails to one person, newest first."""
    sql = "SELECT * FROM messages WHERE recipient_id = ? ORDER BY created_at DESC, id"
    return [_mail(row) for row in db.query(sql, [person_id])]


def reminders_under_way(db: Database) -> list[Mail]:
    """Reminders that have not been sent yet."""
    sql = f"""SELECT * FROM messages WHERE {_OPEN}
              AND kind IN (SELECT value FROM json_each(?))
              ORDER BY created_at, id"""  # noqa: S608 (no input in it)
    return [_mail(row) for row in db.query(sql, [names_text(_REMINDERS)])]


def undelivered_about(db: Database, patient_id: str) -> list[Mail]:
    """Mails to or about a patient whose latest try failed, newest first.

    Once a later mail has reached the same person, the trouble is over.
    """
    sql = f"""SELECT * FROM messages AS mail
             WHERE {_IN_TROUBLE}
               AND (recipient_id = :patient OR EXISTS (
                   SELECT 1 FROM json_each(mail.alert_ids) AS named
                   JOIN alerts ON alerts.id = named.value WHERE alerts.patient_id = :patient))
             ORDER BY created_at DESC, id"""  # noqa: S608 (no input in it)
    return [_mail(row) for row in db.query(sql, {"patient": patient_id})]


def undelivered(db: Database, most: int) -> list[Mail]:
    """Mails to anyone whose latest try failed, those that were given up first; newest first.

    Once a later mail has reached the same person, the trouble is over.
    """
    sql = f"""SELECT * FROM messages AS mail WHERE {_IN_TROUBLE}
              ORDER BY failed_at IS NULL, created_at DESC, id LIMIT ?"""  # noqa: S608
    return [_mail(row) for row in db.query(sql, [most])]


def count_undelivered(db: Database) -> int:
    """How many mails `undelivered` would find."""
    (row,) = db.query(f"SELECT count(*) AS n FROM messages AS mail WHERE {_IN_TROUBLE}")  # noqa: S608
    return int(row["n"])


def waiting(db: Database, most: int) -> list[Mail]:
    """Mails to anyone that wait for their first try, the oldest first."""
    sql = f"""SELECT * FROM messages WHERE {_OPEN} AND error = ''
              ORDER BY created_at, id LIMIT ?"""  # noqa: S608 (no input in it)
    return [_mail(row) for row in db.query(sql, [most])]


def get(db: Database, mail_id: str) -> Mail | None:
    """The mail with this id, or None."""
    return next(map(_mail, db.query("SELECT * FROM messages WHERE id = ?", [mail_id])), None)


def begin_again(db: Database, mail_id: str, now: datetime) -> bool:
    """Send a mail that was given up once more; False when it was not."""
    cursor = db.execute(
        """UPDATE messages SET failed_at = NULL, error = '', attempts = 0, unheard = 0,
               next_attempt_at = ?
           WHERE id = ? AND failed_at IS NOT NULL AND sent_at IS NULL AND withdrawn_at IS NULL""",
        [time_text(now), mail_id],
    )
    return bool(cursor.rowcount == 1)


def with_trouble(db: Database) -> frozenset[str]:
    """Everyone to or about whom a mail could not be sent, by id."""
    sql = f"""SELECT recipient_id AS id FROM messages AS mail WHERE {_IN_TROUBLE}
              UNION SELECT alerts.patient_id FROM messages AS mail
                  JOIN json_each(mail.alert_ids) AS named
                  JOIN alerts ON alerts.id = named.value WHERE {_IN_TROUBLE}"""  # noqa: S608
    return frozenset(row["id"] for row in db.query(sql))


_REMINDERS: Sequence[str] = [str(kind) for kind in MailKind if kind.is_reminder]


def _mail(row: dict[str, Any]) -> Mail:
    return read_row(Mail, row)
