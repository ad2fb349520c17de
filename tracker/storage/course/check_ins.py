"""Check-ins."""

import json
from dataclasses import asdict
from typing import Any

from sqlite_utils import Database

from tracker.domain.course.check_ins import Answers, CheckIn, Trend
from tracker.storage.columns import (
    optional_time_text,
    read_optional_time,
    read_time,
    time_text,
)


def insert(db: Database, check_in: CheckIn, key: str | None = None) -> None:
    """Add a check-in; IntegrityError when this patient already sent one with the same `key`."""
    db.table("check_ins").insert(
        {
            "id": check_in.id,
            "treatment_id": check_in.treatment_id,
            "patient_id": check_in.patient_id,
            "at": time_text(check_in.at),
            "received_at": time_text(check_in.received_at),
            "answers": json.dumps(asdict(check_in.answers), ensure_ascii=False),
            "key": key,
            "phone_at": optional_time_text(check_in.phone_at),
            "is_as_before": check_in.is_as_before,
        }
    )


def by_key(db: Database, patient_id: str, key: str) -> CheckIn | None:
    """The check-in that a patient's phone sent under this key."""
    sql = "SELECT * FROM check_ins WHERE patient_id = ? AND key = ?"
    return next((_check_in(row) for row in db.query(sql, [patient_id, key])), None)


def of_treatment(db: Database, treatment_id: str) -> list[CheckIn]:
    """All check-ins of a treatment in time order."""
    sql = "SELECT * FROM check_ins WHERE treatment_id = ? ORDER BY at, id"
    return [_check_in(row) for row in db.query(sql, [treatment_id])]


def of_patient(db: Database, patient_id: str) -> list[CheckIn]:
    """All check-ins of a patient, of every treatment, in time order."""
    sql = "SELECT * FROM check_ins WHERE patient_id = ? ORDER BY at, id"
    return [_check_in(row) for row in db.query(sql, [patient_id])]


def _check_in(row: dict[str, Any]) -> CheckIn:
    answers = json.loads(row["answers"])
    trend = answers.get("trend")
    return CheckIn(
        id=row["id"],
        treatment_id=row["treatment_id"],
        patient_id=row["patient_id"],
        at=read_time(row["at"]),
        answers=Answers(**answers | {"trend": trend and Trend(trend)}),
        received_at=read_time(row["received_at"]),
        phone_at=read_optional_time(row["phone_at"]),
        is_as_before=bool(row["is_as_before"]),
    )
