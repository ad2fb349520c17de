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
    """The answers. `pain` and `itch` are 0–10; `swelling` 0 none, 1 a little, 2 moderate, 3 severe.

    Every field may be None, which means "not answered" and is neither a yes nor a no: the question
    was not asked that day, or the person left it out.
    """

    pain: int | None = None
    itch: int | None = None
    swelling: int | None = None
    warmth: bool | None = None
    pus: bool | None = None
    blisters: bool | None = None
    spreading: bool | None = None
    fever: bool | None = None
    breathing_or_face_swelling: bool | None = None
    dusky: bool | None = None
    tingling: bool | None = None
    hives: bool | None = None
    hardness: bool | None = None
    eye_swelling: bool | None = None
    eye_pain: bool | None = None
    numb_or_drooping: bool | None = None
    palpitations: bool | None = None
    faint: bool | None = None
    bleeding: bool | None = None
    new_product: bool | None = None
    sun: bool | None = None
    make_up: bool | None = None
    trend: Trend | None = None
    note: str = ""

    def __post_init__(self) -> None:
        for name, top in SCALES.items():
            score = getattr(self, name)
            is_score = isinstance(score, int) and not isinstance(score, bool) and 0 <= score <= top
            if score is not None and not is_score:
                raise ValueError(f"{name} must be a whole number from 0 to {top}")
        for name in SIGNS:
            answer = getattr(self, name)
            if answer is not None and not isinstance(answer, bool):
                raise ValueError(f"{name} must be true or false")
        if len(self.note) > MAX_NOTE_LENGTH:
            raise ValueError(f"note is too long; keep it under {MAX_NOTE_LENGTH} characters")

    @property
    def is_empty(self) -> bool:
        """Whether no question was answered and nothing was written."""
        return self == Answers()


SCALES: Mapping[str, int] = {"pain": 10, "itch": 10, "swelling": 3}
ANSWER_NAMES = tuple(field.name for field in fields(Answers))
SIGNS = tuple(name for name in ANSWER_NAMES if name not in {*SCALES, "trend", "note"})


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
