"""The data from which outcomes are counted; each question is one pass over its table."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlite_utils import Database

from tracker.domain.alerts.alerts import Concern, Level, Outcome
from tracker.domain.course.treatments import Region, Treatment
from tracker.domain.desk.outcomes import Asked, Redness
from tracker.storage.columns import names_text, read_optional_time, read_time, time_text
from tracker.storage.course import treatments

_MAILED = names_text(level for level in Level if level.is_mailed)


def redness_by_treatment(db: Database, now: datetime) -> list[tuple[Treatment, Sequence[Redness]]]:
    """Every treatment done, with the newest reading of each photo since, in time order.

    Alerts that say nothing about the skin, and those resolved as false, do not count as alarms.
    """
    sql = """SELECT photos.treatment_id, photos.taken_at, region_readings.redness, EXISTS
                 (SELECT 1 FROM alerts WHERE alerts.treatment_id = photos.treatment_id
                      AND concern NOT IN ('silence', 'unjudged') AND outcome IS NOT 'false'
                      AND (resolved_at IS NULL OR photos.taken_at BETWEEN
                          (SELECT min(at) FROM alert_history WHERE alert_id = alerts.id)
                          AND resolved_at)) AS is_alarmed
             FROM photos
             JOIN readings ON readings.photo_id = photos.id AND readings.id =
                 (SELECT max(id) FROM readings AS newest WHERE newest.photo_id = photos.id)
             JOIN region_readings ON region_readings.reading_id = readings.id
                 AND region_readings.region = ?
             WHERE photos.role = 'follow_up' AND photos.status = 'measured'
             ORDER BY photos.taken_at, photos.id"""
    seen: dict[str, list[Redness]] = defaultdict(list)
    for row in db.query(sql, [str(Region.FACE)]):
        taken_at, is_alarmed = read_time(row["taken_at"]), bool(row["is_alarmed"])
        seen[row["treatment_id"]].append(Redness(taken_at, row["redness"], is_alarmed))
    done = db.query(
        "SELECT * FROM treatments WHERE performed_at <= ? AND NOT ended_as_mistake",
        [time_text(now)],
    )
    return [(treatments.read(row), seen[row["id"]]) for row in done]


def resolved(db: Database) -> Mapping[Concern, Counter[Outcome]]:
    """How often each outcome was given to alerts that asked for a look, by concern."""
    counts: dict[Concern, Counter[Outcome]] = defaultdict(Counter)
    sql = """SELECT concern, outcome, count(*) AS n FROM alerts
             WHERE resolved_at IS NOT NULL AND outcome IS NOT NULL
                 AND level IN (SELECT value FROM json_each(?))
             GROUP BY concern, outcome"""
    for row in db.query(sql, [_MAILED]):
        counts[Concern(row["concern"])][Outcome(row["outcome"])] = row["n"]
    return counts


def asked(db: Database) -> list[Asked]:
    """When each alert first asked for an answer, at which level, and when the first one came."""
    sql = """SELECT asked.level, asked.at, (SELECT min(at) FROM alert_history AS later
                 WHERE later.alert_id = asked.alert_id AND later.by_id IS NOT NULL
                     AND later.step <> 'read' AND later.id > asked.id) AS seen_at
             FROM alert_history AS asked WHERE id IN
                 (SELECT min(id) FROM alert_history
                  WHERE by_id IS NULL AND level IN (SELECT value FROM json_each(?))
                  GROUP BY alert_id)"""
    return [
        Asked(Level(row["level"]), read_time(row["at"]), read_optional_time(row["seen_at"]))
        for row in db.query(sql, [_MAILED])
    ]
