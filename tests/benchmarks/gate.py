"""How often the gate refuses good photos and accepts bad ones, by tone class.

`python -m tests.benchmarks.gate [--people N]` renders N people of every tone class, none of whom is
in the sample courses or in any test, and prints a table. Bars: at most 5 % of either in every tone
class. The limits were set on `--split tuning`; the figures to quote come from the held-out people.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from analysis.errors import Fault
from analysis.face.regions import FACE_REGIONS, Region
from analysis.images import LinearImage, SrgbImage, decode_photo, encode_photo, to_linear, to_srgb
from analysis.light.skin_optics import TONES
from analysis.quality import judge_photo
from analysis.scenes import Pose, Shot, photograph
from analysis.scenes.head.changes import Papules, SkinState
from analysis.scenes.head.heads import Person
from analysis.scenes.head.light import Room
from tests.benchmarks.measurement.people import Split, Subject, invite
from tests.benchmarks.runs import run_benchmark

BAR: Final = 0.05
_GOOD_SHOTS: Final = 6


class Flaw(StrEnum):
    """What is wrong with a photo that must be refused."""

    BLURRED = "blurred"
    DARK = "dark"
    BURNT = "burnt"
    SIDE_LIGHT = "side light"
    CAST = "colour cast"
    MASK = "mask"
    HAND = "hand"
    TURNED = "turned 25°"
    OTHER_PERSON = "other person"
    EMPTY = "empty room"


NAMES: Final[Mapping[Flaw, frozenset[Fault]]] = {
    Flaw.BLURRED: frozenset({Fault.BLURRED}),
    Flaw.DARK: frozenset({Fault.TOO_DARK}),
    Flaw.BURNT: frozenset({Fault.TOO_BRIGHT}),
    Flaw.SIDE_LIGHT: frozenset({Fault.UNEVEN_LIGHT}),
    Flaw.CAST: frozenset({Fault.COLOUR_CAST}),
    Flaw.MASK: frozenset({Fault.OCCLUDED, Fault.NO_FACE}),
    Flaw.HAND: frozenset({Fault.OCCLUDED, Fault.NO_FACE}),
    Flaw.TURNED: frozenset({Fault.TURNED_AWAY}),
    Flaw.OTHER_PERSON: frozenset({Fault.DIFFERENT_PERSON}),
    Flaw.EMPTY: frozenset({Fault.NO_FACE}),
}
"""The faults by which a flaw is rightly named."""

_STATES: Final = (
    SkinState(),
    SkinState(redness=dict.fromkeys(FACE_REGIONS, 1.3)),
    SkinState(
        redness={Region.LEFT_CHEEK: 1.0, Region.RIGHT_CHEEK: 0.8},
        papules=(Papules(Region.CHIN, 8),),
    ),
)


@dataclass(frozen=True, slots=True)
class Verdicts:
    """The gate's verdicts on one subject's photos."""

    subject: Subject
    good: tuple[tuple[Fault, ...], ...]
    bad: Mapping[Flaw, tuple[Fault, ...]]
    baseline: tuple[Fault, ...]


def judge_subject(subject: Subject) -> Verdicts:
    """Photograph one person well and badly, and ask the gate."""
    rng = np.random.default_rng([11, *subject.rng_seed])
    usual = _good_shot(subject, rng)
    baseline_shot = replace(usual, pose=Pose(), exposure_ev=0.0, noise=1.0)
    baseline = _stored(photograph(subject.person, SkinState(), baseline_shot).image)
    good = []
    for number in range(_GOOD_SHOTS):
        state = _STATES[number % len(_STATES)]
        photo = photograph(subject.person, state, _good_shot(subject, rng)).image
        good.append(judge_photo(_stored(photo), baseline).faults)
    bad = {}
    for flaw, photo in _bad_photos(subject, rng):
        bad[flaw] = judge_photo(_stored(photo), baseline).faults
    return Verdicts(subject, tuple(good), bad, judge_photo(baseline, None).faults)


def _good_shot(subject: Subject, rng: np.random.Generator) -> Shot:
    """An ordinary photo: another lamp, pose and hand each time, nothing to complain about."""
    side = float(rng.uniform(-0.75, 0.75))
    return Shot(
        camera=subject.cameras[int(rng.integers(len(subject.cameras)))],
        lamp=subject.lamps[int(rng.integers(len(subject.lamps)))],
        room=Room(key=(side, -0.62, 0.85), fill=(-side, -0.10, 0.75)),
        pose=Pose(
            right_mm=float(rng.uniform(-12, 12)),
            down_mm=float(rng.uniform(-10, 10)),
            tilt_degrees=float(rng.uniform(-8, 8)),
            yaw_degrees=float(rng.uniform(-7, 7)),
            scale=float(rng.uniform(0.82, 1.02)),
        ),
        exposure_ev=float(rng.uniform(-0.7, 0.4)),
        white_balance=(float(rng.uniform(0.93, 1.07)), float(rng.uniform(0.93, 1.07))),
        glare=float(rng.uniform(0.0, 0.04)),
        noise=float(rng.uniform(0.7, 1.8)),
        seed=int(rng.integers(1_000_000)),
    )


def _bad_photos(subject: Subject, rng: np.random.Generator) -> Iterator[tuple[Flaw, SrgbImage]]:
    def shoot(change: Callable[[Shot], Shot], person: Person = subject.person) -> SrgbImage:
        return photograph(person, SkinState(), change(_good_shot(subject, rng))).image

    across = float(rng.choice([-1.0, 1.0]))
    side_light = Room(key=(across, -0.05, 0.12), key_strength=1.3, fill_strength=0.0, ambient=0.02)
    tint = ((2.1, 0.5), (0.5, 1.9))[int(rng.integers(2))]
    yield Flaw.BLURRED, shoot(lambda shot: replace(shot, blur_mm=float(rng.uniform(2.0, 3.5))))
    yield Flaw.DARK, shoot(lambda shot: replace(shot, exposure_ev=-6.5, noise=4.0))
    burning = 2.6 + subject.stops_darker
    yield Flaw.BURNT, shoot(lambda shot: replace(shot, exposure_ev=burning))
    yield Flaw.SIDE_LIGHT, shoot(lambda shot: replace(shot, room=side_light))
    yield Flaw.CAST, shoot(lambda shot: replace(shot, white_balance=tint))
    turned = Pose(yaw_degrees=25.0 * across, scale=0.9)
    yield Flaw.TURNED, shoot(lambda shot: replace(shot, pose=turned))
    plain = Pose(scale=0.95)
    uncovered = shoot(lambda shot: replace(shot, pose=plain))
    colour = ((0.62, 0.76, 0.86), (0.92, 0.92, 0.93), (0.05, 0.05, 0.06))[int(rng.integers(3))]
    yield Flaw.MASK, _masked(uncovered, colour, rng)
    yield Flaw.HAND, _behind_hand(uncovered, rng)
    yield Flaw.OTHER_PERSON, shoot(lambda shot: shot, _stranger(subject))
    yield Flaw.EMPTY, SrgbImage(np.ascontiguousarray(uncovered.pixels[:260, :300]))


def _stranger(subject: Subject) -> Person:
    """Another person of the same tone with the same hair, but with a different head."""
    elsewhere = Split.TUNING if subject.split is Split.HELD_OUT else Split.HELD_OUT
    guests = invite(elsewhere, subject.number + 1)
    person = next(guest.person for guest in guests[::-1] if guest.tone == subject.tone)
    return replace(person, hair_style=subject.person.hair_style)


def _on_photo(photo: SrgbImage, x_mm: float, y_mm: float) -> tuple[int, int]:
    """A point of the face plane in a photo whose pose is central with scale 0.95."""
    width, height = photo.size
    per_mm = height / 276.0 * 0.95
    return round(width / 2 + x_mm * per_mm), round(height / 2 + (y_mm - 37.0) * per_mm)


def _masked(
    photo: SrgbImage, colour: tuple[float, float, float], rng: np.random.Generator
) -> SrgbImage:
    """A surgical mask from below the eyes to below the chin."""
    outline = [(-66, 28), (0, 12), (66, 28), (58, 84), (28, 122), (-28, 122), (-58, 84)]
    return _covered(photo, [np.array([_on_photo(photo, *p) for p in outline])], colour, rng)


def _behind_hand(photo: SrgbImage, rng: np.random.Generator) -> SrgbImage:
    """The person's own hand over cheeks, nose and mouth, lit a little differently."""
    neck = to_linear(photo).pixels[slice(*_rows(photo, 128, 140)), slice(*_columns(photo, -18, 18))]
    colour = np.median(neck.reshape(-1, 3), axis=0) * rng.uniform(0.9, 1.5)
    skin = to_srgb(LinearImage(colour.astype(np.float32).reshape(1, 1, 3))).pixels[0, 0]
    palm = [(-70, 62), (70, 48), (76, 130), (-70, 132)]
    fingers = [
        [(x, y - 44), (x + 20, y - 47), (x + 22, y + 20), (x - 2, y + 20)]
        for x, y in ((-68, 66), (-44, 60), (-20, 58), (4, 57), (28, 56), (50, 58))
    ]
    shapes = [np.array([_on_photo(photo, *p) for p in shape]) for shape in (palm, *fingers)]
    return _covered(photo, shapes, (float(skin[0]), float(skin[1]), float(skin[2])), rng)


def _rows(photo: SrgbImage, top: float, bottom: float) -> tuple[int, int]:
    return _on_photo(photo, 0, top)[1], _on_photo(photo, 0, bottom)[1]


def _columns(photo: SrgbImage, left: float, right: float) -> tuple[int, int]:
    return _on_photo(photo, left, 0)[0], _on_photo(photo, right, 0)[0]


def _covered(
    photo: SrgbImage,
    shapes: Sequence[NDArray[np.int_]],
    colour: tuple[float, float, float],
    rng: np.random.Generator,
) -> SrgbImage:
    """Something laid over the photo, with folds, soft edges and the photo's own grain."""
    cover = np.zeros(photo.pixels.shape[:2], np.float32)
    shade = np.ones_like(cover)
    for shape in shapes:
        one = np.zeros_like(cover)
        cv2.fillPoly(one, [shape.astype(np.int32)], 1.0)
        edge = cv2.GaussianBlur(one, (0, 0), 10.0)
        shade = np.where(one > 0, 0.72 + 0.28 * edge, shade).astype(np.float32)
        cover = np.maximum(cover, one)
    softly = cv2.GaussianBlur(cover, (0, 0), 1.2)
    folds = cv2.GaussianBlur(rng.normal(0, 1, cover.shape).astype(np.float32), (0, 0), 14.0)
    folded = cv2.GaussianBlur(shade, (0, 0), 2.0) * (1 + 0.06 * folds / folds.std())
    grain = rng.normal(0, 0.012, photo.pixels.shape)
    laid = np.array(colour) * folded[..., np.newaxis] + grain
    mixed = photo.pixels + (laid - photo.pixels) * softly[..., np.newaxis]
    return SrgbImage(np.clip(mixed, 0, 1).astype(np.float32))


def _stored(photo: SrgbImage) -> SrgbImage:
    return decode_photo(encode_photo(photo))


def write_table(_: Sequence[Subject], verdicts: Sequence[Verdicts]) -> str:
    """Good photos refused and bad ones accepted, a row for every tone class."""
    flaws = list(Flaw)
    head = ["ITA", "baseline", "good", *flaws]
    lines = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    for tone in TONES:
        mine = [v for v in verdicts if v.subject.tone == tone]
        good = [faults for v in mine for faults in v.good]
        refused = sum(bool(faults) for faults in good)
        unfit = sum(bool(v.baseline) for v in mine)
        row = [f"{tone.ita:.0f}°", f"{unfit} of {len(mine)}", f"{refused} of {len(good)}"]
        cells = [_cell([v.bad[flaw] for v in mine], NAMES[flaw]) for flaw in flaws]
        lines.append("| " + " | ".join([*row, *cells]) + " |")
    reasons = Counter(str(fault) for v in verdicts for faults in v.good for fault in faults)
    others = [
        f"{flaw} at ITA {v.subject.tone.ita:.0f}°: {', '.join(faults) or 'accepted'}"
        for v in verdicts
        for flaw, faults in v.bad.items()
        if not NAMES[flaw] & set(faults)
    ]
    lines += [
        "",
        f"Good photos refused for: {dict(reasons) or 'nothing'}.",
        f"Bad photos with other names: {'; '.join(others) or 'none'}.",
    ]
    return "\n".join(lines) + "\n"


def _cell(told: Sequence[tuple[Fault, ...]], names: frozenset[Fault]) -> str:
    accepted = sum(not faults for faults in told)
    return f"{accepted} of {len(told)} ({sum(bool(names & set(faults)) for faults in told)} ✓)"


if __name__ == "__main__":
    run_benchmark("gate", judge_subject, write_table)
