"""How a clinic's courses and alerts ended, in numbers that name no one."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import scipy  # its `stats` is slow to load, which happens at its first use

from tracker.domain.alerts.alerts import Concern, FalseAlarms, Level, Outcome, false_alarms
from tracker.domain.course.treatments import Treatment, days_since
from tracker.domain.protocols.protocols import Protocol, Protocols

FEWEST = 5  # with fewer, a median says more about chance than about a treatment


@dataclass(frozen=True, slots=True)
class Span:
    """How long one was observed, in any unit, at least 0; `is_over` when it ended then."""

    length: float
    is_over: bool


@dataclass(frozen=True, slots=True)
class Redness:
    """What one photo showed: redness of the whole treated face in doublings against baseline.

    `is_alarmed` is true when an alert about the skin was open then, or is still open.
    """

    taken_at: datetime
    doublings: float
    is_alarmed: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """An alert that asked for a look at `at`; `seen_at` is None until someone has looked."""

    level: Level
    at: datetime
    seen_at: datetime | None


@dataclass(frozen=True, slots=True)
class Group:
    """Courses that are compared together: the same treatment, depth or variant, and device."""

    kind: str
    depth_mm: float | None
    variant: str | None
    device: str


@dataclass(frozen=True, slots=True)
class DaysToClear:
    """For one group: how many courses, how many were clear, and after how many days.

    `median` counts those that are not clear yet for as long as they were observed; None when fewer
    than half are clear. `range` is that of the courses that were clear.
    """

    group: Group
    courses: int
    cleared: int
    median: float | None
    range: tuple[float, float] | None

    @property
    def says_something(self) -> bool:
        """Whether there are enough courses to show more than their number."""
        return self.courses >= FEWEST


@dataclass(frozen=True, slots=True)
class ResponseTime:
    """How long alerts of a level waited for the first look; None when too few were seen."""

    level: Level
    alerts: int
    unseen: int
    median: timedelta | None
    nine_in_ten: timedelta | None


def watched(treatment: Treatment, seen: Sequence[Redness], protocol: Protocol) -> Span | None:
    """Days until a course was clear, or until its last photo; None without a photo that counts.

    Clear means that the whole treated face is below what the protocol calls visible, on a photo and
    on the next one, if there is one; a single good light is not enough. No course is clear while an
    alert is open: an average over the face can be calm while a cheek is infected. If redness peaks
    only after some days, photos before the peak do not count. `seen` is in time order.
    """
    healing = protocol.healing_for(treatment.needle_depth_mm, treatment.variant)
    begins = healing.peak_days.high if healing.peak_days else 0.0
    days = [(days_since(treatment, each.taken_at), each) for each in seen]
    counted = [(day, each) for day, each in days if day >= begins]
    if not counted:
        return None
    visible = protocol.redness.visible
    below = [each.doublings < visible and not each.is_alarmed for _, each in counted]
    for (day, _), now, then in zip(counted, below, [*below[1:], True], strict=True):
        if now and then:
            return Span(day, is_over=True)
    return Span(counted[-1][0], is_over=False)


def days_to_clear(
    courses: Iterable[tuple[Treatment, Sequence[Redness]]], protocols: Protocols
) -> list[DaysToClear]:
    """Each group of courses, by treatment, depth and device."""
    spans: dict[Group, list[Span]] = defaultdict(list)
    for treatment, seen in courses:
        protocol = protocols.by_kind.get(treatment.kind)
        span = watched(treatment, seen, protocol) if protocol else None
        if span is not None:
            spans[_group(treatment)].append(span)
    return [_days_to_clear(group, spans[group]) for group in sorted(spans, key=_order)]


def false_alarms_by_concern(
    resolved: Mapping[Concern, Counter[Outcome]],
) -> list[tuple[Concern, FalseAlarms]]:
    """The actual false-alarm rate of each concern that was ever resolved."""
    return [(concern, false_alarms(resolved[concern])) for concern in Concern if resolved[concern]]


def response_times(asked: Iterable[Asked], now: datetime) -> list[ResponseTime]:
    """By level, the most urgent first; an alert that still waits has waited until now."""
    waits: dict[Level, list[Span]] = defaultdict(list)
    for each in asked:
        waited = (each.seen_at or now) - each.at
        waits[each.level].append(Span(waited.total_seconds(), each.seen_at is not None))
    levels = sorted(waits, key=lambda level: -level.rank)
    return [_response_time(level, waits[level]) for level in levels]


def _group(treatment: Treatment) -> Group:
    device = treatment.procedure.device
    return Group(treatment.kind, treatment.needle_depth_mm, treatment.variant, device)


def _order(group: Group) -> tuple[str, str, float, str]:
    return (group.kind, group.variant or "", group.depth_mm or 0.0, group.device)


def _days_to_clear(group: Group, spans: Sequence[Span]) -> DaysToClear:
    over = [span.length for span in spans if span.is_over]
    return DaysToClear(
        group=group,
        courses=len(spans),
        cleared=len(over),
        median=quantile(spans, 0.5),
        range=(min(over), max(over)) if over else None,
    )


def _response_time(level: Level, waits: Sequence[Span]) -> ResponseTime:
    median, nine_in_ten = quantile(waits, 0.5), quantile(waits, 0.9)
    return ResponseTime(
        level=level,
        alerts=len(waits),
        unseen=sum(not wait.is_over for wait in waits),
        median=None if median is None else timedelta(seconds=median),
        nine_in_ten=None if nine_in_ten is None else timedelta(seconds=nine_in_ten),
    )


def quantile(spans: Sequence[Span], share: float) -> float | None:
    """The time by which a share, 0 < share < 1, is over; None if the spans are too short to say.

    Each span counts for as long as it was observed: without those still going on, every duration
    would look shorter than it is (Kaplan and Meier 1958, doi:10.1080/01621459.1958.10501452).
    """
    if not 0 < share < 1:
        raise ValueError("the share must lie between 0 and 1")
    if not spans:
        return None
    ended = [span.length for span in spans if span.is_over]
    going_on = [span.length for span in spans if not span.is_over]
    watched = scipy.stats.CensoredData(ended, right=going_on)
    left = scipy.stats.ecdf(watched).sf
    # A product of fractions can miss one half by rounding.
    reached = left.quantiles[left.probabilities <= 1 - share + 1e-12]
    return float(reached[0]) if len(reached) else None
