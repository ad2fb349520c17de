"""The page of the clinic's outcomes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

from tracker.actions.desk.outcomes import Outcomes
from tracker.domain.alerts.alerts import Concern, FalseAlarms
from tracker.domain.course.readings import Quantity
from tracker.domain.desk.outcomes import FEWEST, DaysToClear, Group, ResponseTime
from tracker.domain.protocols.protocols import Protocols
from tracker.domain.recovery.evidence_words import times_words
from web.clinic.health import span_words
from web.words.words import LEVELS, depth_words

SHORTEST_AXIS_DAYS = 7.0


@dataclass(frozen=True, slots=True)
class ClearRow:
    """One group of courses. `bar` is the median's share of the axis in percent, None without one.

    `low` and `width` place the range on the same axis.
    """

    name: str
    device: str
    courses: int
    cleared: int
    median: str
    range: str
    bar: float | None
    low: float
    width: float


@dataclass(frozen=True, slots=True)
class FalseRow:
    """One concern: `bar` is the share of false alarms in percent, None with too few answers."""

    name: str
    counted: str
    unclear: int
    bar: float | None


@dataclass(frozen=True, slots=True)
class ResponseRow:
    """One level."""

    name: str
    mark: str
    kind: str
    alerts: int
    unseen: int
    median: str
    nine_in_ten: str


@dataclass(frozen=True, slots=True)
class OutcomesPage:
    """The whole clinic in numbers; `axis` is how many days the bars span."""

    template: ClassVar[str] = "clinic_outcomes.html"
    place: ClassVar[str] = "clinic"
    fewest: ClassVar[int] = FEWEST

    clear: tuple[ClearRow, ...]
    axis: int
    limits: tuple[str, ...]
    false_alarms: tuple[FalseRow, ...]
    response: tuple[ResponseRow, ...]

    @property
    def title(self) -> str:
        """The page's name."""
        return "Outcomes"


def outcomes_page(found: Outcomes, protocols: Protocols) -> OutcomesPage:
    """The numbers in words and bars."""
    telling = [each for each in found.clear if each.says_something]
    longest = max((each.range[1] for each in telling if each.range), default=0.0)
    axis = max(SHORTEST_AXIS_DAYS, longest)
    titles = {kind: protocol.title for kind, protocol in protocols.by_kind.items()}
    shown = {each.group.kind for each in found.clear}
    return OutcomesPage(
        clear=tuple(_clear_row(each, titles, axis) for each in found.clear),
        axis=round(axis),
        limits=_limits(protocols, shown),
        false_alarms=tuple(_false_row(concern, count) for concern, count in found.false_alarms),
        response=tuple(_response_row(each) for each in found.response),
    )


def _clear_row(each: DaysToClear, titles: Mapping[str, str], axis: float) -> ClearRow:
    told = each.says_something
    low, high = each.range if told and each.range else (0.0, 0.0)
    median = each.median if told else None
    return ClearRow(
        name=_group_words(each.group, titles),
        device=each.group.device,
        courses=each.courses,
        cleared=each.cleared,
        median=_median_words(each),
        range=f"{_days(low)} to {_days(high)}" if told and each.range else "",
        bar=None if median is None else round(100 * median / axis, 1),
        low=round(100 * low / axis, 1),
        width=round(100 * (high - low) / axis, 1),
    )


def _median_words(each: DaysToClear) -> str:
    if not each.says_something:
        return "too few to say"
    if each.median is None:
        return "fewer than half are clear"
    return f"{_days(each.median)} days"


def _group_words(group: Group, titles: Mapping[str, str]) -> str:
    parts = [titles.get(group.kind, group.kind.replace("_", " "))]
    if group.variant is not None:
        parts.append(group.variant.replace("_", "-"))
    if group.depth_mm is not None:
        parts.append(depth_words(group.depth_mm))
    return ", ".join(parts)


def _days(days: float) -> str:
    return f"{days:.1f}" if days < 10 else f"{days:.0f}"


def _limits(protocols: Protocols, shown: set[str]) -> tuple[str, ...]:
    """What each treatment shown calls visible: `Microneedling: 1.3 × the redness of before`."""
    return tuple(
        f"{protocol.title}: {times_words(protocol.redness.visible, Quantity.REDNESS)}"
        for kind, protocol in sorted(protocols.by_kind.items())
        if kind in shown
    )


def _false_row(concern: Concern, count: FalseAlarms) -> FalseRow:
    words = concern.words
    enough = count.rate is not None and count.judged >= FEWEST
    return FalseRow(
        name=words[:1].upper() + words[1:],
        counted=f"{count.false:,} of {count.judged:,}",
        unclear=count.unclear,
        bar=round(100 * count.rate, 1) if enough and count.rate is not None else None,
    )


def _response_row(each: ResponseTime) -> ResponseRow:
    words = LEVELS[each.level]
    return ResponseRow(
        name=words.name,
        mark=words.mark,
        kind=str(each.level),
        alerts=each.alerts,
        unseen=each.unseen,
        median=_span(each.median, each),
        nine_in_ten=_span(each.nine_in_ten, each),
    )


def _span(span: timedelta | None, each: ResponseTime) -> str:
    if each.alerts < FEWEST:
        return "too few to say"
    return "not seen yet" if span is None else span_words(span)
