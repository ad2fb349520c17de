"""The invented people of the benchmark, none of them in the sample courses.

The inverse was tuned on the people, cameras and lamps of `Split.TUNING` only; the figures that are
published come from `Split.HELD_OUT`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

import numpy as np

from analysis.light.skin_optics import BASELINE_BLOOD, TONES, Tone, log_rgb
from analysis.scenes.cameras import Camera
from analysis.scenes.head.hair import HairStyle
from analysis.scenes.head.heads import Person
from analysis.scenes.head.skin import Complexion
from analysis.scenes.lamps import Lamp
from tests.benchmarks.measurement.proportions import draw_proportions


class Split(StrEnum):
    """On whom the inverse was tuned, and on whom it is judged."""

    TUNING = "tuning"
    HELD_OUT = "held_out"


@dataclass(frozen=True, slots=True)
class Look:
    """What a phone makes of its picture (see `Shot`), and which share of a lamp's cast it keeps."""

    contrast: float = 0.0
    chroma: float = 1.0
    evening: float = 0.0
    smoothing: float = 0.0
    cast: float = 0.0


@dataclass(frozen=True, slots=True)
class Subject:
    """A person of the benchmark, the phones they use and the lights they live under."""

    person: Person
    tone: Tone
    split: Split
    number: int
    cameras: tuple[Camera, ...]
    lamps: tuple[Lamp, ...]
    looks: Mapping[Camera, Look]

    @property
    def rng_seed(self) -> tuple[int, int, int]:
        """The seed that makes this subject's photos unique."""
        return (list(Split).index(self.split), self.number, round(self.tone.ita) + 90)

    @property
    def stops_darker(self) -> float:
        """Stops by which this skin returns less red light than the lightest.

        This much more exposure is needed to overexpose it: what clips light skin suits dark skin.
        """
        lightest, own = (log_rgb(tone.melanin, BASELINE_BLOOD)[0] for tone in (TONES[0], self.tone))
        return float((lightest - own) / np.log(2))


CAMERAS: Final = {
    Split.TUNING: (Camera.AMBER, Camera.BIRCH, Camera.CEDAR, Camera.DELTA),
    Split.HELD_OUT: (Camera.ECHO, Camera.FJORD, Camera.NIKON),
}
LAMPS: Final = {
    Split.TUNING: (Lamp.D65, Lamp.A, Lamp.FL2, Lamp.LED_WARM),
    Split.HELD_OUT: tuple(Lamp),
}
PLAIN: Final = {
    Camera.AMBER: Look(),
    Camera.BIRCH: Look(contrast=0.10),
    Camera.CEDAR: Look(),
    Camera.DELTA: Look(contrast=0.15),
    Camera.ECHO: Look(),
    Camera.FJORD: Look(contrast=0.10),
    Camera.NIKON: Look(contrast=0.15),
}
"""Phones that change little; some tone curves depart from plain sRGB."""
LIFELIKE: Final = {
    Camera.AMBER: Look(contrast=0.12, chroma=1.06, cast=0.10),
    Camera.BIRCH: Look(contrast=0.34, chroma=1.12, evening=0.10, cast=0.20),
    Camera.CEDAR: Look(contrast=0.22, chroma=1.00, smoothing=0.6, cast=0.05),
    Camera.DELTA: Look(contrast=0.28, chroma=1.10, evening=0.20, cast=0.15),
    Camera.ECHO: Look(contrast=0.16, chroma=1.10, cast=0.15),
    Camera.FJORD: Look(contrast=0.36, chroma=1.04, evening=0.15, smoothing=0.5, cast=0.25),
    Camera.NIKON: Look(contrast=0.26, chroma=1.08, cast=0.05),
}
"""Phones as they are sold: strong curves, more colour, local tones, smooth skin, casts kept."""

LIGHT_TONE: Final = TONES[1]
"""Skin type II, on which the naive reading is calibrated."""


def invite(split: Split, per_tone: int, *, lifelike: bool = False) -> list[Subject]:
    """`per_tone` people of every tone class.

    The skin of `lifelike` people is built unlike the measurement's model, and their phones have
    looks of their own.
    """
    people = [_subject(split, tone, number) for number in range(per_tone) for tone in TONES]
    return [_as_in_life(subject) for subject in people] if lifelike else people


def _as_in_life(subject: Subject) -> Subject:
    rng = np.random.default_rng([*subject.rng_seed, 7])
    complexion = replace(
        subject.person.complexion,
        saturation=float(rng.uniform(0.5, 0.8)),
        scattering=float(np.exp(rng.normal(0, 0.2))),
        vessels=float(np.exp(rng.normal(0, 0.25))),
        epidermis=float(np.exp(rng.normal(0, 0.15))),
    )
    person = replace(subject.person, complexion=complexion)
    return replace(subject, person=person, looks=LIFELIKE)


def _subject(split: Split, tone: Tone, number: int) -> Subject:
    seed = [7001, list(Split).index(split), TONES.index(tone), number]
    rng = np.random.default_rng(seed)
    style = list(HairStyle)[int(rng.integers(len(HairStyle)))]
    shade = float(rng.uniform(0.016, 0.15 if tone.ita > 30 else 0.03))
    person = Person(
        seed=int(rng.integers(1_000, 1_000_000)),
        complexion=Complexion(
            tone.melanin,
            freckles=float(rng.uniform(0, 0.8)) if tone.ita > 0 else 0.0,
            mottling=float(rng.uniform(0.7, 1.3)),
            flush=float(rng.uniform(0.7, 1.4)),
            moles=int(rng.integers(8)),
            oil=float(rng.uniform(0.8, 1.4)),
        ),
        proportions=draw_proportions(np.random.default_rng([*seed, 1])),
        hair_style=style,
        hair_colour=(shade, 0.65 * shade, 0.42 * shade),
        brow_density=float(rng.uniform(0.8, 1.2)),
        iris=(0.05, 0.028, 0.014),
        clothing=tuple(rng.uniform(0.15, 0.6, 3)),
    )
    return Subject(person, tone, split, number, CAMERAS[split], LAMPS[split], PLAIN)
