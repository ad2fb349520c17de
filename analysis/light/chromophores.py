"""The inverse of the optics: a change of colour explained by blood, melanin and light.

Everything is a difference of log linear RGB between two days, minus what the light did. For every
plausible skin of the person, under every plausible lamp and camera, weak priors and the noise make
it a small weighted least-squares problem; the spread of all of them together is the reported one.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from math import inf, isfinite
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from analysis.face.grid import EYE_DISTANCE
from analysis.images import LinearImage, Mask
from analysis.light.plausible_skin import LEAST_GLARE, MOST_GLARE, SkinState
from analysis.light.small_systems import factor, systems_last
from analysis.light.viewings import Floats, Indices, look_at_skin
from analysis.robust import robust_sd


class Reference(StrEnum):
    """What carried the comparison of light and camera between the two days, best first."""

    CARD = "card"
    SKIN = "skin"
    HISTORY = "history"


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value with one standard deviation, both in doublings; 0 is as before treatment.

    Raises ValueError for what is no number: it would be taken for a measurement.
    """

    value: float
    sd: float

    def __post_init__(self) -> None:
        if not (isfinite(self.value) and isfinite(self.sd)):
            raise ValueError(f"an estimate needs finite numbers, not {self.value} ± {self.sd}")


@dataclass(frozen=True, slots=True, eq=False)
class Shift:
    """A change of log linear RGB: (3,) with its covariance (3, 3)."""

    value: Floats
    covariance: Floats

    def __sub__(self, other: "Shift") -> "Shift":
        return Shift(self.value - other.value, self.covariance + other.covariance)


@dataclass(frozen=True, slots=True)
class Change:
    """What happened to the skin of one region since the baseline, in doublings."""

    redness: Estimate
    pigment: Estimate


@dataclass(frozen=True, slots=True)
class _Reach:
    """How far each cause may plausibly reach, one standard deviation.

    Blood and melanin in doublings, exposure (with shading) in log units, glare as a share of light.
    `freedom` are those of the t distribution by which guesses are judged: what looks like another
    part of the skin may be a collar, and must not rule out every guess but the least unfit.
    Blood reaches less far down than up: skin that reddens does so manyfold, skin that pales still
    holds most of its blood.
    """

    more_blood: float
    less_blood: float
    melanin: float
    exposure: float
    glare: float
    freedom: float = inf

    def variance(self, solution: Floats) -> Floats:
        """Of the causes in this order, (4, n), on the side of the `solution` (4, n)."""
        spreads = np.empty_like(solution)
        spreads.T[:] = (self.more_blood, self.melanin, self.exposure, self.glare)
        spreads[0, solution[0] < 0] = self.less_blood
        return np.square(spreads)


# A treated face, day against day; exposure is the light's business and lies in its covariance.
_OVER_TIME: Final = _Reach(more_blood=1.5, less_blood=0.8, melanin=1.0, exposure=0.01, glare=0.002)
# One part of a face against the rest of it in one photo: noses shine, cheeks are flushed.
_OVER_SPACE: Final = _Reach(
    more_blood=0.6, less_blood=0.6, melanin=0.4, exposure=0.5, glare=0.012, freedom=3.0
)
_ELSEWHERE_SD: Final = 0.012  # of each log channel: what no cause explains between two parts

_MODEL_SD: Final = 0.003  # of each log channel
_LAMP_MISFIT: Final = 0.03  # of what a lamp does to skin: real lamps lie between the viewings
_GAIN_MISFIT: Final = 0.05  # of the change itself: skin and phone lie beside the model

# By what the spread of pigment is multiplied in skin of less melanin than the first fraction; none
# from the second on. On photos not made by this model it was that much too narrow.
_LIGHT_SKIN: Final = (0.055, 0.075)
_PIGMENT_MISFIT: Final = 1.3

_MAP_SHADING: Final = 0.1  # log units by which light may fall otherwise on one pixel today
_DARK_SD: Final = 1e-4  # linear light: what is left of stray light where hardly any comes back

_ROUNDS: Final = 6
_LONGEST_STEP: Final = np.array([[1.2], [0.8], [1.0], [0.015]])

_PATCH: Final = round(
    0.15 * EYE_DISTANCE
)  # skin varies over about this length: one patch, one vote
_PATCH_FILLED: Final = 0.25
MIN_PATCHES: Final = 4
SMALLEST_SHARE: Final = 0.08
"""Of a part's pixels; one of which less counts is left out that day."""
_SMOOTHING: Final = 2.0  # pixels; takes out pixel noise before the logarithm bends it
_DARKEST: Final = 5e-4
_MEDIAN_VARIANCE: Final = np.pi / 2  # of a median against a mean, for normal errors


def log_light(light: LinearImage) -> NDArray[np.float32]:
    """Natural log of linear RGB (h, w, 3), pixel noise smoothed out first."""
    smooth = cv2.GaussianBlur(light.pixels, (0, 0), _SMOOTHING)
    return np.log(np.maximum(smooth, _DARKEST)).astype(np.float32)


def median_shift(change: NDArray[np.float32], where: Mask) -> Shift | None:
    """The median change of log RGB over the pixels `where`, or none when they are too few.

    Neighbouring pixels repeat each other, so the spread is taken between patches of skin: it holds
    noise, uneven reaction, shading and what registration left over.
    """
    patches = patch_medians(change, where.pixels)
    if len(patches) < MIN_PATCHES:
        return None
    seen = np.ascontiguousarray(change[where.pixels].T)  # quicker than along the first axis
    value = np.median(seen, axis=1).astype(np.float64)
    centred = patches - np.median(patches, axis=0)
    limit = 3 * robust_sd(centred) + 1e-4
    tamed = np.clip(centred, -limit, limit)
    scatter = tamed.T @ tamed / (len(patches) - 1)
    return Shift(value, _MEDIAN_VARIANCE * scatter / len(patches))


def patchwise_shift(change: NDArray[np.float32], where: Mask) -> Shift | None:
    """The mean of the patches' median changes of log RGB, or none when there are too few.

    It is robust within a patch and a mean across them, so a focus that reddens a quarter of a
    region reddens the region by a quarter of that. The median of all pixels would not see it.
    """
    patches = patch_medians(change, where.pixels)
    if len(patches) < MIN_PATCHES:
        return None
    value = patches.mean(axis=0)
    scatter = (patches - value).T @ (patches - value) / (len(patches) - 1)
    return Shift(value, scatter / len(patches))


def mean_shift(change: NDArray[np.float32], parts: Sequence[Mask], counted: Mask) -> Shift | None:
    """The shift of all parts of the skin together, each by its area, however much of it counted.

    Two red cheeks out of five parts make the face redder. None when there is too little of all
    parts together.
    """
    sizes, shifts = [], []
    for part in parts:
        within, size = part.pixels & counted.pixels, np.count_nonzero(part.pixels)
        shift = patchwise_shift(change, Mask(within))
        if shift is not None and np.count_nonzero(within) >= SMALLEST_SHARE * size:
            sizes.append(size)
            shifts.append(shift)
    if not shifts:  # scraps that may be enough together
        pooled = np.logical_or.reduce([part.pixels for part in parts])
        return patchwise_shift(change, Mask(pooled & counted.pixels))
    weight = np.array(sizes) / sum(sizes)
    value = weight @ np.stack([shift.value for shift in shifts])
    covariances = np.stack([shift.covariance for shift in shifts])
    return Shift(value, np.einsum("p,pij->ij", weight**2, covariances))


def patch_medians(change: NDArray[np.float32], inside: NDArray[np.bool_]) -> Floats:
    """Median change of log RGB in every patch of skin that is filled well enough, (n, 3)."""
    starts = [np.arange(0, edge, _PATCH) for edge in inside.shape]
    in_rows = np.add.reduceat(inside, starts[0], axis=0, dtype=np.intp)
    filled = np.add.reduceat(in_rows, starts[1], axis=1)
    chosen = np.argwhere(filled >= _PATCH_FILLED * _PATCH**2)
    counts = filled[tuple(chosen.T)]
    # One sort for all patches; what is missing in a patch sorts behind its pixels.
    values = np.full((len(chosen), 3, _PATCH**2), np.inf, np.float32)
    for own, (row, column), count in zip(values, chosen * _PATCH, counts, strict=True):
        cell = np.s_[row : row + _PATCH, column : column + _PATCH]
        own[:, :count] = change[cell][inside[cell]].T
    values.sort(axis=-1)
    patches = np.arange(len(chosen))
    middles: Floats = (values[patches, :, (counts - 1) // 2] + values[patches, :, counts // 2]) / 2
    return middles.astype(np.float64)


def elsewhere(state: SkinState, difference: Shift) -> SkinState:
    """The same guesses for another part of the baseline's skin, by its difference of log RGB.

    Guesses that cannot explain the difference lose weight. Shading is free, glare may differ.
    """
    covariance = difference.covariance + np.eye(3) * _ELSEWHERE_SD**2
    problem = _Problem(state.before, state, state.glare, state.appearance)
    observed = np.broadcast_to(difference.value, problem.start.shape)
    fit = _solve(observed, covariance, problem, _OVER_SPACE)
    glare = np.clip(state.glare + fit.solution[:, 3], LEAST_GLARE, MOST_GLARE)
    there = replace(
        state,
        melanin=state.melanin * np.exp2(fit.solution[:, 1]),
        blood=state.blood * np.exp2(fit.solution[:, 0]),
        glare=glare,
        glare_after=np.maximum(state.glare_after + glare - state.glare, LEAST_GLARE),
    )
    return there.reweighed(fit.log_evidence)


def explain(
    shift: Shift, light: Floats, state: SkinState, contrast: float | Floats = 1.0
) -> Change:
    """Blood and melanin doublings that explain how the log RGB of a region shifted.

    `light` (k, 3) or (3,) is the part of the shift that white balance and exposure made, as each
    guess of `state` has it; the covariance of `shift` holds its spread too. `contrast` (k,) or one
    for all is how much more than itself a change of log light shows in the photos. Every guess
    explains the shift in its own way and counts by how well it can; value and spread are those of
    all together.
    """
    gain = np.broadcast_to(contrast, state.weight.shape)[:, np.newaxis]
    left = (shift.value - np.broadcast_to(light, (len(state.weight), 3))) / gain
    unexplained = (
        _MODEL_SD**2
        + (_LAMP_MISFIT * state.unchanged) ** 2
        + (_GAIN_MISFIT * (left - state.unchanged)) ** 2
        + (_DARK_SD * np.exp(-state.appearance)) ** 2
    )
    covariance = shift.covariance / gain[..., np.newaxis] ** 2
    covariance = covariance + np.eye(3) * unexplained[:, np.newaxis, :]
    problem = _Problem(state.after, state, state.glare_after, state.appearance)
    fit = _solve(left, covariance, problem, _OVER_TIME)
    # The evidence is for what the photos show, not for what is left without their contrast.
    weight = state.reweighed(fit.log_evidence - 3 * np.log(gain[:, 0])).weight
    mean = weight @ fit.solution
    variance = weight @ (fit.variance + (fit.solution - mean) ** 2)
    redness, pigment = (Estimate(float(mean[i]), float(np.sqrt(variance[i]))) for i in (0, 1))
    melanin = np.exp2(weight @ np.log2(state.melanin))
    misfit = float(np.interp(melanin, _LIGHT_SKIN, (_PIGMENT_MISFIT, 1.0)))
    return Change(redness, replace(pigment, sd=misfit * pigment.sd))


def explain_pixels(change: Floats, state: SkinState, sd: float) -> tuple[Floats, Floats]:
    """Redness and pigment, (n,) each, for n changes of log RGB (n, 3) with one spread `sd`.

    `change` is already freed of the light; shading may differ a little. Were it free, hue alone
    would have to tell melanin from blood, and in very dark skin it tells more from less by glare.
    """
    many = state.typical.pick(np.zeros(len(change), np.intp))
    problem = _Problem(many.after, many, many.glare_after, many.appearance)
    covariance = np.eye(3) * sd**2 + _MAP_SHADING**2
    solution = _solve(change, covariance, problem, _OVER_TIME).solution
    return solution[:, 0], solution[:, 1]


def tamed(squared: Floats, freedom: float) -> Floats:
    """−2 log likelihood of three squared surprises together, by a t distribution; up to a constant.

    With infinite `freedom` it is a normal one.
    """
    return squared if freedom == inf else (freedom + 3) * np.log1p(squared / freedom)


def blood_slope(state: SkinState) -> Floats:
    """How log RGB (3,) changes with one doubling of blood in this skin."""
    look = look_at_skin(state.before, state.melanin, state.blood, state.glare)
    slope: Floats = state.weight @ look.by_blood
    return slope


@dataclass(frozen=True, slots=True, eq=False)
class _Problem:
    """Which look is compared with `start` (n, 3): the skins' under `viewing`, glare as given."""

    viewing: Indices
    skin: SkinState
    glare: Floats
    start: Floats


@dataclass(frozen=True, slots=True, eq=False)
class _Fit:
    """Solutions (Δ log2 blood, Δ log2 melanin, Δ log exposure, Δ glare), shape (n, 4).

    With the posterior variance (n, 4) of each and the log evidence (n,) up to a constant (Laplace).
    """

    solution: Floats
    variance: Floats
    log_evidence: Floats


def _solve(observed: Floats, covariance: Floats, problem: _Problem, reach: _Reach) -> _Fit:
    """Gauss–Newton; `observed` is (n, 3), `covariance` shared or one for each.

    Each step is a Bayesian linear regression in the three channels, of which there are fewer than
    causes (Woodbury's identity).
    """
    noise, seen = systems_last(covariance), np.ascontiguousarray(observed.T)
    solution: Floats = np.zeros((4, len(observed)))
    for _ in range(_ROUNDS):
        missed, slope = _compare(seen, problem, solution)
        prior = reach.variance(solution)
        spread = factor(noise + _spread_by(slope, prior))
        left = spread.solve(missed + np.einsum("kin,kn->in", slope, solution))
        step = prior * np.einsum("kin,in->kn", slope, left) - solution
        solution = solution + np.clip(step, -_LONGEST_STEP, _LONGEST_STEP)
    missed, slope = _compare(seen, problem, solution)
    prior = reach.variance(solution)
    spread, own = factor(noise + _spread_by(slope, prior)), factor(noise)
    known = [np.einsum("in,in->n", cause, spread.solve(cause)) for cause in slope]
    cost = np.einsum("in,in->n", missed, own.solve(missed)) + (solution**2 / prior).sum(axis=0)
    log_evidence = -0.5 * (
        tamed(cost, reach.freedom) + spread.log_determinant - np.log(prior).sum(axis=0)
    )
    variance = prior - prior**2 * np.stack(known)
    return _Fit(solution.T, variance.T, log_evidence)


def _spread_by(slope: Floats, prior: Floats) -> Floats:
    """How far causes of that prior variance (4, n) spread the channels: covariances (3, 3, n)."""
    spread: Floats = np.einsum("kin,kjn->ijn", slope * prior[:, np.newaxis], slope)
    return spread


def _compare(seen: Floats, problem: _Problem, solution: Floats) -> tuple[Floats, Floats]:
    """What the solution (4, n) leaves of `seen` (3, n), and its slopes (4, 3, n) by each cause."""
    skin = problem.skin
    look = look_at_skin(
        problem.viewing,
        skin.melanin * np.exp2(solution[1]),
        skin.blood * np.exp2(solution[0]),
        np.clip(problem.glare + solution[3], LEAST_GLARE, MOST_GLARE),
    )
    missed = seen - (look.log_rgb - problem.start).T - solution[2]
    causes = (look.by_blood.T, look.by_melanin.T, np.ones_like(seen), look.by_glare.T)
    return missed, np.stack(causes)
