"""Judge the treatments about which something new is known; open and update alerts."""

import logging
from datetime import datetime

from sqlite_utils import Database

from tracker.alerts import Alert, Finding, has_risen, with_finding
from tracker.messages import Message
from tracker.protocols import Protocol, Protocols
from tracker.recovery import ENGINE, Course, assess
from tracker.storage import alerts, check_ins, messages, people, readings
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
    protocol = protocols.of(treatment.kind)
    course = Course(
        treatment=treatment,
        readings=tuple(readings.of_treatment(db, treatment.id)),
        check_ins=tuple(check_ins.of_treatment(db, treatment.id)),
    )
    # What came while this was being judged is dated later than `now`; news is news all the same.
    newest = max((now, *(r.taken_at for r in course.readings), *(c.at for c in course.check_ins)))
    assessment = assess(course, protocol, until=days_since(treatment, newest))
    raised = []
    with writing(db):
        known = {alert.concern: alert for alert in alerts.of_treatment(db, treatment.id)}
        for finding in assessment.findings:
            before = known.get(finding.concern)
            after = _opened(treatment, finding, protocol, now) if before is None else None
            if before is not None:
                after = with_finding(before, finding, now)
            if after is None or after == before:
                continue
            alerts.save(db, after)
            if before is None or has_risen(before, after):
                _write_mails(db, after, now)
                raised.append(after)
        treatment_rows.judged(db, treatment.id, news)
    return raised


def _opened(
    treatment: Treatment, finding: Finding, protocol: Protocol, now: datetime
) -> Alert | None:
    if finding.level is None:
        return None
    return Alert(
        id=new_id(),
        patient_id=treatment.patient_id,
        treatment_id=treatment.id,
        concern=finding.concern,
        level=finding.level,
        raised_at=now,
        probability=finding.probability,
        onset_day=finding.onset_day,
        regions=finding.regions,
        evidence=finding.evidence,
        photo_id=finding.photo_id,
        flagged_at=finding.flagged_at,
        engine=ENGINE,
        protocol=protocol.label,
    )


def _write_mails(db: Database, alert: Alert, now: datetime) -> None:
    if not alert.level.is_mailed:
        return
    for practitioner in people.practitioners_of(db, alert.patient_id):
        message = Message(new_id(), practitioner.id, practitioner.email, alert.id, now, now)
        messages.insert(db, message)
