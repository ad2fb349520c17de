"""Alerts: what may be wrong, how sure the engine is, and why."""

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from tracker.domain.course.readings import Quantity
from tracker.domain.course.treatments import Region, Treatment

URGENT_WITHIN = timedelta(minutes=30)  # unanswered for so long; a clinic may set another limit
MOST_REPORTS = 5  # earlier reports of answers that an open alert keeps


class Concern(StrEnum):
    """What an alert can say."""

    PROLONGED_INFLAMMATION = "prolonged_inflammation"
    INFECTION = "infection"
    HYPERPIGMENTATION = "hyperpigmentation"
    HYPOPIGMENTATION = "hypopigmentation"
    ALLERGIC_REACTION = "allergic_reaction"
    COLD_SORE = "cold_sore"
    SCARRING = "scarring"
    SILENCE = "silence"  # nothing came; raised by the clock and not by the engine
    OTHER_HARM = "other_harm"  # raised by answers alone, such as eye pain or bleeding
    UNJUDGED = "unjudged"  # the engine failed on this course; people must look

    @property
    def words(self) -> str:
        """The concern as people say it: `prolonged inflammation`."""
        special = {"other_harm": "another complication", "unjudged": "course not judged"}
        return special.get(self.value, self.value.replace("_", " "))

    @property
    def is_estimated(self) -> bool:
        """Whether the engine gives it a probability; the other concerns have none."""
        return self not in {Concern.SILENCE, Concern.OTHER_HARM, Concern.UNJUDGED}

    @property
    def quantity(self) -> Quantity:
        """The quantity to look at first for this concern."""
        of_pigment = self in {Concern.HYPERPIGMENTATION, Concern.HYPOPIGMENTATION}
        return Quantity.PIGMENT if of_pigment else Quantity.REDNESS


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
        """Whether an alert of this level is sent by mail."""
        return self is not Level.WATCH


class Source(StrEnum):
    """Where a piece of evidence comes from."""

    PHOTOS = "photos"
    ANSWERS = "answers"
    RED_FLAG = "red_flag"  # answers that reach a floor; the stored name is older than floors
    CLOCK = "clock"  # a photo or check-in that did not come
    PROTOCOL = "protocol"  # the clinic set a floor lower than the shipped one, and why
    FAILURE = "failure"  # the engine raised an error


class Outcome(StrEnum):
    """What an alert turned out to be."""

    TRUE = "true"
    FALSE = "false"
    UNCLEAR = "unclear"


class Stage(StrEnum):
    """Where an alert is in its life."""

    OPEN = "open"  # waits for an answer, read or not
    SEEN = "seen"
    SNOOZED = "snoozed"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True)
class Factor:
    """One piece of evidence: `factor` multiplies the odds; below 1 it is evidence against."""

    what: str
    factor: float
    source: Source


@dataclass(frozen=True, slots=True)
class Finding:
    """What the engine concludes about one concern at one time.

    `probability` 0–1; `level` the highest whose limit is passed, None below all of them;
    `onset_day` in days since treatment; `photo_id` the photo that shows it best, None when only
    answers are evidence; `flagged_at` when a red flag that still counts was answered.
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
    """A finding that passed its limit, until a practitioner has resolved it.

    `raised_at` is when it last asked for an answer, `found_at` when its concern last passed a
    limit; `escalations` counts how often it was escalated since it was raised. `read_at` and
    `read_by` record the first time since then that a person who may answer opened its page. Reading
    is not answering: `seen_at` is when a reader said that they have seen it. `call_by` is until
    when the patient was promised a call, `decide_by` by when an alert that was seen is decided;
    both outlive the time, until the next answer.
    """

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
    seen_at: datetime | None = None
    seen_by: str | None = None
    read_at: datetime | None = None
    read_by: str | None = None
    found_at: datetime | None = None
    snoozed_until: datetime | None = None
    call_by: datetime | None = None
    decide_by: datetime | None = None
    escalated_at: datetime | None = None
    escalations: int = 0
    resolved_at: datetime | None = None
    outcome: Outcome | None = None

    @property
    def stage(self) -> Stage:
        """Where the alert is in its life."""
        if self.resolved_at is not None:
            return Stage.RESOLVED
        if self.snoozed_until is not None:
            return Stage.SNOOZED
        return Stage.OPEN if self.seen_at is None else Stage.SEEN

    @property
    def needs_answer(self) -> bool:
        """Whether no person has said yet that they have seen it."""
        return self.stage is Stage.OPEN

    @property
    def is_awake(self) -> bool:
        """Whether it is neither snoozed nor resolved: it keeps its place in a list, seen or not."""
        return self.stage in {Stage.OPEN, Stage.SEEN}

    @property
    def asks_at(self) -> datetime | None:
        """When it asks again by itself: a snooze ends, or the decision is due."""
        due = {Stage.SNOOZED: self.snoozed_until, Stage.SEEN: self.decide_by}
        return due.get(self.stage)

    @property
    def handled_by(self) -> frozenset[str]:
        """The ids of those who read it and who took it on."""
        return frozenset(each for each in (self.read_by, self.seen_by) if each is not None)


@dataclass(frozen=True, slots=True)
class CourseAlert:
    """An alert with the treatment that it followed, which may be an earlier one."""

    alert: Alert
    treatment: Treatment


def asking_again(alert: Alert, now: datetime) -> Alert:
    """The alert as if just raised at `now`: not read, not seen, not snoozed, not escalated."""
    return replace(
        alert,
        raised_at=now,
        seen_at=None,
        seen_by=None,
        read_at=None,
        read_by=None,
        snoozed_until=None,
        call_by=None,
        decide_by=None,
        escalated_at=None,
        escalations=0,
    )


def asking_on(alert: Alert, now: datetime) -> Alert:
    """Asking again; one that waits for an answer is passed on no later than without the change."""
    again = asking_again(alert, now)
    if not alert.needs_answer:
        return again
    return replace(again, escalated_at=alert.escalated_at or alert.raised_at)


def with_sides_exchanged(alert: Alert) -> Alert:
    """The alert with left and right exchanged in what photos show; answers keep their own words."""
    return replace(
        alert,
        regions=tuple(region.mirrored for region in alert.regions),
        evidence=tuple(
            replace(factor, what=_exchanged(factor.what))
            if factor.source is Source.PHOTOS
            else factor
            for factor in alert.evidence
        ),
    )


def _exchanged(words: str) -> str:
    names = {region.words: region.mirrored.words for region in Region}
    return re.sub("|".join(names), lambda found: names[found[0]], words)


def with_finding(alert: Alert, finding: Finding, now: datetime) -> Alert:
    """The open alert brought up to date. It keeps what was reported until it is resolved.

    It asks for an answer again after a rise in level, after another report of an urgent floor, and
    after a report of something that the alert does not name yet.
    """
    risen = finding.level is not None and finding.level.rank > alert.level.rank
    told = {factor.what for factor in alert.evidence if factor.source is Source.RED_FLAG}
    reported = [factor for factor in finding.evidence if factor.source is Source.RED_FLAG]
    is_new = any(factor.what not in told for factor in reported)
    flagged = tells_new_flag(alert, finding) and (finding.level is Level.URGENT or is_new)
    before = [f for f in alert.evidence if f.source is Source.RED_FLAG and f not in reported]
    others = [factor for factor in finding.evidence if factor.source is not Source.RED_FLAG]
    current = replace(
        alert,
        probability=finding.probability,
        onset_day=finding.onset_day,
        regions=finding.regions,
        evidence=(*reported, *before[:MOST_REPORTS], *others),
        photo_id=finding.photo_id,
        found_at=alert.found_at if finding.level is None else now,
        flagged_at=_later(alert.flagged_at, finding.flagged_at),
    )
    if finding.level is None or not (risen or flagged):
        return current
    return replace(asking_again(current, now), level=worse(alert.level, finding.level))


def with_photos_kept(alert: Alert, finding: Finding) -> Finding:
    """The finding of a course whose photos wait to be measured again: no calmer than before.

    Until they have been, what they showed counts, together with the answers of today.
    """
    if finding.probability >= alert.probability:
        return finding
    shown = [factor for factor in alert.evidence if factor.source is Source.PHOTOS]
    others = [factor for factor in finding.evidence if factor.source is not Source.PHOTOS]
    return replace(
        finding,
        probability=alert.probability,
        onset_day=alert.onset_day,
        regions=alert.regions,
        evidence=(*shown, *others),
        photo_id=alert.photo_id,
    )


def tells_new_flag(alert: Alert, finding: Finding) -> bool:
    """Whether answers reached a floor that this alert does not name yet."""
    if finding.flagged_at is None:
        return False
    told = alert.flagged_at
    if told is None and alert.resolved_at is not None:
        told = alert.raised_at  # an alert from before floors, which answers may have raised
    return told is None or finding.flagged_at > told


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    return max((at for at in (one, other) if at is not None), default=None)


def worst_first(alerts: Iterable[Alert]) -> list[Alert]:
    """Urgent first, then older first; seen or not changes nothing. Snoozed and resolved come last.

    A snooze is a decision with a reason, so it moves an alert below those that are awake.
    """
    rest = {Stage.SNOOZED: 1, Stage.RESOLVED: 2}
    return sorted(alerts, key=lambda a: (rest.get(a.stage, 0), -a.level.rank, a.raised_at))


def level_reached(probability: float, limits: Mapping[Level, float]) -> Level | None:
    """The most urgent level whose limit the probability passes."""
    reached = [level for level, limit in limits.items() if probability >= limit]
    return max(reached, key=lambda level: level.rank, default=None)


def worse(one: Level, other: Level | None) -> Level:
    """The more urgent of two levels; None is below all."""
    return other if other is not None and other.rank > one.rank else one


def strongest(evidence: Sequence[Factor], most: int = 5) -> tuple[Factor, ...]:
    """The pieces of evidence that move the odds most, for or against, strongest first."""
    return tuple(sorted(evidence, key=lambda f: -abs(math.log(f.factor)))[:most])


@dataclass(frozen=True, slots=True)
class FalseAlarms:
    """How many of the resolved alerts were false; `unclear` ones count for neither side."""

    false: int
    judged: int
    unclear: int

    @property
    def rate(self) -> float | None:
        """The share of false alarms, 0–1; None before the first verdict."""
        return self.false / self.judged if self.judged else None


def false_alarms(outcomes: Counter[Outcome]) -> FalseAlarms:
    """The actual false-alarm rate, from the outcomes of resolved alerts."""
    false = outcomes[Outcome.FALSE]
    return FalseAlarms(false, false + outcomes[Outcome.TRUE], outcomes[Outcome.UNCLEAR])
