"""Aftercare: what to do and avoid on a day; where treatments combine, the strictest wins."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from tracker.domain.course.treatments import Treatment
from tracker.domain.protocols.care import LAST_DAY, CareLine, Heading
from tracker.domain.protocols.protocols import CheckInQuestion, Protocol

MAX_LINE_LENGTH = 300
ALWAYS = date.max  # the last date of a line without an end


@dataclass(frozen=True, slots=True)
class RunningTreatment:
    """A treatment whose plan still applies. `day` counts in the patient's zone, 0 is its day.

    `risk_factors` are those of the person and of the screening before this treatment.
    """

    treatment: Treatment
    protocol: Protocol
    day: int
    risk_factors: frozenset[str] = frozenset()


class DatesSwapped(ValueError):  # noqa: N818  (bad input; the message names the remedy)
    """The first day is after the last."""


@dataclass(frozen=True, slots=True)
class OwnLine:
    """A line of aftercare for one patient alone, on the dates given, both included."""

    id: str
    patient_id: str
    heading: Heading
    line: str
    first_date: date
    last_date: date
    added_by: str
    added_at: datetime

    def __post_init__(self) -> None:
        if not self.line.strip() or len(self.line) > MAX_LINE_LENGTH:
            raise ValueError(f"the line must have 1 to {MAX_LINE_LENGTH} characters")
        if self.first_date > self.last_date:
            raise DatesSwapped("the first day must not lie after the last; swap them")


@dataclass(frozen=True, slots=True)
class Avoided:
    """What must not be done, and the last date on which it must not; `ALWAYS`: never again."""

    line: str
    last_date: date


@dataclass(frozen=True, slots=True)
class DayPlan:
    """One day's aftercare from all running treatments and the patient's own lines."""

    do: tuple[str, ...]
    avoid: tuple[Avoided, ...]
    normal: tuple[str, ...]
    call_us: tuple[str, ...]


def day_plan(
    running: Sequence[RunningTreatment], own: Iterable[OwnLine], today: date
) -> DayPlan | None:
    """The plan of a day, or None when nothing is planned. The course that began last comes first.

    What any course says to avoid is avoided until the last of them allows it. A thing that one
    forbids today is not advised by another. Every reason to call is kept.
    """
    mine = [line for line in own if line.first_date <= today <= line.last_date]
    forbidden = {
        thing for c in running for line in _lines(c, Heading.AVOID) for thing in line.things
    }
    plan = DayPlan(
        do=_said(running, mine, Heading.DO, without=forbidden),
        avoid=_avoided(running, mine, today),
        normal=_said(running, mine, Heading.NORMAL),
        call_us=_said(running, mine, Heading.CALL_US),
    )
    return plan if any((plan.do, plan.avoid, plan.normal, plan.call_us)) else None


def questions_of(running: Iterable[RunningTreatment]) -> tuple[CheckInQuestion, ...]:
    """The signs to ask for today: those of every running course, each once."""
    asked: dict[str, CheckInQuestion] = {}
    for course in running:
        for question in course.protocol.check_in:
            due = question.days[0] <= max(course.day, 0) <= question.days[1]
            done = not question.variants or course.treatment.variant in question.variants
            if (
                due
                and done
                and (not question.risk_factors or question.risk_factors & course.risk_factors)
            ):
                asked.setdefault(question.sign, question)
    return tuple(asked.values())


def plan_ends(protocol: Protocol) -> int:
    """The last day of a protocol's plan; lines without an end continue after it."""
    ends = (line.last_day for lines in protocol.aftercare.values() for line in lines)
    return max((last for last in ends if last is not None), default=LAST_DAY)


def _lines(course: RunningTreatment, heading: Heading) -> list[CareLine]:
    done = course.treatment
    return [
        line
        for line in course.protocol.aftercare[heading]
        if line.holds(course.day, done.variant, done.needle_depth_mm)
    ]


def _said(
    running: Sequence[RunningTreatment],
    mine: Iterable[OwnLine],
    heading: Heading,
    without: Iterable[str] = (),
) -> tuple[str, ...]:
    """Every line under a heading once; after which treatment, where there are several."""
    said: dict[str, str] = {}
    for course in running:
        for line in _lines(course, heading):
            if line.things.isdisjoint(without):
                tells_after = heading is Heading.NORMAL and len(running) > 1
                named = f"{course.protocol.title}: {line.words}" if tells_after else line.words
                said.setdefault(named.casefold(), named)
    for own in mine:
        if own.heading is heading:
            said.setdefault(own.line.casefold(), own.line)
    return tuple(said.values())


def _avoided(
    running: Iterable[RunningTreatment], mine: Iterable[OwnLine], today: date
) -> tuple[Avoided, ...]:
    """What to avoid today, each thing until the latest date that any course or own line sets."""
    until: dict[str, Avoided] = {}
    lines = [
        Avoided(line.words, _date(line.last_day, course, today))
        for course in running
        for line in _lines(course, Heading.AVOID)
    ]
    lines += [Avoided(own.line, own.last_date) for own in mine if own.heading is Heading.AVOID]
    for each in lines:
        known = until.setdefault(each.line.casefold(), each)
        if each.last_date > known.last_date:
            until[each.line.casefold()] = Avoided(known.line, each.last_date)
    return tuple(until.values())


def _date(last_day: int | None, course: RunningTreatment, today: date) -> date:
    return ALWAYS if last_day is None else today + timedelta(days=last_day - course.day)
