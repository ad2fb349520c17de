"""The inverse of the optics: a change of colour explained by blood, melanin and exposure.

Everything is a difference of log linear RGB between two days, minus the same difference of a
reference. Weak priors and the noise of both make it a small weighted least-squares problem, and its
covariance is the reported spread.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from analysis.images import LinearImage, Mask
from analysis.registration import EYE_DISTANCE
from analysis.skin_optics import BASELINE_BLOOD, TYPICAL_GLARE, log_rgb

Floats = NDArray[np.float64]


class Reference(StrEnum):
    """What carried the comparison of light and camera between the two days, best first."""

    CARD = "card"
    SKIN = "skin"
    HISTORY = "history"


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value with one standard deviation, both in doublings; 0 is as before treatment."""

    value: float
    sd: float


@dataclass(frozen=True, slots=True, eq=False)
class Shift:
    """A change of log linear RGB: (3,) with its covariance (3, 3)."""

    value: Floats
    covariance: Floats

    def __sub__(self, other: "Shift") -> "Shift":
        return Shift(self.value - other.value, self.covariance + other.covariance)


@dataclass(frozen=True, slots=True, eq=False)
class SkinState:
    """A person's skin before treatment, as a set of plausible skins, (k,) each.

    `melanin` and `blood` are volume fractions, `glare` the share of light the surface returns, and
    `weight` the probability of each; the weights sum to 1.
    """

    melanin: Floats
    blood: Floats
    glare: Floats
    weight: Floats

    @property
    def typical(self) -> "SkinState":
        """The weighted mean skin (on a log scale) as the only one: for maps, which need speed."""
        melanin, blood = (
            np.exp2(self.weight @ np.log2(fraction)) for fraction in (self.melanin, self.blood)
        )
        glare = self.weight @ self.glare
        return SkinState(*(np.array([float(v)]) for v in (melanin, blood, glare, 1.0)))


@dataclass(frozen=True, slots=True)
class Priors:
    """How far each cause may plausibly reach, one standard deviation.

    Blood and melanin in doublings, exposure (with shading) in log units.
    """

    blood: float
    melanin: float
    exposure: float


@dataclass(frozen=True, slots=True)
class Change:
    """What happened to the skin of one region since the baseline, in doublings."""

    redness: Estimate
    pigment: Estimate


CHANGE_PRIORS: Final = Priors(blood=1.5, melanin=0.8, exposure=0.6)
_WHITE_BALANCE_SD: Final = 0.07  # of each log channel of a baseline photo taken by a phone
_STEEPNESS_STEP: Final = 0.25  # doublings; four cells of the optics table
_ROUNDS: Final = 6
_LONGEST_STEP: Final = 1.5

# Skins that may be met before treatment, and how common they are (doublings about the middle).
_MELANIN: Final = np.exp2(np.linspace(np.log2(0.008), np.log2(0.40), 46))
_MELANIN_SPREAD: Final = (np.log2(0.045), 1.7)
_BLOOD: Final = BASELINE_BLOOD * np.exp2(np.array([-0.5, 0.0, 0.5]))
_BLOOD_SPREAD: Final = (np.log2(BASELINE_BLOOD), 0.4)
_GLARE: Final = np.array([0.005, 0.012, 0.02, 0.03, 0.042])
_GLARE_SPREAD: Final = (TYPICAL_GLARE, 0.012)
_RAREST: Final = 0.01  # of the likeliest skin's weight; below, a skin is left out

_PATCH: Final = round(
    0.15 * EYE_DISTANCE
)  # skin varies over about this length: one patch, one vote
_PATCH_FILLED: Final = 0.25
MIN_PATCHES: Final = 4
_SMOOTHING: Final = 2.0  # pixels; takes out pixel noise before the logarithm bends it
_DARKEST: Final = 5e-4
_LUMINANCE: Final = np.array([0.2126, 0.7152, 0.0722])
_GLARE_SD: Final = 0.003  # change of the surface's share of light that no mask has caught
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
    value = np.median(change[where.pixels], axis=0).astype(np.float64)
    centred = patches - np.median(patches, axis=0)
    limit = 3 * 1.4826 * np.median(np.abs(centred), axis=0) + 1e-4
    tamed = np.clip(centred, -limit, limit)
    scatter = tamed.T @ tamed / (len(patches) - 1)
    return Shift(value, _MEDIAN_VARIANCE * scatter / len(patches))


def patch_medians(change: NDArray[np.float32], inside: NDArray[np.bool_]) -> Floats:
    """Median change of log RGB in every patch of skin that is filled well enough, (n, 3)."""
    medians = []
    for top in range(0, inside.shape[0], _PATCH):
        for left in range(0, inside.shape[1], _PATCH):
            cell = np.s_[top : top + _PATCH, left : left + _PATCH]
            within = inside[cell]
            if np.count_nonzero(within) >= _PATCH_FILLED * _PATCH**2:
                medians.append(np.median(change[cell][within], axis=0))
    return np.array(medians, np.float64).reshape(-1, 3)


def estimate_state(log_colour: Floats, brightness: Estimate) -> SkinState:
    """A person's plausible skins, from the log RGB (3,) of their skin in the baseline photo.

    Its hue is known up to the camera's white balance. `brightness` is the log of its luminance
    against a perfect white under the same light: dark skin's hue alone cannot tell glare from
    melanin.
    """
    melanin, blood, glare = (
        axis.ravel() for axis in np.meshgrid(_MELANIN, _BLOOD, _GLARE, indexing="ij")
    )
    modelled = _log_colour(melanin, blood, glare)
    hue_gap = np.diff(log_colour - modelled, axis=-1)
    hue_covariance = _WHITE_BALANCE_SD**2 * np.array([[2.0, -1.0], [-1.0, 2.0]])
    bright_gap = brightness.value - np.log(np.exp(modelled) @ _LUMINANCE)
    mismatch = (
        np.einsum("ki,ij,kj->k", hue_gap, np.linalg.inv(hue_covariance), hue_gap)
        + (bright_gap / brightness.sd) ** 2
        + _squared(np.log2(melanin), _MELANIN_SPREAD)
        + _squared(np.log2(blood), _BLOOD_SPREAD)
        + _squared(glare, _GLARE_SPREAD)
    )
    weight = np.exp(-0.5 * (mismatch - mismatch.min()))
    kept = weight > _RAREST
    share = weight[kept] / weight[kept].sum()
    return SkinState(melanin[kept], blood[kept], glare[kept], share)


def _squared(values: Floats, spread: tuple[float, float]) -> Floats:
    mean, sd = spread
    squared: Floats = ((values - mean) / sd) ** 2
    return squared


def explain(shift: Shift, state: SkinState, priors: Priors = CHANGE_PRIORS) -> Change:
    """Blood and melanin doublings that explain a shift already freed of light and camera.

    Every plausible skin of the person explains it in its own way, and counts by how well it can;
    value and spread are those of all together: the shift's covariance, unseen glare, and how far
    the skins disagree.
    """
    covariance = shift.covariance + _unseen_glare(state)
    observed = np.broadcast_to(shift.value, (len(state.weight), 3))
    fit = _solve(observed, covariance, state, priors)
    weight = state.weight * np.exp(fit.log_evidence - fit.log_evidence.max())
    weight = weight / weight.sum()
    mean = weight @ fit.solution
    within = np.diagonal(fit.posterior, axis1=-2, axis2=-1)
    variance = weight @ (within + (fit.solution - mean) ** 2)
    redness, pigment, _ = (
        Estimate(float(value), float(sd)) for value, sd in zip(mean, np.sqrt(variance), strict=True)
    )
    return Change(redness, pigment)


def explain_pixels(
    change: Floats, state: SkinState, sd: float, priors: Priors = CHANGE_PRIORS
) -> tuple[Floats, Floats]:
    """Redness and pigment, (n,) each, for n changes of log RGB (n, 3) with one spread `sd`."""
    typical = state.typical
    covariance = np.eye(3) * sd**2 + _unseen_glare(typical)
    solution = _solve(change, covariance, typical, priors).solution
    return solution[:, 0], solution[:, 1]


def blood_slope(state: SkinState) -> Floats:
    """How log RGB (3,) changes with one doubling of blood around this skin."""
    slope: Floats = _steepness(np.zeros((1, 3)), state.typical)[0, :, 0]
    return slope


@dataclass(frozen=True, slots=True, eq=False)
class _Fit:
    """Solutions (Δ log2 blood, Δ log2 melanin, Δ log exposure), shape (n, 3).

    With their posterior covariances (n, 3, 3) and the log evidence (n,) up to a constant (Laplace).
    """

    solution: Floats
    posterior: Floats
    log_evidence: Floats


def _solve(observed: Floats, covariance: Floats, state: SkinState, priors: Priors) -> _Fit:
    """Gauss–Newton; `observed` is (n, 3), `covariance` and `state` are shared or one for each."""
    weight = np.linalg.inv(covariance)
    prior = np.diag([priors.blood**-2.0, priors.melanin**-2.0, priors.exposure**-2.0])
    start = _after(np.zeros_like(observed), state)
    solution: Floats = np.zeros_like(observed)
    for _ in range(_ROUNDS):
        slope = _steepness(solution, state)
        missed = observed - (_after(solution, state) - start + solution[:, 2:])
        slope_weighted = np.swapaxes(slope, -1, -2) @ weight
        precision = slope_weighted @ slope + prior
        pull = slope_weighted @ missed[..., np.newaxis] - prior @ solution[..., np.newaxis]
        step = np.linalg.solve(precision, pull)[..., 0]
        solution = solution + np.clip(step, -_LONGEST_STEP, _LONGEST_STEP)
    missed = observed - (_after(solution, state) - start + solution[:, 2:])
    cost = np.einsum("ni,nij,nj->n", missed, np.broadcast_to(weight, slope.shape), missed)
    cost = cost + np.einsum("ni,ij,nj->n", solution, prior, solution)
    log_evidence = -0.5 * (
        cost + np.linalg.slogdet(precision)[1] + np.linalg.slogdet(covariance)[1]
    )
    return _Fit(solution, np.linalg.inv(precision).astype(np.float64), log_evidence)


def _after(solution: Floats, state: SkinState) -> Floats:
    """Log RGB (n, 3) of the state's skin after the change of a solution, exposure aside."""
    melanin = state.melanin * np.exp2(solution[..., 1])
    blood = state.blood * np.exp2(solution[..., 0])
    return _log_colour(melanin, blood, state.glare)


def _log_colour(melanin: Floats, blood: Floats, glare: Floats) -> Floats:
    """Log RGB (n, 3) of skin whose surface returns the share `glare` of the light."""
    matte = (np.exp(log_rgb(melanin, blood)) - TYPICAL_GLARE) / (1 - TYPICAL_GLARE)
    share = glare[..., np.newaxis]
    logarithm: Floats = np.log(np.maximum(share + (1 - share) * matte, _DARKEST))
    return logarithm


def _steepness(solution: Floats, state: SkinState) -> Floats:
    """Slopes of log RGB by blood, melanin and exposure, (n, 3 channels, 3 causes)."""
    columns = []
    for cause in (0, 1):
        step = np.zeros(3)
        step[cause] = _STEEPNESS_STEP
        more, less = (_after(solution + side * step, state) for side in (1, -1))
        columns.append((more - less) / (2 * _STEEPNESS_STEP))
    columns.append(np.ones_like(columns[0]))
    return np.stack(columns, axis=-1)


def _unseen_glare(state: SkinState) -> Floats:
    """Covariance (k, 3, 3) from a change of glare: a veil that weighs most where skin is dark."""
    colour = np.exp(_log_colour(state.melanin, state.blood, state.glare))
    slope = (1 - colour) / colour * _GLARE_SD
    covariance: Floats = slope[:, :, np.newaxis] * slope[:, np.newaxis, :]
    return covariance
