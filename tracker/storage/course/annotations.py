"""Annotations: one row for each version."""

import json
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlite_utils import Database

from tracker.domain.course.annotations import Annotation, Drawing, Shape, Version
from tracker.domain.course.photos import View
from tracker.storage.columns import read_time, time_text

# Pictures are those of the newest reading, whatever waits to be measured again.
_TURNED = """coalesce((SELECT readings.turned FROM readings WHERE readings.photo_id = {photo}
    ORDER BY readings.id DESC LIMIT 1), 0)"""
_SELECT = f"""SELECT annotations.*, photos.view, people.name,
    {_TURNED.format(photo="photos.id")} AS shown_turned FROM annotations
    JOIN photos ON photos.id = annotations.photo_id
    JOIN people ON people.id = annotations.author_id"""  # noqa: S608 (no input in it)
_IN_ORDER = (
    "ORDER BY (SELECT min(version) FROM annotations AS a WHERE a.id = annotations.id), version"
)


def add_version(
    db: Database,
    annotation_id: str,
    photo_id: str,
    drawing: Drawing,
    author_id: str,
    at: datetime,
    *,
    withdrawn: bool = False,
) -> None:
    """Add the next version of an annotation, or its first."""
    db.table("annotations").insert(
        {
            "id": annotation_id,
            "photo_id": photo_id,
            "shape": str(drawing.shape),
            "places": json.dumps(drawing.places),
            "note": drawing.note,
            "author_id": author_id,
            "at": time_text(at),
            "withdrawn": int(withdrawn),
            "turned": are_turned(db, photo_id),
        }
    )


def are_turned(db: Database, photo_id: str) -> bool:
    """Whether the pictures of a photo are those of a turned baseline."""
    ((turned,),) = db.execute(f"SELECT {_TURNED.format(photo='?')}", [photo_id]).fetchall()
    return bool(turned)


def get(db: Database, annotation_id: str) -> Annotation | None:
    """The annotation with all its versions."""
    rows = db.query(f"{_SELECT} WHERE annotations.id = ? {_IN_ORDER}", [annotation_id])
    return next(iter(_annotations(rows)), None)


def of_treatment(db: Database, treatment_id: str) -> list[Annotation]:
    """All annotations of a treatment's photos, withdrawn ones too, in the order they were begun."""
    sql = f"{_SELECT} WHERE photos.treatment_id = ? {_IN_ORDER}"
    return _annotations(db.query(sql, [treatment_id]))


def _annotations(rows: Any) -> list[Annotation]:
    return [
        Annotation(annotation_id, photo_id, View(view), tuple(_version(row) for row in versions))
        for (annotation_id, photo_id, view), versions in groupby(
            rows, key=lambda row: (row["id"], row["photo_id"], row["view"])
        )
    ]


def _version(row: dict[str, Any]) -> Version:
    places = tuple((float(x), float(y)) for x, y in json.loads(row["places"]))
    if row["turned"] != row["shown_turned"]:  # the pictures were turned since; so is the drawing
        places = tuple((1 - x, y) for x, y in places)
    return Version(
        number=row["version"],
        drawing=Drawing(Shape(row["shape"]), places, row["note"]),
        author_id=row["author_id"],
        author=row["name"],
        at=read_time(row["at"]),
        is_withdrawn=bool(row["withdrawn"]),
    )
