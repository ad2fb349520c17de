"""The inverse of the optics: a change of colour explained by blood, melanin and exposure.

Everything is a difference of log linear RGB between two days, minus the same difference of a
reference. Weak priors and the noise of both make it a small weighted least-squares problem, and its
covariance is the reported spread.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from analysis.images import LinearImage, Mask
from analysis.registration import EYE_DISTANCE
from analysis.skin_optics import BASELINE_BLOOD, log_rgb

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


@dataclass(frozen=True, slots=True)
class SkinState:
    """A person's skin before treatment: volume fractions, each with its spread in doublings."""

    melanin: float
    blood: float
    melanin_sd: float
    blood_sd: float


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
_STATE_PRIORS: Final = Priors(blood=0.4, melanin=1.7, exposure=0.5)
_TYPICAL: Final = SkinState(0.045, BASELINE_BLOOD, 1.7, 0.4)  # the middle of all people, log scale
_WHITE_BALANCE_SD: Final = 0.07  # of each log channel of a baseline photo taken by a phone
_STEEPNESS_STEP: Final = 0.25  # doublings; four cells of the optics table

_PATCH: Final = round(
    0.15 * EYE_DISTANCE
)  # skin varies over about this length: one patch, one vote
_PATCH_FILLED: Final = 0.25
MIN_PATCHES: Final = 4
_SMOOTHING: Final = 2.0  # pixels; takes out pixel noise before the logarithm bends it
_DARKEST: Final = 5e-4
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


def estimate_state(log_colour: Floats) -> SkinState:
    """Melanin and blood of a person's skin from its log RGB (3,) in the baseline photo.

    Its brightness says little (exposure) and its hue is known only up to the camera's white
    balance; the rest is prior knowledge, and the answer says how much it is worth.
    """
    seen = Shift(
        log_colour - log_rgb(_TYPICAL.melanin, _TYPICAL.blood), np.eye(3) * _WHITE_BALANCE_SD**2
    )
    solution, covariance = _solve(seen.value, seen.covariance, _TYPICAL, _STATE_PRIORS)
    blood, melanin, _ = solution
    return SkinState(
        melanin=_TYPICAL.melanin * float(np.exp2(melanin)),
        blood=_TYPICAL.blood * float(np.exp2(blood)),
        melanin_sd=float(np.sqrt(covariance[1, 1])),
        blood_sd=float(np.sqrt(covariance[0, 0])),
    )


def explain(shift: Shift, state: SkinState, priors: Priors = CHANGE_PRIORS) -> Change:
    """Blood and melanin doublings that explain a shift already freed of light and camera.

    The spread holds the shift's covariance, unseen glare, and that the person's own baseline is
    known only roughly.
    """
    covariance = shift.covariance + _unseen_glare(state)
    solution, posterior = _solve(shift.value, covariance, state, priors)
    variance: Floats = np.array(np.diag(posterior), np.float64)
    for other in (
        replace(state, melanin=state.melanin * float(np.exp2(state.melanin_sd))),
        replace(state, blood=state.blood * float(np.exp2(state.blood_sd))),
    ):
        moved, _ = _solve(shift.value, covariance, other, priors)
        variance = variance + (moved - solution) ** 2
    redness, pigment, _ = (
        Estimate(float(value), float(sd))
        for value, sd in zip(solution, np.sqrt(variance), strict=True)
    )
    return Change(redness, pigment)


def explain_pixels(
    change: Floats, state: SkinState, sd: float, priors: Priors = CHANGE_PRIORS
) -> tuple[Floats, Floats]:
    """Redness and pigment, (n,) each, for n changes of log RGB (n, 3) with one spread `sd`."""
    covariance = np.eye(3) * sd**2 + _unseen_glare(state)
    solution, _ = _solve(change, covariance, state, priors)
    return solution[..., 0], solution[..., 1]


def blood_slope(state: SkinState) -> Floats:
    """How log RGB (3,) changes with one doubling of blood around this skin."""
    slope: Floats = _steepness(np.zeros(3), state)[:, 0]
    return slope


def _solve(
    observed: Floats, covariance: Floats, state: SkinState, priors: Priors
) -> tuple[Floats, Floats]:
    """Gauss–Newton for (Δ log2 blood, Δ log2 melanin, Δ log exposure), shape (..., 3).

    Also their posterior covariance (..., 3, 3). `observed` is (..., 3), the rest is shared.
    """
    weight = np.linalg.inv(covariance)
    prior = np.diag([priors.blood**-2.0, priors.melanin**-2.0, priors.exposure**-2.0])
    start = log_rgb(state.melanin, state.blood)
    solution: Floats = np.zeros(observed.shape)
    posterior: Floats = np.broadcast_to(np.eye(3), (*observed.shape, 3))
    for _ in range(6):
        slope = _steepness(solution, state)
        predicted = _log_colour(solution, state) - start + solution[..., 2:3]
        slope_weighted = np.swapaxes(slope, -1, -2) @ weight
        posterior = np.linalg.inv(slope_weighted @ slope + prior).astype(np.float64)
        pull = slope_weighted @ (observed - predicted)[..., np.newaxis]
        step = posterior @ (pull - (prior @ solution[..., np.newaxis]))
        solution = solution + np.clip(step[..., 0], -1.5, 1.5)
    return solution, posterior


def _log_colour(solution: Floats, state: SkinState) -> Floats:
    melanin = state.melanin * np.exp2(solution[..., 1])
    blood = state.blood * np.exp2(solution[..., 0])
    return log_rgb(melanin, blood)


def _steepness(solution: Floats, state: SkinState) -> Floats:
    """Slopes of log RGB by blood, melanin and exposure, (..., 3 channels, 3 causes)."""
    columns = []
    for cause in (0, 1):
        step = np.zeros(3)
        step[cause] = _STEEPNESS_STEP
        more, less = (_log_colour(solution + side * step, state) for side in (1, -1))
        columns.append((more - less) / (2 * _STEEPNESS_STEP))
    columns.append(np.ones_like(columns[0]))
    return np.stack(columns, axis=-1)


def _unseen_glare(state: SkinState) -> Floats:
    """Covariance from a change of glare: an additive veil that weighs most where skin is dark."""
    colour = np.exp(log_rgb(state.melanin, state.blood))
    slope = (1 - colour) / colour * _GLARE_SD
    return np.outer(slope, slope)
