"""A practitioner answers an alert, from seen to resolved, or takes the answer back."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlite_utils import Database

from tracker.domain.alerts.alert_life import (
    SNOOZE_REMEDY,
    Answer,
    AnswerRefused,
    HandOver,
    Moved,
    Obstacle,
    Resolution,
    Seen,
    ShownAlert,
    Snooze,
    Transition,
    handed_over,
    refusal,
    resolved,
    snoozed,
)
from tracker.domain.alerts.alerts import Alert
from tracker.domain.alerts.promises import Call, promised, taken_on
from tracker.domain.clinic.audit import Act, Entry
from tracker.domain.desk.ward_round import may_take_back, taken_back
from tracker.domain.mail.mails import MailKind, about_alert
from tracker.domain.people.people import Person
from tracker.storage.alerts import alert_history, alerts
from tracker.storage.clinic import audit_log, clinic
from tracker.storage.connection import writing
from tracker.storage.course import treatments
from tracker.storage.mail import mails
from tracker.storage.people import people, sessions


class NoSuchColleague(ValueError):  # noqa: N818  (bad input; the message names the remedy)
    """There is no colleague with this id who can answer."""


@dataclass(frozen=True, slots=True)
class Answered:
    """The answer is on record, or was before when the same form came twice."""

    alert: Alert


def answer_alert(
    db: Database,
    shown: ShownAlert,
    by: Person,
    answer: Answer | Call,
    now: datetime,
    *,
    is_held: Callable[[], bool] = lambda: False,
) -> Answered | AnswerRefused | None:
    """Keep the answer if the alert is still as it was shown; None when there is no such alert.

    If two people answer at once, exactly one answer is kept, and the other person learns whose
    answer came first. A snooze lasts until the practitioner's own morning of its day. A colleague
    from outside joins the care team, last in turn. `is_held` says in the same transaction whether
    something else must be opened first. Raises ValueError that says what is wrong with the answer.
    """
    with writing(db):
        alert = alerts.get(db, shown.id)
        if alert is None or alert.patient_id != shown.patient_id:
            return None
        refused = refusal(alert, alert_history.of_alert(db, alert.id), shown, by.id)
        if refused is not None:
            return refused
        if alert.resolved_at is None and is_held():
            return AnswerRefused(Obstacle.UNOPENED)
        moved = _moved(db, alert, by, answer, now)
        alerts.move(db, moved)
    return Answered(moved.alert)


def take_back_answer(
    db: Database, shown: ShownAlert, by: Person, now: datetime
) -> Answered | AnswerRefused | None:
    """Undo a person's own last answer within minutes; None when there is no such alert.

    The alert asks again, an urgent one by mail, and its course is judged again: what came meanwhile
    was judged against an answered alert. Refused once the same concern was raised again, because a
    course has one open alert about a concern.
    """
    with writing(db):
        alert = alerts.get(db, shown.id)
        if alert is None or alert.patient_id != shown.patient_id:
            return None
        history = alert_history.of_alert(db, alert.id)
        refused = refusal(alert, history, shown, by.id)
        if refused is not None:
            return refused
        is_raised_anew = any(
            each.concern is alert.concern and each.id != alert.id and each.resolved_at is None
            for each in alerts.of_treatment(db, alert.treatment_id)
        )
        if is_raised_anew or not can_take_back(db, alert, history, by, now):
            return AnswerRefused(Obstacle.STANDS)
        moved = taken_back(alert, by.id, now)
        alerts.move(db, moved)
        mails.insert_urgent(db, moved.alert, now)
        treatments.tell_news(db, alert.treatment_id)
    return Answered(moved.alert)


def can_take_back(
    db: Database, alert: Alert, history: Sequence[Transition], by: Person, now: datetime
) -> bool:
    """Whether the last step of the alert's `history` is this person's, and can still be undone."""
    seen_at = sessions.last_seen(db, alert.patient_id)
    return may_take_back(history, by.id, now, seen_at)


def _moved(db: Database, alert: Alert, by: Person, answer: Answer | Call, now: datetime) -> Moved:
    match answer:
        case Seen():
            return taken_on(alert, answer, clinic.hours(db), by.id, now)
        case Call():
            return promised(alert, answer, by.id, now)
        case Snooze(until, why):
            return snoozed(alert, _morning(by, until), by.id, why, now)
        case Resolution(outcome, why):
            return resolved(alert, outcome, by.id, why, now)
        case HandOver(colleague_id, note):
            return _handed_over(db, alert, by, colleague_id, note, now)


def _morning(practitioner: Person, day: date) -> datetime:
    try:
        return practitioner.moment_of(day, practitioner.digest_hour)
    except OverflowError as error:  # the first and last days of the calendar, in some zones
        raise ValueError(SNOOZE_REMEDY) from error


def _handed_over(
    db: Database, alert: Alert, by: Person, colleague_id: str, note: str, now: datetime
) -> Moved:
    """The alert asks again, and the colleague gets a mail."""
    colleague = people.get(db, colleague_id)
    if colleague is None or colleague.id == by.id or not colleague.answers_alerts:
        raise NoSuchColleague("choose a colleague who can answer")
    moved = handed_over(alert, colleague.name, by.id, note, now)
    if moved.transition is None:
        return moved
    turns = {person.id: turn for person, turn in people.care_team_of(db, alert.patient_id)}
    if colleague.id not in turns:
        last = max(turns.values(), default=0) + 1
        people.add_to_care(db, colleague.id, alert.patient_id, last)
        added = Entry(Act.CARE_TEAM_CHANGED, now, by.id, alert.patient_id, "added by hand-over")
        audit_log.add(db, added)
    mails.insert(db, about_alert(MailKind.HANDED_OVER, moved.alert, colleague, now))
    return moved
