"""What a changed protocol would have raised: stored courses replayed event by event."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from tracker.domain.alerts.alert_life import JudgedBy, judged_again, opened
from tracker.domain.alerts.alerts import Alert, Concern, Outcome
from tracker.domain.course.treatments import days_since
from tracker.domain.protocols.protocols import Protocol
from tracker.domain.recovery.recovery import ENGINE, Course, conclude

PREVIEWED = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class CourseHistory:
    """A course with what the clinic came to know, and when.

    `received_at` says by photo when it arrived; a reading cannot count earlier. `outcomes` holds
    what the clinic found an alert about a concern to be, if one was resolved. `risk_factors` are
    those of the person.
    """

    course: Course
    received_at: Mapping[str, datetime]
    outcomes: Mapping[Concern, Outcome]
    risk_factors: frozenset[str]


@dataclass(frozen=True, slots=True)
class Compared:
    """The alerts of one course under the present protocol and under the changed one."""

    present: tuple[Alert, ...]
    changed: tuple[Alert, ...]
    outcomes: Mapping[Concern, Outcome]


@dataclass(frozen=True, slots=True)
class Count:
    """How many alerts there are, and how many of them are mailed (review or urgent).

    `false` and `true` count the alerts whose concern the clinic resolved as false or true.
    """

    alerts: int
    mailed: int
    false: int
    true: int

    def __add__(self, other: "Count") -> "Count":
        return Count(
            self.alerts + other.alerts,
            self.mailed + other.mailed,
            self.false + other.false,
            self.true + other.true,
        )


@dataclass(frozen=True, slots=True)
class CourseCount:
    """The alerts about one concern under the present and under the changed protocol.

    `missed` are those resolved as true that only the present one raises.
    """

    present: Count
    changed: Count
    missed: int

    def __add__(self, other: "CourseCount") -> "CourseCount":
        return CourseCount(
            self.present + other.present, self.changed + other.changed, self.missed + other.missed
        )


def preview_since(saved_at: datetime) -> datetime:
    """The time from which the alerts of a draft saved at a given time are counted."""
    return saved_at - PREVIEWED


def counts_of(compared: Compared) -> dict[Concern, CourseCount]:
    """By concern, what one course adds to the counts."""
    lost = missed([compared])
    return {
        concern: CourseCount(present, changed, lost[concern])
        for concern, (present, changed) in counts([compared]).items()
    }


def in_all(courses: Iterable[Mapping[Concern, CourseCount]]) -> dict[Concern, CourseCount]:
    """By concern, the counts of all courses."""
    total: dict[Concern, CourseCount] = {}
    for course in courses:
        for concern, count in course.items():
            total[concern] = total[concern] + count if concern in total else count
    return {concern: total[concern] for concern in Concern if concern in total}


def compare(
    stored: CourseHistory, present: Protocol, changed: Protocol, since: datetime
) -> Compared:
    """Both protocols on the same course; only alerts that were last raised from `since` on."""

    def raised(protocol: Protocol) -> tuple[Alert, ...]:
        return tuple(a for a in lived_through(stored, protocol) if a.raised_at >= since)

    return Compared(raised(present), raised(changed), stored.outcomes)


def lived_through(stored: CourseHistory, protocol: Protocol) -> tuple[Alert, ...]:
    """The alerts that a protocol would have opened, one for each concern, none of them answered.

    At every photo and check-in that arrived, only what was known by then is judged.
    """
    adapted = protocol.adapted_to(stored.risk_factors)
    course, treatment = stored.course, stored.course.treatment
    judged_by = JudgedBy(ENGINE, protocol.label)
    alerts: dict[Concern, Alert] = {}
    for moment in _moments(stored):
        known = replace(
            course,
            readings=tuple(
                r for r in course.readings if _known_from(stored, r.photo_id, r.taken_at) <= moment
            ),
            check_ins=tuple(c for c in course.check_ins if c.received_at <= moment),
        )
        for finding in conclude(known, adapted, until=days_since(treatment, moment)):
            before = alerts.get(finding.concern)
            moved = (
                opened(f"{treatment.id} {finding.concern}", treatment, finding, judged_by, moment)
                if before is None
                else judged_again(before, finding, judged_by, moment)
            )
            if moved is not None:
                alerts[finding.concern] = moved.alert
    return tuple(alerts.values())


def counts(compared: Iterable[Compared]) -> dict[Concern, tuple[Count, Count]]:
    """By concern, the alerts of all courses: under the present protocol, and under the changed."""
    rows = list(compared)
    found = {alert.concern for row in rows for alert in (*row.present, *row.changed)}
    return {
        concern: (
            _count([(a, row.outcomes) for row in rows for a in row.present], concern),
            _count([(a, row.outcomes) for row in rows for a in row.changed], concern),
        )
        for concern in Concern
        if concern in found
    }


def missed(compared: Iterable[Compared]) -> Counter[Concern]:
    """Alerts the clinic resolved as true that the present protocol raises and the changed not."""
    return Counter(
        alert.concern
        for row in compared
        for alert in row.present
        if row.outcomes.get(alert.concern) is Outcome.TRUE
        and alert.concern not in {each.concern for each in row.changed}
    )


def _moments(stored: CourseHistory) -> list[datetime]:
    """When something became known after the treatment, in time order."""
    course = stored.course
    photos = (_known_from(stored, r.photo_id, r.taken_at) for r in course.readings)
    moments = {*photos, *(check_in.received_at for check_in in course.check_ins)}
    return sorted(moment for moment in moments if moment >= course.treatment.performed_at)


def _known_from(stored: CourseHistory, photo_id: str, taken_at: datetime) -> datetime:
    return max(taken_at, stored.received_at.get(photo_id, taken_at))


def _count(alerts: Iterable[tuple[Alert, Mapping[Concern, Outcome]]], concern: Concern) -> Count:
    about = [(alert, outcomes.get(concern)) for alert, outcomes in alerts]
    about = [(alert, outcome) for alert, outcome in about if alert.concern is concern]
    return Count(
        alerts=len(about),
        mailed=sum(alert.level.is_mailed for alert, _ in about),
        false=sum(outcome is Outcome.FALSE for _, outcome in about),
        true=sum(outcome is Outcome.TRUE for _, outcome in about),
    )
