"""Consents: rows are added and never changed; the latest counts."""

from datetime import datetime

from sqlite_utils import Database

from tracker.domain.own_data.consents import Consent, Decision, Purpose
from tracker.storage.columns import read_time, time_text


def insert(db: Database, patient_id: str, consent: Consent) -> None:
    """Add a decision to the patient's history."""
    db.table("consents").insert(
        {
            "patient_id": patient_id,
            "purpose": str(consent.purpose),
            "photo_id": consent.photo_id,
            "decision": str(consent.decision),
            "at": time_text(consent.at),
        }
    )


def of_patient(db: Database, patient_id: str) -> list[Consent]:
    """All decisions of a patient, in their order."""
    sql = "SELECT * FROM consents WHERE patient_id = ? ORDER BY id"
    return [
        Consent(
            purpose=Purpose(row["purpose"]),
            decision=Decision(row["decision"]),
            at=read_time(row["at"]),
            photo_id=row["photo_id"],
        )
        for row in db.query(sql, [patient_id])
    ]


def care_withdrawn_at(db: Database, patient_id: str) -> datetime | None:
    """Since when no data of the patient may be accepted or measured; None while care is allowed."""
    sql = "SELECT at FROM care_withdrawn WHERE patient_id = ?"
    return next((read_time(row["at"]) for row in db.query(sql, [patient_id])), None)
