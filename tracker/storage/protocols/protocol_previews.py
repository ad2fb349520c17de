"""What a draft of a protocol would have raised, course by course."""

import json
from collections.abc import Mapping

from sqlite_utils import Database

from tracker.domain.alerts.alerts import Concern
from tracker.domain.editing.limits_preview import Count, CourseCount


def insert(
    db: Database, draft_id: str, treatment_id: str, counted: Mapping[Concern, CourseCount]
) -> None:
    """Keep the counts of one course; another worker may have been faster."""
    text = json.dumps(
        {
            concern: [*_figures(each.present), *_figures(each.changed), each.missed]
            for concern, each in counted.items()
        }
    )
    db.execute(
        "INSERT OR IGNORE INTO protocol_previews VALUES (?, ?, ?)", [draft_id, treatment_id, text]
    )


def complete(db: Database, draft_id: str) -> None:
    """Record that there is nothing more to count."""
    db.execute("INSERT OR IGNORE INTO protocol_previews_complete VALUES (?)", [draft_id])


def is_complete(db: Database, draft_id: str) -> bool:
    """Whether all courses of a draft were counted."""
    sql = "SELECT 1 FROM protocol_previews_complete WHERE draft_id = ?"
    return next(db.query(sql, [draft_id]), None) is not None


def treatments_of(db: Database, draft_id: str) -> frozenset[str]:
    """The ids of the treatments that were counted."""
    sql = "SELECT treatment_id FROM protocol_previews WHERE draft_id = ?"
    return frozenset(row["treatment_id"] for row in db.query(sql, [draft_id]))


def of_draft(db: Database, draft_id: str) -> list[Mapping[Concern, CourseCount]]:
    """The counts of all courses so far."""
    sql = "SELECT counted FROM protocol_previews WHERE draft_id = ? ORDER BY treatment_id"
    return [_counted(json.loads(row["counted"])) for row in db.query(sql, [draft_id])]


def _figures(count: Count) -> tuple[int, int, int, int]:
    return count.alerts, count.mailed, count.false, count.true


def _counted(kept: Mapping[str, list[int]]) -> Mapping[Concern, CourseCount]:
    return {
        Concern(name): CourseCount(Count(*figures[:4]), Count(*figures[4:8]), figures[8])
        for name, figures in kept.items()
    }
