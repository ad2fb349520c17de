"""Is this recovery normal? Bayes in the open, from readings and answers to findings.

Every hypothesis is a cloud of draws from the protocol's priors: the normal course, redness that
stays, a second rise, pigment that comes. Each draw predicts every reading; how well a cloud
predicts what was measured, against how well the normal cloud does, is the factor by which the
photos change the odds of a concern. Answers multiply in through the protocol's ratios.

Redness is log2(1 + extra blood); the extra blood fades exponentially, so that day-by-day shares
of the peak follow from one half-life.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from tracker.alerts import Concern, Factor, Finding, Level, Source, level_reached, strongest
from tracker.check_ins import CheckIn
from tracker.protocols import ConcernRule, Healing, Protocol, RedFlag, Spread
from tracker.readings import Reading
from tracker.signs import flag_words, flags_of, recent, reported_signs, sign_words
from tracker.treatments import Region, Treatment, days_since

ENGINE = "1"
BAND = (0.025, 0.975)  # the share of normal courses below the band and below its upper edge
DRAWS = 3000
SEED = 20260302  # the same course is judged the same way every time
HEAVY_TAIL_DF = 4  # Student's t: one bad photo cannot carry a verdict
LOG_MILLION = math.log(1e6)
SEEN_ON_PHOTOS = frozenset(
    {Concern.PROLONGED_INFLAMMATION, Concern.INFECTION, Concern.HYPERPIGMENTATION}
)
RED_FLAG_FACTOR = 1e6  # answers that are enough alone

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Course:
    """Everything known about one treatment, in any order."""

    treatment: Treatment
    readings: tuple[Reading, ...]
    check_ins: tuple[CheckIn, ...]


@dataclass(frozen=True, slots=True)
class BandPoint:
    """What is normal at `day` (24-hour days since treatment): redness in doublings."""

    day: float
    low: float
    median: float
    high: float


@dataclass(frozen=True, slots=True)
class Assessment:
    """The band of normal redness, and what the engine thinks of every concern.

    `standing` is the share of normal courses that are less red than the latest reading, 0–1; None
    when there is no reading.
    """

    band: tuple[BandPoint, ...]
    findings: tuple[Finding, ...]
    standing: float | None

    @property
    def is_redder_than_normal(self) -> bool:
        """Whether the latest reading lies above the band."""
        return self.standing is not None and self.standing >= BAND[1]


@dataclass(frozen=True, slots=True)
class _Series:
    """One region's readings in time order: days since treatment, values and their sd."""

    days: Array
    values: Array
    sds: Array


@dataclass(frozen=True, slots=True)
class _PhotoEvidence:
    factor: float
    region: Region
    onset_day: float | None
    photo_id: str | None


@dataclass(frozen=True, slots=True)
class _Case:
    """What is known at the time of judging, in time order, and the priors that apply.

    `at` is the time of judging, `latest` the day of the newest fact, which windows go by.
    """

    treatment: Treatment
    readings: tuple[Reading, ...]
    check_ins: tuple[CheckIn, ...]
    protocol: Protocol
    healing: Healing
    at: datetime
    latest: float


def assess(course: Course, protocol: Protocol, until: float) -> Assessment:
    """Judge a course by what was known `until` so many days after the treatment."""
    case = _known(course, protocol, until)
    last_day = max(until, case.healing.clear_days_p95 + 2)
    return Assessment(
        band=recovery_band(protocol, case.healing, last_day),
        findings=tuple(_find(case, concern) for concern in protocol.concerns),
        standing=_standing(case),
    )


def _known(course: Course, protocol: Protocol, until: float) -> _Case:
    started = course.treatment
    readings = {
        r.photo_id: r for r in course.readings if 0 <= days_since(started, r.taken_at) <= until
    }
    check_ins = {c.id: c for c in course.check_ins if days_since(started, c.at) <= until}
    return _Case(
        treatment=started,
        readings=tuple(sorted(readings.values(), key=lambda r: (r.taken_at, r.photo_id))),
        check_ins=tuple(sorted(check_ins.values(), key=lambda c: (c.at, c.id))),
        protocol=protocol,
        healing=protocol.healing_for(started.needle_depth_mm, started.variant),
        # Days are rounded; an answer that is known must not seem to come a microsecond later.
        at=max((started.performed_at + timedelta(days=until), *(c.at for c in check_ins.values()))),
        latest=max(
            (
                days_since(started, moment)
                for moment in (
                    *(r.taken_at for r in readings.values()),
                    *(c.at for c in check_ins.values()),
                )
            ),
            default=until,
        ),
    )


def recovery_band(protocol: Protocol, healing: Healing, last_day: float) -> tuple[BandPoint, ...]:
    """Redness of normal courses over time: median and the range that holds 95 in 100."""
    rng = np.random.default_rng(SEED)
    days = np.unique(
        np.concatenate([np.arange(0, min(last_day, 4), 0.25), np.arange(4, last_day), [last_day]])
    )
    drawn = _normal_course(protocol, healing, days, rng)
    drawn += rng.normal(0.0, protocol.day_sd, drawn.shape)
    low, median, high = np.quantile(drawn, [BAND[0], 0.5, BAND[1]], axis=0)
    points = zip(days.tolist(), low.tolist(), median.tolist(), high.tolist(), strict=True)
    return tuple(BandPoint(*point) for point in points)


def _standing(case: _Case) -> float | None:
    series = _series(case, Region.FACE, case.readings)
    if series.days.size == 0:
        return None
    rng = np.random.default_rng(SEED)
    drawn = _normal_course(case.protocol, case.healing, series.days[-1:], rng)[:, 0]
    spread = np.hypot(case.protocol.day_sd, series.sds[-1])
    drawn += rng.normal(0.0, spread, drawn.shape)
    return float(np.mean(drawn < series.values[-1]))


def _find(case: _Case, concern: Concern) -> Finding:
    rule = case.protocol.concerns[concern]
    flagged_at, flags = _red_flags(case, concern)
    evidence = [
        Factor(f"red flag: {flag_words(f)}", RED_FLAG_FACTOR, Source.RED_FLAG) for f in flags
    ]
    photo = _photo_evidence(case, concern)
    if photo is not None:
        evidence.append(Factor(_photo_words(concern, photo), photo.factor, Source.PHOTOS))
    signs = reported_signs(case.check_ins, case.protocol, case.at)
    evidence += [
        Factor(
            sign_words(name, signs[name]),
            ratio.reported if signs[name] else ratio.denied,
            Source.ANSWERS,
        )
        for name, ratio in rule.signs.items()
        if name in signs
    ]
    odds = rule.prior / (1 - rule.prior) * math.prod(f.factor for f in evidence)
    probability = odds / (1 + odds)
    possible = rule.window_days[0] <= case.latest <= rule.window_days[1]
    level = level_reached(probability, rule.limits) if possible else None
    shown = photo if photo is not None and photo.factor > 1 else None
    return Finding(
        concern=concern,
        probability=probability,
        level=Level.URGENT if flags else level,
        onset_day=shown.onset_day if shown else None,
        regions=(shown.region,) if shown else (),
        evidence=strongest(evidence),
        photo_id=shown.photo_id if shown else None,
        flagged_at=flagged_at,
    )


def _red_flags(case: _Case, concern: Concern) -> tuple[datetime | None, list[RedFlag]]:
    """The red flags that stand for a concern, and when the latest of them was answered."""
    flagged_at, standing = None, []
    for check_in in recent(case.check_ins, case.protocol, case.at):
        tripped = [f for f in flags_of(check_in.answers, case.protocol) if f.concern is concern]
        standing += [f for f in tripped if f not in standing]
        flagged_at = check_in.at if tripped else flagged_at
    return flagged_at, standing


def _photo_evidence(case: _Case, concern: Concern) -> _PhotoEvidence | None:
    """The factor by which the photos change the odds, and the region that shows it best.

    A focus may lie in any region, so the factor is the mean over them, not the luckiest. Photos
    that may not carry an alert by themselves move it no further than the protocol allows.
    """
    start = case.protocol.concerns[concern].window_days[0]
    if concern is Concern.PROLONGED_INFLAMMATION:
        start = max(start, case.healing.clear_days_p95)
    if concern not in SEEN_ON_PHOTOS or case.latest < start:
        return None
    judge = _pigment_factor if concern is Concern.HYPERPIGMENTATION else _redness_factor
    carrying = tuple(r for r in case.readings if r.carries_alerts)
    limit = case.protocol.history_factor_limit
    found = []
    for region in (*sorted(case.treatment.areas), Region.FACE):
        alone, onset = judge(case, concern, region, carrying)
        together, _ = judge(case, concern, region, case.readings)
        factor = alone * min(max(together / alone, 1 / limit), limit)
        found.append((factor, region, onset))
    _, region, onset = max(found, key=lambda f: f[0])
    shown = [r.photo_id for r in case.readings if region in r.regions]
    mean = sum(factor for factor, _, _ in found) / len(found)
    return _PhotoEvidence(mean, region, onset, shown[-1] if shown else None)


def _redness_factor(
    case: _Case, concern: Concern, region: Region, readings: Sequence[Reading]
) -> tuple[float, float | None]:
    """How much better a concern explains a region's redness than its rivals do, and its onset.

    The rivals are the normal course and the other concern of redness, each with its prior.
    """
    series = _series(case, region, readings)
    if series.days.size == 0:
        return 1.0, None
    protocol, healing = case.protocol, case.healing
    rng = np.random.default_rng(SEED)
    normal = _normal_course(protocol, healing, series.days, rng)
    stays = _normal_course(
        protocol, healing, series.days, rng, rng.uniform(*protocol.plateau_share, DRAWS)
    )
    onset = rng.uniform(*protocol.concerns[Concern.INFECTION].window_days, DRAWS)
    after = np.clip(series.days - onset[:, None], 0, None)
    rise = np.clip(_draw(protocol.rise_per_day, rng)[:, None] * after, 0, protocol.full_rise)
    clouds = {
        None: normal,
        Concern.PROLONGED_INFLAMMATION: stays,
        Concern.INFECTION: normal + rise,
    }
    scale = np.hypot(series.sds, protocol.day_sd)
    fits = {name: _log_likelihood(series.values, c, scale) for name, c in clouds.items()}
    rivals = [
        np.log(protocol.concerns[name].prior if name else 1.0) + _log_mean_exp(fit)
        for name, fit in fits.items()
        if name is not concern
    ]
    factor = _bounded_factor(_log_mean_exp(fits[concern]) - float(np.logaddexp.reduce(rivals)))
    if concern is Concern.PROLONGED_INFLAMMATION:
        return factor, healing.clear_days_p95
    return factor, _likely_onset(onset, fits[concern], series)


def _pigment_factor(
    case: _Case, concern: Concern, region: Region, readings: Sequence[Reading]
) -> tuple[float, float | None]:
    """How much better growing pigment explains a region than unchanged pigment, and its onset."""
    rule = case.protocol.concerns[concern]
    series = _series(case, region, readings, pigment=True)
    if not _spans(series, rule, case.protocol.pigment_supporting_sds):
        return 1.0, None
    rng = np.random.default_rng(SEED)
    first = rule.window_days[0]
    onset = rng.uniform(first / 2, max(first, series.days[-1]), DRAWS)
    after = np.clip(series.days - onset[:, None], 0, None)
    grown = _draw(case.protocol.pigment_amount, rng)[:, None] * (
        1 - np.exp(-after / case.protocol.pigment_days)
    )
    scale = np.hypot(series.sds, case.protocol.pigment_sd)
    fit = _log_likelihood(series.values, grown, scale)
    unchanged = _log_likelihood(series.values, np.zeros((1, series.days.size)), scale)
    return (
        _bounded_factor(_log_mean_exp(fit) - _log_mean_exp(unchanged)),
        _likely_onset(onset, fit, series),
    )


def _series(
    case: _Case, region: Region, readings: Sequence[Reading], *, pigment: bool = False
) -> _Series:
    rows = [
        (
            days_since(case.treatment, r.taken_at),
            r.regions[region].pigment if pigment else r.regions[region].redness,
        )
        for r in readings
        if region in r.regions
    ]
    return _Series(
        days=np.array([day for day, _ in rows]),
        values=np.array([estimate.value for _, estimate in rows]),
        sds=np.array([estimate.sd for _, estimate in rows]),
    )


def _spans(series: _Series, rule: ConcernRule, supporting_sds: float) -> bool:
    """Whether two readings far enough apart, both inside the window, show more than their error."""
    inside = (series.days >= rule.window_days[0]) & (series.days <= rule.window_days[1])
    days = series.days[inside & (series.values > supporting_sds * series.sds)]
    return days.size >= 2 and bool(np.ptp(days) >= rule.readings_apart_days)


def _draw(spread: Spread, rng: np.random.Generator) -> Array:
    return rng.lognormal(np.log(spread.median), spread.log_sd, DRAWS)


def _normal_course(
    protocol: Protocol,
    healing: Healing,
    days: Array,
    rng: np.random.Generator,
    plateau: Array | float = 0.0,
) -> Array:
    """Redness (DRAWS × days) of courses that fade to a share `plateau` of the peak (0: to none)."""
    peak = np.exp2(_draw(protocol.peak_doublings, rng)) - 1
    half_life_days = _draw(healing.half_life_hours, rng) / 24
    stays = np.broadcast_to(plateau, peak.shape)[:, None]
    share = stays + (1 - stays) * np.exp2(-days / half_life_days[:, None])
    return np.asarray(np.log2(1 + peak[:, None] * share))


def _bounded_factor(log_factor: float) -> float:
    """Draws see a tail only so far: beyond a million to one they have nothing more to say."""
    return math.exp(min(max(log_factor, -LOG_MILLION), LOG_MILLION))


def _likely_onset(onset: Array, log_weights: Array, series: _Series) -> float | None:
    """The mean onset among draws that had begun by the latest reading; None when none had."""
    begun = onset <= series.days[-1]
    if not begun.any():
        return None
    weights = np.exp(log_weights[begun] - log_weights[begun].max())
    return float(np.average(onset[begun], weights=weights))


def _log_likelihood(values: Array, predicted: Array, scale: Array) -> Array:
    """Student's t log density summed over the readings, up to a constant; one per draw."""
    z = (values - predicted) / scale
    return np.asarray(-(HEAVY_TAIL_DF + 1) / 2 * np.log1p(z**2 / HEAVY_TAIL_DF).sum(axis=1))


def _log_mean_exp(values: Array) -> float:
    top = float(values.max())
    return top + float(np.log(np.mean(np.exp(values - top))))


def _photo_words(concern: Concern, photo: _PhotoEvidence) -> str:
    where = photo.region.words
    if photo.factor <= 1 or photo.onset_day is None:
        return f"photos: {concern.words} does not show"
    day = round(photo.onset_day)
    match concern:
        case Concern.INFECTION:
            return f"second rise, {where}, since day {day}"
        case Concern.HYPERPIGMENTATION:
            return f"darker than before treatment, {where}, since day {day}"
        case _:
            return f"redness stays, {where}, past day {day}"
