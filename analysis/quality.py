"""The gate: judge a photo while the patient still holds the phone.

Every limit is relative to the person's own face or own baseline photo; absolute brightness would
refuse dark skin.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from analysis.errors import Fault, Unmeasurable
from analysis.face.faces import Face, FindFace, find_face
from analysis.face.grid import GridView, PhotoView
from analysis.face.measures import (
    log_luminance,
    measure_blur,
    measure_features,
    measure_foreign,
    measure_lost_detail,
    measure_noise,
    measure_slope,
    outlined_face,
)
from analysis.face.regions import Region, outlined_areas, still_comparable
from analysis.face.registration import Registration, align
from analysis.images import SrgbImage
from analysis.known import KnownPhotos, remembering
from analysis.light.eye_whites import eye_whites


@dataclass(frozen=True, slots=True)
class Limit:
    """Two limits of one measure: from `warns` on the photo is poor, from `refuses` on useless."""

    warns: float
    refuses: float


class Range(NamedTuple):
    """Values between two ends, which do not belong to it."""

    low: float
    high: float

    def holds(self, value: float) -> bool:
        """Whether the value is between the two ends."""
        return self.low < value < self.high


SMALL_FACE: Final = Limit(warns=600, refuses=320)  # pixels of face width, downwards
BLUR: Final = Limit(warns=0.016, refuses=0.024)  # width of a sharp edge, in eye distances
EXTRA_BLUR: Final = Limit(warns=0.010, refuses=0.018)  # the same beyond the baseline's own
CLIPPED: Final = Limit(warns=0.04, refuses=0.15)  # share of the skin with a burnt-out channel
DROWNED: Final = Limit(warns=0.15, refuses=0.40)  # share of the skin darker than a code can tell
NOISE: Final = Limit(warns=0.05, refuses=0.09)  # log units, pixel to pixel, on the face grid
TURN: Final = Limit(warns=8.0, refuses=14.0)  # degrees as `Registration.turn` sees them
SOFTENED: Final = Limit(warns=0.6, refuses=1.0)  # log energy of fine edges against the baseline's
SHAKE: Final = Limit(warns=0.25, refuses=0.35)  # the same, lost along one direction but not another
SLOPE: Final = Limit(warns=0.8, refuses=1.6)  # log units of light an eye distance, on skin
SLOPE_CHANGE: Final = Limit(warns=0.5, refuses=1.5)  # the same against the baseline's own
CAST_CHANGE: Final = Limit(warns=0.40, refuses=0.64)  # log ratio of two channels against baseline
CAST_BY_CARD: Final = Limit(warns=0.40, refuses=1.30)  # the same where both photos show the card
STRANGENESS: Final = Limit(warns=0.0, refuses=0.25)  # natural log, as `Registration.strangeness`
HIDDEN_ALONE: Final = Limit(warns=0.80, refuses=0.93)  # share of the outlines that is no clear skin
HIDDEN: Final = Limit(warns=0.5, refuses=0.7)  # share of the baseline's skin that cannot be seen
FEATURES: Final = Limit(warns=0.25, refuses=0.15)  # log units, nostrils and mouth, downwards
FOREIGN: Final = Limit(warns=0.06, refuses=0.10)  # share of the face's structure that is another's

_LOOSENING: Final = frozenset({Fault.BLURRED, Fault.OCCLUDED})  # of the same person's face, too
_ALIKE: Final = 0.96  # likeness that two people never reached, and a beard does not lower
_TWO_COLOURS: Final = 0.25  # hidden share from which a strange colour is a cover, not a lamp

_SHADOWED: Final = 0.08  # share of structure that shadows change, per log unit an eye distance
# Log ratios of linear channels that skin can have at all, and under a light that a phone balanced.
_SKIN_RED_GREEN: Final = (Range(0.10, 2.10), Range(0.10, 1.70))
_SKIN_GREEN_BLUE: Final = (Range(-0.40, 2.60), Range(-0.20, 2.20))
_LAMP_AXIS: Final = 0.64  # weight of red against blue: lamps differ along it more than across it
_BELOW_THE_EYES: Final = (Region.LEFT_CHEEK, Region.RIGHT_CHEEK, Region.NOSE)
_BURNT: Final = 0.955
_BLACK: Final = 0.0065  # linear: the 20th code of 8 bits, a twentieth darker than the 21st
_VEIL: Final = 0.005  # linear light that glare and lens may add one day and not the other
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
    """What the gate knows of one photo, on the face grid."""

    photo: SrgbImage
    face: Face
    view: PhotoView


def judge_photo(
    photo: SrgbImage, baseline: SrgbImage | None, find: FindFace = find_face
) -> Quality:
    """Name every fault of a photo; without `baseline` it is judged as a baseline itself.

    `find` finds the faces; `KnownPhotos` also remember what else is found out on the way.
    A baseline in which no single face is found raises `Unmeasurable`: it was never accepted.
    """
    known = remembering(find)
    try:
        face = known(photo)
    except Unmeasurable as unmeasurable:
        return Quality((unmeasurable.fault,), (), None)
    look = _Look(photo, face, known.view(photo))
    size = Limit(-SMALL_FACE.warns, -SMALL_FACE.refuses)
    findings = [
        (Fault.FACE_TOO_SMALL, _grade(-face.width / photo.scale, size)),
        *_judge_exposure(look),
    ]
    if baseline is None:
        findings += _judge_alone(look, known)
    else:
        before = _Look(baseline, known(baseline), known.view(baseline))
        findings += _judge_against(before, look, findings, known)
    worst: dict[Fault, _Grade] = {}
    for fault, grade in findings:
        worst[fault] = max(grade, worst.get(fault, _Grade.GOOD))
    return Quality(
        faults=tuple(fault for fault, grade in worst.items() if grade is _Grade.USELESS),
        warnings=tuple(fault for fault, grade in worst.items() if grade is _Grade.POOR),
        face=face,
    )


def _grade(value: float, limit: Limit) -> _Grade:
    if value >= limit.refuses:
        return _Grade.USELESS
    return _Grade.POOR if value >= limit.warns else _Grade.GOOD


def _judge_exposure(look: _Look) -> list[_Finding]:
    """Clipping at either end and noise, which make colour unreadable whatever the brightness."""
    light = look.view.light.pixels[outlined_face()]
    burnt = float(np.mean((light > _BURNT).any(axis=1)))
    drowned = float(np.mean(light @ _LUMINANCE < _BLACK))
    return [
        (Fault.TOO_BRIGHT, _grade(burnt, CLIPPED)),
        (Fault.TOO_DARK, _grade(drowned, DROWNED)),
        (Fault.TOO_DARK, _grade(measure_noise(look.view.light), NOISE)),
    ]


def _judge_alone(look: _Look, known: KnownPhotos) -> list[_Finding]:
    """A baseline is judged alone: no blur, no one-sided light, a colour that skin can have."""
    skin = known.skin(look.photo)
    seen = np.mean(skin.counted.pixels[outlined_face()])
    luminance = log_luminance(look.view.light)
    slope = measure_slope(luminance, skin.counted.pixels & skin.face.pixels)
    features = Limit(-FEATURES.warns, -FEATURES.refuses)
    return [
        (Fault.BLURRED, _grade(measure_blur(look.view.light), BLUR)),
        (Fault.UNEVEN_LIGHT, _grade(slope, SLOPE)),
        _judge_hue(look),
        (Fault.OCCLUDED, _grade(float(1 - seen), HIDDEN_ALONE)),
        (Fault.OCCLUDED, _grade(-measure_features(look.view.light), features)),
    ]


def _judge_hue(look: _Look) -> _Finding:
    """Whether light or a cover gives the face a colour that skin cannot have.

    A lamp tints the forehead, too; a mask leaves it as it is.
    """
    grade = _grade_hue(*_hue(_skin_colour(look)))
    forehead = _grade_hue(*_hue(_colour(look, (Region.FOREHEAD,))))
    is_cover = grade is _Grade.USELESS and forehead is _Grade.GOOD
    return (Fault.OCCLUDED if is_cover else Fault.COLOUR_CAST), grade


def _grade_hue(red_green: float, green_blue: float) -> _Grade:
    """Whether skin can have these log ratios of channels at all, and in an ordinary light."""
    ratios = ((red_green, _SKIN_RED_GREEN), (green_blue, _SKIN_GREEN_BLUE))
    missed = [sum(not reach.holds(value) for reach in reaches) for value, reaches in ratios]
    return _Grade(max(missed))


def _judge_against(
    before: _Look, look: _Look, found: list[_Finding], known: KnownPhotos
) -> list[_Finding]:
    """Light, colour, blur and pose against the patient's own baseline.

    If the face cannot be aligned to the baseline, it may be another person's. But if the light or
    blur of the photo is useless, perhaps `found` already, that explains it and is reported instead.
    """
    blur, blur_before = measure_blur(look.view.light), measure_blur(before.view.light)
    extra = float(np.sqrt(max(blur**2 - blur_before**2, 0.0)))
    findings = [(Fault.BLURRED, _grade(extra, EXTRA_BLUR))]
    skin_cast, eye_cast = _casts(before, look)
    cast = (Fault.COLOUR_CAST, _grade_cast(before, look, min(skin_cast, eye_cast), known))
    try:
        registration = known.register(
            look.photo,
            before.photo,
            # A photo that is useless anyway need not be laid on the other way round.
            may_be_mirrored=not any(grade is _Grade.USELESS for _, grade in [*found, *findings]),
        )
    except Unmeasurable as unmeasurable:
        slope = _slope_against(before.view, look.view, outlined_face())
        findings += [(Fault.UNEVEN_LIGHT, _grade(slope, SLOPE_CHANGE))]
        explained = any(grade is _Grade.USELESS for _, grade in [*found, *findings])
        covered = unmeasurable.fault is Fault.OCCLUDED  # a cover has its own colour
        if explained or (cast[1] is _Grade.USELESS and not covered):
            return [*findings, cast]
        return [*findings, (unmeasurable.fault, _Grade.USELESS)]
    aligned = align(registration)
    skin = known.skin(before.photo)
    counted = skin.counted.pixels & skin.face.pixels
    comparable = still_comparable(aligned, before.view, skin).pixels & counted
    hidden = 1 - int(np.count_nonzero(comparable)) / max(int(counted.sum()), 1)
    if skin_cast >= CAST_CHANGE.refuses and hidden >= _TWO_COLOURS:
        cast = (Fault.OCCLUDED, _Grade.USELESS)  # a lamp tints all of a face equally
    slope = _slope_against(before.view, aligned, comparable)
    sided = _grade(slope, SLOPE_CHANGE)
    findings += [
        cast,
        (Fault.UNEVEN_LIGHT, sided),
        (Fault.TURNED_AWAY, _grade(abs(registration.turn), TURN)),
        (Fault.OCCLUDED, _grade(hidden, HIDDEN)),
    ]
    differences: list[_Finding] = []
    if sided is not _Grade.USELESS:  # hard shadows have edges of their own
        lost, shake = measure_lost_detail(before.view.light, aligned.light)
        foreign = measure_foreign(before.view.light, aligned.light) - _SHADOWED * slope
        differences += [
            (Fault.BLURRED, max(_grade(lost, SOFTENED), _grade(shake, SHAKE))),
            (Fault.OCCLUDED, _grade(foreign, FOREIGN)),
        ]
    other = (Fault.DIFFERENT_PERSON, _otherness(registration, [*found, *findings], differences))
    return [*findings, *differences, other]


def _grade_cast(before: _Look, look: _Look, cast: float, known: KnownPhotos) -> _Grade:
    """The change of colour; if both photos show the card, it counts more than skin alone."""
    grade = _grade(cast, CAST_CHANGE)
    if grade is not _Grade.USELESS:
        return grade
    is_by_card = known.card(look.photo).reading and known.card(before.photo).reading
    return _grade(cast, CAST_BY_CARD) if is_by_card else grade


def _otherness(
    registration: Registration, findings: list[_Finding], differences: list[_Finding]
) -> _Grade:
    """Whether this is another person's face: too few features agree, and too loosely.

    If a photo is useless for another reason, that reason is reported. Blur and covers loosen the
    features of any face, so there it stays a doubt. `differences` from the baseline's own face
    excuse it only where useless: a stranger with smoother skin or another mouth shows them too.
    """
    grade = _grade(registration.strangeness, STRANGENESS)
    useless = any(found is _Grade.USELESS for _, found in [*findings, *differences])
    if registration.likeness >= _ALIKE or useless:
        return _Grade.GOOD
    loosened = any(found is _Grade.POOR for fault, found in findings if fault in _LOOSENING)
    return min(grade, _Grade.POOR) if loosened else grade


def _casts(before: _Look, look: _Look) -> tuple[float, float]:
    """The change of colour (log ratio of two channels) of the skin, and of the white of the eyes.

    Dark skin returns so little blue that a trace of glare, or another camera, changes its hue.
    Inflamed skin changes its own hue, and a cover has another. The eyes do not change, but may be
    closed. A lamp tints both.
    """
    now, then = _skin_colour(look), _skin_colour(before)
    veiled = _between_channels(np.log1p(_VEIL / np.minimum(now, then)))
    skin = np.abs(_between_channels(np.log(now / then))) - np.abs(veiled)
    eyes = np.abs(_between_channels(np.log(_eye_colour(look) / _eye_colour(before))))
    return float(skin.max()), float(eyes.max())


def _between_channels(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Red minus green, green minus blue, and, with a smaller weight, red minus blue."""
    between: NDArray[np.float64] = values[[0, 1, 0]] - values[[1, 2, 2]]
    return between * (1, 1, _LAMP_AXIS)


def _eye_colour(look: _Look) -> NDArray[np.float64]:
    """Linear RGB (3,) of the whites of both eyes."""
    colour: NDArray[np.float64] = eye_whites(look.view.light).mean(axis=0)
    return colour


def _slope_against(before: GridView, now: GridView, inside: NDArray[np.bool_]) -> float:
    """How otherwise the light falls across the face than before; what skin reflects cancels."""
    return measure_slope(log_luminance(now.light) - log_luminance(before.light), inside)


def _hue(colour: NDArray[np.float64]) -> tuple[float, float]:
    """log(R/G) and log(G/B) of a colour."""
    red, green, blue = np.log(colour)
    return float(red - green), float(green - blue)


def _skin_colour(look: _Look) -> NDArray[np.float64]:
    """Median linear RGB (3,) of cheeks and nose, whether or not it looks like skin."""
    return _colour(look, _BELOW_THE_EYES)


def _colour(look: _Look, areas: tuple[Region, ...]) -> NDArray[np.float64]:
    """Median linear RGB (3,) of regions, whether or not it looks like skin."""
    core = np.logical_or.reduce([outlined_areas()[region].pixels for region in areas])
    log_light = np.log(np.maximum(look.view.light.pixels[core], np.float32(5e-4)))
    colour: NDArray[np.float64] = np.exp(np.median(log_light, axis=0)).astype(np.float64)
    return colour
