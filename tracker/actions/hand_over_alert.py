"""A practitioner passes an alert to a colleague, with a note and a mail."""

from datetime import datetime

from sqlite_utils import Database

from tracker.alert_life import handed_over
from tracker.alerts import Alert
from tracker.audit import Act, Entry
from tracker.messages import MessageKind, about_alert
from tracker.people import Person, Role
from tracker.storage import alerts, audit_log, messages, people
from tracker.storage.connection import writing


def hand_over_alert(
    db: Database, alert_id: str, by: Person, colleague_id: str, note: str, now: datetime
) -> Alert | None:
    """The alert asks anew, and the colleague is told by mail; None when there is no alert.

    A colleague who does not care for the patient is put into the care team, last in turn.
    Raises ValueError when this is no colleague who can answer, or the note is missing or too long.
    """
    with writing(db):
        alert = alerts.get(db, alert_id)
        if alert is None:
            return None
        colleague = people.get(db, colleague_id)
        if colleague is None or colleague.id == by.id or not _can_answer(colleague):
            raise ValueError("choose a colleague who can answer")
        moved = handed_over(alert, colleague.name, by.id, note, now)
        if moved.transition is None:
            return moved.alert
        turns = {person.id: turn for person, turn in people.care_team_of(db, alert.patient_id)}
        if colleague.id not in turns:
            last = max(turns.values(), default=0) + 1
            people.add_to_care(db, colleague.id, alert.patient_id, last)
            added = Entry(Act.CARE_TEAM_CHANGED, now, by.id, alert.patient_id, "added by hand-over")
            audit_log.add(db, added)
        alerts.move(db, moved)
        messages.insert(db, about_alert(MessageKind.HANDED_OVER, moved.alert, colleague, now))
        return moved.alert


def _can_answer(person: Person) -> bool:
    return person.role is Role.PRACTITIONER and person.suspended_at is None
