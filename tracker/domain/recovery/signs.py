"""Signs: what a patient's answers, taken together over the days, report or deny."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from tracker.domain.course.check_ins import SIGNS, Answers, CheckIn, Trend
from tracker.domain.course.treatments import Treatment, day_number
from tracker.domain.protocols.protocols import Floor, Protocol


def recent(check_ins: Sequence[CheckIn], protocol: Protocol, at: datetime) -> tuple[CheckIn, ...]:
    """Check-ins that still count at `at`: an answer is about today's skin, not last week's.

    Answers dated later than they arrived count from the time they arrived.
    """
    given = ((c, at - min(c.at, c.received_at)) for c in check_ins)
    return tuple(c for c, ago in given if timedelta(0) <= ago <= protocol.answer_memory)


def lately_received(
    check_ins: Sequence[CheckIn],
    protocol: Protocol,
    at: datetime,
    unjudged_since: datetime | None = None,
) -> tuple[CheckIn, ...]:
    """Check-ins that arrived lately, whenever they were given: a phone may have kept them for days.

    Those that arrived after `unjudged_since` count however long ago it is.
    """
    since = at - protocol.answer_memory
    return tuple(
        c
        for c in check_ins
        if since <= c.received_at <= at
        or (unjudged_since is not None and unjudged_since < c.received_at <= at)
    )


def reported_signs(
    check_ins: Sequence[CheckIn], protocol: Protocol, treatment: Treatment, zone: ZoneInfo
) -> Mapping[str, bool]:
    """Each sign that was answered, with whether any of these check-ins reports it.

    A reported sign stays reported as long as that answer counts: a calmer answer afterwards may be
    relief, or fatigue with the questions. So a calmer answer never hides a worse one.
    """
    reported: dict[str, bool] = {}
    for check_in in check_ins:
        for name, answer in _answered(check_in, protocol, treatment, zone).items():
            if answer is not None:
                reported[name] = reported.get(name, False) or answer
    return reported


def _answered(
    check_in: CheckIn, protocol: Protocol, treatment: Treatment, zone: ZoneInfo
) -> Mapping[str, bool | None]:
    """Each sign of one check-in; None for what was not answered."""
    answers = check_in.answers
    day = min(max(day_heard(check_in, treatment, zone), 0), len(protocol.pain_usual) - 1)
    unusual_from = protocol.pain_usual[day] + protocol.pain_unusual_by
    return {
        **{name: getattr(answers, name) for name in SIGNS},
        "unusual_pain": _reaches(answers.pain, unusual_from),
        "pain_high": _reaches(answers.pain, protocol.pain_high_from),
        "itch_high": _reaches(answers.itch, protocol.itch_high_from),
        "swelling_high": _reaches(answers.swelling, protocol.swelling_high_from),
        "trend_worse": None if answers.trend is None else answers.trend is Trend.WORSE,
    }


def _reaches(score: int | None, least: float) -> bool | None:
    return None if score is None else score >= least


def day_heard(check_in: CheckIn, treatment: Treatment, zone: ZoneInfo) -> int:
    """The calendar day of the patient that answers are about.

    A phone's clock can be wrong. Answers dated before the treatment, or later than they arrived,
    count from the time they arrived.
    """
    is_possible = treatment.performed_at <= check_in.at <= check_in.received_at
    return day_number(treatment, check_in.at if is_possible else check_in.received_at, zone)


def floors_of(
    answers: Answers, protocol: Protocol, day: int, variant: str | None
) -> tuple[Floor, ...]:
    """The floors that the answers of calendar day `day` reach, the worst first."""
    reached = (floor for floor in protocol.floors if _is_reached(answers, floor, day, variant))
    return _worst_first(reached)


def _worst_first(floors: Iterable[Floor]) -> tuple[Floor, ...]:
    return tuple(sorted(floors, key=lambda f: (-f.level.rank, not f.is_emergency)))


def is_usual(floor: Floor, day: int) -> bool:
    """Whether these answers are usual on a calendar day of the patient, and reach no floor."""
    return floor.usual_days is not None and floor.usual_days[0] <= day <= floor.usual_days[1]


def _is_reached(answers: Answers, floor: Floor, day: int, variant: str | None) -> bool:
    if (floor.variants and variant not in floor.variants) or is_usual(floor, day):
        return False
    scores = ((answers.pain, floor.pain_from), (answers.swelling, floor.swelling_from))
    return all(getattr(answers, name) for name in floor.signs) and all(
        least is None or _reaches(score, least) for score, least in scores
    )


@dataclass(frozen=True, slots=True)
class Reached:
    """A floor that was reached, and the check-in that did so, or that completed it."""

    floor: Floor
    check_in: CheckIn


def floors_reached(
    check_ins: Sequence[CheckIn], protocol: Protocol, treatment: Treatment, zone: ZoneInfo
) -> tuple[Reached, ...]:
    """Every floor that these check-ins reach, in the order in which they arrived.

    Signs of check-ins that are no further apart than an answer counts are combined: a fever in the
    morning and pus in the evening are fever with pus.
    """
    reached = []
    told = [(c, {name for name in SIGNS if getattr(c.answers, name)}) for c in check_ins]
    for check_in, own in sorted(told, key=lambda each: (each[0].received_at, each[0].id)):
        near = [signs for c, signs in told if abs(c.at - check_in.at) <= protocol.answer_memory]
        every = dict.fromkeys(set[str]().union(*near), True)
        together = replace(check_in.answers, **every)  # type: ignore[arg-type]
        day = day_heard(check_in, treatment, zone)
        for floor in floors_of(together, protocol, day, treatment.variant):
            if floor.signs & own or not floor.signs or _has_scores(floor):
                reached.append(Reached(floor, check_in))
    return tuple(reached)


def _has_scores(floor: Floor) -> bool:
    return floor.pain_from is not None or floor.swelling_from is not None
