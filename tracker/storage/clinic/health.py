"""The state of the system: how long its queues are, and when each duty was last done."""

import time
from collections.abc import Collection
from datetime import datetime, timedelta

from sqlite_utils import Database

from tracker.domain.clinic.health import Failed, Queue, SignOfLife
from tracker.domain.mail.mails import MailKind
from tracker.storage.columns import names_text, read_optional_time, read_time, time_text
from tracker.storage.course import photos


def photo_queue(db: Database) -> Queue:
    """Photos that could be measured.

    A photo that waits for a baseline, or for its patient's consent, waits for the patient and does
    not count. A photo that has a reading and is measured again does not count as the oldest.
    """
    sql = """SELECT count(*) AS waiting, min(CASE WHEN NOT EXISTS
                 (SELECT 1 FROM readings WHERE readings.photo_id = photo.id)
                 THEN received_at END) AS oldest FROM photos AS photo
             WHERE status IN ('waiting', 'measuring')
               AND EXISTS (SELECT 1 FROM photos AS other WHERE other.role = 'baseline'
                   AND other.view = 'front' AND other.treatment_id = photo.treatment_id
                   AND other.status <> 'unmeasurable')
               AND patient_id NOT IN (SELECT patient_id FROM care_withdrawn)"""
    (waiting,) = db.query(sql)
    return Queue(waiting["waiting"], read_optional_time(waiting["oldest"]))


def failed_photos(db: Database) -> Failed:
    """Photos that were given up, until a person has looked or corrected them."""
    given_up = photos.given_up(db)
    return Failed(
        photos=sum(not each.is_baseline for each in given_up),
        baselines=sum(each.is_baseline for each in given_up),
        files=sum(each.file_fault is not None for each in given_up),
    )


def unjudged_queue(db: Database) -> Queue:
    """Courses with new data that is not judged yet; those without consent to care wait for it."""
    sql = """SELECT count(*) AS waiting, min(unjudged_since) AS oldest FROM treatments
             WHERE news > judged AND patient_id NOT IN (SELECT patient_id FROM care_withdrawn)"""
    (row,) = db.query(sql)
    return Queue(row["waiting"], read_optional_time(row["oldest"]))


def mail_queue(
    db: Database,
    since: datetime,
    now: datetime,
    kinds: Collection[MailKind] = tuple(MailKind),
) -> Queue:
    """Mails of these kinds that should have been sent by now, and those given up since then."""
    sql = """SELECT count(*) AS waiting, min(created_at) AS oldest FROM messages
             WHERE sent_at IS NULL AND failed_at IS NULL AND withdrawn_at IS NULL
               AND created_at <= ? AND kind IN (SELECT value FROM json_each(?))"""
    (waiting,) = db.query(sql, [time_text(now), names_text(kinds)])
    lost = """SELECT count(*) AS n, count(*) FILTER (WHERE unheard > 0) AS maybe FROM messages
              WHERE failed_at >= ? AND kind IN (SELECT value FROM json_each(?))"""
    (given_up,) = db.query(lost, [time_text(since), names_text(kinds)])
    oldest = read_optional_time(waiting["oldest"])
    return Queue(waiting["waiting"], oldest, given_up["n"], given_up["maybe"])


def longest_lag(db: Database, since: datetime) -> timedelta | None:
    """The longest time from a mail's cause to the server, of those sent since then."""
    sql = """SELECT max((julianday(sent_at) - julianday(created_at)) * 86400.0) AS seconds
             FROM messages WHERE sent_at >= ?"""
    (row,) = db.query(sql, [time_text(since)])
    return None if row["seconds"] is None else timedelta(seconds=row["seconds"])


def leave_sign(db: Database, sign: SignOfLife, at: datetime) -> None:
    """Store the latest sign in place of the one before, with the machine's monotonic seconds."""
    values = [str(sign), time_text(at), time.monotonic()]
    db.execute("INSERT OR REPLACE INTO signs_of_life (sign, at, seconds) VALUES (?, ?, ?)", values)


def latest_signs(db: Database) -> dict[SignOfLife, datetime]:
    """The latest of each kind; signs of other versions of Afterglow are left out."""
    rows = db.query("SELECT sign, at FROM signs_of_life")
    return {
        SignOfLife(row["sign"]): read_time(row["at"])
        for row in rows
        if row["sign"] in set(SignOfLife)
    }


def elapsed_since_signs(db: Database) -> dict[SignOfLife, timedelta]:
    """How long ago each was left, independent of the clock; not since the last restart.

    After a restart the count begins at zero, and older signs are ahead of it.
    """
    now = time.monotonic()
    rows = db.query("SELECT sign, seconds FROM signs_of_life WHERE seconds <= ?", [now])
    return {
        SignOfLife(row["sign"]): timedelta(seconds=now - row["seconds"])
        for row in rows
        if row["sign"] in set(SignOfLife)
    }


def damage(db: Database) -> list[str]:
    """What SQLite and SQLCipher find wrong with the file; empty when all is well."""
    found = [row[0] for row in db.execute("PRAGMA cipher_integrity_check").fetchall()]
    found += [row[0] for row in db.execute("PRAGMA integrity_check").fetchall() if row[0] != "ok"]
    lost = len(db.execute("PRAGMA foreign_key_check").fetchall())
    return [*found, f"{lost} rows refer to rows that are not there"] if lost else found


def began_at(db: Database) -> datetime | None:
    """When the first thing happened that is on record; None in a fresh clinic."""
    (row,) = db.query("SELECT min(at) AS at FROM audit_log")
    return read_optional_time(row["at"])


def newest(db: Database) -> datetime | None:
    """The latest time at which something came, by this machine's clock then."""
    sql = """SELECT max(at) AS at FROM (SELECT max(received_at) AS at FROM photos
             UNION ALL SELECT max(received_at) FROM check_ins
             UNION ALL SELECT max(at) FROM audit_log)"""
    (row,) = db.query(sql)
    return read_optional_time(row["at"])
