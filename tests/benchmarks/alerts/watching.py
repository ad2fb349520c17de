"""The engine on a live course: every event in time order, and its judgement after each."""

from collections.abc import Mapping
from dataclasses import dataclass

from tests.benchmarks.alerts.cohort import Fate, Split, draw_case
from tests.benchmarks.alerts.naive import naive_alarms
from tests.benchmarks.alerts.phones import Tone
from tracker.domain.alerts.alerts import Concern, Level
from tracker.domain.course.readings import Reference
from tracker.domain.course.treatments import days_since
from tracker.domain.people.people import Risk
from tracker.domain.protocols.screening import known_risk_factors
from tracker.domain.recovery.recovery import assess
from tracker.storage.protocols import protocol_files

_TOGETHER = 0.05  # days: a photo and its answers arrive together


@dataclass(frozen=True, slots=True)
class Watched:
    """The person, and the probability of every concern after every event (day by day).

    `concern` and `starts` are the truth, see `Skin`. `levels` is the first day on which each
    concern reached each level, `naive` the days on which simple rules alarm.
    """

    fate: Fate
    tone: Tone
    depth_mm: float
    missed: float
    concern: Concern | None
    starts: float
    reference: Reference
    days: tuple[float, ...]
    probabilities: Mapping[Concern, tuple[float, ...]]
    levels: Mapping[tuple[Concern, Level], float]
    naive: Mapping[str, tuple[float, ...]]


def watch(task: tuple[Split, int]) -> Watched:
    """Draw a case and judge it after every event."""
    case = draw_case(*task)
    history: frozenset[Risk] = frozenset()
    risk_factors = known_risk_factors(case.tone.skin_type, history)
    protocol = protocol_files.load("microneedling").adapted_to(risk_factors)
    course = case.course
    moments = [r.taken_at for r in course.readings] + [c.at for c in course.check_ins]
    days = sorted(days_since(course.treatment, moment) for moment in moments)
    days = [d for d, after in zip(days, [*days[1:], 1e9], strict=True) if after - d > _TOGETHER]
    probabilities: dict[Concern, list[float]] = {concern: [] for concern in protocol.concerns}
    levels: dict[tuple[Concern, Level], float] = {}
    for day in days:
        for finding in assess(course, protocol, day).findings:
            probabilities[finding.concern].append(finding.probability)
            for level in Level:
                if finding.level is not None and finding.level.rank >= level.rank:
                    levels.setdefault((finding.concern, level), day)
    return Watched(
        fate=case.fate,
        tone=case.tone,
        depth_mm=case.depth_mm,
        missed=case.missed,
        concern=case.skin.concern,
        starts=case.skin.starts,
        reference=course.readings[0].reference if course.readings else Reference.HISTORY,
        days=tuple(days),
        probabilities={c: tuple(p) for c, p in probabilities.items()},
        levels=levels,
        naive=naive_alarms(course.treatment, course.readings, case.tone.ita),
    )
