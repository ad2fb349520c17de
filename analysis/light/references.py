"""What tells of two days' light and camera: the card, own untreated skin, the frame."""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.face.faces import Face
from analysis.face.regions import Region, SkinMap
from analysis.images import Mask, SrgbImage, to_linear
from analysis.light.chromophores import (
    Reference,
    Shift,
    blood_slope,
    elsewhere,
    median_shift,
    patch_medians,
    tamed,
)
from analysis.light.plausible_skin import LEAST_GLARE, MOST_GLARE, SkinState, draw_evenly
from analysis.light.viewings import Floats, other_viewings
from analysis.robust import robust_sd

_FRAME_EDGE: Final = 160  # long edge of the copy from which the frame's colour is taken
_HEAD_AXES: Final = (1.7, 2.5)  # of the oval left out, in eye distances; it holds head and neck
_HEAD_BELOW: Final = 0.6
FRAME_LEVELS: Final = np.linspace(0.1, 0.9, 17)
"""The quantiles of the frame that are compared."""

_FEWEST_PIXELS: Final = 200
_CLIPPED: Final = (0.003, 0.90)
_FEWEST_LEVELS: Final = 5

# Of each log channel: where lamp and phone are those of the baseline, and where they are not.
_PHONE_SD: Final = (0.06, 0.13)  # a phone's white balance wanders day by day
_FRAME_SD: Final = (0.02, 0.08)  # even where the frame seems not to have changed
_EYES_SD: Final = (0.04, 0.07)  # vessels and lids tint the white of an eye
_CARD_SD: Final = (0.01, 0.04)  # metamerism: ink and skin of one colour part under another lamp
# How far the card's patches disagree about the change of tint: log-normal, middle and log spread.
_APART: Final = ((0.045, 0.3), (0.18, 0.8))
_LEAST_APART: Final = 0.01  # log units; below it is noise
_LIDS_BLOOD: Final = 0.3  # doublings by which lids and vessels redden with the face
_FREEDOM: Final = 3.0  # of a t distribution: neck, eyes and frame may mislead altogether
_SKIN_SD: Final = 0.006  # of each log channel: light differs a little between face and neck
_OWN_BLOOD_SD: Final = 0.05  # doublings by which untreated skin itself varies from day to day
_UNKNOWN_EXPOSURE: Final = 1.0  # log units; cameras expose for the frame, not for the skin
_SHADING: Final = 1.2  # shading of face against reference, per unevenness within the reference
_SHADING_BOUNDS: Final = (0.08, 0.6)  # log units: that remains however still the light stood

_DAYS_IMAGINED: Final = 8  # for every plausible skin
_GUESSES: Final = 400
_SAME_VIEWING: Final = 0.25  # share of days whose lamp and camera are those of the baseline
_SAME_CAMERA: Final = 0.5  # share of days with the same camera under some lamp
_GLARE_CHANGE_SD: Final = 0.012
# Phones render skin by curves of their own: 0.8 to 1.6 times as steep as sRGB says (± 2 sd).
_LOG_CONTRAST: Final = 0.10
_LOG_CONTRAST_SD: Final = 0.17


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """What light and camera did between two days, and the reference that tells it.

    `light` (k, 3) is the change of log RGB by white balance and exposure, as each guess of `state`
    has it, with its `covariance` (k, 3, 3); shading between face and reference is in it.
    `contrast` (k,) is how much more than itself a change of log light shows in the photos.
    """

    reference: Reference
    light: Floats
    covariance: Floats
    state: SkinState
    contrast: Floats

    @property
    def on_skin(self) -> Floats:
        """How log RGB (3,) of the face would have shifted had the skin not changed."""
        shift: Floats = self.state.weight @ (self.light + self.state.unchanged)
        return shift


@dataclass(frozen=True, slots=True, eq=False)
class CardShift:
    """What the card says: the `shift` of log RGB of skin that did not change.

    `apart` is how far the patches disagree about the tint of the change, log units.
    """

    shift: Shift
    apart: float


@dataclass(frozen=True, slots=True, eq=False)
class UntreatedSkin:
    """Skin that has not been treated, in both photos.

    `shift` is the change of its log RGB between the days, `difference` that of its log RGB against
    the face in the baseline photo, `shading` how far brightness may have shifted between the two
    (log units).
    """

    shift: Shift
    difference: Shift
    shading: float


def see_untreated(
    change: NDArray[np.float32], against_face: NDArray[np.float32], where: Mask
) -> UntreatedSkin | None:
    """What untreated skin shows of the light, or none where there is too little of it.

    `change` (h, w, 3) is that of log RGB between the days, `against_face` (h, w, 3) the baseline's
    log RGB less the face's. Shading between face and reference is believed to have stayed as far as
    brightness changed evenly all over the reference.
    """
    shift, difference = median_shift(change, where), median_shift(against_face, where)
    if shift is None or difference is None:
        return None
    brightness = patch_medians(change, where.pixels).mean(axis=1)
    unevenness = float(robust_sd(brightness - np.median(brightness)))
    return UntreatedSkin(shift, difference, float(np.clip(_SHADING * unevenness, *_SHADING_BOUNDS)))


def compare_days(
    state: SkinState,
    frame: Shift | None,
    *,
    eyes: Shift | None = None,
    card: CardShift | None = None,
    untreated: UntreatedSkin | None = None,
) -> Comparison:
    """What light and camera did, by everything that tells of it; the best source names it.

    `frame` and `eyes` are the shifts of the frame's colours and of the whites of the eyes. Each
    source is believed by its spread, which is narrow for guesses in which nothing changed but
    exposure and white balance. Guesses of lamps and skins under which the sources contradict each
    other lose weight: that is how a lamp betrays itself.
    """
    there = elsewhere(state, untreated.difference) if untreated else state
    index = draw_evenly(there.weight, _DAYS_IMAGINED * len(state.weight))
    imagined = _imagine_today(state.pick(index))
    same = imagined.after == imagined.before
    known = _balanced_by_phone(same)
    if card:
        as_glossy = replace(imagined, glare_after=imagined.glare)  # no card shows the skin's shine
        value = card.shift.value - as_glossy.unchanged
        known = known.joined(value, card.shift.covariance + _either(same, _CARD_SD))
        known = known.weighed(np.where(same, *_log_likelihoods(card.apart)))
    if untreated:
        beside = _in_the_same_light(there.pick(index), imagined)
        drift = _OWN_BLOOD_SD * blood_slope(state)
        spread = np.eye(3) * _SKIN_SD**2 + np.outer(drift, drift) + untreated.shading**2
        value = untreated.shift.value - beside.unchanged
        known = known.joined(value, untreated.shift.covariance + spread, _FREEDOM)
    lids = _LIDS_BLOOD * blood_slope(state)
    for source, sds, drift in ((eyes, _EYES_SD, lids), (frame, _FRAME_SD, np.zeros(3))):
        if source:
            spread = _either(same, sds) + np.outer(drift, drift) + _UNKNOWN_EXPOSURE**2
            known = known.joined(source.value, source.covariance + spread, freedom=_FREEDOM)
    kept = draw_evenly(np.exp(known.log_likelihood - known.log_likelihood.max()), _GUESSES)
    noise = np.random.default_rng(1995).standard_normal(len(kept))
    contrast = np.exp(_LOG_CONTRAST + _LOG_CONTRAST_SD * noise)
    others = Reference.SKIN if untreated else Reference.HISTORY
    return Comparison(
        Reference.CARD if card else others,
        known.value[kept],
        known.covariance[kept],
        imagined.pick(kept),
        contrast,
    )


def see_frame(photo: SrgbImage, face: Face) -> Floats | None:
    """Quantiles (17, 3) of log RGB of everything in the frame but the head: never of skin.

    None where too little can be seen.
    """
    surroundings = _surroundings(photo, face)
    if len(surroundings) < _FEWEST_PIXELS:
        return None
    levels: Floats = np.quantile(surroundings, FRAME_LEVELS, axis=0)
    return levels


def compare_frames(today: Floats | None, before: Floats | None) -> Shift | None:
    """The light's shift between two photos by what `see_frame` saw of either.

    The same scene under another light moves all quantiles of its log channels alike; where they
    disagree the scene has changed and the spread grows. None where too little can be seen.
    """
    if today is None or before is None:
        return None
    seen = np.all(_is_seen(today) & _is_seen(before), axis=1)
    if np.count_nonzero(seen) < _FEWEST_LEVELS:
        return None
    moved = (today - before)[seen]
    tint = moved - moved.mean(axis=1, keepdims=True)
    disagreement = robust_sd(tint - np.median(tint, axis=0))
    return Shift(np.median(moved, axis=0), np.diag(disagreement**2))


def untreated_skin(skin: SkinMap, comparable: Mask, treated: Mask, *, besides: Region) -> Mask:
    """Skin that may serve as reference for a region: neck and untreated parts, never itself."""
    allowed = skin.reference.pixels & comparable.pixels & ~treated.pixels
    if besides in skin.areas:
        allowed &= ~skin.areas[besides].pixels
    return Mask(allowed)


@dataclass(frozen=True, slots=True, eq=False)
class _Light:
    """What is known of the light: `value` (n, 3) for each guess, with `covariance` (n, 3, 3).

    `log_likelihood` (n,) says how well each guess agrees with all sources so far.
    """

    value: Floats
    covariance: Floats
    log_likelihood: Floats

    def joined(self, value: Floats, covariance: Floats, freedom: float = np.inf) -> "_Light":
        """With one more source, by Kalman's update.

        With a finite `freedom` its errors follow a t distribution: a source that lies far from all
        that is known already is believed less (one step of reweighting), and refutes less.
        """
        gap, total = value - self.value, self.covariance + covariance
        squared = np.einsum("ni,nij,nj->n", gap, np.linalg.inv(total), gap)
        doubt = (
            np.maximum(1.0, (freedom + squared) / (freedom + 3)) if np.isfinite(freedom) else 1.0
        )
        believed = covariance * np.reshape(doubt, (-1, 1, 1))
        gain = self.covariance @ np.linalg.inv(self.covariance + believed)
        cost = tamed(squared, freedom) + np.linalg.slogdet(total)[1]
        return _Light(
            self.value + (gain @ gap[..., np.newaxis])[..., 0],
            self.covariance - gain @ self.covariance,
            self.log_likelihood - 0.5 * cost,
        )

    def weighed(self, log_likelihood: Floats) -> "_Light":
        """With evidence (n,) for the guesses that says nothing of the light's colour."""
        return replace(self, log_likelihood=self.log_likelihood + log_likelihood)


def _balanced_by_phone(same: NDArray[np.bool_]) -> _Light:
    """What a phone's habit lets expect before anything is seen."""
    covariance = _either(same, _PHONE_SD) + _UNKNOWN_EXPOSURE**2
    return _Light(np.zeros((len(same), 3)), covariance, np.zeros(len(same)))


def _either(same: NDArray[np.bool_], sds: tuple[float, float]) -> Floats:
    """Covariances (n, 3, 3) of independent channels: in the same light, or in another."""
    variance = np.where(same, sds[0] ** 2, sds[1] ** 2)
    covariances: Floats = variance[:, np.newaxis, np.newaxis] * np.eye(3)
    return covariances


def _log_likelihoods(apart: float) -> list[float]:
    """Of the card's patches being so far `apart` in the same light, and in another."""
    return [
        -0.5 * float((np.log(max(apart, _LEAST_APART) / middle) / spread) ** 2) - np.log(spread)
        for middle, spread in _APART
    ]


def _imagine_today(state: SkinState) -> SkinState:
    """Every guess under some lamp, camera and glare that today may have.

    Many days look as the baseline did; chance is seeded, so that one photo has one reading.
    """
    rng = np.random.default_rng(2005)
    count = len(state.weight)
    same_camera, any_camera = other_viewings(state.before, rng)
    kind = rng.random(count)
    after = np.where(kind < _SAME_VIEWING + _SAME_CAMERA, same_camera, any_camera)
    after = np.where(kind < _SAME_VIEWING, state.before, after)
    glare = state.glare + _GLARE_CHANGE_SD * rng.standard_normal(count)
    return replace(state, after=after, glare_after=np.clip(glare, LEAST_GLARE, MOST_GLARE))


def _in_the_same_light(skin: SkinState, imagined: SkinState) -> SkinState:
    """Another skin of the same photo on the days imagined for the face."""
    glare = skin.glare + imagined.glare_after - imagined.glare
    return replace(skin, after=imagined.after, glare_after=np.clip(glare, LEAST_GLARE, MOST_GLARE))


def _surroundings(photo: SrgbImage, face: Face) -> Floats:
    """Log RGB (n, 3) of a reduced frame without head and neck."""
    scale = min(1.0, _FRAME_EDGE / max(photo.size))
    light = to_linear(photo.reduced(scale)).pixels
    rows, columns = np.mgrid[: light.shape[0], : light.shape[1]]
    reach = face.eye_distance * scale
    across = (columns - face.centre[0] * scale) / (_HEAD_AXES[0] * reach)
    down = (rows - (face.centre[1] * scale + _HEAD_BELOW * reach)) / (_HEAD_AXES[1] * reach)
    outside = across**2 + down**2 > 1
    surroundings: Floats = np.log(np.maximum(light[outside], 1e-5)).astype(np.float64)
    return surroundings


def _is_seen(levels: Floats) -> NDArray[np.bool_]:
    """Levels of log light that the camera neither drowned in black nor clipped."""
    low, high = _CLIPPED
    seen: NDArray[np.bool_] = (levels > np.log(low)) & (levels < np.log(high))
    return seen
