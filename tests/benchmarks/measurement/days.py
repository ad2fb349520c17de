"""Which photos are taken of a subject: a baseline, days of known change, and faulty ones."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

import numpy as np

from analysis.face.regions import FACE_REGIONS, Region
from analysis.scenes.cameras import Camera, colour_cast
from analysis.scenes.cards import CardInHand
from analysis.scenes.head.changes import SkinState
from analysis.scenes.head.light import Room
from analysis.scenes.lamps import Lamp
from analysis.scenes.shots import Pose, Shot
from tests.benchmarks.measurement.people import Subject


class Purpose(StrEnum):
    """What a photo is taken for."""

    MIXED = "mixed"  # known change, everything about the shot varies
    STILL = "still"  # no change, only light and camera vary
    FAULTY = "faulty"  # the gate ought to refuse it


class Fault(StrEnum):
    """What is wrong with a faulty photo."""

    BLURRED = "blurred"
    DARK = "dark"
    CLIPPED = "clipped"
    SIDE_LIGHT = "side light"
    COVERED = "covered"
    OTHER_PERSON = "other person"


@dataclass(frozen=True, slots=True)
class Change:
    """The change of the skin in doublings; of one cheek only, or of the whole face."""

    name: str
    redness: float = 0.0
    pigment: float = 0.0
    regions: frozenset[Region] = FACE_REGIONS

    @property
    def state(self) -> SkinState:
        """The change as the scenes render it."""
        return SkinState(
            redness=dict.fromkeys(self.regions, self.redness),
            pigment=dict.fromkeys(self.regions, self.pigment),
        )


@dataclass(frozen=True, slots=True)
class Day:
    """One photo to take: the skin, the shot, the JPEG quality, and what it is taken for."""

    purpose: Purpose
    change: Change
    shot: Shot
    jpeg: int
    fault: Fault | None = None


NO_CHANGE: Final = Change("none")
CHANGES: Final = (
    NO_CHANGE,
    Change("blood x1.4", redness=float(np.log2(1.4))),
    Change("blood x2", redness=1.0),
    Change("blood x4", redness=2.0),
    Change("blood x2, one cheek", redness=1.0, regions=frozenset({Region.LEFT_CHEEK})),
    Change("melanin x1.5", pigment=float(np.log2(1.5))),
    Change("melanin x0.7", pigment=float(np.log2(0.7))),
    Change("blood x2, melanin x1.5", redness=1.0, pigment=float(np.log2(1.5))),
)
_SIDE_LIGHT: Final = Room(key=(-1.0, -0.1, 0.12), key_strength=1.2, fill_strength=0.0, ambient=0.02)


def baseline_shot(subject: Subject) -> Shot:
    """The photo before treatment, taken with some care: daylight or a lamp, little head turn."""
    rng = np.random.default_rng([*subject.rng_seed, 1])
    number = subject.number + round(subject.tone.ita)
    shot = Shot(
        camera=subject.cameras[number % len(subject.cameras)],
        lamp=subject.lamps[(3 * number) % len(subject.lamps)],
        pose=_pose(rng, turn=3.0),
        exposure_ev=float(rng.uniform(-0.3, 0.3)),
        white_balance=_white_balance(rng),
        glare=float(rng.uniform(0.01, 0.03)),
        noise=float(rng.uniform(0.6, 1.2)),
        seed=1,
    )
    return _as_phoned(shot, subject)


def with_card(shot: Shot, subject: Subject, seed: int) -> Shot:
    """The same shot from a little further away, with the subject's own card next to the face."""
    rng = np.random.default_rng([*subject.rng_seed, 4, seed])
    card = CardInHand(
        printer=10 + sum(subject.rng_seed),
        turn_degrees=float(90 + rng.uniform(-12, 12)),
        tilt_degrees=float(rng.uniform(-12, 12)),
        lean_degrees=float(rng.uniform(-12, 12)),
        gloss=float(rng.uniform(0.0, 0.04)),
    )
    return replace(shot, card=card, pose=replace(shot.pose, scale=0.78 * shot.pose.scale))


def plan_days(subject: Subject, *, rounds: int) -> Iterator[Day]:
    """`rounds` photos of every change, every light in turn.

    Half of the photos come from the phone of the baseline.
    """
    before = baseline_shot(subject)
    rng = np.random.default_rng([*subject.rng_seed, 2])
    lamps = rng.permutation(np.array(list(subject.lamps) * len(CHANGES))).tolist()
    for number in range(rounds * len(CHANGES)):
        change = CHANGES[number % len(CHANGES)]
        lamp = Lamp(lamps[number])
        shot = _mixed_shot(rng, subject, before, lamp, seed=100 + number)
        yield Day(Purpose.MIXED, change, shot, jpeg=int(rng.integers(82, 96)))


def plan_still_days(subject: Subject) -> Iterator[Day]:
    """Nothing changes but three lights and two phones."""
    before = baseline_shot(subject)
    rng = np.random.default_rng([*subject.rng_seed, 3])
    other = next(camera for camera in subject.cameras if camera is not before.camera)
    for camera in (before.camera, other):
        for number, lamp in enumerate((Lamp.D65, Lamp.A, Lamp.FL2)):
            balance = _white_balance(rng)
            shot = replace(
                before, camera=camera, lamp=lamp, white_balance=balance, seed=200 + number
            )
            yield Day(Purpose.STILL, NO_CHANGE, _as_phoned(shot, subject), jpeg=92)


def plan_faulty_days(subject: Subject) -> Iterator[Day]:
    """One photo with every fault that the gate must refuse."""
    before = replace(baseline_shot(subject), seed=300)
    faulty = {
        Fault.BLURRED: replace(before, blur_mm=2.4),
        Fault.DARK: replace(before, exposure_ev=-4.5, noise=8.0),
        Fault.CLIPPED: replace(before, exposure_ev=2.2 + subject.stops_darker),
        Fault.SIDE_LIGHT: replace(before, room=_SIDE_LIGHT),
        Fault.COVERED: before,
        Fault.OTHER_PERSON: before,
    }
    for fault, shot in faulty.items():
        yield Day(Purpose.FAULTY, NO_CHANGE, shot, jpeg=90, fault=fault)


def _mixed_shot(
    rng: np.random.Generator, subject: Subject, before: Shot, lamp: Lamp, seed: int
) -> Shot:
    others = [camera for camera in subject.cameras if camera is not before.camera]
    same = rng.random() < 0.5
    camera: Camera = before.camera if same else others[int(rng.integers(len(others)))]
    shot = Shot(
        camera=camera,
        lamp=lamp,
        pose=_pose(rng, turn=8.0),
        exposure_ev=float(rng.uniform(-0.7, 0.7)),
        white_balance=_white_balance(rng),
        glare=float(rng.uniform(0.0, 0.04)),
        blur_mm=float(rng.uniform(0.0, 0.3)),
        noise=float(rng.uniform(0.6, 1.8)),
        seed=seed,
    )
    return _as_phoned(shot, subject)


def _pose(rng: np.random.Generator, turn: float) -> Pose:
    right, down = rng.normal(0, 4, 2)
    return Pose(
        right_mm=float(right),
        down_mm=float(down),
        tilt_degrees=float(rng.uniform(-5, 5)),
        yaw_degrees=float(rng.uniform(-turn, turn)),
        scale=float(rng.uniform(0.92, 1.06)),
    )


def _white_balance(rng: np.random.Generator) -> tuple[float, float]:
    """A phone's white balance misses the lamp by some per cent."""
    red, blue = np.exp(rng.normal(0, 0.04, 2))
    return float(red), float(blue)


def _as_phoned(shot: Shot, subject: Subject) -> Shot:
    """The shot as this subject's phone renders it, with a part of the lamp's cast."""
    look = subject.looks[shot.camera]
    red, blue = (
        float(balance * cast**look.cast)
        for balance, cast in zip(
            shot.white_balance, colour_cast(shot.camera, shot.lamp), strict=True
        )
    )
    return replace(
        shot,
        white_balance=(red, blue),
        contrast=look.contrast,
        chroma=look.chroma,
        evening=look.evening,
        smoothing=look.smoothing,
    )
