"""Judge the treatments with new data; open and update alerts."""

import logging
from collections.abc import Iterable
from datetime import datetime

from sqlite_utils import Database

from tracker.domain.alerts.alert_life import (
    JudgedBy,
    Moved,
    closed,
    found_again,
    is_new_cause,
    judged_again,
    opened,
    side_told,
    unjudged,
)
from tracker.domain.alerts.alerts import Alert, Concern, Finding, Level, with_photos_kept
from tracker.domain.course.treatments import Treatment, days_since
from tracker.domain.protocols.protocols import Protocol, Protocols
from tracker.domain.protocols.screening import risk_factors_of
from tracker.domain.recovery.recovery import ENGINE, UTC, Course, conclude, judge_answers
from tracker.storage.alerts import alerts
from tracker.storage.columns import new_id
from tracker.storage.connection import writing
from tracker.storage.course import check_ins, photos, readings, screenings
from tracker.storage.course import treatments as treatment_rows
from tracker.storage.mail import mails
from tracker.storage.people import people

log = logging.getLogger(__name__)


def raise_alerts(
    db: Database, protocols: Protocols, now: datetime, only_treatment: str | None = None
) -> list[Alert]:
    """Return the alerts that opened or rose in level; their mails are written with them.

    Courses whose answers reach the worst floors are judged first. A course on which the engine
    fails still opens the alerts that its answers alone reach, and one that reports the failure.
    """
    raised = []
    for treatment, news in _worst_first(db, protocols, only_treatment, now):
        try:
            raised += _judge(db, protocols, treatment, news, now)
        except Exception:  # one course that cannot be judged must not silence the others
            log.exception("treatment %s could not be judged; will try again", treatment.id)
            raised += _tell_unjudged(db, treatment, now)
    return raised


def _worst_first(
    db: Database, protocols: Protocols, only_treatment: str | None, now: datetime
) -> list[tuple[Treatment, int]]:
    """The courses with new data, by what their answers say: judging hundreds takes minutes."""
    waiting = treatment_rows.with_news(db, only_treatment)
    if len(waiting) < 2:
        return waiting
    return sorted(waiting, key=lambda each: -_urgency(db, protocols, each[0], now))


def _urgency(db: Database, protocols: Protocols, treatment: Treatment, now: datetime) -> int:
    """The rank of the worst floor that the answers reach, -1 for none."""
    try:
        findings = judge_answers(*_known(db, protocols, treatment, now))
    except Exception:  # noqa: BLE001  (judging it fails as fast, and tells people so)
        return len(Level)
    return max((each.level.rank for each in findings if each.level is not None), default=-1)


def _known(
    db: Database, protocols: Protocols, treatment: Treatment, now: datetime
) -> tuple[Course, Protocol, float]:
    """All that is known of a course, its protocol, and the day up to which to judge it."""
    person = people.get(db, treatment.patient_id)
    risk_factors = (
        risk_factors_of(person, screenings.of_treatment(db, treatment.id))
        if person
        else frozenset()
    )
    course = Course(
        treatment=treatment,
        readings=tuple(readings.of_treatment(db, treatment.id)),
        check_ins=tuple(check_ins.of_treatment(db, treatment.id)),
        zone=person.zone if person else UTC,
        unjudged_since=treatment_rows.unjudged_since(db, treatment.id),
    )
    # Data that arrived while this was being judged is dated later than `now`; it still counts.
    newest = max(
        (now, *(r.taken_at for r in course.readings), *(c.received_at for c in course.check_ins))
    )
    protocol = protocols.of(treatment.kind).adapted_to(risk_factors)
    return course, protocol, days_since(treatment, newest)


def _judge(
    db: Database, protocols: Protocols, treatment: Treatment, news: int, now: datetime
) -> list[Alert]:
    course, protocol, until = _known(db, protocols, treatment, now)
    judged_by = JudgedBy(ENGINE, protocol.label)
    is_judged = True
    try:
        findings = conclude(course, protocol, until)
    except Exception:  # answers that need a look must not wait until the engine is fixed
        log.exception("the engine failed on treatment %s; will try again", treatment.id)
        is_judged, findings = False, (*judge_answers(course, protocol, until), unjudged())
    with writing(db):
        if not is_judged:
            return _apply(db, treatment, findings, judged_by, now)
        if not treatment_rows.judged(db, treatment.id, news, now):
            return []
        _close_unjudged(db, treatment, now)
        return _apply(db, treatment, findings, judged_by, now)


def _tell_unjudged(db: Database, treatment: Treatment, now: datetime) -> list[Alert]:
    """Open an alert for a course of which not even the facts could be read."""
    try:
        with writing(db):
            return _apply(db, treatment, [unjudged()], JudgedBy(ENGINE, treatment.kind), now)
    except Exception:  # the health page reports new data that is not judged
        log.exception("no alert could report that treatment %s is not judged", treatment.id)
        return []


def _close_unjudged(db: Database, treatment: Treatment, now: datetime) -> None:
    for alert in alerts.of_treatment(db, treatment.id):
        if alert.concern is Concern.UNJUDGED and alert.resolved_at is None:
            alerts.move(db, closed(alert, "the course could be judged again", now))


def _apply(
    db: Database,
    treatment: Treatment,
    findings: Iterable[Finding],
    judged_by: JudgedBy,
    now: datetime,
) -> list[Alert]:
    """Apply findings to the alerts of a course; returns the alerts that ask for a look."""
    known = {alert.concern: alert for alert in alerts.of_treatment(db, treatment.id)}
    is_measured_again = photos.wait_again(db, treatment.id)
    raised = []
    for new in findings:
        last = known.get(new.concern)
        is_open = last is not None and last.resolved_at is None
        finding = with_photos_kept(last, new) if last and is_open and is_measured_again else new
        moved = _moved(treatment, last, finding, judged_by, now)
        if moved is None or _is_told(moved, last):
            continue
        alerts.move(db, moved)
        if moved.transition is not None:
            mails.insert_urgent(db, moved.alert, now)
            raised.append(moved.alert)
    return raised


def _moved(
    treatment: Treatment, last: Alert | None, finding: Finding, judged_by: JudgedBy, now: datetime
) -> Moved | None:
    """The step of the latest alert about the finding's concern, or the alert that it opens."""
    if last is not None and last.resolved_at is None:
        return side_told(last, judged_again(last, finding, judged_by, now), now)
    if last is None or is_new_cause(last, finding, treatment, now):
        return opened(new_id(), treatment, finding, judged_by, now)
    return found_again(last, finding, now)


def _is_told(moved: Moved, last: Alert | None) -> bool:
    """Whether only the time has changed; an open page need not be redrawn for it."""
    if last is None or moved.transition is not None or last.concern is not Concern.UNJUDGED:
        return False
    return last.resolved_at is None
