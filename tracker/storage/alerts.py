"""Alerts: one row per treatment and concern for as long as it is not resolved."""

import json
from collections.abc import Collection
from typing import Any

from sqlite_utils import Database

from tracker.alert_life import Moved
from tracker.alerts import Alert, Concern, Factor, Level, Outcome, Source
from tracker.storage import alert_history
from tracker.storage.columns import (
    names_text,
    optional_time_text,
    read_names,
    read_optional_time,
    read_time,
    time_text,
)
from tracker.treatments import Region


def save(db: Database, alert: Alert) -> None:
    """Add the alert, or bring its row up to date."""
    db.table("alerts").upsert(_columns(alert), pk="id")


def move(db: Database, moved: Moved) -> None:
    """Save the alert together with the step that brought it there."""
    save(db, moved.alert)
    if moved.transition is not None:
        alert_history.insert(db, moved.transition)


def get(db: Database, alert_id: str) -> Alert | None:
    """The alert with this id."""
    rows = db.query("SELECT * FROM alerts WHERE id = ?", [alert_id])
    return next((_alert(row) for row in rows), None)


def of_treatment(db: Database, treatment_id: str) -> list[Alert]:
    """The alerts of one treatment, resolved ones first, then oldest first."""
    sql = """SELECT * FROM alerts WHERE treatment_id = ?
             ORDER BY resolved_at IS NULL, raised_at, id"""
    return [_alert(row) for row in db.query(sql, [treatment_id])]


def of_patient(db: Database, patient_id: str) -> list[Alert]:
    """The alerts of all treatments of one patient, oldest first."""
    sql = "SELECT * FROM alerts WHERE patient_id = ? ORDER BY raised_at, id"
    return [_alert(row) for row in db.query(sql, [patient_id])]


def unseen(db: Database) -> list[Alert]:
    """Every alert that waits for somebody to look, oldest first."""
    sql = """SELECT * FROM alerts
             WHERE acknowledged_at IS NULL AND resolved_at IS NULL ORDER BY raised_at, id"""
    return [_alert(row) for row in db.query(sql)]


def snoozed(db: Database) -> list[Alert]:
    """Every alert that is quiet until a moment, oldest first."""
    sql = "SELECT * FROM alerts WHERE snoozed_until IS NOT NULL ORDER BY raised_at, id"
    return [_alert(row) for row in db.query(sql)]


def for_practitioner(db: Database, practitioner_id: str) -> list[Alert]:
    """The alerts about all patients in a practitioner's care, oldest first."""
    sql = """SELECT alerts.* FROM alerts
             JOIN care_team ON care_team.patient_id = alerts.patient_id
             WHERE care_team.practitioner_id = ? ORDER BY raised_at, id"""
    return [_alert(row) for row in db.query(sql, [practitioner_id])]


def unresolved_of(db: Database, practitioner_ids: Collection[str]) -> list[Alert]:
    """What is not resolved about all patients of these practitioners, in no order."""
    sql = """SELECT * FROM alerts INDEXED BY alerts_unresolved
             WHERE resolved_at IS NULL AND patient_id IN (SELECT patient_id FROM care_team
                 WHERE practitioner_id IN (SELECT value FROM json_each(?)))"""
    return [_alert(row) for row in db.query(sql, [names_text(practitioner_ids)])]


def _columns(alert: Alert) -> dict[str, Any]:
    return {
        "id": alert.id,
        "patient_id": alert.patient_id,
        "treatment_id": alert.treatment_id,
        "concern": str(alert.concern),
        "level": str(alert.level),
        "raised_at": time_text(alert.raised_at),
        "probability": alert.probability,
        "onset_day": alert.onset_day,
        "regions": names_text(alert.regions),
        "evidence": json.dumps([[f.what, f.factor, f.source] for f in alert.evidence]),
        "photo_id": alert.photo_id,
        "engine": alert.engine,
        "protocol": alert.protocol,
        "flagged_at": optional_time_text(alert.flagged_at),
        "acknowledged_at": optional_time_text(alert.acknowledged_at),
        "acknowledged_by": alert.acknowledged_by,
        "found_at": optional_time_text(alert.found_at),
        "snoozed_until": optional_time_text(alert.snoozed_until),
        "escalated_at": optional_time_text(alert.escalated_at),
        "escalations": alert.escalations,
        "resolved_at": optional_time_text(alert.resolved_at),
        "outcome": None if alert.outcome is None else str(alert.outcome),
    }


def _alert(row: dict[str, Any]) -> Alert:
    return Alert(
        id=row["id"],
        patient_id=row["patient_id"],
        treatment_id=row["treatment_id"],
        concern=Concern(row["concern"]),
        level=Level(row["level"]),
        raised_at=read_time(row["raised_at"]),
        probability=row["probability"],
        onset_day=row["onset_day"],
        regions=tuple(Region(name) for name in read_names(row["regions"])),
        evidence=tuple(
            Factor(what, factor, Source(source))
            for what, factor, source in json.loads(row["evidence"])
        ),
        photo_id=row["photo_id"],
        engine=row["engine"],
        protocol=row["protocol"],
        flagged_at=read_optional_time(row["flagged_at"]),
        acknowledged_at=read_optional_time(row["acknowledged_at"]),
        acknowledged_by=row["acknowledged_by"],
        found_at=read_optional_time(row["found_at"]),
        snoozed_until=read_optional_time(row["snoozed_until"]),
        escalated_at=read_optional_time(row["escalated_at"]),
        escalations=row["escalations"],
        resolved_at=read_optional_time(row["resolved_at"]),
        outcome=None if row["outcome"] is None else Outcome(row["outcome"]),
    )
