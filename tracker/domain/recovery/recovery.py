"""Is this recovery normal? Bayesian inference from readings and answers to findings.

Every concern starts with the odds that the protocol gives it of having begun by now. The photos
multiply them by one factor (`photo_evidence`), each reported sign by another, and the product gives
the probability. The protocol's limits turn it into a level. A floor, which answers alone reach,
applies whatever the probability is.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from tracker.domain.alerts.alerts import (
    Concern,
    Factor,
    Finding,
    Level,
    Source,
    level_reached,
    strongest,
    worse,
)
from tracker.domain.course.check_ins import CheckIn
from tracker.domain.course.readings import Reading
from tracker.domain.course.treatments import Region, Treatment, days_since
from tracker.domain.protocols.protocols import ConcernRule, Healing, Protocol, Spread
from tracker.domain.recovery.bands import BAND, usual_redness
from tracker.domain.recovery.evidence_words import floors_words, photo_words, sign_words
from tracker.domain.recovery.photo_evidence import (
    SHAPES,
    PhotoEvidence,
    PhotoVerdict,
    begun_by,
    earliest_day,
    judge_photos,
)
from tracker.domain.recovery.signs import (
    Reached,
    floors_reached,
    lately_received,
    recent,
    reported_signs,
)
from tracker.domain.recovery.skin_curves import Shape, draw_curves, predicted

ENGINE = "4"
MOST_EVIDENCE = 5
LEAST_FACTOR = 2.0  # photos and answers must multiply the odds by at least this to open an alert
UTC = ZoneInfo("UTC")
EARLY = 0.1  # share of cases that begin sooner than the protocol expects


@dataclass(frozen=True, slots=True)
class Course:
    """Everything known about one treatment, in any order.

    `zone` is where the patient lives. Answers that arrived after `unjudged_since` have never been
    judged and count however old they are; None: those within the protocol's memory count.
    """

    treatment: Treatment
    readings: tuple[Reading, ...]
    check_ins: tuple[CheckIn, ...]
    zone: ZoneInfo = UTC
    unjudged_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Assessment:
    """What the engine concludes about every concern, and where the latest reading stands.

    `standing` is the share of normal courses that are less red than the latest reading, 0–1; None
    when there is no reading. `region_standings` is the same for each treated region of that
    reading, which also differs from its neighbours. `half_life_hours` is this person's own, as far
    as the readings show it.
    """

    findings: tuple[Finding, ...]
    standing: float | None
    half_life_hours: Spread
    region_standings: Mapping[Region, float] = field(default_factory=dict)

    @property
    def is_redder_than_normal(self) -> bool:
        """Whether the latest reading is above the band."""
        return self.standing is not None and self.standing >= BAND[1]


@dataclass(frozen=True, slots=True)
class _Case:
    """What is known at the time `at` of judging, in time order, and the priors that apply.

    `came` are the check-ins that count for floors, and `floors` those that they reach.
    """

    treatment: Treatment
    readings: tuple[Reading, ...]
    check_ins: tuple[CheckIn, ...]
    protocol: Protocol
    healing: Healing
    zone: ZoneInfo
    came: tuple[CheckIn, ...]
    floors: tuple[Reached, ...]
    at: datetime

    @property
    def day(self) -> float:
        """The day of judging."""
        return days_since(self.treatment, self.at)


@dataclass(frozen=True, slots=True)
class _Signs:
    """Each sign that was answered and whether it was reported, in two sets of check-ins.

    `reported`: those that came lately; `current`: those that still speak of today's skin.
    """

    reported: Mapping[str, bool]
    current: Mapping[str, bool]


def assess(course: Course, protocol: Protocol, until: float) -> Assessment:
    """Judge a course by what was known `until` that many days after the treatment."""
    case = _known(course, protocol, until)
    photos = judge_photos(case.treatment, case.readings, protocol, case.healing)
    return Assessment(
        findings=_findings(case, photos),
        standing=_standing(case),
        half_life_hours=photos.half_life_hours,
        region_standings=_region_standings(case),
    )


def conclude(course: Course, protocol: Protocol, until: float) -> tuple[Finding, ...]:
    """The findings of `assess` alone, which is quicker: what pages show is left out."""
    case = _known(course, protocol, until)
    return _findings(case, judge_photos(case.treatment, case.readings, protocol, case.healing))


def _findings(case: _Case, photos: PhotoVerdict) -> tuple[Finding, ...]:
    protocol, signs = case.protocol, _signs(case)
    return (
        *(
            _find(case, signs, concern, rule, photos.concerns.get(concern))
            for concern, rule in protocol.concerns.items()
        ),
        *(
            _told(floor, protocol)
            for concern in _answered_concerns(protocol)
            if concern not in protocol.concerns and (floor := _floor(case, concern)) is not None
        ),
    )


def _signs(case: _Case) -> _Signs:
    speaking = recent(case.check_ins, case.protocol, case.at)
    return _Signs(
        *(
            reported_signs(check_ins, case.protocol, case.treatment, case.zone)
            for check_ins in (case.came, speaking)
        )
    )


def judge_answers(course: Course, protocol: Protocol, until: float) -> tuple[Finding, ...]:
    """The floors that the answers reach, judged without the engine, for when it fails."""
    case = _known(course, protocol, until)
    floors = (_floor(case, concern) for concern in _answered_concerns(protocol))
    return tuple(_told(floor, protocol) for floor in floors if floor is not None)


def _known(course: Course, protocol: Protocol, until: float) -> _Case:
    started = course.treatment
    rows = sorted(course.readings, key=lambda r: (r.taken_at, r.photo_id, r.method))
    readings = {r.photo_id: r for r in rows if 0 <= days_since(started, r.taken_at) <= until}
    known = {c.id: c for c in course.check_ins if days_since(started, c.received_at) <= until}
    check_ins = tuple(sorted(known.values(), key=lambda c: (c.at, c.id)))
    # Days are rounded; an answer that is known must not seem to arrive a microsecond later.
    at = started.performed_at + timedelta(days=until)
    at = max((at, *(c.received_at for c in check_ins)))
    came = lately_received(check_ins, protocol, at, course.unjudged_since)
    return _Case(
        treatment=started,
        readings=tuple(readings.values()),
        check_ins=check_ins,
        protocol=protocol,
        healing=protocol.healing_for(started.needle_depth_mm, started.variant),
        zone=course.zone,
        came=came,
        floors=floors_reached(came, protocol, started, course.zone),
        at=at,
    )


def _standing(case: _Case) -> float | None:
    readings = [r for r in case.readings if Region.FACE in r.regions]
    if not readings:
        return None
    day = np.array([days_since(case.treatment, readings[-1].taken_at)])
    latest = readings[-1].regions[Region.FACE].redness
    scatter = math.hypot(case.protocol.redness.day_sd, latest.sd)
    drawn = usual_redness(case.protocol, case.healing, day, scatter)
    return float(np.mean(drawn < latest.value))


def _region_standings(case: _Case) -> dict[Region, float]:
    """For each region of the latest reading the share of normal courses that are less red (0-1)."""
    if not case.readings:
        return {}
    latest, red = case.readings[-1], case.protocol.redness
    day = np.array([days_since(case.treatment, latest.taken_at)], np.float32)
    draws = draw_curves(case.protocol, case.healing)
    draws = replace(draws, peak_blood=draws.region * draws.peak_blood)
    onset = np.zeros_like(draws.offset)
    curves = predicted(draws, case.protocol, Shape.FADES, day, onset, relative=False)
    standings = {}
    for region, measured in latest.regions.items():
        if region in case.treatment.areas:
            scatter = math.hypot(red.day_sd, red.region_day_sd, measured.redness.sd)
            drawn = curves + scatter * draws.offset
            standings[region] = float(np.mean(drawn < measured.redness.value))
    return standings


def _find(
    case: _Case, signs: _Signs, concern: Concern, rule: ConcernRule, photo: PhotoEvidence | None
) -> Finding:
    evidence = _answers(signs, rule)
    if photo is not None:
        limit = rule.photos_limit * _named(case.protocol, signs, concern, rule)
        photo = replace(photo, factor=min(photo.factor, limit))
        words = photo_words(concern, photo, case.readings)
        evidence.append(Factor(words, photo.factor, Source.PHOTOS))
    first = earliest_day(concern, rule, case.healing)
    begun = begun_by(case.day, concern, rule) if case.day >= first else EARLY
    prior = rule.prior * begun
    factor = math.prod(f.factor for f in evidence)
    odds = prior / (1 - prior) * factor
    probability = odds / (1 + odds)
    # What was seen on the window's last day may still be judged while its answers count.
    last = rule.window_days[1] + case.protocol.answer_memory / timedelta(days=1)
    told = any(f.source is Source.ANSWERS and f.factor > 1 for f in evidence)
    # A risk alone is no alert. Nor is one photo: a bad one is likelier than most concerns.
    seen = photo is not None and photo.opens and first <= case.day <= last
    is_possible = factor >= LEAST_FACTOR and (told or seen)
    level = level_reached(probability, rule.limits) if is_possible else None
    floor = _floor(case, concern)
    shown = photo if photo is not None and photo.factor > 1 else None
    return Finding(
        concern=concern,
        probability=probability,
        level=worse(floor.level, level) if floor else level,
        onset_day=shown.onset_day if shown else None,
        regions=shown.regions if shown else (),
        evidence=(
            *_other_evidence(floor, concern, case.protocol),
            *strongest(evidence, MOST_EVIDENCE),
        ),
        photo_id=shown.photo_id if shown else None,
        flagged_at=floor.reported_at if floor else None,
    )


def _named(protocol: Protocol, told: _Signs, concern: Concern, rule: ConcernRule) -> float:
    """By how much the reported signs name this concern rather than one that looks the same.

    What photos alone cannot tell from another concern, they can together with such a sign.
    """
    alike = [
        other.signs
        for each, other in protocol.concerns.items()
        if each is not concern and SHAPES[each] is SHAPES[concern]
    ]
    named = 1.0
    for name, ratio in rule.signs.items():
        elsewhere = max((signs[name].reported for signs in alike if name in signs), default=1.0)
        if told.reported.get(name) and ratio.reported > elsewhere:
            named *= ratio.reported
    return named


def _answers(told: _Signs, rule: ConcernRule) -> list[Factor]:
    """What the answers that still count, and those that arrived lately, say about a concern.

    Signs tend to come together, so absent ones count against a concern only where none is reported,
    and never more than cases without any sign allow. A worse answer thus never helps. An answer
    that waited on a phone for long can report, but no longer deny.
    """
    reported = [
        Factor(sign_words(name), ratio.reported, Source.ANSWERS)
        for name, ratio in rule.signs.items()
        if told.reported.get(name)
    ]
    asked = [(name, ratio) for name, ratio in rule.signs.items() if name in told.current]
    if reported or not asked:
        return reported
    denied = math.prod(ratio.denied for _, ratio in asked)
    factor = rule.symptomless_share + (1 - rule.symptomless_share) * denied
    names = ", ".join(sign_words(name) for name, ratio in asked if ratio.denied < 1)
    denial = Factor(f"not reported: {names}", factor, Source.ANSWERS)
    return [denial] if factor < 1 else []


@dataclass(frozen=True, slots=True)
class _Floor:
    """The lowest level that answers give a concern, in words, and when the last of them arrived.

    They count from the time they arrived: people could not know of them while a phone kept them.
    """

    concern: Concern
    level: Level
    reported_at: datetime
    words: str


def _floor(case: _Case, concern: Concern) -> _Floor | None:
    reached = [each for each in case.floors if each.floor.concern is concern]
    if not reached:
        return None
    return _Floor(
        concern=concern,
        level=max((each.floor.level for each in reached), key=lambda level: level.rank),
        reported_at=max(each.check_in.received_at for each in reached),
        words=floors_words(reached),
    )


def _answered_concerns(protocol: Protocol) -> list[Concern]:
    told = {floor.concern for floor in protocol.floors}
    return [concern for concern in Concern if concern in told]


def _told(floor: _Floor, protocol: Protocol) -> Finding:
    """What answers say without any photo; the probability is the protocol's prior, or certain."""
    rule = protocol.concerns.get(floor.concern)
    return Finding(
        concern=floor.concern,
        probability=rule.prior if rule else 1.0,
        level=floor.level,
        onset_day=None,
        regions=(),
        evidence=_other_evidence(floor, floor.concern, protocol),
        photo_id=None,
        flagged_at=floor.reported_at,
    )


def _other_evidence(
    floor: _Floor | None, concern: Concern, protocol: Protocol
) -> tuple[Factor, ...]:
    """Evidence about a concern besides the factors: the floor, and floors that were lowered."""
    words = [Factor(floor.words, 1.0, Source.RED_FLAG)] if floor else []
    lowered = [each.words for each in protocol.lowered_floors if each.concern is concern]
    return (*words, *(Factor(each, 1.0, Source.PROTOCOL) for each in lowered))
