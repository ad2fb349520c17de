"""Alerts: what may be wrong, how sure the engine is, and why."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from tracker.treatments import Region


class Concern(StrEnum):
    """What an alert can say."""

    PROLONGED_INFLAMMATION = "prolonged_inflammation"
    INFECTION = "infection"
    HYPERPIGMENTATION = "hyperpigmentation"
    HYPOPIGMENTATION = "hypopigmentation"
    ALLERGIC_REACTION = "allergic_reaction"
    COLD_SORE = "cold_sore"
    SCARRING = "scarring"
    SILENCE = "silence"

    @property
    def words(self) -> str:
        """The concern as people say it: `prolonged inflammation`."""
        return self.value.replace("_", " ")


class Level(StrEnum):
    """How soon a practitioner must look; the order of definition is the order of urgency."""

    WATCH = "watch"  # work list only
    REVIEW = "review"  # mail within the day
    URGENT = "urgent"  # mail now

    @property
    def rank(self) -> int:
        """0 for the least urgent."""
        return list(Level).index(self)

    @property
    def is_mailed(self) -> bool:
        """Whether an alert of this level leaves the building."""
        return self is not Level.WATCH


class Source(StrEnum):
    """Where a piece of evidence comes from."""

    PHOTOS = "photos"
    ANSWERS = "answers"
    RED_FLAG = "red_flag"


@dataclass(frozen=True, slots=True)
class Factor:
    """One piece of evidence: `factor` multiplies the odds; below 1 it speaks against."""

    what: str
    factor: float
    source: Source


@dataclass(frozen=True, slots=True)
class Finding:
    """What the engine thinks of one concern at one time.

    `probability` 0–1; `level` the highest whose limit is passed, None below all of them;
    `onset_day` in days since treatment; `photo_id` the photo that shows it best, None when the
    answers alone speak; `flagged_at` when a red flag that stands was answered.
    """

    concern: Concern
    probability: float
    level: Level | None
    onset_day: float | None
    regions: tuple[Region, ...]
    evidence: tuple[Factor, ...]
    photo_id: str | None
    flagged_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Alert:
    """A finding that passed its limit, until a practitioner has answered it."""

    id: str
    patient_id: str
    treatment_id: str
    concern: Concern
    level: Level
    raised_at: datetime
    probability: float
    onset_day: float | None
    regions: tuple[Region, ...]
    evidence: tuple[Factor, ...]
    photo_id: str | None
    engine: str
    protocol: str
    flagged_at: datetime | None = None
    acknowledged_at: datetime | None = None
    acknowledged_by: str | None = None

    @property
    def needs_answer(self) -> bool:
        """Whether nobody has seen it yet."""
        return self.acknowledged_at is None


def with_finding(alert: Alert, finding: Finding, now: datetime) -> Alert:
    """The open alert brought up to date.

    A rise in level, and a red flag answered anew, ask for an answer again.
    """
    risen = finding.level is not None and finding.level.rank > alert.level.rank
    flagged = finding.flagged_at is not None and finding.flagged_at != alert.flagged_at
    current = replace(
        alert,
        probability=finding.probability,
        onset_day=finding.onset_day,
        regions=finding.regions,
        evidence=finding.evidence,
        photo_id=finding.photo_id,
    )
    if finding.level is None or not (risen or flagged):
        return current
    return replace(
        current,
        level=finding.level,
        raised_at=now,
        flagged_at=finding.flagged_at,
        acknowledged_at=None,
        acknowledged_by=None,
    )


def has_risen(before: Alert, after: Alert) -> bool:
    """Whether the alert must be told again: a higher level, or a red flag answered anew."""
    return after.level is not before.level or after.flagged_at != before.flagged_at


def worst_first(alerts: Iterable[Alert]) -> list[Alert]:
    """Unanswered before answered, urgent before review, older before newer."""
    return sorted(alerts, key=lambda a: (not a.needs_answer, -a.level.rank, a.raised_at))


def level_reached(probability: float, limits: Mapping[Level, float]) -> Level | None:
    """The most urgent level whose limit the probability passes."""
    reached = [level for level, limit in limits.items() if probability >= limit]
    return max(reached, key=lambda level: level.rank, default=None)


def strongest(evidence: Sequence[Factor], most: int = 5) -> tuple[Factor, ...]:
    """The pieces of evidence that move the odds most, for or against, strongest first."""
    return tuple(sorted(evidence, key=lambda f: -abs(math.log(f.factor)))[:most])
