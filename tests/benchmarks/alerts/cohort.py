"""Who is in the cohort, and what happens to each: drawn by seed, tuning and held-out separate."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

import numpy as np

from tests.benchmarks.alerts import skins
from tests.benchmarks.alerts.people import Telling, answer, illness_of, photo_days
from tests.benchmarks.alerts.phones import TONES, Tone, choose_phone, photograph
from tests.benchmarks.alerts.skins import HALF_LIVES, Skin
from tracker.domain.course.treatments import AREAS, Setting, Treatment
from tracker.domain.recovery.recovery import Course

TREATED_AT: Final = datetime(2026, 3, 2, 10, tzinfo=UTC)


class Split(StrEnum):
    """Limits and ratios were chosen on TUNING; published figures come from HELD_OUT."""

    TUNING = "tuning"
    HELD_OUT = "held-out"


class Fate(StrEnum):
    """What happens to a person in the cohort."""

    NORMAL = "normal"
    NICK = "normal, nicked"
    SUNBURN = "normal, sunburnt"
    PROLONGED = "prolonged inflammation"
    INFECTION = "infection"
    SILENT_INFECTION = "infection without symptoms"
    DARKENING = "hyperpigmentation"
    LIGHTENING = "hypopigmentation"
    ALLERGY = "allergic reaction"
    COLD_SORE = "cold sore"
    SCARRING = "scarring"


_SKINS: Final[Mapping[Fate, Callable[[np.random.Generator, float], Skin]]] = {
    Fate.NORMAL: skins.normal,
    Fate.NICK: skins.nicked,
    Fate.SUNBURN: skins.sunburnt,
    Fate.PROLONGED: skins.prolonged,
    Fate.INFECTION: skins.infected,
    Fate.SILENT_INFECTION: skins.infected,
    Fate.DARKENING: skins.darkening,
    Fate.LIGHTENING: skins.lightening,
    Fate.ALLERGY: skins.allergic,
    Fate.COLD_SORE: skins.cold_sore,
    Fate.SCARRING: skins.scarring,
}

MISSED: Final = (0.0, 0.25, 0.5)  # shares of days without a photo; on average a quarter

# How many of a hundred; ill people are far more frequent than in life, so that they can be counted.
MIX: Final[Mapping[Fate, int]] = {
    Fate.NORMAL: 40,
    Fate.NICK: 4,
    Fate.SUNBURN: 4,
    Fate.PROLONGED: 12,
    Fate.INFECTION: 14,
    Fate.SILENT_INFECTION: 8,
    Fate.DARKENING: 12,
    Fate.LIGHTENING: 2,
    Fate.ALLERGY: 2,
    Fate.COLD_SORE: 1,
    Fate.SCARRING: 1,
}


@dataclass(frozen=True, slots=True)
class Case:
    """One patient's course with its truth."""

    fate: Fate
    tone: Tone
    depth_mm: float
    missed: float
    skin: Skin
    course: Course


def draw_case(split: Split, number: int) -> Case:
    """The case of this number; the same whenever it is drawn."""
    rng = np.random.default_rng([7 if split is Split.TUNING else 11, number])
    fates = [fate for fate, count in MIX.items() for _ in range(count)]
    fate = fates[number % len(fates)]
    tone = TONES[int(rng.integers(len(TONES)))]
    depth = float(rng.choice(list(HALF_LIVES)))
    skin = _SKINS[fate](rng, depth)
    telling = Telling.SILENT if fate is Fate.SILENT_INFECTION else Telling.TELLS
    missed = float(rng.choice(MISSED))
    days = photo_days(rng, missed)
    illness = illness_of(skin, telling, rng, tone.skin_type)
    phone = choose_phone(rng, tone)
    treatment = Treatment(
        "t", "p", "microneedling", TREATED_AT, Setting.CLINIC, depth, frozenset(AREAS)
    )
    readings = photograph(skin, phone, days, TREATED_AT, rng)
    check_ins = answer(skin, illness, days, TREATED_AT, rng)
    return Case(
        fate, tone, depth, missed, skin, Course(treatment, tuple(readings), tuple(check_ins))
    )
