"""The life of an alert: each step is a pure function from an alert to the alert after the step."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum

from tracker.domain.alerts.alerts import (
    URGENT_WITHIN,
    Alert,
    Concern,
    Factor,
    Finding,
    Level,
    Outcome,
    Source,
    Stage,
    asking_again,
    asking_on,
    tells_new_flag,
    with_finding,
    with_sides_exchanged,
)
from tracker.domain.clinic.health import CLOCKS_DIFFER
from tracker.domain.course.treatments import Treatment, days_since

ONSET_BLUR_DAYS = 1.0  # with a photo a day, a re-estimated onset moves by about so much
CALM = timedelta(days=2)  # answers that come back after a pause this long are a new cause
MOST_ESCALATIONS = 3  # by then everyone has been notified; the work list keeps the alert on top
LONGEST_SNOOZE = timedelta(days=30)
SNOOZE_REMEDY = f"choose a day after today, at most {LONGEST_SNOOZE.days} days away"
SNOOZE_REASON = "say why this can wait"
MAX_WHY_LENGTH = 500


class Step(StrEnum):
    """What can happen to an alert."""

    OPENED = "opened"
    ROSE = "rose"
    FLAGGED = "flagged"  # answers reached a floor again
    READ = "read"  # a person who may answer opened the page; the alert still waits
    SEEN = "seen"
    SNOOZED = "snoozed"
    WOKE = "woke"
    ESCALATED = "escalated"
    HANDED_OVER = "handed_over"  # by a practitioner, to a colleague
    ARRIVED = "arrived"  # with a record from another clinic; it asks the people here
    RELABELLED = "relabelled"  # the alert names the other side now
    TAKEN_BACK = "taken_back"  # an answer, by the person who gave it
    RESOLVED = "resolved"


ASKING = frozenset(Step) - {Step.READ, Step.SEEN, Step.SNOOZED, Step.ESCALATED, Step.RESOLVED}
ANSWERING = frozenset({Step.SEEN, Step.SNOOZED, Step.HANDED_OVER, Step.RESOLVED})


@dataclass(frozen=True, slots=True)
class Transition:
    """One step with who, when and why; `by` is None for the engine and the clock.

    `level`, `engine` and `protocol` are those of the alert after the step.
    """

    alert_id: str
    step: Step
    at: datetime
    by: str | None
    why: str
    level: Level
    engine: str
    protocol: str


@dataclass(frozen=True, slots=True)
class Moved:
    """An alert after a step, and the step for its history; None when there is nothing to record."""

    alert: Alert
    transition: Transition | None


@dataclass(frozen=True, slots=True)
class ShownAlert:
    """The alert as a page showed it; `steps` counts the steps of its history at that time."""

    id: str
    patient_id: str
    level: Level
    raised_at: datetime
    steps: int


@dataclass(frozen=True, slots=True)
class Seen:
    """A practitioner has read it and takes care of it; `limit` is the clinic's for urgent ones."""

    limit: timedelta = URGENT_WITHIN


@dataclass(frozen=True, slots=True)
class Snooze:
    """The answer that postpones the alert to a later day, with the reason why it may wait."""

    until: date
    why: str


@dataclass(frozen=True, slots=True)
class Resolution:
    """The answer that closes an alert: what it turned out to be, and why."""

    outcome: Outcome
    why: str


@dataclass(frozen=True, slots=True)
class HandOver:
    """The answer that asks a colleague to look."""

    colleague_id: str
    note: str


Answer = Seen | Snooze | Resolution | HandOver


class Obstacle(StrEnum):
    """Why an answer to an alert is not taken."""

    NOT_SHOWN = "not_shown"  # the form does not say what it showed
    CHANGED = "changed"  # the alert has asked again, or has another level
    OVERTAKEN = "overtaken"  # another person has answered, or it was closed
    UNREAD = "unread"  # the person who answers has not opened it since it last asked
    UNOPENED = "unopened"  # something about the patient was not opened, or came meanwhile
    STANDS = "stands"  # too late to take an answer back


@dataclass(frozen=True, slots=True)
class AnswerRefused:
    """Nothing was kept; `step` is what another person did meanwhile, if that is on record."""

    obstacle: Obstacle
    step: Transition | None = None


@dataclass(frozen=True, slots=True)
class JudgedBy:
    """Who judged: the version of the engine (or rule) and the edition of the protocol."""

    engine: str
    protocol: str


def opened(
    alert_id: str, treatment: Treatment, finding: Finding, judged_by: JudgedBy, now: datetime
) -> Moved | None:
    """The alert that a finding opens, or None when it passes no limit."""
    if finding.level is None:
        return None
    alert = Alert(
        id=alert_id,
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
        engine=judged_by.engine,
        protocol=judged_by.protocol,
        found_at=now,
    )
    return _moved(alert, Step.OPENED, now, None, _grounds(alert))


def judged_again(alert: Alert, finding: Finding, judged_by: JudgedBy, now: datetime) -> Moved:
    """The alert after a new judgement: risen, flagged again, or only brought up to date."""
    judged = replace(alert, engine=judged_by.engine, protocol=judged_by.protocol)
    after = with_finding(judged, finding, now)
    if after.level is not alert.level:
        return _moved(after, Step.ROSE, now, None, _grounds(after))
    if after.raised_at != alert.raised_at:
        return _moved(after, Step.FLAGGED, now, None, _grounds(after))
    return Moved(after, None)


def readers(history: Sequence[Transition]) -> frozenset[str]:
    """The ids of those who know what the alert says now; `history` is in time order.

    They opened its page after it last asked for an answer, or made it ask by a step of their own.
    """
    last = max((n for n, step in enumerate(history) if step.step in ASKING), default=0)
    since = history[last:]
    knowing = {Step.READ, Step.HANDED_OVER, Step.TAKEN_BACK}
    return frozenset(step.by for step in since if step.by is not None and step.step in knowing)


def read(alert: Alert, history: Sequence[Transition], by: str, now: datetime) -> Moved:
    """A person who may answer opened the page; the alert still waits for the answer."""
    if alert.stage is Stage.RESOLVED or by in readers(history):
        return Moved(alert, None)
    is_first = alert.read_at is None
    after = replace(alert, read_at=now, read_by=by) if is_first else alert
    return _moved(after, Step.READ, now, by, "")


def refusal(
    alert: Alert,
    history: Sequence[Transition],
    shown: ShownAlert | None,
    by: str,
    *,
    needs_reading: bool = True,
) -> AnswerRefused | None:
    """Why this person's answer to what was `shown` is refused; None when it is accepted.

    Call it in the transaction that keeps the answer. If a person sends the same answer twice, it is
    accepted: the steps themselves then change nothing.
    """
    if shown is None:
        return AnswerRefused(Obstacle.NOT_SHOWN)
    since = [step for step in history[shown.steps :] if step.by != by and step.step in ANSWERING]
    theirs = since[-1] if since else None
    if alert.stage is Stage.RESOLVED:
        closing = next((s for s in reversed(history) if s.step is Step.RESOLVED), None)
        is_own = closing is not None and closing.by == by
        return None if is_own else AnswerRefused(Obstacle.OVERTAKEN, closing)
    if (alert.level, alert.raised_at) != (shown.level, shown.raised_at):
        return AnswerRefused(Obstacle.CHANGED, theirs)
    if theirs is not None:
        return AnswerRefused(Obstacle.OVERTAKEN, theirs)
    if needs_reading and by not in readers(history):
        return AnswerRefused(Obstacle.UNREAD)
    return None


def seen(alert: Alert, by: str, now: datetime, decide_by: datetime | None = None) -> Moved:
    """A practitioner has read the alert and says so; the first to say so is kept."""
    if not alert.needs_answer:
        return Moved(alert, None)
    after = replace(alert, seen_at=now, seen_by=by, call_by=None, decide_by=decide_by)
    return _moved(after, Step.SEEN, now, by, "")


def snoozed(alert: Alert, until: datetime, by: str, why: str, now: datetime) -> Moved:
    """Quiet until a given time, unless the concern rises or something new or urgent is reported.

    Raises ValueError for a time that is past or too far away, and without a reason.
    """
    if not why.strip():
        raise ValueError(SNOOZE_REASON)
    if not now < until <= now + LONGEST_SNOOZE:
        raise ValueError(SNOOZE_REMEDY)
    if alert.stage is Stage.RESOLVED:
        return Moved(alert, None)
    looked = seen(alert, by, now).alert
    after = replace(looked, snoozed_until=until, call_by=None, decide_by=None)
    return _moved(after, Step.SNOOZED, now, by, _checked(why))


def escalated(alert: Alert, limit: timedelta, to: Sequence[str], now: datetime) -> Moved:
    """An urgent alert without an answer within the clinic's `limit` is passed on, read or not.

    `to` are the names of the people who get the mail now, for the history. A last mail from the
    future was written before the clock was set back; how long ago is unknown, so it counts as due.
    """
    last_told = alert.escalated_at or alert.raised_at
    waits = alert.level is Level.URGENT and alert.needs_answer
    is_early = -CLOCKS_DIFFER <= now - last_told < limit
    if not waits or alert.escalations >= MOST_ESCALATIONS or is_early:
        return Moved(alert, None)
    after = replace(alert, escalated_at=now, escalations=alert.escalations + 1)
    why = f"no answer within {round(limit.total_seconds() / 60)} minutes"
    why += f"; told {' and '.join(to)}" if to else "; the patient has no care team"
    return _moved(after, Step.ESCALATED, now, None, why)


def handed_over(alert: Alert, to: str, by: str, note: str, now: datetime) -> Moved:
    """A practitioner asks a colleague (`to` is the name) to look: the alert asks again.

    Raises ValueError without a note, or when it is too long.
    """
    if not note.strip():
        raise ValueError("say what you ask your colleague")
    words = _checked(note)
    if alert.stage is Stage.RESOLVED:
        return Moved(alert, None)
    return _moved(asking_again(alert, now), Step.HANDED_OVER, now, by, f"to {to}: {words}")


def resolved(alert: Alert, outcome: Outcome, by: str, why: str, now: datetime) -> Moved:
    """Closed with what it turned out to be. The first outcome is kept."""
    if alert.stage is Stage.RESOLVED:
        return Moved(alert, None)
    looked = seen(alert, by, now).alert
    after = replace(looked, resolved_at=now, outcome=outcome, snoozed_until=None)
    words = _checked(why)
    return _moved(after, Step.RESOLVED, now, by, f"{outcome}: {words}" if words else str(outcome))


def closed(alert: Alert, why: str, now: datetime) -> Moved:
    """Closed by itself, because what it said is no longer so. It is neither true nor false."""
    if alert.stage is Stage.RESOLVED:
        return Moved(alert, None)
    after = replace(alert, resolved_at=now, snoozed_until=None)
    return _moved(after, Step.RESOLVED, now, None, why)


def relabelled(alert: Alert, by: str | None, why: str, now: datetime) -> Moved:
    """The alert after left and right of its course were exchanged; without a side it is the same.

    An open alert asks again. So does one that a person closed as false or unclear: that was about
    the wrong side. One that was true, or closed by itself, is only corrected.
    """
    after = with_sides_exchanged(alert)
    if frozenset(after.regions) == frozenset(alert.regions):
        return Moved(after if alert.resolved_at is None else alert, None)
    told = f"{_where(alert)} is now {_where(after)}: {why}"
    if alert.outcome in {Outcome.FALSE, Outcome.UNCLEAR}:
        told += f"; it was closed as {alert.outcome}, and is open again"
    elif alert.resolved_at is not None:
        return _moved(after, Step.RELABELLED, now, by, told)
    again = replace(asking_on(after, now), resolved_at=None, outcome=None)
    return _moved(again, Step.RELABELLED, now, by, told)


def side_told(before: Alert, judged: Moved, now: datetime) -> Moved:
    """A judgement that names one cheek where the open alert named the other one asks again."""
    sides = [{r for r in each.regions if r.mirrored is not r} for each in (before, judged.alert)]
    is_other = len(sides[0]) == 1 and sides[1] == {r.mirrored for r in sides[0]}
    if judged.transition is not None or not is_other:
        return judged
    told = f"{_where(before)} is now {_where(judged.alert)}: the photos were judged again"
    again = asking_on(judged.alert, now)
    return _moved(again, Step.RELABELLED, now, None, told)


def is_new_cause(last: Alert, finding: Finding, treatment: Treatment, now: datetime) -> bool:
    """Whether a finding after a resolved alert is about something that the alert did not cover.

    New are: answers that reached a floor and were not reported before, a level above the resolved
    one, an onset after the day of resolution, anything after an alert that closed by itself, and
    answers that come back after days without them. A person has looked into the rest.
    """
    if finding.level is None or last.resolved_at is None:
        return False
    if last.outcome is None:  # it closed by itself, so its cause had ended
        return True
    if tells_new_flag(last, finding) or finding.level.rank > last.level.rank:
        return True
    if finding.onset_day is not None:
        resolved_day = days_since(treatment, last.resolved_at)
        known = resolved_day if last.onset_day is None else last.onset_day + ONSET_BLUR_DAYS
        return finding.onset_day > max(resolved_day, known)
    return last.found_at is not None and now - last.found_at >= CALM


def unjudged() -> Finding:
    """The finding when the engine fails on a course: people have to look themselves.

    A review, because nothing points to harm; answers that do reach people through their floors.
    """
    what = "what came last could not be judged; only answers that reach a floor open an alert"
    evidence = (Factor(what, 1.0, Source.FAILURE),)
    return Finding(Concern.UNJUDGED, 1.0, Level.REVIEW, None, (), evidence, None)


def found_again(last: Alert, finding: Finding, now: datetime) -> Moved:
    """A resolved alert whose cause still shows, or no longer does."""
    return Moved(last if finding.level is None else replace(last, found_at=now), None)


def _moved(alert: Alert, step: Step, at: datetime, by: str | None, why: str) -> Moved:
    told = Transition(alert.id, step, at, by, why, alert.level, alert.engine, alert.protocol)
    return Moved(alert, told)


def _where(alert: Alert) -> str:
    return " and ".join(region.words for region in alert.regions)


def _grounds(alert: Alert) -> str:
    """The piece of evidence that weighs most; the alert itself shows the rest."""
    return alert.evidence[0].what if alert.evidence else ""


def _checked(why: str) -> str:
    if len(why) > MAX_WHY_LENGTH:
        raise ValueError(f"the reason is too long; keep it under {MAX_WHY_LENGTH} characters")
    return why.strip()
