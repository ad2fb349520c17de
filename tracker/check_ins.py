"""The one-minute check-in: what only the person can tell."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from enum import StrEnum

MAX_NOTE_LENGTH = 2000
LONGEST_WAIT = timedelta(days=14)  # that answers may have lain on a phone


class Trend(StrEnum):
    """Compared with yesterday."""

    BETTER = "better"
    SAME = "same"
    WORSE = "worse"


@dataclass(frozen=True, slots=True)
class Answers:
    """The answers. `pain` and `itch` are 0–10, `swelling` 0 none, 1 mild, 2 clear, 3 severe.

    Some signs are asked only of some people on some days; None is a question that was not asked.
    """

    pain: int = 0
    itch: int = 0
    swelling: int = 0
    warmth: bool = False
    pus: bool = False
    blisters: bool = False
    spreading: bool = False
    fever: bool = False
    breathing_or_face_swelling: bool = False
    dusky: bool | None = None
    tingling: bool | None = None
    hives: bool | None = None
    hardness: bool | None = None
    new_product: bool | None = None
    sun: bool | None = None
    make_up: bool | None = None
    trend: Trend = Trend.SAME
    note: str = ""

    def __post_init__(self) -> None:
        for name, top in SCALES.items():
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= top:
                raise ValueError(f"{name} must be a whole number from 0 to {top}")
        for name in SIGNS:
            answer = getattr(self, name)
            if not isinstance(answer, bool) and (answer is not None or name in DAILY_SIGNS):
                raise ValueError(f"{name} must be true or false")
        if len(self.note) > MAX_NOTE_LENGTH:
            raise ValueError(f"note is too long; keep it under {MAX_NOTE_LENGTH} characters")


SCALES: Mapping[str, int] = {"pain": 10, "itch": 10, "swelling": 3}
DAILY_SIGNS = ("warmth", "pus", "blisters", "spreading", "fever", "breathing_or_face_swelling")
SIGNS = (
    *DAILY_SIGNS,
    "dusky",
    "tingling",
    "hives",
    "hardness",
    "new_product",
    "sun",
    "make_up",
)
ANSWER_NAMES = frozenset(field.name for field in fields(Answers))


@dataclass(frozen=True, slots=True)
class Queued:
    """How answers came that a phone kept until it had a network.

    `made_at`, with its zone, is when they were given; `key` tells a repeat from a second check-in.
    """

    key: str
    made_at: datetime

    def given_at(self, now: datetime) -> datetime:
        """When the answers were given, or `now` where the phone's clock cannot be right."""
        return self.made_at if now - LONGEST_WAIT <= self.made_at <= now else now


@dataclass(frozen=True, slots=True)
class CheckIn:
    """Answers given `at` a time, with its zone, and when the clinic received them.

    The two differ where a phone kept the answers until it had a network.
    """

    id: str
    treatment_id: str
    patient_id: str
    at: datetime
    answers: Answers
    received_at: datetime
