"""What was drawn on baseline photos, in versions, and what photos are measured against."""

import json
from datetime import datetime

from sqlite_utils import Database

from tracker.domain.course.outlines import Basis, Marking, Outline, Outlines
from tracker.domain.course.photos import Photo
from tracker.storage.columns import read_time, time_text
from tracker.storage.course import photos, treatments


def insert(db: Database, baseline_id: str, drawn: Outlines, by_id: str, at: datetime) -> None:
    """Add a version; from now on it counts."""
    db.table("outlines").insert(
        {
            "baseline_id": baseline_id,
            "treated": json.dumps(drawn.treated),
            "untreated": json.dumps(drawn.untreated),
            "at": time_text(at),
            "by_id": by_id,
        }
    )


def of_baseline(db: Database, baseline_id: str) -> list[Marking]:
    """All versions on a baseline, the latest last; that one counts."""
    sql = """SELECT outlines.*, people.name FROM outlines JOIN people ON people.id = by_id
             WHERE baseline_id = ? ORDER BY outlines.id"""
    return [
        Marking(
            id=row["id"],
            outlines=Outlines(_read(row["treated"]), _read(row["untreated"])),
            at=read_time(row["at"]),
            by=row["name"],
        )
        for row in db.query(sql, [baseline_id])
    ]


def basis_of(db: Database, photo: Photo, baseline_id: str) -> Basis:
    """The basis against which a photo is to be measured now."""
    markings = of_baseline(db, baseline_id)
    areas = treatments.get(db, photo.treatment_id).areas
    baseline = photos.get(db, baseline_id)
    is_turned = baseline is not None and baseline.is_mirrored
    return Basis(baseline_id, areas, markings[-1] if markings else None, is_turned)


def _read(text: str) -> tuple[Outline, ...]:
    return tuple(tuple((x, y) for x, y in outline) for outline in json.loads(text))
