"""One mail a morning to each practitioner for whom reviews wait."""

from datetime import datetime

from sqlite_utils import Database

from tracker.alerts import Alert, worst_first
from tracker.mail_hours import digest_moment
from tracker.messages import Message, digest
from tracker.people import Person, in_turn
from tracker.storage import absences, alerts, messages
from tracker.storage.connection import writing


def write_digests(db: Database, now: datetime) -> list[Message]:
    """Return the digests written: at each practitioner's own hour, one a day, the worst first."""
    waiting = [alert for alert in alerts.unseen(db) if alert.level.is_mailed]
    if not waiting:
        return []
    with writing(db):
        return [
            message
            for practitioner, about in _by_practitioner(db, waiting, now)
            if (message := _digest(practitioner, about, now)) and messages.insert(db, message)
        ]


def _by_practitioner(
    db: Database, waiting: list[Alert], now: datetime
) -> list[tuple[Person, list[Alert]]]:
    """Who is first in turn for which alerts; a second person has a digest of their own patients."""
    teams = {
        alert.patient_id: absences.answering_on_duty(db, alert.patient_id, now) for alert in waiting
    }
    told: dict[str, tuple[Person, list[Alert]]] = {}
    for alert in worst_first(waiting):
        for practitioner in in_turn(teams[alert.patient_id], asked=0):
            told.setdefault(practitioner.id, (practitioner, []))[1].append(alert)
    return list(told.values())


def _digest(practitioner: Person, about: list[Alert], now: datetime) -> Message | None:
    moment = digest_moment(practitioner, now)
    due = [alert for alert in about if moment is not None and alert.raised_at <= moment]
    return digest(due, practitioner, practitioner.date_at(now), now) if due else None
