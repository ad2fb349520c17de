"""The history of alerts: rows are added and never changed; the database itself refuses to."""

from typing import Any

from sqlite_utils import Database

from tracker.domain.alerts.alert_life import Transition
from tracker.storage.columns import read_row, time_text


def insert(db: Database, transition: Transition) -> None:
    """Add a step."""
    db.table("alert_history").insert(
        {
            "alert_id": transition.alert_id,
            "step": str(transition.step),
            "at": time_text(transition.at),
            "by_id": transition.by,
            "why": transition.why,
            "level": str(transition.level),
            "engine": transition.engine,
            "protocol": transition.protocol,
        }
    )


def of_alert(db: Database, alert_id: str) -> list[Transition]:
    """The steps of one alert in the order they were taken."""
    sql = "SELECT * FROM alert_history WHERE alert_id = ? ORDER BY id"
    return [_transition(row) for row in db.query(sql, [alert_id])]


def _transition(row: dict[str, Any]) -> Transition:
    return read_row(Transition, row, by=row["by_id"])
