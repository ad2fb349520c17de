"""From true skin to readings: the errors of a phone in changing rooms.

Stated spreads are those of analysis/METHOD.md, section 6 (untreated skin, light of the baseline).
True errors are composed as in courses of the independent set: most of an error is in all readings
of a course, little belongs to a region, and every phone enlarges or shrinks what changes. They are
heavy-tailed, and rooms recur: not what the engine assumes.
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
    """A tone class: ITA in degrees, the Fitzpatrick type its people report, and the stated sds.

    `gain` is how much of a change of blood is read.
    """

    ita: int
    skin_type: int
    redness_sd: float
    pigment_sd: float
    gain: float


TONES: Final = (
    Tone(55, 1, 0.25, 0.25, 1.05),
    Tone(42, 2, 0.25, 0.25, 1.05),
    Tone(22, 3, 0.30, 0.20, 1.0),
    Tone(8, 4, 0.34, 0.18, 1.0),
    Tone(-10, 4, 0.41, 0.16, 0.9),
    Tone(-24, 5, 0.50, 0.15, 0.85),
    Tone(-37, 6, 0.67, 0.15, 0.65),
    Tone(-53, 6, 0.85, 0.15, 0.6),
)
# Shares of an error's variance: of the baseline, of the room, of the photo, of a region in all
# photos, and of a region in one photo.
_BASELINE, _ROOM, _PHOTO, _REGION, _REGION_DAY = 0.45, 0.25, 0.15, 0.09, 0.06
_GAIN_LOG_SD: Final = 0.2  # of a phone
_REGION_GAIN_LOG_SD: Final = 0.08
_PIGMENT_GAIN: Final = 0.85
_SD: Final[Mapping[Reference, float]] = {
    Reference.CARD: 0.85,
    Reference.SKIN: 1.0,
    Reference.HISTORY: 2.5,
}


@dataclass(frozen=True, slots=True)
class Phone:
    """How one patient takes photos: with what reference, how often elsewhere or with make-up.

    `honesty` is the true error in units of the reported one, `gain` by how
    much the phone enlarges a change.
    """

    tone: Tone
    reference: Reference
    honesty: float
    gain: float
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
        honesty=float(np.exp(rng.normal(-0.45, 0.5))),
        gain=float(np.exp(rng.normal(0, _GAIN_LOG_SD))),
        moves=float(rng.uniform(0.1, 0.4)),
        new_phone_on=float(rng.uniform(1, 20)) if rng.random() < 0.2 else np.inf,
        make_up=float(rng.choice([0.0, 0.0, 0.15])),
        sport=float(rng.choice([0.0, 0.05])),
    )


def photograph(
    skin: Skin, phone: Phone, days: Sequence[float], treated_at: datetime, rng: np.random.Generator
) -> list[Reading]:
    """The readings of the photos taken on these days, in time order."""
    redness = _Errors(rng, phone, phone.tone.redness_sd, phone.gain * phone.tone.gain)
    pigment = _Errors(rng, phone, phone.tone.pigment_sd, phone.gain * _PIGMENT_GAIN)
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

    def __init__(self, rng: np.random.Generator, phone: Phone, sd: float, gain: float) -> None:
        self._rng = rng
        self._sd = sd
        self._honesty = phone.honesty
        self._gain = {r: gain * float(np.exp(rng.normal(0, _REGION_GAIN_LOG_SD))) for r in Region}
        self._regions = {r: float(rng.normal()) for r in Region}
        self._together = float(rng.normal())
        self._rooms: dict[int, float] = {}

    def read(
        self, truth: Mapping[Region, float], room: int, scale: float
    ) -> dict[Region, Estimate]:
        """Estimates of all regions and of the face; `scale` is how wide today's errors are."""
        rng, sd = self._rng, self._sd * scale
        shift = self._rooms.setdefault(room, float(rng.normal()))
        shared = np.sqrt(_BASELINE) * self._together + np.sqrt(_ROOM) * shift
        shared += np.sqrt(_PHOTO) * rng.standard_t(5) / np.sqrt(5 / 3)
        estimates = {}
        truth = {**truth, Region.FACE: float(np.mean(list(truth.values())))}
        for region, value in truth.items():
            own = np.sqrt(_REGION) * self._regions[region]
            own += np.sqrt(_REGION_DAY) * rng.standard_t(5) / np.sqrt(5 / 3)
            reported = sd * float(np.exp(rng.normal(0, 0.1)))
            read = self._gain[region] * value + sd * self._honesty * (shared + own)
            estimates[region] = Estimate(read, reported)
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
