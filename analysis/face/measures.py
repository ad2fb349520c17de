"""What the gate measures on the pixels of a face: blur, shake, noise, light slope, occlusion.

All of it uses *log* light on the face grid and compares the face with itself, so neither exposure
nor skin tone changes a number.
"""

from functools import cache
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from analysis.face.grid import EYE_CENTRE, EYE_DISTANCE
from analysis.face.regions import outlined_areas
from analysis.images import LinearImage
from analysis.robust import robust_sd

_AROUND_EYES: Final = np.s_[180:365, 110:450]  # of the grid, with room for blurring
_EYE_BAND: Final = np.s_[20:165, 20:320]  # of that: brows to lower lids
_BELOW_THE_NOSE: Final = np.s_[368:496, 224:336]  # nostrils to lower lip on the grid
_FINE, _COARSE = 1.2, 3.5  # two Gaussian widths, pixels, between which the loss of edges is read
_SHARP, _SOFT = 0.8, 9.0  # two Gaussian widths, pixels: fine edges of the face and coarse ones
_LOST: Final = 0.5  # log energy of fine edges; less is lost by another lamp or a little noise
_STEP: Final = 4  # pixels of the grid from one sample of the light to the next
_ROUNDS: Final = 6  # of fitting; values far from the fit lose weight each time
_ONE_SIDE: Final = 0.15  # share of half an outline; with less skin the light is unknown
_WINDOW: Final = 14.0  # pixels; Gaussian width of the window in which structure is compared
_STRUCTURED: Final = 0.05  # log units: spread in the window that is more than skin's own texture
_OTHERS: Final = 0.4  # correlation in the window below which the structure is another
_CORE_AXES: Final = (140, 200)  # pixels; half axes of the face without hair and background
_CORE_CENTRE: Final = (280, 345)
_AROUND_CORE: Final = np.s_[74:616, 68:492]  # of the grid, with room for blur and window
_STEADY: Final = np.array([0.5, 0.4, 0.1], np.float32)  # in red light skin changes least
_LUMINANCE: Final = np.array([0.2126, 0.7152, 0.0722], np.float32)


@cache
def outlined_face() -> NDArray[np.bool_]:
    """All pixels of the grid (h, w) within the outline of any region, skin or not."""
    area: NDArray[np.bool_] = np.logical_or.reduce([m.pixels for m in outlined_areas().values()])
    area.flags.writeable = False
    return area


def log_luminance(light: LinearImage) -> NDArray[np.float32]:
    """Log luminance (h, w), averaged over a few pixels first."""
    smooth = cv2.GaussianBlur(light.pixels @ _LUMINANCE, (0, 0), 1.5)
    luminance: NDArray[np.float32] = np.log(np.maximum(smooth, np.float32(5e-4)))
    return luminance


def measure_slope(log_light: NDArray[np.float32], inside: NDArray[np.bool_]) -> float:
    """How steeply light falls off across the face or down it, log units per eye distance.

    A parabola is fitted to `log_light` (h, w) over the pixels `inside`. Its slope is the light, its
    curvature the round face. Values far from it (shine, hair, a mark) lose weight in each round.
    Without skin `inside` on both sides, all of the outlines is used.
    """
    halves = np.zeros((2, *inside.shape), np.bool_)
    halves[0, :, : int(EYE_CENTRE[0])] = halves[1, :, int(EYE_CENTRE[0]) :] = True
    if any((inside & half).sum() < _ONE_SIDE * (outlined_face() & half).sum() for half in halves):
        inside = outlined_face()
    rows, columns = np.nonzero(inside[::_STEP, ::_STEP])
    light = log_light[::_STEP, ::_STEP][rows, columns].astype(np.float64)
    x = (_STEP * columns - EYE_CENTRE[0]) / EYE_DISTANCE
    y = (_STEP * rows - EYE_CENTRE[1]) / EYE_DISTANCE - 0.5  # from the middle of the face
    terms = np.column_stack([np.ones_like(x), x, y, x * x, y * y])
    weights: NDArray[np.float64] = np.ones_like(light)
    for _ in range(_ROUNDS):
        fit = np.linalg.lstsq(terms * weights[:, np.newaxis], light * weights, rcond=None)[0]
        gap = light - terms @ fit
        spread = float(robust_sd(gap)) + 0.02
        weights = (1 / np.sqrt(1 + np.square(gap / (1.5 * spread)))).astype(np.float64)
    return float(np.abs(fit[1:3]).max())


def measure_lost_detail(before: LinearImage, now: LinearImage) -> tuple[float, float]:
    """How much fine detail was lost since, and how unevenly by direction; log energies, from 0.

    The first is the loss along the worst direction, relative to coarse structure. The second is how
    much more the worst direction lost than the best. A shaken photo smears or doubles edges along
    its movement and keeps those across; a lens out of focus loses all equally. Both photos are on
    the same grid, so the face itself cancels. Shadows add coarse edges; if hardly any fine detail
    is lost, both are 0.
    """
    fine = _edge_energy(now, _SHARP) - _edge_energy(before, _SHARP)
    if fine.min() > -_LOST:
        return 0.0, 0.0
    coarse = _edge_energy(now, _SOFT) - _edge_energy(before, _SOFT)
    return max(0.0, -float((fine - coarse).min())), float(np.ptp(fine))


def _edge_energy(light: LinearImage, width: float) -> NDArray[np.float64]:
    """Log energy (8,) of the face's edges along 8 directions, blurred to a width in pixels."""
    rows, columns = (
        slice(centre - half, centre + half)
        for centre, half in zip(_CORE_CENTRE[::-1], _CORE_AXES[::-1], strict=True)
    )
    luminance = np.log(np.maximum(light.pixels[rows, columns] @ _LUMINANCE, np.float32(2e-3)))
    core = _core()[rows, columns]
    down, across = (step[core] for step in np.gradient(cv2.GaussianBlur(luminance, (0, 0), width)))
    xx, xy, yy = (float(np.mean(p)) for p in (across * across, across * down, down * down))
    angles = np.arange(8) * np.pi / 8
    energy = xx * np.cos(angles) ** 2 + xy * np.sin(2 * angles) + yy * np.sin(angles) ** 2
    logarithm: NDArray[np.float64] = np.log(energy + 1e-9)
    return logarithm


def measure_foreign(before: LinearImage, now: LinearImage) -> float:
    """Share of the baseline's structure (nostrils, lips, folds) that is different today.

    A hand has the colour of skin but not the features of a face. Local correlation of log light
    depends neither on brightness nor on contrast; plain skin has no structure and is left out.
    """
    ours, theirs = (
        cv2.GaussianBlur(
            np.log(np.maximum(light.pixels[_AROUND_CORE], 0) @ _STEADY + np.float32(3e-3)),
            (0, 0),
            2.5,
        )[::2, ::2]
        for light in (before, now)
    )
    mean_ours, mean_theirs, product, square_ours, square_theirs = (
        cv2.GaussianBlur(plane, (0, 0), _WINDOW / 2)
        for plane in (ours, theirs, ours * theirs, ours * ours, theirs * theirs)
    )
    ours_spread = np.maximum(square_ours - mean_ours**2, 1e-8)
    theirs_spread = np.maximum(square_theirs - mean_theirs**2, 1e-8)
    alike = (product - mean_ours * mean_theirs) / np.sqrt(ours_spread * theirs_spread)
    structured = (ours_spread > _STRUCTURED**2) & _core()[_AROUND_CORE][::2, ::2]
    return float(np.mean(alike[structured] < _OTHERS)) if structured.any() else 0.0


def measure_features(light: LinearImage) -> float:
    """How strongly nostrils and mouth stand out, log units of light.

    The median, from nostrils to lower lip, of the spread within a small window. A mask of any
    colour, even of the person's own skin, hides the darkest lines of a face.
    """
    luminance = log_luminance(light)
    mean, square = (
        cv2.GaussianBlur(plane, (0, 0), _WINDOW)[_BELOW_THE_NOSE]
        for plane in (luminance, luminance * luminance)
    )
    return float(np.median(np.sqrt(np.maximum(square - mean**2, 0))))


def measure_blur(light: LinearImage) -> float:
    """Width (one Gaussian sigma) of the sharpest edges around the eyes, in eye distances.

    Eyes have sharp edges in every person. Blurring an edge of width s by a Gaussian t leaves a
    slope of 1/√(s²+t²), so the loss of slope between two known blurs gives s. Directions are judged
    separately, and the worse one counts: a shaken photo stays sharp across its movement.
    """
    around = light.pixels[_AROUND_EYES]
    luminance = np.log(np.maximum(around @ _LUMINANCE, np.float32(2e-3)))
    fine, coarse = (cv2.GaussianBlur(luminance, (0, 0), t)[_EYE_BAND] for t in (_FINE, _COARSE))
    widths = []
    for axis in (0, 1):
        steep, flat = (np.abs(np.diff(plane, axis=axis)) for plane in (fine, coarse))
        sharpest = steep >= np.quantile(steep, 0.97)
        kept = float(np.median(flat[sharpest] / np.maximum(steep[sharpest], 1e-6)))
        squared = min(kept, 0.99) ** 2
        widths.append((squared * _COARSE**2 - _FINE**2) / (1 - squared))
    return float(np.sqrt(max(*widths, 0.0))) / EYE_DISTANCE


def measure_noise(light: LinearImage) -> float:
    """Pixel-to-pixel spread of log luminance on the skin of the face, robust, in log units."""
    luminance = np.log(np.maximum(light.pixels @ _LUMINANCE, np.float32(5e-4)))
    # Immerkær's mask (1996) responds neither to slopes nor to edges along the axes.
    mask = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
    answer = cv2.filter2D(luminance, cv2.CV_32F, mask).astype(np.float32, copy=False)
    return float(robust_sd(answer[outlined_face()])) / 6


@cache
def _core() -> NDArray[np.bool_]:
    """The face without hair and background, on the grid."""
    core = np.zeros(outlined_face().shape, np.uint8)
    cv2.ellipse(core, (_CORE_CENTRE, tuple(2 * a for a in _CORE_AXES), 0), 1, -1)
    return core > 0
