"""The work list: what its template is given, made from what the action answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from zoneinfo import ZoneInfo

from tracker.actions.show_worklist import WorklistRow
from web.alert_pages import AlertCard, alert_card
from web.times import day_words, when, withdrawn_words
from web.words import estimate_words, treatment_words


@dataclass(frozen=True, slots=True)
class PatientRow:
    """One line of the work list; `card` is its worst alert, `more` counts the others."""

    id: str
    name: str
    treatment: str
    day: str
    card: AlertCard | None
    more: int
    redness: str
    photo: str
    mail_trouble: bool
    care_withdrawn: str | None
    unread: int


@dataclass(frozen=True, slots=True)
class WorklistPage:
    """All patients, worst first; `waiting` counts those with an alert or a message that
    nobody has seen."""

    template: ClassVar[str] = "worklist.html"
    place: ClassVar[str] = "patients"

    rows: tuple[PatientRow, ...]
    waiting: int

    @property
    def title(self) -> str:
        """The page's name."""
        return "Patients"


def worklist_page(rows: Sequence[WorklistRow], now: datetime, zone: ZoneInfo) -> WorklistPage:
    """The work list in the order the action gives."""
    return WorklistPage(
        rows=tuple(_patient_row(row, now, zone) for row in rows),
        waiting=sum(
            row.unread > 0 or any(each.alert.needs_answer for each in row.alerts) for row in rows
        ),
    )


def _patient_row(row: WorklistRow, now: datetime, zone: ZoneInfo) -> PatientRow:
    treatment, photo = row.treatment, row.latest_photo
    cards = [alert_card(a.alert, row.patient, a.treatment, now, zone) for a in row.alerts]
    depth = (
        treatment_words(treatment, treatment.kind.replace("_", " ").capitalize())
        if treatment
        else ""
    )
    return PatientRow(
        id=row.patient.id,
        name=row.patient.name,
        treatment=depth or "No treatment yet",
        day="" if row.day is None else day_words(row.day),
        card=cards[0] if cards else None,
        more=max(0, len(cards) - 1),
        redness=estimate_words(row.redness) if row.redness and photo else "",
        photo=f"{when(photo.taken_at, now, zone)}" if photo else "",
        mail_trouble=row.mail_trouble,
        care_withdrawn=withdrawn_words(row.care_withdrawn_at, now, zone),
        unread=row.unread,
    )
