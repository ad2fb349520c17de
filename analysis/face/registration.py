"""Align a photo to the baseline: features first, then a smooth dense refinement.

Everything is compared on one grid: the face upright, the pupils `EYE_DISTANCE` apart, with room for
forehead, neck and upper chest. Only the structure of *log* luminance is used, with its local mean
and contrast removed, so that lamps, exposure and reddened skin do not move the face.
"""

from dataclasses import dataclass
from functools import cache
from math import asin, degrees, inf, log
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage.transform import AffineTransform

from analysis.errors import Fault, Unmeasurable
from analysis.face.faces import Face
from analysis.face.features import Features, Matches, find_features, match_features
from analysis.face.flow import Flow, Flowing, coarse_flow, full_flow, widely_blurred
from analysis.face.grid import (
    EYE_DISTANCE,
    EYES,
    GRID_SIZE,
    GridView,
    PhotoView,
    grid_points,
    moved,
    view_on_grid,
)
from analysis.images import LinearImage, Mask, SrgbImage, mirror_photo

_FACE_CENTRE: Final = (280, 345)
_FEATURE_AXES: Final = (180, 265)  # half axes of the ellipse in which features are sought
_CORE_AXES: Final = (
    140,
    200,
)  # …and of the one in which likeness is judged: no hair, no background
_REACH: Final = 0.40 * EYE_DISTANCE  # how far apart two views of one feature may be at first
_AGREES: Final = 0.035 * EYE_DISTANCE  # how close a match must be to count as an inlier
_LARGEST_FLOW: Final = 0.15 * EYE_DISTANCE
_NOSE_TIP: Final = (280, 375)
_NOSE_DEPTH: Final = 0.37  # of the nose tip in front of the plane of the eyes, in eye distances

# For three people and their altered photos: the same face kept 44 to 530 inliers and a
# likeness above 0.99, another face at most 14 and 0.64, a mirrored one at most 30 and 0.86.
_MIN_INLIERS: Final = 12
_MIN_LIKENESS: Final = 0.66
_CLEAR_INLIERS: Final = 40
_CLEAR_LIKENESS: Final = 0.90
_LIKELIER: Final = 0.02
# With hand or mask over half of the face the other half still matched within 0.004, by 75 features
# and more, while the likeness fell below 0.70; without, it stayed above 0.85.
_COVERED_LIKENESS: Final = 0.70
_FIRM_RESIDUAL: Final = 0.007
# Rendered people: the same face kept 84 inliers within 0.008, another at most 66 beyond 0.011.
_FEW_INLIERS: Final = 75
_LOOSE_RESIDUAL: Final = 0.010

_STEADY: Final = np.array([0.5, 0.4, 0.1], np.float32)  # in red light skin changes least
_Structure = NDArray[np.uint8]


_STIFF: Final = Flowing(finest_scale=2, smoothing=0.10 * EYE_DISTANCE, longest=_LARGEST_FLOW)
_SUPPLE: Final = Flowing(finest_scale=1, smoothing=0.05 * EYE_DISTANCE, longest=_LARGEST_FLOW)


@dataclass(frozen=True, slots=True, eq=False)
class Motion:
    """How the grid of a photo moves onto the baseline's: `affine` (2, 3), then two smooth flows.

    Both flows, the stiff one and the supple one, are on a quarter of the grid (h/4, w/4, 2).
    """

    affine: NDArray[np.float64]
    stiff: Flow
    supple: Flow


@dataclass(frozen=True, slots=True, eq=False)
class Registration:
    """How a photo is aligned to the baseline.

    `view` is the photo on its own grid, flipped left to right first when `mirrored`; `source`
    (float32, h, w, 2) gives for every pixel of the baseline's grid the pixel (x, y) of `view` that
    shows the same skin. `residual` is the median distance left between matched features, as a
    fraction of the eye distance; `inliers` the number of matches behind it; `likeness` (−1..1) the
    correlation of facial structure after registration; `turn` the change of head rotation about the
    vertical, in degrees. All four are computed before the last, flexible flow, which could bend any
    face to any other. `matches` are all pairs of features that were compared, `motion` is that from
    which `source` follows.
    """

    view: PhotoView
    source: NDArray[np.float32]
    residual: float
    inliers: int
    likeness: float
    turn: float
    matches: Matches
    motion: Motion

    @property
    def mirrored(self) -> bool:
        """Whether the photo shows the face the other way round than the baseline."""
        return self.matches.mirrored

    @property
    def is_way_round_clear(self) -> bool:
        """Whether only this way round can be right: laid the wrong way round, no face fits so."""
        return _is_firm(self) and self.likeness >= _CLEAR_LIKENESS

    @property
    def strangeness(self) -> float:
        """How unlike two photos of one face this is, natural log; around 0 it may be another face.

        Few features agree between two people, and those that do are apart: skulls differ. The
        weights are those that separate rendered people best (linear discriminant).
        """
        if not self.inliers:
            return inf
        apart = max(self.residual, 1e-6) / _LOOSE_RESIDUAL
        return log(apart) - 1.5 * log(self.inliers / _FEW_INLIERS)


def features_of(view: GridView) -> Features:
    """The key points of a face by which photos are registered onto it."""
    return find_features(_structure(view.light), _feature_area())


def register(
    photo: SrgbImage,
    face: Face,
    *,
    onto: GridView,
    view: PhotoView | None = None,
    known: Features | Matches | None = None,
    may_be_mirrored: bool = True,
) -> Registration:
    """Register a photo onto the baseline's grid, plain or, if that fits better, mirrored.

    `view` is the photo on its own grid, where it is known already, and `known` are the features of
    `onto` or all matches of an earlier registration of the same two photos. Unless it
    `may_be_mirrored`, only plain is tried. Raises `Unmeasurable` with `DIFFERENT_PERSON` when too
    little facial structure agrees, and with `OCCLUDED` when one part of the face agrees precisely
    and the rest not at all.
    """
    structure = _structure(onto.light)
    if isinstance(known, Matches):
        own = _mirrored_view(photo, face) if known.mirrored else view or view_on_grid(photo, face)
        best = _laid(own, _structure(own.light), structure, known)
    else:
        features = known or find_features(structure, _feature_area())
        plain = view or view_on_grid(photo, face)
        best = _register(plain, structure, features, mirrored=False)
        if may_be_mirrored and not best.is_way_round_clear:
            other = _register(_mirrored_view(photo, face), structure, features, mirrored=True)
            best = other if _is_clearly_better(other, best) else best
    if best.likeness < _COVERED_LIKENESS and _is_firm(best):
        raise Unmeasurable(Fault.OCCLUDED, f"likeness {best.likeness:.2f} though features agree")
    enough = best.inliers >= _MIN_INLIERS and best.likeness >= _MIN_LIKENESS
    if not enough and best.likeness < _CLEAR_LIKENESS:
        support = f"{best.inliers} features agree, likeness {best.likeness:.2f}"
        raise Unmeasurable(Fault.DIFFERENT_PERSON, support)
    return best


def align(registration: Registration) -> GridView:
    """The photo aligned to the baseline's grid, and the pixels that it covers there."""
    view, source = registration.view, registration.source
    inside = view.covered.pixels.astype(np.uint8)
    covered = cv2.remap(inside, source, np.empty(0), cv2.INTER_NEAREST)
    return GridView(LinearImage(_sample(view.light.pixels, source)), Mask(covered > 0))


def _is_firm(registration: Registration) -> bool:
    """Whether so many features agree so well that it must be the same person."""
    return registration.inliers >= _CLEAR_INLIERS and registration.residual < _FIRM_RESIDUAL


def _is_clearly_better(mirrored: Registration, plain: Registration) -> bool:
    """Faces are nearly symmetric and lamps are not: only clear support flips a photo."""
    closer = mirrored.likeness > plain.likeness + _LIKELIER or (
        _is_firm(mirrored) and not _is_firm(plain) and mirrored.likeness > plain.likeness
    )
    return closer and mirrored.inliers > 1.5 * plain.inliers + 10


def _mirrored_view(photo: SrgbImage, face: Face) -> PhotoView:
    """The photo flipped left to right, on its grid; it maps back to the photo as received."""
    (left_x, left_y), (right_x, right_y) = face.eyes
    edge = photo.size[0] - 1
    flipped = mirror_photo(photo)
    eyes = ((edge - right_x, right_y), (edge - left_x, left_y))
    view = view_on_grid(flipped, Face(eyes, face.eyes_seen))
    flip = AffineTransform(scale=(-1, 1), translation=(edge, 0))
    return PhotoView(view.light, view.covered, view.to_photo + flip)


def _register(
    view: PhotoView, baseline: _Structure, features: Features, *, mirrored: bool
) -> Registration:
    structure = _structure(view.light)
    ours, theirs = match_features(features, find_features(structure, _feature_area()), _REACH)
    return _laid(view, structure, baseline, Matches(ours, theirs, mirrored))


def _laid(
    view: PhotoView, structure: _Structure, baseline: _Structure, matches: Matches
) -> Registration:
    """The registration of a view of this `structure` onto the baseline's, by all matches."""
    ours, theirs = matches.ours, matches.theirs
    affine, agree = _fit_affine(ours, theirs)
    laid = cv2.warpAffine(
        structure,
        affine,
        GRID_SIZE,
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    stiffly = coarse_flow(baseline, laid.astype(np.uint8), _STIFF)
    stiff = _stiff_source(affine, stiffly)
    structure_laid = _sample(structure, stiff)
    motion = Motion(
        affine, stiffly, coarse_flow(baseline, structure_laid.astype(np.uint8), _SUPPLE)
    )
    return Registration(
        view=view,
        source=_bent(stiff, motion.supple),
        residual=_residual(stiff, ours[agree], theirs[agree]),
        inliers=int(np.count_nonzero(agree)),
        likeness=_likeness(baseline, structure_laid),
        turn=_turn(stiff),
        matches=matches,
        motion=motion,
    )


def source_of(motion: Motion) -> NDArray[np.float32]:
    """Where each pixel of the baseline's grid comes from, (h, w, 2), as in `Registration`."""
    return _bent(_stiff_source(motion.affine, motion.stiff), motion.supple)


def _structure(light: LinearImage) -> _Structure:
    """Log luminance, its local mean removed and its local contrast made equal; 128 is the mean."""
    luminance = np.log(np.maximum(light.pixels, 0) @ _STEADY + np.float32(0.003))
    sigma = 0.15 * EYE_DISTANCE
    detail = luminance - widely_blurred(luminance, sigma)
    contrast = np.sqrt(widely_blurred(detail * detail, sigma) + np.float32(0.03**2))
    structure: _Structure = np.clip(128 + 40 * detail / contrast, 0, 255).astype(np.uint8)
    return structure


@cache
def _feature_area() -> Mask:
    """Where features are sought: an oval around the face."""
    oval = np.zeros(GRID_SIZE[::-1], np.uint8)
    cv2.ellipse(oval, (_FACE_CENTRE, tuple(2 * a for a in _FEATURE_AXES), 0), 1, -1)
    return Mask(oval > 0)


def _fit_affine(
    ours: NDArray[np.float32], theirs: NDArray[np.float32]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """The 2×3 affine from baseline grid to photo grid, and which matches agree with it.

    If too few features agree, only the pupils are used: they are already in place on both grids.
    """
    by_pupils = np.eye(2, 3)
    if len(ours) < _MIN_INLIERS:
        return by_pupils, np.zeros(len(ours), np.bool_)
    found, _ = cv2.estimateAffine2D(
        ours, theirs, method=cv2.USAC_MAGSAC, ransacReprojThreshold=5, maxIters=3000
    )
    affine = by_pupils if found is None else found.astype(np.float64)
    gap = ours @ affine[:, :2].T + affine[:, 2] - theirs
    agree = np.hypot(gap[:, 0], gap[:, 1]) < _AGREES
    if np.count_nonzero(agree) < _MIN_INLIERS:
        return by_pupils, agree
    return affine, agree


@cache
def _trust() -> NDArray[np.float32]:
    """The weight of the dense flow, from 1 on the face to 0 beyond the hair line."""
    oval = np.zeros(GRID_SIZE[::-1], np.float32)
    cv2.ellipse(oval, (_FACE_CENTRE, tuple(2.2 * a for a in _FEATURE_AXES), 0), 1, -1)
    trust = widely_blurred(oval, 0.15 * EYE_DISTANCE)
    trust.flags.writeable = False
    return trust


def _stiff_source(affine: NDArray[np.float64], stiff: Flow) -> NDArray[np.float32]:
    """Where each baseline pixel comes from: first its flow, then the affine to the photo's grid."""
    return moved(grid_points() + full_flow(stiff, _trust()), affine)


def _bent(source: NDArray[np.float32], supple: Flow) -> NDArray[np.float32]:
    """Where each baseline pixel comes from when a flow is applied before `source`."""
    points = grid_points() + full_flow(supple, _trust())
    bent = cv2.remap(source, points, np.empty(0), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return bent.astype(np.float32, copy=False)


def _sample(
    image: NDArray[np.float32] | _Structure, source: NDArray[np.float32]
) -> NDArray[np.float32]:
    sampled = cv2.remap(
        image, source, np.empty(0), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return sampled.astype(np.float32, copy=False)


def _residual(
    source: NDArray[np.float32], ours: NDArray[np.float32], theirs: NDArray[np.float32]
) -> float:
    """Median distance between matched features after registration, in eye distances.

    Without any match it is as large as one that agrees may have.
    """
    if not len(ours):
        return _AGREES / EYE_DISTANCE
    there = cv2.remap(source, ours[:, np.newaxis], np.empty(0), cv2.INTER_LINEAR)[:, 0]
    gap = there - theirs
    return float(np.median(np.hypot(gap[:, 0], gap[:, 1]))) / EYE_DISTANCE


def _likeness(baseline: _Structure, laid: NDArray[np.float32]) -> float:
    """Correlation of facial structure between hair line and chin, fine texture left out."""
    core = np.zeros(baseline.shape, np.uint8)
    cv2.ellipse(core, (_FACE_CENTRE, tuple(2 * a for a in _CORE_AXES), 0), 1, -1)
    ours, theirs = (
        cv2.GaussianBlur(structure, (0, 0), 2.5)[core > 0].astype(np.float64)
        for structure in (baseline.astype(np.float32), laid)
    )
    if min(ours.std(), theirs.std()) == 0:
        return 0.0
    return float(np.corrcoef(ours, theirs)[0, 1])


def _turn(source: NDArray[np.float32]) -> float:
    """Degrees of head rotation: how far the nose tip moved sideways between the eyes."""
    left, right, nose = (source[int(y), int(x)].astype(np.float64) for x, y in (*EYES, _NOSE_TIP))
    axis = (right - left) / np.hypot(*(right - left))
    sideways = float((nose - (left + right) / 2) @ axis / np.hypot(*(right - left)))
    return degrees(asin(min(1.0, max(-1.0, sideways / _NOSE_DEPTH))))
