"""How simulated patients behave: when they send photos, what they answer, and how wrongly."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

import numpy as np

from tests.benchmarks.alerts.skins import Skin
from tracker.domain.alerts.alerts import Concern
from tracker.domain.course.check_ins import Answers, CheckIn, Trend


class Telling(StrEnum):
    """Whether an ill person notices and reports it."""

    TELLS = "tells"
    SILENT = "silent"


@dataclass(frozen=True, slots=True)
class Illness:
    """When signs appear, in days after the onset; infinite for those that never do."""

    pain: float
    pain_per_day: float
    warmth: float
    pus: float
    spreading: float
    fever: float
    swelling: float
    itch: float
    blisters: float
    tingling: float
    hardness: float


_WELL = Illness(*(np.inf for _ in range(11)))


def photo_days(rng: np.random.Generator, missed: float) -> list[float]:
    """Mornings of two weeks and some of the five weeks after; a share missed, some evenings."""
    days = [0.2 + rng.uniform(0, 0.2)]
    days += [n + rng.normal(-0.1, 0.05) for n in range(1, 15)]
    days += [n + rng.normal(0, 0.3) for n in (16, 18, 21, 24, 28, 32, 36, 42, 49)]
    kept = [day for day in days if rng.random() >= missed]
    again = [day + rng.uniform(0.02, 0.45) for day in kept if rng.random() < 0.08]
    return sorted(float(day) for day in (*kept, *again))


def illness_of(skin: Skin, telling: Telling, rng: np.random.Generator, skin_type: int) -> Illness:
    """The signs that an illness causes; some of them only in some people."""

    def some(share: float, mean: float) -> float:
        return float(rng.gamma(2.0, mean / 2)) if rng.random() < share else np.inf

    if telling is Telling.SILENT:
        return _WELL
    match skin.concern:
        case Concern.INFECTION:
            seen = 0.6 if skin_type < 5 else 0.35  # spreading redness is harder to see on dark skin
            return replace(
                _WELL,
                pain=some(0.95, 0.6),
                pain_per_day=float(rng.uniform(1.0, 2.5)),
                warmth=some(0.8, 0.8),
                pus=some(0.6, 2.5),
                spreading=some(seen, 2.0),
                fever=some(0.12, 3.0),
                swelling=some(0.5, 1.2),
            )
        case Concern.ALLERGIC_REACTION:
            return replace(_WELL, itch=some(0.95, 0.3), spreading=some(0.6, 0.6))
        case Concern.COLD_SORE:
            return replace(
                _WELL,
                tingling=some(0.8, 0.3),
                blisters=some(0.9, 1.0),
                pain=some(0.7, 0.8),
                pain_per_day=1.0,
            )
        case Concern.SCARRING:
            return replace(_WELL, hardness=some(0.8, 4.0))
        case _:
            return _WELL


def answer(
    skin: Skin,
    illness: Illness,
    days: Sequence[float],
    treated_at: datetime,
    rng: np.random.Generator,
) -> list[CheckIn]:
    """Check-ins on most photo days, some late, some wrong."""
    most_pain = float(rng.uniform(1, 5))
    noise = float(rng.gamma(1.5, 1.0))  # some people tick more boxes than others
    check_ins, before = [], most_pain
    for number, day in enumerate(days):
        if rng.random() < 0.15:
            continue
        when = day + (rng.uniform(0.1, 0.6) if rng.random() < 0.2 else 0.002)
        since = when - skin.starts if skin.concern is not None else -np.inf
        pain = most_pain * 0.5**when + max(0.0, since - illness.pain) * illness.pain_per_day
        pain = pain if np.isfinite(pain) else most_pain * 0.5**when
        answers = _answers(rng, when, since, min(pain, 8.0), before, noise, illness)
        before = pain
        at = treated_at + timedelta(days=float(when))
        check_ins.append(CheckIn(f"answers-{number:03d}", "t", "p", at, answers, at))
    return check_ins


def _answers(
    rng: np.random.Generator,
    day: float,
    since: float,
    pain: float,
    before: float,
    noise: float,
    illness: Illness,
) -> Answers:
    def sign(comes: float, false: float) -> bool:
        present = since > comes
        return bool(rng.random() < (0.85 if present else false * noise))

    worse = pain > before + 0.4 or since > illness.itch
    if rng.random() < 0.04 * noise:  # not everyone reads the question
        worse = not worse
    trend = Trend.WORSE if worse else Trend.BETTER if day < 6 else Trend.SAME
    itch = (2 if 2 < day < 7 else 1) + rng.integers(-1, 2) + (6 if since > illness.itch else 0)
    return Answers(
        pain=int(np.clip(round(pain + rng.normal(0, 0.5)), 0, 8)),
        itch=int(np.clip(itch, 0, 10)),
        swelling=2 if sign(illness.swelling, 0.01) else int(day < 2),
        warmth=sign(illness.warmth, 0.3 if day < 1.5 else 0.03),
        pus=sign(illness.pus, 0.004),
        blisters=sign(illness.blisters, 0.004),
        spreading=sign(illness.spreading, 0.01),
        fever=sign(illness.fever, 0.004),
        breathing_or_face_swelling=False,
        tingling=sign(illness.tingling, 0.02) if day < 11 else None,
        hardness=sign(illness.hardness, 0.01) if day > 20 else None,
        trend=trend,
    )
