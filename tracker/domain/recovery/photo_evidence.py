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
from tracker.domain.recovery.photo_fits import Fit, Sight, fit, see
from tracker.domain.recovery.photo_series import HALF_DAY, pigment, redness, series_of
from tracker.domain.recovery.skin_courses import Shape, draw_courses

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

    `factor` multiplies the odds that it is there by now. `opens` means that photos may open an
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
class _Cloud:
    """A hypothesis in one view (level or regions), and what it explains, each photo group once."""

    fit: Fit
    known: dict[bytes, Array]

    def evidence(self, kept: NDArray[np.bool_]) -> Array:
        """Log evidence (s, g) of every place by each group (g, p) of photos."""
        key = kept.tobytes()
        if key not in self.known:
            self.known[key] = np.asarray(self.fit.evidence(kept), np.float64)
        return self.known[key]

    def by_now(self, usual: "_Cloud", kept: NDArray[np.bool_]) -> Array:
        """Log evidence (s, g) when what may not have begun yet still looks as usual."""
        evidence, begun = self.evidence(kept), self.fit.begun
        if begun >= 1:
            return evidence
        waiting = math.log(1 - begun) + usual.evidence(kept)
        return np.asarray(np.logaddexp(math.log(begun) + evidence, waiting))


@dataclass(frozen=True, slots=True, eq=False)
class _Clouds:
    """The hypotheses about one quantity of a course, each fitted once however often it is asked.

    `level` and `beside` are the two views of it; `beside` is None if no two treated regions can be
    compared.
    """

    level: Sight
    beside: Sight | None
    known: dict[tuple[bool, Shape, tuple[float, float]], _Cloud]

    def of(self, sight: Sight, shape: Shape, onset_days: tuple[float, float]) -> _Cloud:
        """A hypothesis about what one view shows."""
        key = sight.beside, shape, onset_days
        if key not in self.known:
            self.known[key] = _Cloud(fit(sight, shape, onset_days), {})
        return self.known[key]


@dataclass(frozen=True, slots=True, eq=False)
class _Contest:
    """A concern's hypothesis against its rivals, each with its log prior, in one view.

    The first rival is the usual course. `share` is how often the concern shows in this view.
    """

    share: float
    sight: Sight
    own: _Cloud
    rivals: tuple[tuple[float, _Cloud], ...]

    def log_factors(self, kept: NDArray[np.bool_]) -> Array:
        """How the log odds of every place move (s, g) by each group (g, p) of photos."""
        usual = self.rivals[0][1]
        against = [prior + cloud.by_now(usual, kept) for prior, cloud in self.rivals]
        all_priors = math.log(sum(math.exp(prior) for prior, _ in self.rivals))
        rivals = np.logaddexp.reduce(against, axis=0) - all_priors
        return np.asarray(self.own.evidence(kept) - rivals)


def judge_photos(
    treatment: Treatment, readings: Sequence[Reading], protocol: Protocol, healing: Healing
) -> PhotoVerdict:
    """What the photos say about every concern that may show by now. `readings` in time order."""
    if not readings:
        return PhotoVerdict({}, healing.half_life_hours)
    clouds = _clouds(treatment, readings, protocol, healing)
    judged = {}
    for concern, rule in protocol.concerns.items():
        of_quantity = clouds[SHAPES[concern] in _OF_PIGMENT]
        if of_quantity.level.last >= earliest_day(concern, rule, healing):
            days = of_quantity.level.days.tolist()
            counted = np.array([protocol.counts(concern, d, treatment.variant) for d in days])
            contests = _contests(of_quantity, concern, rule)
            if contests and counted.any():
                judged[concern] = _judge(contests, concern, healing, readings, counted)
    return PhotoVerdict(judged, _half_life(clouds[False]))


def _half_life(redness: _Clouds) -> Spread:
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


def _clouds(
    treatment: Treatment, readings: Sequence[Reading], protocol: Protocol, healing: Healing
) -> tuple[_Clouds, _Clouds]:
    """Redness and pigment of a course, without fits yet."""
    draws = draw_courses(protocol, healing)
    red = series_of(treatment, readings, redness, protocol.redness.state_sd)
    dark = series_of(treatment, readings, pigment, {})
    see_red = partial(see, red.days, red.weight, draws, protocol, passing=draws.passing)
    see_dark = partial(
        see,
        dark.days,
        dark.weight,
        draws,
        protocol,
        passing=draws.crust,
        day_sd=protocol.pigment.day_sd,
    )
    skin = protocol.redness
    return (
        _Clouds(
            level=see_red(places=red.level, day_sd=skin.day_sd, beside=False),
            beside=(
                None
                if red.beside is None
                else see_red(places=red.beside, day_sd=skin.region_day_sd, beside=True)
            ),
            known={},
        ),
        _Clouds(
            level=see_dark(places=dark.level, beside=False),
            beside=None if dark.beside is None else see_dark(places=dark.beside, beside=True),
            known={},
        ),
    )


def _contests(clouds: _Clouds, concern: Concern, rule: ConcernRule) -> list[_Contest]:
    """The concern against its rivals in each view."""
    sights = [(1.0, clouds.level)]
    if clouds.beside is not None:
        sights = [(1 - rule.focal_share, clouds.level), (rule.focal_share, clouds.beside)]
    shape = SHAPES[concern]
    contests = []
    for share, sight in sights:
        own = clouds.of(sight, shape, rule.onset_days)
        if own.fit.begun > 0 and share > 0:
            contests.append(_Contest(share, sight, own, _rivals(clouds, sight, shape)))
    return contests


def _rivals(clouds: _Clouds, sight: Sight, shape: Shape) -> tuple[tuple[float, _Cloud], ...]:
    """The usual course, and what else may explain redness; each with its log prior."""
    of_pigment = shape in _OF_PIGMENT
    rivals = [(0.0, clouds.of(sight, Shape.UNCHANGED if of_pigment else Shape.FADES, _ALWAYS))]
    for concern in () if of_pigment else _RIVALS:
        rule = sight.protocol.concerns[concern]
        if SHAPES[concern] is not shape:
            cloud = clouds.of(sight, SHAPES[concern], rule.onset_days)
            rivals.append((math.log(rule.prior), cloud))
    return tuple((log_prior, cloud) for log_prior, cloud in rivals if cloud.fit.begun > 0)


def _judge(
    contests: Sequence[_Contest],
    concern: Concern,
    healing: Healing,
    readings: Sequence[Reading],
    counted: NDArray[np.bool_],
) -> PhotoEvidence:
    """The factor by which the photos that count change the odds, and the regions that show it."""
    rule = contests[0].sight.protocol.concerns[concern]
    everything = counted[np.newaxis]
    places = [
        (float(log_factor), row, contest)
        for contest in contests
        for row, log_factor in enumerate(contest.log_factors(everything)[:, 0])
    ]
    places.sort(key=lambda place: -place[0])
    best, row, contest = places[0]
    where = contest.sight.places.regions[row]
    shown = tuple(
        each.sight.places.regions[at]
        for log_factor, at, each in places
        if log_factor >= max(_CLEARLY, best + _NEARLY_BEST)
    )
    stays = SHAPES[concern] is Shape.STAYS
    log_factor, opens = _bounded(contests, rule, readings, counted)
    return PhotoEvidence(
        factor=math.exp(log_factor),
        opens=opens,
        regions=(where,) if where is Region.FACE or not shown else shown,
        onset_day=(
            earliest_day(concern, rule, healing) if stays else contest.own.fit.onset_at(row)
        ),
        photo_id=_latest(readings, where),
    )


def _latest(readings: Sequence[Reading], region: Region) -> str:
    showing = [reading for reading in readings if region in reading.regions]
    return (showing or readings)[-1].photo_id


def _bounded(
    contests: Sequence[_Contest],
    rule: ConcernRule,
    readings: Sequence[Reading],
    counted: NDArray[np.bool_],
) -> tuple[float, bool]:
    """The log factor, limited to what one photo and photos that may not alert alone may add.

    Also returns whether photos that may alert support it even without any one of them.
    """
    sight = contests[0].sight
    log_factor = float(_together(contests, counted[np.newaxis])[0])
    carrying = counted & np.array([reading.carries_alerts for reading in readings])
    opens = False
    if log_factor > 0:
        spans = _spans(sight.days, max(rule.readings_apart_days, HALF_DAY))
        left = float(_together(contests, counted & ~spans).min())
        log_factor = min(log_factor, math.log(rule.one_photo_limit) + max(left, 0.0))
        opens = float(_together(contests, carrying & ~spans).min()) >= _SAYS_SOMETHING
    if (carrying != counted).any():
        limit = math.log(sight.protocol.history_factor_limit)
        alone = float(_together(contests, carrying[np.newaxis])[0])
        log_factor = min(max(log_factor, alone - limit), alone + limit)
    log_most = min(_LOG_MOST, math.log(rule.photos_limit))
    return min(max(log_factor, -_LOG_MOST), log_most), opens


def _together(contests: Sequence[_Contest], kept: NDArray[np.bool_]) -> Array:
    """The log factors (g,) of all places together, by each group (g, p) of photos.

    A focus may be in any region, so its factor is the mean over them, not the highest.
    """
    total = sum(contest.share for contest in contests)
    parts = [
        math.log(contest.share / total / len(contest.sight.places.regions))
        + contest.log_factors(kept)
        for contest in contests
    ]
    return np.asarray(np.logaddexp.reduce(np.concatenate(parts), axis=0))


def _spans(days: Array, apart: float) -> NDArray[np.bool_]:
    """The groups (g, p) of photos that lie within `apart` days of each other."""
    after = days - days[:, np.newaxis]
    return np.unique((after >= 0) & (after < apart), axis=0)
