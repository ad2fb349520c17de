"""The data for the work list: one row a patient for the order, more for the rows on a page.

Nothing here grows with the age of the clinic: what waits has its own indexes, and of each course
only the latest photos are opened.
"""

import json
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlite_utils import Database

from tracker.domain.alerts.alerts import Alert
from tracker.domain.course.photos import GivenUp
from tracker.domain.course.readings import Estimate
from tracker.domain.desk.worklist import RECENT, Facts, Gauge, LatestPhotos, Pair
from tracker.storage.alerts import alerts
from tracker.storage.columns import names_text, read_optional_time, read_time, time_text
from tracker.storage.course import photos
from tracker.storage.course.treatments import SOMETHING_HANGS


def facts_of(
    db: Database, reader_id: str, absent_ids: Collection[str], now: datetime
) -> list[Facts]:
    """About the reader's patients, and those of the practitioners for whom the reader deputises."""
    practitioners = [reader_id, *absent_ids]
    about: dict[str, list[Alert]] = defaultdict(list)
    for alert in alerts.unresolved_of(db, practitioners):
        about[alert.patient_id].append(alert)
    values = {
        "reader": reader_id,
        "practitioners": names_text(practitioners),
        "now": time_text(now),
    }
    known = [_facts(row, about) for row in db.query(_FACTS, values)]
    given_up: dict[str, list[GivenUp]] = defaultdict(list)
    for photo in photos.given_up(db):
        given_up[photo.patient_id].append(photo)
    return [_with_given_up(facts, given_up.get(facts.patient_id, [])) for facts in known]


def _with_given_up(facts: Facts, given_up: list[GivenUp]) -> Facts:
    """Photos that were given up count as new, too, until a person has looked at them."""
    came = [photo.received_at for photo in given_up if not photo.is_baseline]
    return replace(
        facts,
        given_up=tuple(given_up),
        unseen=facts.unseen + len(came),
        unseen_since=min([*came, *filter(None, [facts.unseen_since])], default=None),
    )


def version(db: Database) -> int:
    """A number that grows when anything is written that a work list may show."""
    (row,) = db.query("SELECT number FROM worklist_version")
    return int(row["number"])


_FACTS = f"""
WITH reach AS (
    SELECT patient_id,
           CASE WHEN max(practitioner_id = :reader) THEN NULL ELSE min(practitioner_id) END
               AS in_place_of
    FROM care_team WHERE practitioner_id IN (SELECT value FROM json_each(:practitioners))
    GROUP BY patient_id),
followed AS (
    SELECT reach.*, coalesce(
        (SELECT id FROM treatments WHERE treatments.patient_id = reach.patient_id
            AND performed_at <= :now AND NOT ended_as_mistake
            ORDER BY performed_at DESC, id LIMIT 1),
        (SELECT id FROM treatments WHERE treatments.patient_id = reach.patient_id
            AND performed_at > :now AND NOT ended_as_mistake
            ORDER BY performed_at, id LIMIT 1),
        (SELECT id FROM treatments WHERE treatments.patient_id = reach.patient_id
            AND ended_as_mistake AND {SOMETHING_HANGS}
            ORDER BY performed_at DESC, id LIMIT 1)) AS treatment_id
    FROM reach),
unread AS (
    SELECT patient_id, count(*) AS n, min(at) AS since FROM remarks
    WHERE author_id = patient_id
      AND NOT EXISTS (SELECT 1 FROM remark_receipts WHERE remark_id = remarks.id)
    GROUP BY patient_id),
unseen AS (
    SELECT patient_id, count(*) AS n, sum(status IN ('waiting', 'measuring')) AS waiting,
           sum(view <> 'front') AS sides, sum(status = 'early') AS early, min(received_at) AS since
    FROM (
        SELECT patient_id, status, view, received_at FROM photos
        WHERE seen_at IS NULL AND role = 'follow_up'
            AND status <> 'unmeasurable' AND file_fault IS NULL
        UNION ALL
        SELECT patient_id, status, view, received_at FROM photos AS photo
        WHERE seen_at IS NULL AND role = 'baseline'
            AND status <> 'unmeasurable' AND file_fault IS NULL AND {photos.AFTER_A_TREATMENT}
        UNION ALL
        SELECT patient_id, 'early', view, received_at FROM early_photos WHERE seen_at IS NULL)
    GROUP BY patient_id)
SELECT people.id, people.name, people.email, followed.in_place_of,
       treatments.id AS treatment_id, treatments.kind, treatments.performed_at, treatments.ended_at,
       unread.n AS unread, unread.since AS unread_since,
       unseen.n AS unseen, unseen.waiting, unseen.sides, unseen.early,
       unseen.since AS unseen_since,
       care_withdrawn.at AS withdrawn_at
FROM followed
JOIN people ON people.id = followed.patient_id
LEFT JOIN treatments ON treatments.id = followed.treatment_id
LEFT JOIN unread ON unread.patient_id = people.id
LEFT JOIN unseen ON unseen.patient_id = people.id
LEFT JOIN care_withdrawn ON care_withdrawn.patient_id = people.id
"""  # noqa: S608 (text of ours)


def latest_photos(db: Database, gauges: Mapping[str, Gauge]) -> dict[str, LatestPhotos]:
    """By treatment its latest follow-up photo, and its gauge on the last ones measured."""
    found: dict[str, LatestPhotos] = {}
    regions = {treatment_id: str(gauge.region) for treatment_id, gauge in gauges.items()}
    values = {"regions": json.dumps(regions), "recent": RECENT}
    estimates: dict[str, list[Estimate]] = defaultdict(list)
    recent: dict[str, list[tuple[datetime, float]]] = defaultdict(list)
    pairs: dict[str, Pair] = {}
    for row in db.query(_MEASURED, values):
        quantity = gauges[row["treatment_id"]].quantity
        estimates[row["treatment_id"]].append(Estimate(row[quantity], row[f"{quantity}_sd"]))
        pair = Pair(row["photo_id"], read_time(row["taken_at"]), row["baseline_id"])
        pairs.setdefault(row["treatment_id"], pair)
        recent[row["treatment_id"]].append((pair.taken_at, row[quantity]))
    for row in db.query(_LATEST, values):
        measured = estimates[row["treatment_id"]]
        found[row["treatment_id"]] = LatestPhotos(
            taken_at=read_time(row["taken_at"]),
            gauge=gauges[row["treatment_id"]],
            latest=measured[0] if measured else None,
            before=measured[1] if len(measured) > 1 else None,
            pair=pairs.get(row["treatment_id"]),
            recent=tuple(recent[row["treatment_id"]]),
        )
    return found


_LATEST = """
SELECT asked.key AS treatment_id, photos.taken_at FROM json_each(:regions) AS asked
JOIN photos ON photos.id = (
    SELECT id FROM photos AS each WHERE each.treatment_id = asked.key AND each.role = 'follow_up'
    ORDER BY each.taken_at DESC, each.id DESC LIMIT 1)
"""
_MEASURED = """
SELECT photos.treatment_id, photos.id AS photo_id, photos.taken_at, readings.baseline_id,
       region_readings.redness, region_readings.redness_sd,
       region_readings.pigment, region_readings.pigment_sd
FROM json_each(:regions) AS asked
JOIN photos ON photos.id IN (
    SELECT id FROM photos AS each WHERE each.treatment_id = asked.key
        AND each.role = 'follow_up' AND each.status = 'measured'
    ORDER BY each.taken_at DESC, each.id DESC LIMIT :recent)
JOIN readings ON readings.id = (
    SELECT max(id) FROM readings AS newest WHERE newest.photo_id = photos.id)
JOIN region_readings ON region_readings.reading_id = readings.id AND region = asked.value
ORDER BY photos.treatment_id, photos.taken_at DESC, photos.id DESC
"""


def _facts(row: dict[str, Any], about: Mapping[str, list[Alert]]) -> Facts:
    return Facts(
        patient_id=row["id"],
        name=row["name"],
        email=row["email"],
        treatment_id=row["treatment_id"],
        kind=row["kind"] or "",
        performed_at=read_optional_time(row["performed_at"]),
        ended_at=read_optional_time(row["ended_at"]),
        unread=row["unread"] or 0,
        unread_since=read_optional_time(row["unread_since"]),
        unseen=row["unseen"] or 0,
        unseen_since=read_optional_time(row["unseen_since"]),
        waiting=row["waiting"] or 0,
        sides=row["sides"] or 0,
        early=row["early"] or 0,
        care_withdrawn_at=read_optional_time(row["withdrawn_at"]),
        in_place_of=row["in_place_of"],
        alerts=tuple(about.get(row["id"], ())),
    )
