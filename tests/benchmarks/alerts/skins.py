"""What really happens to the skin of a simulated patient: truth first, with different shapes.

The engine assumes single exponentials and straight rises. Here redness comes and goes with two
speeds, infections grow as Weibull curves, pigment develops as a logistic curve, and every region
has its own share of it. All redness and pigment is in doublings against baseline; days count from
the treatment.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from tracker.domain.alerts.alerts import Concern
from tracker.domain.course.treatments import AREAS, Region

VISIBLE: Final = 0.35  # doublings of blood: below it, redness cannot be seen
STILL_RED: Final = 0.45  # doublings: above it, redness is plain to everyone
DARKER: Final = float(np.log2(1.15))  # the least new pigment that can be seen

# Half-life (hours: median, 95 % range) and the day by which 95 in 100 are clear, by needle depth.
HALF_LIVES: Final[Mapping[float, tuple[float, float, float, float]]] = {
    0.25: (4, 2, 8, 1),
    0.5: (10, 5, 18, 3),
    1.0: (20, 10, 36, 4),
    1.5: (30, 15, 55, 6),
    2.5: (45, 24, 80, 9),
}

Course = Callable[[Region, float], float]


@dataclass(frozen=True, slots=True)
class Skin:
    """The truth: redness and pigment by region and day; the concern and when it begins.

    `concern` None is a normal recovery; `starts` the day from which an alert is right: onset of an
    infection, the limit of the depth, the day on which new pigment can be seen.
    """

    redness: Course
    pigment: Course
    concern: Concern | None
    starts: float


def normal(rng: np.random.Generator, depth: float) -> Skin:
    """Redness that fades with two speeds and is gone in time; pigment unchanged."""
    return Skin(_usual(rng, depth), _none, None, np.inf)


def prolonged(rng: np.random.Generator, depth: float) -> Skin:
    """Redness that stays, or fades far too slowly, in the whole face or in most of it.

    A course that is not visibly red three days after the limit is drawn again.
    """
    limit = HALF_LIVES[depth][3]
    settles = min(2.0, limit / 2)
    while True:
        usual = _usual(rng, depth)
        stays = rng.uniform(0.55, 1.4)
        halves = rng.uniform(14, 45) if rng.random() < 0.7 else rng.uniform(6, 12)
        parts: dict[Region, float] = {r: float(rng.uniform(0.75, 1.2)) for r in AREAS}
        if rng.random() < 0.25:  # only some regions
            for region in rng.permutation(np.array(AREAS))[:2]:
                parts[Region(region)] = 0.1

        def redness(
            region: Region,
            day: float,
            *,
            usual: Course = usual,
            stays: float = stays,
            halves: float = halves,
            parts: Mapping[Region, float] = parts,
        ) -> float:
            level = stays * parts[region] * (1 - np.exp(-day / settles)) * 2 ** (-day / halves)
            return float(np.log2(2 ** usual(region, day) + 2**level - 1))

        if np.median([redness(r, limit + 3) for r in AREAS]) > STILL_RED:
            return Skin(redness, _none, Concern.PROLONGED_INFLAMMATION, limit)


def infected(rng: np.random.Generator, depth: float) -> Skin:
    """A usual course with a growing focus from some day on; sometimes the whole face."""
    usual = _usual(rng, depth)
    onset = float(rng.uniform(2.3, 9.0))
    foci = rng.permutation(np.array(AREAS))[: rng.choice([1, 1, 1, 2, 2, 5])]
    most = {Region(r): float(rng.uniform(0.8, 2.2)) for r in foci}
    scale, shape = rng.uniform(0.9, 2.6), rng.uniform(1.0, 1.8)

    def redness(region: Region, day: float) -> float:
        if day <= onset or region not in most:
            return usual(region, day)
        grown = most[region] * (1 - np.exp(-(((day - onset) / scale) ** shape)))
        return usual(region, day) + float(grown)

    return Skin(redness, _none, Concern.INFECTION, onset)


def darkening(rng: np.random.Generator, depth: float) -> Skin:
    """A usual course with new pigment in patches in the second or third week."""
    return _pigmented(rng, depth, Concern.HYPERPIGMENTATION, 1.0, float(rng.uniform(8, 18)))


def lightening(rng: np.random.Generator, depth: float) -> Skin:
    """A usual course; weeks later, pigment is lost in patches."""
    return _pigmented(rng, depth, Concern.HYPOPIGMENTATION, -1.0, float(rng.uniform(18, 32)))


def _pigmented(
    rng: np.random.Generator, depth: float, concern: Concern, sign: float, middle: float
) -> Skin:
    most, pace = float(rng.uniform(0.4, 1.2)), float(rng.uniform(1.2, 3.0))
    parts: dict[Region, float] = {r: float(rng.uniform(0.3, 1.2)) for r in AREAS}
    parts[Region(rng.choice(np.array(AREAS)))] = 1.0

    def pigment(region: Region, day: float) -> float:
        return float(sign * most * parts[region] / (1 + np.exp(-(day - middle) / pace)))

    days = np.arange(0, 60, 0.1)
    worst = np.array([max(abs(pigment(r, d)) for r in AREAS) for d in days])
    return Skin(_usual(rng, depth), pigment, concern, float(days[np.argmax(worst > DARKER)]))


def allergic(rng: np.random.Generator, depth: float) -> Skin:
    """Both sides flare within hours of a product, and calm within a week."""
    usual = _usual(rng, depth)
    onset, most = float(rng.uniform(0.4, 6)), float(rng.uniform(0.7, 1.6))

    def redness(region: Region, day: float) -> float:
        after = max(day - onset, 0)
        return usual(region, day) + most * float((1 - np.exp(-after / 0.3)) * np.exp(-after / 4))

    return Skin(redness, _none, Concern.ALLERGIC_REACTION, onset)


def cold_sore(rng: np.random.Generator, depth: float) -> Skin:
    """A small cluster near the mouth."""
    usual = _usual(rng, depth)
    onset = float(rng.uniform(2, 7))

    def redness(region: Region, day: float) -> float:
        after = max(day - onset, 0) if region is Region.CHIN else 0.0
        return usual(region, day) + 0.5 * float(1 - np.exp(-after / 1.5))

    return Skin(redness, _none, Concern.COLD_SORE, onset)


def scarring(rng: np.random.Generator, depth: float) -> Skin:
    """A red, hard track that comes in the fourth week and stays."""
    usual = _usual(rng, depth)
    where, most = Region(rng.choice(np.array(AREAS))), float(rng.uniform(0.5, 1.1))

    def redness(region: Region, day: float) -> float:
        focus = most / (1 + np.exp(-(day - 21) / 2.0)) if region is where else 0.0
        return usual(region, day) + float(focus)

    return Skin(redness, _none, Concern.SCARRING, 28.0)


def nicked(rng: np.random.Generator, depth: float) -> Skin:
    """A normal recovery with a nick that heals within days: not one of our concerns."""
    skin, when, size = normal(rng, depth), float(rng.uniform(1.5, 11)), float(rng.uniform(0.3, 0.8))
    where = Region(rng.choice(np.array(AREAS)))

    def redness(region: Region, day: float) -> float:
        hit = day >= when and region is where
        return skin.redness(region, day) + (size * float(np.exp(-(day - when) / 0.8)) if hit else 0)

    return replace(skin, redness=redness)


def sunburnt(rng: np.random.Generator, depth: float) -> Skin:
    """A normal recovery with a sunburn of the whole face."""
    skin, when, size = normal(rng, depth), float(rng.uniform(1.5, 11)), float(rng.uniform(0.3, 0.8))

    def redness(region: Region, day: float) -> float:
        burnt = size * float(np.exp(-(day - when) / 1.6)) if day >= when else 0.0
        return skin.redness(region, day) + burnt

    return replace(skin, redness=redness)


def _usual(rng: np.random.Generator, depth: float) -> Course:
    """Two compartments that empty at their own speeds, after a rise within the first hours.

    A course that is not clear by the day on which 95 in 100 are is not normal, and is drawn again.
    """
    median, low, high, limit = HALF_LIVES[depth]
    while True:
        half_life = median * np.exp(rng.normal(0, np.log(high / low) / 3.92)) / 24
        blood = rng.gamma(9.0, 0.2)  # extra, ×1.6 to ×4
        quick, part = half_life * rng.uniform(0.5, 0.9), rng.uniform(0.5, 0.85)
        slow = half_life * rng.uniform(1.1, 1.5)
        parts: dict[Region, float] = {r: float(blood * np.exp(rng.normal(0, 0.18))) for r in AREAS}

        def course(
            region: Region,
            day: float,
            *,
            quick: float = quick,
            slow: float = slow,
            part: float = part,
            parts: Mapping[Region, float] = parts,
        ) -> float:
            left = part * 2 ** (-day / quick) + (1 - part) * 2 ** (-day / slow)
            return float(np.log2(1 + parts[region] * left * (1 - np.exp(-day / 0.04))))

        if np.mean([course(r, limit) for r in AREAS]) < VISIBLE:
            return course


def _none(_region: Region, _day: float) -> float:
    return 0.0
