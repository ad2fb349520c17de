"""Alerts: one row per treatment and concern for as long as it is not resolved."""

import json
from collections import Counter
from collections.abc import Collection
from typing import Any

from sqlite_utils import Database

from tracker.domain.alerts.alert_life import Moved, Step
from tracker.domain.alerts.alerts import Alert, Concern, Factor, Level, Outcome, Source
from tracker.domain.clinic.audit import Act, Entry
from tracker.storage.alerts import alert_history
from tracker.storage.clinic import audit_log
from tracker.storage.columns import names_text, read_row, row_of

# Fields whose columns have another name; the columns are older.
_COLUMNS = {"seen_at": "acknowledged_at", "seen_by": "acknowledged_by"}
_ABOUT_PATIENTS_OF = """patient_id IN (SELECT patient_id FROM care_team
    WHERE practitioner_id IN (SELECT value FROM json_each(?)))"""


def save(db: Database, alert: Alert) -> None:
    """Add the alert, or bring its row up to date."""
    db.table("alerts").upsert(_columns(alert), pk="id")


def move(db: Database, moved: Moved) -> None:
    """Save the alert together with the step that brought it there; answers are in the audit log."""
    save(db, moved.alert)
    step = moved.transition
    if step is None:
        return
    alert_history.insert(db, step)
    if step.by is not None and step.step is not Step.READ:
        answered = Entry(
            Act.ALERT_ANSWERED, step.at, step.by, moved.alert.patient_id, str(step.step)
        )
        audit_log.add(db, answered)


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


def ids_of_unseen(db: Database) -> list[str]:
    """Every alert that waits for a look, oldest first.

    What is done to all alerts reads each by its id, so that a row that cannot be read holds up
    none of the others.
    """
    sql = """SELECT id FROM alerts
             WHERE acknowledged_at IS NULL AND resolved_at IS NULL ORDER BY raised_at, id"""
    return [row["id"] for row in db.query(sql)]


def ids_of_unresolved_about(db: Database, concern: Concern) -> list[str]:
    """Every alert of this concern that is not resolved, oldest first."""
    sql = """SELECT id FROM alerts WHERE resolved_at IS NULL AND concern = ?
             ORDER BY raised_at, id"""
    return [row["id"] for row in db.query(sql, [str(concern)])]


def ids_with_a_time(db: Database) -> list[str]:
    """Every alert that may ask again by itself at a time, oldest first."""
    sql = """SELECT id FROM alerts WHERE resolved_at IS NULL
             AND (snoozed_until IS NOT NULL OR decide_by IS NOT NULL) ORDER BY raised_at, id"""
    return [row["id"] for row in db.query(sql)]


def latest_resolved_of(db: Database, practitioner_ids: Collection[str], most: int) -> list[Alert]:
    """The last `most` that were resolved about all patients of these practitioners."""
    sql = f"""SELECT * FROM alerts WHERE resolved_at IS NOT NULL AND {_ABOUT_PATIENTS_OF}
              ORDER BY resolved_at DESC, id LIMIT ?"""  # noqa: S608 (no input in it)
    return [_alert(row) for row in db.query(sql, [names_text(practitioner_ids), most])]


def outcomes_of(db: Database, practitioner_ids: Collection[str]) -> Counter[Outcome]:
    """How often each outcome was given to alerts that asked for a look at these patients."""
    sql = f"""SELECT outcome, count(*) AS n FROM alerts WHERE resolved_at IS NOT NULL
              AND {_ABOUT_PATIENTS_OF} AND level IN (SELECT value FROM json_each(?))
              GROUP BY outcome"""  # noqa: S608 (no input in it)
    mailed = names_text(level for level in Level if level.is_mailed)
    rows = db.query(sql, [names_text(practitioner_ids), mailed])
    return Counter({Outcome(row["outcome"]): row["n"] for row in rows if row["outcome"]})


def unresolved_of(db: Database, practitioner_ids: Collection[str]) -> list[Alert]:
    """What is not resolved about all patients of these practitioners, in no order."""
    sql = f"""SELECT * FROM alerts INDEXED BY alerts_unresolved
             WHERE resolved_at IS NULL AND {_ABOUT_PATIENTS_OF}"""  # noqa: S608 (no input in it)
    return [_alert(row) for row in db.query(sql, [names_text(practitioner_ids)])]


def _columns(alert: Alert) -> dict[str, Any]:
    evidence = json.dumps([[f.what, f.factor, f.source] for f in alert.evidence])
    columns = row_of(alert, evidence=evidence)
    return {_COLUMNS.get(field, field): value for field, value in columns.items()}


def _alert(row: dict[str, Any]) -> Alert:
    evidence = tuple(
        Factor(what, factor, Source(source)) for what, factor, source in json.loads(row["evidence"])
    )
    fields = {field: row[column] for field, column in _COLUMNS.items()}
    return read_row(Alert, row | fields, evidence=evidence)
