"""How long the durable queues are: photos to measure, mails to send."""

from datetime import datetime, timedelta

from sqlite_utils import Database

from tracker.health import Queue
from tracker.photos import FAILED
from tracker.storage.columns import read_optional_time, time_text


def of_photos(db: Database, since: datetime) -> Queue:
    """Photos that could be measured, and those set aside among the ones received since then.

    What waits for a baseline, or for its patient's consent, waits for the patient. What has a
    reading and is measured anew has not waited since it came; it does not count as the oldest.
    """
    sql = """SELECT count(*) AS waiting, min(CASE WHEN NOT EXISTS
                 (SELECT 1 FROM readings WHERE readings.photo_id = photo.id)
                 THEN received_at END) AS oldest FROM photos AS photo
             WHERE status IN ('waiting', 'measuring')
               AND EXISTS (SELECT 1 FROM photos AS other WHERE other.role = 'baseline'
                   AND other.view = 'front' AND other.treatment_id = photo.treatment_id
                   AND other.status <> 'unmeasurable')
               AND patient_id NOT IN (SELECT patient_id FROM care_withdrawn)"""
    failed = """SELECT count(*) AS n FROM photos, json_each(photos.faults) AS fault
                WHERE status = 'unmeasurable' AND fault.value = ? AND received_at >= ?"""
    (waiting,) = db.query(sql)
    (given_up,) = db.query(failed, [FAILED, time_text(since)])
    return Queue(waiting["waiting"], read_optional_time(waiting["oldest"]), given_up["n"])


def of_mails(db: Database, since: datetime, now: datetime) -> Queue:
    """Mails that should be out by now, and those given up since then."""
    sql = """SELECT count(*) AS waiting, min(created_at) AS oldest FROM messages
             WHERE sent_at IS NULL AND failed_at IS NULL AND withdrawn_at IS NULL
               AND created_at <= ?"""
    (waiting,) = db.query(sql, [time_text(now)])
    lost = "SELECT count(*) AS n FROM messages WHERE failed_at >= ?"
    (given_up,) = db.query(lost, [time_text(since)])
    return Queue(waiting["waiting"], read_optional_time(waiting["oldest"]), given_up["n"])


def longest_lag(db: Database, since: datetime) -> timedelta | None:
    """The longest time from a mail's cause to the server, of those sent since then."""
    sql = """SELECT max((julianday(sent_at) - julianday(created_at)) * 86400.0) AS seconds
             FROM messages WHERE sent_at >= ?"""
    (row,) = db.query(sql, [time_text(since)])
    return None if row["seconds"] is None else timedelta(seconds=row["seconds"])
