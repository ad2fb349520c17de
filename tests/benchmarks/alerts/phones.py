"""From true skin to readings: the errors of a phone in changing rooms.

Errors are as wide as analysis/METHOD.md (sections 3 and 6) measured them for each tone class, and
composed differently from what the engine assumes: heavy-tailed, with rooms that recur.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import numpy as np

from tests.benchmarks.alerts.skins import Skin
from tracker.domain.course.photos import SkinState
from tracker.domain.course.readings import Estimate, Reading, Reference, RegionReading
from tracker.domain.course.treatments import AREAS, Region


@dataclass(frozen=True, slots=True)
class Tone:
    """A tone class: ITA in degrees, the Fitzpatrick type its people report, and the usual sds.

    `own` is the share of a reading's variance that belongs to the region.
    """

    ita: int
    skin_type: int
    redness_sd: float
    pigment_sd: float
    own: float


TONES: Final = (
    Tone(55, 1, 0.13, 0.05, 0.4),
    Tone(42, 2, 0.13, 0.05, 0.4),
    Tone(22, 3, 0.14, 0.06, 0.4),
    Tone(8, 4, 0.15, 0.06, 0.4),
    Tone(-10, 4, 0.20, 0.07, 0.5),
    Tone(-24, 5, 0.26, 0.09, 0.6),
    Tone(-37, 6, 0.38, 0.11, 0.5),
    Tone(-53, 6, 0.60, 0.12, 0.6),
)
_SD: Final[Mapping[Reference, float]] = {
    Reference.CARD: 0.85,
    Reference.SKIN: 1.0,
    Reference.HISTORY: 2.5,
}


@dataclass(frozen=True, slots=True)
class Phone:
    """How one patient takes photos: with what reference, how often elsewhere or with make-up.

    `honesty` is the true error in units of the reported one.
    """

    tone: Tone
    reference: Reference
    honesty: float
    moves: float
    new_phone_on: float
    make_up: float
    sport: float


def choose_phone(rng: np.random.Generator, tone: Tone) -> Phone:
    """A phone for a person of this tone: most without a card, a few with no reference at all."""
    reference = rng.choice(
        np.array([Reference.CARD, Reference.SKIN, Reference.HISTORY]), p=[0.33, 0.63, 0.04]
    )
    return Phone(
        tone=tone,
        reference=Reference(reference),
        honesty=float(rng.uniform(0.65, 1.1)),
        moves=float(rng.uniform(0.1, 0.4)),
        new_phone_on=float(rng.uniform(1, 20)) if rng.random() < 0.2 else np.inf,
        make_up=float(rng.choice([0.0, 0.0, 0.15])),
        sport=float(rng.choice([0.0, 0.05])),
    )


def photograph(
    skin: Skin, phone: Phone, days: Sequence[float], treated_at: datetime, rng: np.random.Generator
) -> list[Reading]:
    """The readings of the photos taken on these days, in time order."""
    redness = _Errors(rng, phone, phone.tone.redness_sd)
    pigment = _Errors(rng, phone, phone.tone.pigment_sd)
    readings = []
    room = 0
    for number, day in enumerate(days):
        room = int(rng.integers(1, 4)) if rng.random() < phone.moves else 0
        room += 10 * (day >= phone.new_phone_on)
        state, flush, cover = _state(rng, phone)
        true_red: dict[Region, float] = {r: (skin.redness(r, day) + flush) * cover for r in AREAS}
        true_dark: dict[Region, float] = {r: skin.pigment(r, day) * cover for r in AREAS}
        scale = _SD[phone.reference] * float(np.exp(rng.normal(0, 0.2)))
        level = float(np.median(list(true_red.values())))
        red = redness.read(true_red, room, scale * (1 + 0.25 * max(level, 0)))
        dark = pigment.read(true_dark, room, scale * (1 + 0.15 * max(level, 0)))
        shown = [r for r in AREAS if rng.random() > 0.02]
        readings.append(
            Reading(
                photo_id=f"photo-{number:03d}",
                taken_at=treated_at + timedelta(days=day),
                method="cohort",
                opencv="none",
                reference=phone.reference,
                residual=0.01,
                skin_state=state,
                regions={r: _region(red[r], dark[r], phone.tone) for r in (*shown, Region.FACE)},
            )
        )
    return readings


class _Errors:
    """One quantity's errors over a course: of the baseline, of rooms, of a photo, of a region."""

    def __init__(self, rng: np.random.Generator, phone: Phone, sd: float) -> None:
        self._rng = rng
        self._sd = sd
        self._own = phone.tone.own
        self._honesty = phone.honesty
        self._baseline = {r: float(rng.normal()) for r in Region}
        self._together = float(rng.normal())
        self._rooms: dict[int, float] = {}

    def read(
        self, truth: Mapping[Region, float], room: int, scale: float
    ) -> dict[Region, Estimate]:
        """Estimates of all regions and of the face; `scale` is how wide today's errors are."""
        rng, sd = self._rng, self._sd * scale
        shift = self._rooms.setdefault(room, float(rng.normal()))
        shared = np.sqrt((1 - self._own) * 0.4) * self._together
        shared += np.sqrt((1 - self._own) * 0.35) * shift
        shared += np.sqrt((1 - self._own) * 0.25) * rng.normal()
        estimates = {}
        truth = {**truth, Region.FACE: float(np.median(list(truth.values())))}
        for region, value in truth.items():
            own = np.sqrt(self._own * 0.4) * self._baseline[region]
            own += np.sqrt(self._own * 0.6) * rng.standard_t(5) / np.sqrt(5 / 3)
            reported = sd * float(np.exp(rng.normal(0, 0.1)))
            estimates[region] = Estimate(value + sd * self._honesty * (shared + own), reported)
        return estimates


def _state(rng: np.random.Generator, phone: Phone) -> tuple[SkinState, float, float]:
    """The skin's state today: what is declared, a flush, and how much it shows."""
    if rng.random() < phone.make_up:
        said = SkinState.MAKE_UP if rng.random() < 0.85 else SkinState.CLEAN
        return said, float(rng.normal(0, 0.15)), float(rng.uniform(0.3, 0.8))
    if rng.random() < phone.sport:
        said = SkinState.AFTER_SPORT if rng.random() < 0.7 else SkinState.CLEAN
        return said, float(rng.uniform(0.2, 0.8)), 1.0
    return SkinState.CLEAN, float(rng.normal(0, 0.06)), 1.0


def _region(redness: Estimate, pigment: Estimate, tone: Tone) -> RegionReading:
    return RegionReading(
        redness=redness,
        pigment=pigment,
        lab=(60.0, 12.0, 18.0),
        ita=float(tone.ita),
        erythema_index=10.0,
        melanin_index=30.0,
        share=0.9,
    )
