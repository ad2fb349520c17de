"""What time alone does to alerts: wake them, escalate them, notice silence."""

import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from sqlite_utils import Database

from tracker.domain.alerts.alert_life import JudgedBy, Moved, closed, escalated, opened
from tracker.domain.alerts.alerts import Alert, Concern
from tracker.domain.alerts.promises import woken
from tracker.domain.course.treatments import Treatment
from tracker.domain.mail.mails import MailKind, about_alert
from tracker.domain.people.people import Person, in_turn
from tracker.domain.protocols.protocols import Protocol, Protocols
from tracker.domain.recovery.silence import RULE, Silence, finding_of, is_over, is_told, silence
from tracker.storage.alerts import alerts
from tracker.storage.columns import new_id
from tracker.storage.connection import writing
from tracker.storage.course import treatments
from tracker.storage.mail import mails
from tracker.storage.people import absences, people

HEARD_AGAIN = "a photo or answers came"

log = logging.getLogger(__name__)


class AlertsNotHandled(Exception):  # noqa: N818  (a state of rows, not of the code)
    """So many alerts could not be handled; the log names each, and health shows the duty late."""


def wake_alerts(db: Database, now: datetime) -> list[Alert]:
    """Return the alerts that woke; the work list and the morning digest show them.

    Raises AlertsNotHandled when the others have woken.
    """
    return _each(alerts.ids_with_a_time(db), lambda alert_id: _wake(db, alert_id, now))


def escalate_alerts(db: Database, limit: timedelta, now: datetime) -> list[Alert]:
    """Return the alerts escalated, unanswered for `limit`; their mails are written with it.

    Raises AlertsNotHandled when the others have been escalated.
    """
    return _each(alerts.ids_of_unseen(db), lambda alert_id: _escalate(db, alert_id, limit, now))


def _each(alert_ids: Sequence[str], act: Callable[[str], Alert | None]) -> list[Alert]:
    """The alerts that changed. One that fails holds up no other, and the duty fails after all."""
    changed: list[Alert] = []
    failed = 0
    for alert_id in alert_ids:
        try:
            after = act(alert_id)
        except Exception:
            log.exception("alert %s: cannot be handled; will try again", alert_id)
            failed += 1
        else:
            changed += [] if after is None else [after]
    if failed:
        raise AlertsNotHandled(failed)
    return changed


def _wake(db: Database, alert_id: str, now: datetime) -> Alert | None:
    with writing(db):
        alert = alerts.get(db, alert_id)
        if alert is None or (moved := woken(alert, now)).transition is None:
            return None
        alerts.move(db, moved)
    return moved.alert


def _escalate(db: Database, alert_id: str, limit: timedelta, now: datetime) -> Alert | None:
    if _passed_on(db, alert_id, limit, now) is None:
        return None
    with writing(db):
        step = _passed_on(db, alert_id, limit, now)  # it may have been answered meanwhile
        if step is None:
            return None
        moved, told = step
        alerts.move(db, moved)
        for to in told:
            mails.insert(db, about_alert(MailKind.ESCALATION, moved.alert, to, now))
    return moved.alert


def _passed_on(
    db: Database, alert_id: str, limit: timedelta, now: datetime
) -> tuple[Moved, list[Person]] | None:
    """The step and whom to notify; None while it is too early, or when the alert was seen."""
    alert = alerts.get(db, alert_id)
    if alert is None:
        return None
    team = absences.answering_on_duty(db, alert.patient_id, now)
    told = in_turn(team, asked=alert.escalations + 1)
    moved = escalated(alert, limit, [person.name for person in told], now)
    return None if moved.transition is None else (moved, told)


def notice_silence(db: Database, protocols: Protocols, now: datetime) -> list[Alert]:
    """Return the alerts that opened; this needs no new data, only the clock."""
    for alert_id in alerts.ids_of_unresolved_about(db, Concern.SILENCE):
        try:
            _close_if_heard(db, alert_id, now)
        except Exception:  # one course that cannot be read must not keep the others on the list
            log.exception("alert %s: silence not ended; will try again", alert_id)
    noticed: list[Alert] = []
    rules = [protocol.silence for protocol in protocols.by_kind.values()]
    # A silence that began in its window is noticed by then.
    watched = timedelta(days=max(r.window_days[1] + r.missed_days for r in rules) + 2)
    for treatment in treatments.latest_between(db, now - watched, now):
        try:
            noticed += _notice(db, protocols, treatment, now)
        except Exception:  # one course that cannot be read must not silence the others
            log.exception("treatment %s: silence not judged; will try again", treatment.id)
    return noticed


def _close_if_heard(db: Database, alert_id: str, now: datetime) -> None:
    alert = alerts.get(db, alert_id)
    if alert is None:
        return
    patient, treatment = people.get(db, alert.patient_id), treatments.get(db, alert.treatment_id)
    courses = treatments.of_patient(db, alert.patient_id)  # a course begun since counts, too
    heard = [at for course in courses if (at := treatments.last_heard(db, course.id))]
    quiet = silence(treatment, max(heard, default=None), now, patient.zone) if patient else None
    if quiet is None or not is_over(quiet, alert):
        return
    with writing(db):
        current = alerts.get(db, alert.id)  # it may have been answered meanwhile
        if current is not None and current.resolved_at is None:
            alerts.move(db, closed(current, HEARD_AGAIN, now))


def _notice(db: Database, protocols: Protocols, treatment: Treatment, now: datetime) -> list[Alert]:
    patient = people.get(db, treatment.patient_id)
    protocol = protocols.of(treatment.kind)
    if patient is None or not _calls(db, protocol, treatment, patient, now):
        return []
    with writing(db):
        # A photo may have arrived before the lock was taken.
        quiet = _calls(db, protocol, treatment, patient, now)
        if quiet is None:
            return []
        judged_by = JudgedBy(RULE, protocol.label)
        moved = opened(new_id(), treatment, finding_of(quiet), judged_by, now)
        if moved is None:
            return []
        alerts.move(db, moved)
    return [moved.alert]


def _calls(
    db: Database, protocol: Protocol, treatment: Treatment, patient: Person, now: datetime
) -> Silence | None:
    """A silence that the clinic must know about and does not know about yet."""
    last_heard = treatments.last_heard(db, treatment.id)
    quiet = silence(treatment, last_heard, now, patient.zone)
    if not quiet.is_for_clinic(protocol.silence, reminded=patient.reminder_hour is not None):
        return None
    known = [a for a in alerts.of_treatment(db, treatment.id) if a.concern is Concern.SILENCE]
    return None if is_told(quiet, known[-1] if known else None) else quiet
