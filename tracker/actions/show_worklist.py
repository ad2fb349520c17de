"""Who needs the practitioner, worst first."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlite_utils import Database

from tracker.alerts import CourseAlert, Stage, worst_first
from tracker.people import Person
from tracker.photos import Photo, PhotoRole
from tracker.readings import Estimate
from tracker.storage import (
    alerts,
    consents,
    conversation,
    messages,
    people,
    photos,
    readings,
    treatments,
)
from tracker.treatments import Region, Treatment, day_number


@dataclass(frozen=True, slots=True)
class WorklistRow:
    """One patient in care.

    `day` counts calendar days since the treatment; `alerts` are those not resolved yet, of
    whichever treatment, worst first; `mail_trouble` tells that a mail to or about the patient has
    not gone out; `redness` is the latest of the whole face since the
    treatment; `latest_photo` the latest follow-up, whatever became of it; `care_withdrawn_at` is
    since when the patient wants nothing measured any more; `unread` counts what the patient wrote
    and nobody has read.
    """

    patient: Person
    treatment: Treatment | None
    day: int | None
    alerts: tuple[CourseAlert, ...]
    latest_photo: Photo | None
    redness: Estimate | None
    mail_trouble: bool
    care_withdrawn_at: datetime | None
    unread: int


def show_worklist(db: Database, practitioner_id: str, now: datetime) -> list[WorklistRow]:
    """All patients in a practitioner's care: open alerts, unread messages, the latest treated."""
    by_patient: dict[str, list[CourseAlert]] = defaultdict(list)
    for alert in worst_first(alerts.for_practitioner(db, practitioner_id)):
        if alert.stage is not Stage.RESOLVED:
            followed = treatments.get(db, alert.treatment_id)
            by_patient[alert.patient_id].append(CourseAlert(alert, followed))
    rows = [
        _row(db, patient, tuple(by_patient[patient.id]), now)
        for patient in people.patients_of(db, practitioner_id)
    ]
    return sorted(rows, key=_urgency)


def _row(
    db: Database, patient: Person, about: tuple[CourseAlert, ...], now: datetime
) -> WorklistRow:
    treatment = treatments.current(db, patient.id, now)
    mail_trouble = bool(messages.undelivered_about(db, patient.id))
    withdrawn_at = consents.care_withdrawn_at(db, patient.id)
    unread = conversation.unread_by_clinic(db, patient.id)
    if treatment is None:
        return WorklistRow(
            patient, None, None, about, None, None, mail_trouble, withdrawn_at, unread
        )
    taken = [p for p in photos.of_treatment(db, treatment.id) if p.role is PhotoRole.FOLLOW_UP]
    shown = {photo.id for photo in taken}
    measured = [
        r
        for r in readings.of_treatment(db, treatment.id)
        if r.photo_id in shown and Region.FACE in r.regions
    ]
    return WorklistRow(
        patient=patient,
        treatment=treatment,
        day=day_number(treatment, now, patient.zone),
        alerts=about,
        latest_photo=taken[-1] if taken else None,
        redness=measured[-1].regions[Region.FACE].redness if measured else None,
        mail_trouble=mail_trouble,
        care_withdrawn_at=withdrawn_at,
        unread=unread,
    )


def _urgency(row: WorklistRow) -> tuple[bool, bool, bool, int, float, str]:
    waiting = [each for each in row.alerts if each.alert.needs_answer]
    worst = max((each.alert.level.rank for each in waiting or row.alerts), default=-1)
    began = row.treatment.performed_at if row.treatment else datetime.min.replace(tzinfo=UTC)
    return (
        not waiting,
        not row.unread,
        not row.alerts,
        -worst,
        -began.timestamp(),
        row.patient.name,
    )
