"""The gate: judge a photo while the patient still holds the phone.

Every limit is relative to the person's own face or own baseline photo; absolute brightness would
refuse dark skin.
"""

from dataclasses import dataclass
from enum import IntEnum
from functools import cache
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from analysis.errors import Fault, Unmeasurable
from analysis.face.faces import Face, FindFace, find_face
from analysis.face.regions import Region, eye_openings, map_skin, outlined_areas, still_comparable
from analysis.face.registration import (
    EYE_DISTANCE,
    GridView,
    Registration,
    align,
    register,
    view_on_grid,
)
from analysis.images import LinearImage, SrgbImage


@dataclass(frozen=True, slots=True)
class Limit:
    """Two limits of one measure: from `warns` on the photo is poor, from `refuses` on useless."""

    warns: float
    refuses: float


SMALL_FACE: Final = Limit(warns=600, refuses=320)  # pixels of face width, downwards
BLUR: Final = Limit(warns=0.016, refuses=0.024)  # width of a sharp edge, in eye distances
EXTRA_BLUR: Final = Limit(warns=0.010, refuses=0.018)  # the same beyond the baseline's own
CLIPPED: Final = Limit(warns=0.04, refuses=0.15)  # share of the skin with a burnt-out channel
DROWNED: Final = Limit(warns=0.15, refuses=0.40)  # share of the skin darker than a code can tell
NOISE: Final = Limit(warns=0.05, refuses=0.09)  # log units, pixel to pixel, on the face grid
TURN: Final = Limit(warns=8.0, refuses=14.0)  # degrees as `Registration.turn` sees them
UNEVEN: Final = Limit(warns=0.9, refuses=1.6)  # log ratio of two sides of the face
UNEVEN_CHANGE: Final = Limit(warns=0.7, refuses=1.7)  # the same against the baseline's own
CAST_CHANGE: Final = Limit(warns=0.40, refuses=0.64)  # log ratio of two channels against baseline
STRANGENESS: Final = Limit(warns=0.0, refuses=0.25)  # natural log, as `Registration.strangeness`
HIDDEN_ALONE: Final = Limit(warns=0.80, refuses=0.93)  # share of the outlines that is no clear skin
HIDDEN: Final = Limit(warns=0.5, refuses=0.7)  # share of the baseline's skin that cannot be seen

_LOOSENING: Final = frozenset({Fault.BLURRED, Fault.OCCLUDED})  # of the same person's face, too
_ALIKE: Final = 0.96  # likeness that two people never reached, and a beard does not lower
_TWO_COLOURS: Final = 0.25  # hidden share from which a strange colour is a cover, not a lamp

# Log ratios of linear channels that skin can have under any light a phone balances.
_SKIN_RED_GREEN: Final = (0.10, 1.70)
_SKIN_GREEN_BLUE: Final = (-0.20, 2.20)
_BURNT: Final = 0.955
_BLACK: Final = 0.0065  # linear: the 20th code of 8 bits, a twentieth darker than the 21st
_SCLERA: Final = (0.75, 0.95)  # quantiles of luminance between the lids
_VEIL: Final = 0.005  # linear light that glare and lens may add one day and not the other
_EYE_BAND: Final = np.s_[200:345, 130:430]  # brows to lower lids on the grid
_FINE, _COARSE = 1.2, 3.5  # two Gaussian widths, pixels, between which the loss of edges is read
_LUMINANCE: Final = np.array([0.2126, 0.7152, 0.0722], np.float32)


@dataclass(frozen=True, slots=True)
class Quality:
    """The verdict on a photo: `faults` refuse it, `warnings` only lower its worth."""

    faults: tuple[Fault, ...]
    warnings: tuple[Fault, ...]
    face: Face | None

    @property
    def acceptable(self) -> bool:
        """Whether the photo may be measured."""
        return not self.faults


class _Grade(IntEnum):
    GOOD = 0
    POOR = 1
    USELESS = 2


_Finding = tuple[Fault, _Grade]


@dataclass(frozen=True, slots=True, eq=False)
class _Look:
    """What the gate sees of one photo, on the face grid."""

    view: GridView
    log_light: NDArray[np.float32]


def judge_photo(
    photo: SrgbImage, baseline: SrgbImage | None, find: FindFace = find_face
) -> Quality:
    """Name every fault of a photo; without `baseline` it is judged as a baseline itself.

    A baseline in which no single face is found raises `Unmeasurable`: it was never accepted.
    """
    try:
        face = find(photo)
    except Unmeasurable as unmeasurable:
        return Quality((unmeasurable.fault,), (), None)
    look = _look_at(photo, face)
    size = Limit(-SMALL_FACE.warns, -SMALL_FACE.refuses)
    findings = [(Fault.FACE_TOO_SMALL, _grade(-face.width, size)), *_judge_exposure(look)]
    if baseline is None:
        findings += _judge_alone(look)
    else:
        before = _look_at(baseline, find(baseline))
        findings += _judge_against(before, look, photo, face, findings)
    worst: dict[Fault, _Grade] = {}
    for fault, grade in findings:
        worst[fault] = max(grade, worst.get(fault, _Grade.GOOD))
    return Quality(
        faults=tuple(fault for fault, grade in worst.items() if grade is _Grade.USELESS),
        warnings=tuple(fault for fault, grade in worst.items() if grade is _Grade.POOR),
        face=face,
    )


def _look_at(photo: SrgbImage, face: Face) -> _Look:
    view = view_on_grid(photo, face)
    log_light = np.log(np.maximum(view.light.pixels, np.float32(5e-4)))
    return _Look(view, log_light)


def _grade(value: float, limit: Limit) -> _Grade:
    if value >= limit.refuses:
        return _Grade.USELESS
    return _Grade.POOR if value >= limit.warns else _Grade.GOOD


def _judge_exposure(look: _Look) -> list[_Finding]:
    """Clipping at either end and noise: what makes colour unreadable, however bright the face."""
    light = look.view.light.pixels[_face_area()]
    burnt = float(np.mean((light > _BURNT).any(axis=1)))
    drowned = float(np.mean(light @ _LUMINANCE < _BLACK))
    return [
        (Fault.TOO_BRIGHT, _grade(burnt, CLIPPED)),
        (Fault.TOO_DARK, _grade(drowned, DROWNED)),
        (Fault.TOO_DARK, _grade(measure_noise(look.view.light), NOISE)),
    ]


def _judge_alone(look: _Look) -> list[_Finding]:
    """A baseline has only itself: no blur, no one-sided light, a colour that skin can have."""
    red_green, green_blue = _skin_hue(look)
    in_reach = (
        _SKIN_RED_GREEN[0] < red_green < _SKIN_RED_GREEN[1]
        and _SKIN_GREEN_BLUE[0] < green_blue < _SKIN_GREEN_BLUE[1]
    )
    seen = np.mean(map_skin(look.view).counted.pixels[_face_area()])
    return [
        (Fault.BLURRED, _grade(measure_blur(look.view.light), BLUR)),
        (Fault.UNEVEN_LIGHT, _grade(float(np.abs(_slants(look)).max()), UNEVEN)),
        (Fault.COLOUR_CAST, _Grade.GOOD if in_reach else _Grade.USELESS),
        (Fault.OCCLUDED, _grade(float(1 - seen), HIDDEN_ALONE)),
    ]


def _judge_against(
    before: _Look, look: _Look, photo: SrgbImage, face: Face, known: list[_Finding]
) -> list[_Finding]:
    """Light, colour, blur and pose against the patient's own baseline.

    Where the face cannot be laid onto the baseline it may be another person's; but a photo with a
    useless light or blur, perhaps `known` already, explains itself, and then says so.
    """
    slant = np.abs(np.subtract(_slants(look), _slants(before)))
    blur, blur_before = measure_blur(look.view.light), measure_blur(before.view.light)
    extra = float(np.sqrt(max(blur**2 - blur_before**2, 0.0)))
    findings = [
        (Fault.BLURRED, _grade(extra, EXTRA_BLUR)),
        (Fault.UNEVEN_LIGHT, _grade(float(slant.max()), UNEVEN_CHANGE)),
    ]
    skin_cast, eye_cast = _casts(before, look)
    cast = (Fault.COLOUR_CAST, _grade(min(skin_cast, eye_cast), CAST_CHANGE))
    try:
        registration = register(photo, face, onto=before.view)
    except Unmeasurable as unmeasurable:
        explained = any(grade is _Grade.USELESS for _, grade in [*known, *findings])
        covered = unmeasurable.fault is Fault.OCCLUDED  # a cover has its own colour
        if explained or (cast[1] is _Grade.USELESS and not covered):
            return [*findings, cast]
        return [*findings, (unmeasurable.fault, _Grade.USELESS)]
    hidden = _hidden_share(registration, before)
    two_colours = skin_cast >= CAST_CHANGE.refuses and hidden >= _TWO_COLOURS
    if two_colours:  # a lamp tints all of a face alike
        cast = (Fault.OCCLUDED, _Grade.USELESS)
    findings += [
        cast,
        (Fault.TURNED_AWAY, _grade(abs(registration.turn), TURN)),
        (Fault.OCCLUDED, _grade(hidden, HIDDEN)),
    ]
    return [*findings, (Fault.DIFFERENT_PERSON, _otherness(registration, [*known, *findings]))]


def _otherness(registration: Registration, findings: list[_Finding]) -> _Grade:
    """Whether this is somebody else's face: too few features agree, and too loosely.

    What is useless for another reason says so itself; blur and covers loosen anybody's features, so
    there it stays a doubt.
    """
    grade = _grade(registration.strangeness, STRANGENESS)
    if registration.likeness >= _ALIKE or any(found is _Grade.USELESS for _, found in findings):
        return _Grade.GOOD
    loosened = any(found is _Grade.POOR for fault, found in findings if fault in _LOOSENING)
    return min(grade, _Grade.POOR) if loosened else grade


def _casts(before: _Look, look: _Look) -> tuple[float, float]:
    """The change of colour (log ratio of two channels) of the skin, and of the white of the eyes.

    Dark skin returns so little blue that a trace of glare, or another camera, changes its hue;
    inflamed skin changes its own, and a cover has another. The eyes do not, but may be closed. A
    lamp tints both.
    """
    now, then = _skin_colour(look), _skin_colour(before)
    veiled = _between_channels(np.log1p(_VEIL / np.minimum(now, then)))
    skin = np.abs(_between_channels(np.log(now / then))) - np.abs(veiled)
    eyes = np.abs(_between_channels(np.log(_eye_colour(look) / _eye_colour(before))))
    return float(skin.max()), float(eyes.max())


def _between_channels(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Red less green, green less blue, red less blue."""
    between: NDArray[np.float64] = values[[0, 1, 0]] - values[[1, 2, 2]]
    return between


def _eye_colour(look: _Look) -> NDArray[np.float64]:
    """Linear RGB (3,) of the bright quarter of what lies between the lids, without glints."""
    light = look.view.light.pixels
    whites = []
    for opening in eye_openings():
        pixels = light[opening.pixels]
        luminance = pixels @ _LUMINANCE
        low, high = np.quantile(luminance, _SCLERA)
        whites.append(np.median(pixels[(luminance >= low) & (luminance <= high)], axis=0))
    colour: NDArray[np.float64] = np.maximum(np.mean(whites, axis=0), _BLACK / 10)
    return colour


def _hidden_share(registration: Registration, before: _Look) -> float:
    """Share of the baseline's skin on the face that cannot be compared today."""
    skin = map_skin(before.view)
    comparable = still_comparable(align(registration), before.view, skin).pixels
    counted = skin.counted.pixels & skin.face.pixels
    return 1 - int(np.count_nonzero(comparable & counted)) / max(int(counted.sum()), 1)


def measure_blur(light: LinearImage) -> float:
    """Width (one Gaussian sigma) of the sharpest edges about the eyes, in eye distances.

    Eyes have sharp edges in everybody. Blurring an edge of width s by a Gaussian t leaves a slope
    of 1/√(s²+t²); how much slope is lost between two known blurs tells s. Directions are judged
    apart, and the worse one counts: a shaken photo stays sharp across its movement.
    """
    luminance = np.log(np.maximum(light.pixels @ _LUMINANCE, np.float32(2e-3)))
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
    # Immerkær's mask (1996) answers to neither slopes nor edges along the axes.
    mask = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
    answer = np.abs(cv2.filter2D(luminance, cv2.CV_32F, mask)[_face_area()])
    return float(1.4826 * np.median(answer) / 6)


@cache
def _face_area() -> NDArray[np.bool_]:
    area: NDArray[np.bool_] = np.logical_or.reduce([m.pixels for m in outlined_areas().values()])
    area.flags.writeable = False
    return area


def _skin_hue(look: _Look) -> tuple[float, float]:
    """Median log(R/G) and log(G/B) of cheeks and nose, whether or not it looks like skin."""
    red, green, blue = np.log(_skin_colour(look))
    return float(red - green), float(green - blue)


def _skin_colour(look: _Look) -> NDArray[np.float64]:
    """Median linear RGB (3,) of cheeks and nose."""
    areas = (Region.LEFT_CHEEK, Region.RIGHT_CHEEK, Region.NOSE)
    core = np.logical_or.reduce([outlined_areas()[region].pixels for region in areas])
    return np.exp(np.median(look.log_light[core], axis=0)).astype(np.float64)


def _slants(look: _Look) -> tuple[float, float]:
    """Log ratio of brightness between the cheeks, and between nose and chin."""
    left, right, nose, chin = (
        float(np.median(look.log_light[outlined_areas()[region].pixels]))
        for region in (Region.LEFT_CHEEK, Region.RIGHT_CHEEK, Region.NOSE, Region.CHIN)
    )
    return left - right, nose - chin
