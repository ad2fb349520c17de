"""Judge the treatments about which something new is known; open and update alerts."""

import logging
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlite_utils import Database

from tracker.alert_life import Judge, Moved, found_again, is_new_cause, judged_again, opened
from tracker.alerts import Alert, Finding, Level
from tracker.messages import MessageKind, about_alert
from tracker.people import in_turn
from tracker.protocols import Protocols
from tracker.recovery import ENGINE, Course, assess
from tracker.screening import words_of
from tracker.storage import absences, alerts, check_ins, messages, people, readings, screenings
from tracker.storage import treatments as treatment_rows
from tracker.storage.columns import new_id
from tracker.storage.connection import writing
from tracker.treatments import Treatment, days_since

log = logging.getLogger(__name__)


def raise_alerts(
    db: Database, protocols: Protocols, now: datetime, only_treatment: str | None = None
) -> list[Alert]:
    """Return the alerts that opened or rose in level; their mails are written with them."""
    raised = []
    for treatment, news in treatment_rows.with_news(db, only_treatment):
        try:
            raised += _judge(db, protocols, treatment, news, now)
        except Exception:  # one course that cannot be judged must not silence the others
            log.exception("treatment %s could not be judged; will try again", treatment.id)
    return raised


def _judge(
    db: Database, protocols: Protocols, treatment: Treatment, news: int, now: datetime
) -> list[Alert]:
    person = people.get(db, treatment.patient_id)
    words = words_of(person, screenings.of_treatment(db, treatment.id)) if person else frozenset()
    protocol = protocols.of(treatment.kind).adapted_to(words)
    course = Course(
        treatment=treatment,
        readings=tuple(readings.of_treatment(db, treatment.id)),
        check_ins=tuple(check_ins.of_treatment(db, treatment.id)),
        zone=person.zone if person else ZoneInfo("UTC"),
    )
    # What came while this was being judged is dated later than `now`; news is news all the same.
    newest = max(
        (now, *(r.taken_at for r in course.readings), *(c.received_at for c in course.check_ins))
    )
    assessment = assess(course, protocol, until=days_since(treatment, newest))
    judge = Judge(ENGINE, protocol.label)
    raised = []
    with writing(db):
        if not treatment_rows.judged(db, treatment.id, news):
            return []
        known = {alert.concern: alert for alert in alerts.of_treatment(db, treatment.id)}
        for finding in assessment.findings:
            moved = _moved(treatment, known.get(finding.concern), finding, judge, now)
            if moved is None:
                continue
            alerts.move(db, moved)
            if moved.transition is not None:
                _write_mails(db, moved.alert, now)
                raised.append(moved.alert)
    return raised


def _moved(
    treatment: Treatment, last: Alert | None, finding: Finding, judge: Judge, now: datetime
) -> Moved | None:
    """What a finding does to the latest alert about its concern, or the alert that it opens."""
    if last is not None and last.resolved_at is None:
        return judged_again(last, finding, judge, now)
    if last is None or is_new_cause(last, finding, treatment, now):
        return opened(new_id(), treatment, finding, judge, now)
    return found_again(last, finding, now)


def _write_mails(db: Database, alert: Alert, now: datetime) -> None:
    """Urgent at once; the morning digest tells the rest."""
    if alert.level is not Level.URGENT:
        return
    for practitioner in in_turn(absences.answering_on_duty(db, alert.patient_id, now), asked=0):
        messages.insert(db, about_alert(MessageKind.URGENT, alert, practitioner, now))
