"""What the photos say about each concern: how much better it explains them than its rivals do.

A bad photo is likelier than most concerns. Therefore the factor by which photos change the odds is
compared with the factor without any one photo, and without all photos of a kind that may not alert
alone. The protocol limits how much larger it may be.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tracker.domain.alerts.alerts import Concern
from tracker.domain.course.readings import Reading
from tracker.domain.course.treatments import Region, Treatment
from tracker.domain.protocols.protocols import ConcernRule, Healing, Protocol, Spread
from tracker.domain.recovery.photo_fits import Fit, Groups, Observation, fit, observe
from tracker.domain.recovery.photo_series import HALF_DAY, pigment, redness, series_of
from tracker.domain.recovery.skin_curves import Shape, draw_curves

SHAPES: Final[Mapping[Concern, Shape]] = {
    Concern.PROLONGED_INFLAMMATION: Shape.STAYS,
    Concern.INFECTION: Shape.RISES,
    Concern.HYPERPIGMENTATION: Shape.DARKENS,
    Concern.HYPOPIGMENTATION: Shape.LIGHTENS,
    Concern.ALLERGIC_REACTION: Shape.RISES,
    Concern.COLD_SORE: Shape.RISES,
    Concern.SCARRING: Shape.RISES,
}
_OF_PIGMENT: Final = frozenset({Shape.DARKENS, Shape.LIGHTENS})
_ALWAYS: Final = (0.0, 1.0)  # the usual course has no onset
_RIVALS: Final = (Concern.PROLONGED_INFLAMMATION, Concern.INFECTION)
_LOG_MOST: Final = math.log(1e6)  # draws reach the tails only so far; beyond, they say no more
_EARLY: Final = 0.1  # share of cases that begin sooner than the protocol expects
_SAYS_SOMETHING: Final = math.log(1.1)
_CLEARLY: Final = math.log(3.0)  # a region is named when its own factor is at least this…
_NEARLY_BEST: Final = math.log(0.02)  # …and at least this share of the best one

Array = NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True)
class PhotoEvidence:
    """What the photos say about one concern.

    `factor` multiplies the odds that it is there by now, not yet limited to the protocol's
    `photos_limit`. `opens` means that photos may open an
    alert by themselves: the photos that carry alerts support it even without any one of them (or
    those of one span of days). `regions` show it, best first; FACE stands for all treated ones
    together. `onset_day` is when it probably began.
    """

    factor: float
    opens: bool
    regions: tuple[Region, ...]
    onset_day: float
    photo_id: str


@dataclass(frozen=True, slots=True)
class PhotoVerdict:
    """What all photos say: about each concern that may show by now, and about the person's healing.

    `half_life_hours` is that of the extra blood, if the course is a usual one; the protocol's if no
    photo says more.
    """

    concerns: Mapping[Concern, PhotoEvidence]
    half_life_hours: Spread


@dataclass(frozen=True, slots=True, eq=False)
class _Hypothesis:
    """A hypothesis in one view (level or regions), and what it explains, each photo group once."""

    fit: Fit
    known: dict[tuple[bytes, bytes], Array]

    def evidence(self, groups: Groups) -> Array:
        """Log evidence (s, g) of every place by each group of photos."""
        if groups.key not in self.known:
            self.known[groups.key] = np.asarray(self.fit.evidence(groups), np.float64)
        return self.known[groups.key]

    def by_now(self, usual: "_Hypothesis", groups: Groups) -> Array:
        """Log evidence (s, g) when what may not have begun yet still looks as usual."""
        evidence, begun = self.evidence(groups), self.fit.begun
        if begun >= 1:
            return evidence
        waiting = math.log(1 - begun) + usual.evidence(groups)
        return np.asarray(np.logaddexp(math.log(begun) + evidence, waiting))


@dataclass(frozen=True, slots=True, eq=False)
class _Hypotheses:
    """The hypotheses about one quantity of a course, each fitted once however often it is asked.

    `level` and `relative` are the two views of it; `relative` is None if no two treated regions can
    be compared.
    """

    level: Observation
    relative: Observation | None
    known: dict[tuple[bool, Shape, tuple[float, float]], _Hypothesis]

    def of(
        self, observation: Observation, shape: Shape, onset_days: tuple[float, float]
    ) -> _Hypothesis:
        """A hypothesis about what one view shows."""
        key = observation.relative, shape, onset_days
        if key not in self.known:
            self.known[key] = _Hypothesis(fit(observation, shape, onset_days), {})
        return self.known[key]


@dataclass(frozen=True, slots=True, eq=False)
class _Comparison:
    """A concern's hypothesis against its rivals, each with its log prior, in one view.

    The first rival is the usual course. `share` is how often the concern shows in this view.
    """

    share: float
    observation: Observation
    own: _Hypothesis
    rivals: tuple[tuple[float, _Hypothesis], ...]

    def log_factors(self, groups: Groups) -> Array:
        """How the log odds of every place move (s, g) by each group of photos."""
        usual = self.rivals[0][1]
        against = [prior + hypothesis.by_now(usual, groups) for prior, hypothesis in self.rivals]
        all_priors = math.log(sum(math.exp(prior) for prior, _ in self.rivals))
        rivals = np.logaddexp.reduce(against, axis=0) - all_priors
        return np.asarray(self.own.evidence(groups) - rivals)


def judge_photos(
    treatment: Treatment, readings: Sequence[Reading], protocol: Protocol, healing: Healing
) -> PhotoVerdict:
    """What the photos say about every concern that may show by now. `readings` in time order."""
    if not readings:
        return PhotoVerdict({}, healing.half_life_hours)
    hypotheses = _hypotheses(treatment, readings, protocol, healing)
    judged = {}
    for concern, rule in protocol.concerns.items():
        of_quantity = hypotheses[SHAPES[concern] in _OF_PIGMENT]
        if of_quantity.level.last >= earliest_day(concern, rule, healing):
            days = of_quantity.level.days.tolist()
            counted = np.array([protocol.counts(concern, d, treatment.variant) for d in days])
            comparisons = _comparisons(of_quantity, concern, rule)
            if comparisons and counted.any():
                judged[concern] = _judge(comparisons, concern, healing, readings, counted)
    return PhotoVerdict(judged, _half_life(hypotheses[False]))


def _half_life(redness: _Hypotheses) -> Spread:
    """The half-life (hours) for which the usual course explains the level of the face best."""
    usual = redness.of(redness.level, Shape.FADES, _ALWAYS)
    half_lives = 24 * redness.level.draws.half_life[:, 0]
    order = np.argsort(half_lives)
    share = np.cumsum(usual.fit.weights_at(0)[order])
    low, median, high = half_lives[order][np.searchsorted(share, [0.025, 0.5, 0.975])].tolist()
    return Spread(median=median, low=low, high=high)


def earliest_day(concern: Concern, rule: ConcernRule, healing: Healing) -> float:
    """The first day on which a concern is possible."""
    if concern is Concern.PROLONGED_INFLAMMATION:
        return max(rule.window_days[0], healing.clear_days_p95)
    return rule.window_days[0]


def begun_by(day: float, concern: Concern, rule: ConcernRule) -> float:
    """The share of cases of a concern that have begun by this day, 0–1."""
    if SHAPES[concern] is Shape.STAYS:
        return 1.0
    first, last = rule.onset_days
    return min(max((day - first) / (last - first), _EARLY), 1.0)


def _hypotheses(
    treatment: Treatment, readings: Sequence[Reading], protocol: Protocol, healing: Healing
) -> tuple[_Hypotheses, _Hypotheses]:
    """Redness and pigment of a course, without fits yet."""
    draws = draw_curves(protocol, healing)
    red = series_of(treatment, readings, redness, protocol.redness.state_sd)
    dark = series_of(treatment, readings, pigment, {})
    observe_red = partial(observe, red.days, red.weight, draws, protocol, passing=draws.passing)
    observe_dark = partial(
        observe,
        dark.days,
        dark.weight,
        draws,
        protocol,
        passing=draws.crust,
        day_sd=protocol.pigment.day_sd,
    )
    skin = protocol.redness
    return (
        _Hypotheses(
            level=observe_red(places=red.level, day_sd=skin.day_sd, relative=False),
            relative=(
                None
                if red.relative is None
                else observe_red(places=red.relative, day_sd=skin.region_day_sd, relative=True)
            ),
            known={},
        ),
        _Hypotheses(
            level=observe_dark(places=dark.level, relative=False),
            relative=None
            if dark.relative is None
            else observe_dark(places=dark.relative, relative=True),
            known={},
        ),
    )


def _comparisons(hypotheses: _Hypotheses, concern: Concern, rule: ConcernRule) -> list[_Comparison]:
    """The concern against its rivals in each view."""
    observations = [(1.0, hypotheses.level)]
    if hypotheses.relative is not None:
        observations = [
            (1 - rule.focal_share, hypotheses.level),
            (rule.focal_share, hypotheses.relative),
        ]
    shape = SHAPES[concern]
    comparisons = []
    for share, observation in observations:
        own = hypotheses.of(observation, shape, rule.onset_days)
        if own.fit.begun > 0 and share > 0:
            comparisons.append(
                _Comparison(share, observation, own, _rivals(hypotheses, observation, shape))
            )
    return comparisons


def _rivals(
    hypotheses: _Hypotheses, observation: Observation, shape: Shape
) -> tuple[tuple[float, _Hypothesis], ...]:
    """The usual course, and what else may explain redness; each with its log prior."""
    of_pigment = shape in _OF_PIGMENT
    rivals = [
        (0.0, hypotheses.of(observation, Shape.UNCHANGED if of_pigment else Shape.FADES, _ALWAYS))
    ]
    for concern in () if of_pigment else _RIVALS:
        rule = observation.protocol.concerns[concern]
        if SHAPES[concern] is not shape:
            hypothesis = hypotheses.of(observation, SHAPES[concern], rule.onset_days)
            rivals.append((math.log(rule.prior), hypothesis))
    return tuple(
        (log_prior, hypothesis) for log_prior, hypothesis in rivals if hypothesis.fit.begun > 0
    )


def _judge(
    comparisons: Sequence[_Comparison],
    concern: Concern,
    healing: Healing,
    readings: Sequence[Reading],
    counted: NDArray[np.bool_],
) -> PhotoEvidence:
    """The factor by which the photos that count change the odds, and the regions that show it."""
    rule = comparisons[0].observation.protocol.concerns[concern]
    places = [
        (float(log_factor), row, comparison)
        for comparison in comparisons
        for row, log_factor in enumerate(comparison.log_factors(Groups(counted))[:, 0])
    ]
    places.sort(key=lambda place: -place[0])
    best, row, comparison = places[0]
    where = comparison.observation.places.regions[row]
    shown = tuple(
        each.observation.places.regions[at]
        for log_factor, at, each in places
        if log_factor >= max(_CLEARLY, best + _NEARLY_BEST)
    )
    stays = SHAPES[concern] is Shape.STAYS
    log_factor, opens = _bounded(comparisons, rule, readings, counted)
    return PhotoEvidence(
        factor=math.exp(log_factor),
        opens=opens,
        regions=(where,) if where is Region.FACE or not shown else shown,
        onset_day=(
            earliest_day(concern, rule, healing) if stays else comparison.own.fit.onset_at(row)
        ),
        photo_id=_latest(readings, where),
    )


def _latest(readings: Sequence[Reading], region: Region) -> str:
    showing = [reading for reading in readings if region in reading.regions]
    return (showing or readings)[-1].photo_id


def _bounded(
    comparisons: Sequence[_Comparison],
    rule: ConcernRule,
    readings: Sequence[Reading],
    counted: NDArray[np.bool_],
) -> tuple[float, bool]:
    """The log factor, limited to what one photo and photos that may not alert alone may add.

    Also returns whether photos that may alert support it even without any one of them.
    """
    observation = comparisons[0].observation
    log_factor = float(_together(comparisons, Groups(counted))[0])
    carrying = counted & np.array([reading.carries_alerts for reading in readings])
    opens = False
    if log_factor > 0:
        # A photo at 7:25 is three days after one at 7:29: people do not keep to the minute.
        apart = max(rule.readings_apart_days - HALF_DAY, HALF_DAY)
        spans = _spans(observation.days, apart)
        left = float(_together(comparisons, Groups(counted, spans)).min())
        log_factor = min(log_factor, math.log(rule.one_photo_limit) + max(left, 0.0))
        opens = float(_together(comparisons, Groups(carrying, spans)).min()) >= _SAYS_SOMETHING
    if (carrying != counted).any():
        limit = math.log(observation.protocol.history_factor_limit)
        alone = float(_together(comparisons, Groups(carrying))[0])
        log_factor = min(max(log_factor, alone - limit), alone + limit)
    return min(max(log_factor, -_LOG_MOST), _LOG_MOST), opens


def _together(comparisons: Sequence[_Comparison], groups: Groups) -> Array:
    """The log factors (g,) of all places together, by each group of photos.

    A focus may be in any region, so its factor is the mean over them, not the highest.
    """
    total = sum(comparison.share for comparison in comparisons)
    parts = [
        math.log(comparison.share / total / len(comparison.observation.places.regions))
        + comparison.log_factors(groups)
        for comparison in comparisons
    ]
    return np.asarray(np.logaddexp.reduce(np.concatenate(parts), axis=0))


def _spans(days: Array, apart: float) -> NDArray[np.intp]:
    """The spans (g, 2) of photos within `apart` days of each other, one that begins at each."""
    after = days - days[:, np.newaxis]
    held = (after >= 0) & (after < apart)
    first = held.argmax(axis=1)
    end = first + held.sum(axis=1)
    return np.stack([first, end], axis=1)
